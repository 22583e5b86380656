"""Counts the constraints that a simulation breaks, from what happened before whom.

What any record of plays shows is counted by ``evaluation/constraints_kept.py``. The audit adds
what only a simulation can see. It knows the rules from their description and shares no code with
what keeps them (``recommend/constraints``).
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta

from signage.config.clock import local_time
from signage.config.config import Config
from signage.content.catalogue import Catalogue, Content
from signage.evaluation.constraints_kept import Recount
from signage.simulation.audience_log import AudienceLog
from signage.types.audience import AudienceSnapshot
from signage.types.decisions import Decision, Trigger

_AT_ONCE = (Trigger.NO_LONGER_ALLOWED, Trigger.ORDERED, Trigger.MANDATORY)


class Audit:
    """Watches the screen of a simulation."""

    def __init__(self, config: Config, catalogue: Catalogue) -> None:
        self._config = config
        self._catalogue = catalogue
        rules = config.constraints
        self._recount = Recount(rules.max_per_hour, rules.separation_plays)
        self._drawn: deque[str] = deque(maxlen=rules.share_window_plays)
        self._viewers = AudienceLog(config.reward.min_opportunity_s, config.perception.remember_s)
        self._on_screen: Decision | None = None
        self._since_s = 0.0
        self._minor_looked_on = False
        self._decided: Trigger | None = None
        self._seen_here = 0

    @property
    def violations(self) -> int:
        """How often a constraint was broken."""
        return self._seen_here + self._recount.broken.total()

    def check(self, decision: Decision) -> None:
        """Look at a decision, made for the people that were watched last."""
        self._decided = decision.trigger
        content = self._catalogue[decision.content_id]
        drawn = not decision.forced
        if drawn:
            self._recount.add_draw(content, held_back=content.content_id in decision.masked)
        self._recount.add_hours(content, self._local(decision.utc))
        if drawn and content.max_per_viewer is not None:
            had = self._viewers.most_had(content.content_id)
            self._seen_here += had >= content.max_per_viewer

    def watch(
        self, audience: AudienceSnapshot, on_screen: Decision | None, started_s: float
    ) -> None:
        """Look at the screen, which began its play at ``started_s``, and at the people before it.

        To be called once a frame.
        """
        if on_screen is not None and on_screen is not self._on_screen:
            self._check_minimum(started_s)
            self._on_screen, self._since_s = on_screen, started_s
            content = self._catalogue[on_screen.content_id]
            began_utc = audience.utc - timedelta(seconds=audience.t_s - started_s)
            is_drawn = not on_screen.forced
            self._recount.add_play(content.content_id, content, began_utc if is_drawn else None)
            if is_drawn:
                self._check_share(content)
        self._viewers.watch(audience, on_screen)
        minor = on_screen is not None and self._is_seen_by_minor(on_screen, audience)
        # It takes one frame to see them, and until the next one to change the content.
        self._seen_here += minor and self._minor_looked_on
        self._minor_looked_on = minor

    def _check_minimum(self, now_s: float) -> None:
        if self._on_screen is None or self._decided in _AT_ONCE:
            return
        duration_s = self._catalogue[self._on_screen.content_id].duration_s
        least_s = min(self._config.decision.min_play_s, duration_s)
        self._seen_here += now_s - self._since_s < least_s - 1e-6

    def _check_share(self, content: Content) -> None:
        """Look at the share of voice that ``content`` has with its newest play."""
        self._drawn.append(content.content_id)
        if content.share_max is not None:
            most = max(1.0, content.share_max * self._config.constraints.share_window_plays)
            self._seen_here += self._drawn.count(content.content_id) > most + 1e-9

    def _is_seen_by_minor(self, decision: Decision, audience: AudienceSnapshot) -> bool:
        rules, content = self._config.constraints, self._catalogue[decision.content_id]
        age = max(rules.adult_age if content.adults_only else 0, content.min_age or 0)
        if age == 0:
            return False
        probs = [viewer.prob_younger_than(age) for viewer in audience.viewers]
        return any(prob is None or prob > rules.max_minor_prob for prob in probs)

    def _local(self, utc: datetime) -> datetime:
        return local_time(utc, self._config.timezone).replace(tzinfo=None)
