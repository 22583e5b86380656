"""Counts broken constraints, from what happened and not from what was meant to.

It knows the rules from their description (``recommend/constraints.py``) and shares no code
with what keeps them.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from itertools import islice, takewhile

from signage.config.clock import local_time
from signage.config.config import Config
from signage.content.catalogue import Catalogue, Content
from signage.evaluation.kept import is_open
from signage.simulation.audience_log import AudienceLog
from signage.types.audience import AudienceSnapshot
from signage.types.decisions import Decision, Trigger

_AT_ONCE = (Trigger.NO_LONGER_ALLOWED, Trigger.ORDERED, Trigger.MANDATORY)
_HOUR = timedelta(hours=1)


class Audit:
    """Watches the screen of a simulation."""

    def __init__(self, config: Config, catalogue: Catalogue) -> None:
        self._config = config
        self._catalogue = catalogue
        # The newest plays in the order of the screen, and when those that were drawn began.
        rules = config.constraints
        self._shown: deque[str] = deque(maxlen=rules.separation_plays + 1)
        self._drawn: deque[tuple[datetime, str]] = deque()
        self._viewers = AudienceLog(config.reward.min_opportunity_s, config.perception.remember_s)
        self._on_screen: Decision | None = None
        self._since_s = 0.0
        self._minor_looked_on = False
        self._decided: Trigger | None = None
        self.violations = 0

    def check(self, decision: Decision) -> None:
        """Look at a decision, made for the people that were watched last."""
        self._decided = decision.trigger
        content = self._catalogue[decision.content_id]
        drawn = not decision.forced
        self.violations += drawn and (content.content_id in decision.masked or content.mandatory)
        self.violations += not is_open(content, self._local(decision.utc))
        if drawn and content.max_per_viewer is not None:
            had = self._viewers.most_had(content.content_id)
            self.violations += had >= content.max_per_viewer

    def watch(
        self, audience: AudienceSnapshot, on_screen: Decision | None, started_s: float
    ) -> None:
        """Look at the screen, which began its play at ``started_s``, and at the people before it.

        To be called once a frame.
        """
        if on_screen is not None and on_screen is not self._on_screen:
            self._check_minimum(started_s)
            self._on_screen, self._since_s = on_screen, started_s
            self._shown.append(on_screen.content_id)
            if not on_screen.forced:
                began_utc = audience.utc - timedelta(seconds=audience.t_s - started_s)
                self._drawn.append((began_utc, on_screen.content_id))
                self._check_play(self._catalogue[on_screen.content_id], began_utc)
                self._forget(began_utc)
        self._viewers.watch(audience, on_screen)
        minor = on_screen is not None and self._is_seen_by_minor(on_screen, audience)
        # It takes one frame to see them, and until the next one to change the content.
        self.violations += minor and self._minor_looked_on
        self._minor_looked_on = minor

    def _check_minimum(self, now_s: float) -> None:
        if self._on_screen is None or self._decided in _AT_ONCE:
            return
        duration_s = self._catalogue[self._on_screen.content_id].duration_s
        least_s = min(self._config.decision.min_play_s, duration_s)
        self.violations += now_s - self._since_s < least_s - 1e-6

    def _check_play(self, content: Content, utc: datetime) -> None:
        """The newest play beside those before it."""
        name, rules = content.content_id, self._config.constraints
        in_hour = takewhile(lambda play: play[0] > utc - _HOUR, reversed(self._drawn))
        cap = content.max_per_hour or rules.max_per_hour
        self.violations += cap is not None and sum(which == name for _, which in in_hour) > cap
        if content.share_max is not None:
            window = islice(reversed(self._drawn), rules.share_window_plays)
            most = max(1.0, content.share_max * rules.share_window_plays)
            self.violations += sum(which == name for _, which in window) > most + 1e-9
        before = list(self._shown)[:-1]
        competitors = {
            which
            for which, other in self._catalogue.items()
            if content.competes is not None and other.competes == content.competes
        }
        self.violations += any(which in competitors - {name} for which in before)

    def _forget(self, utc: datetime) -> None:
        """What no rule counts any more."""
        window = self._config.constraints.share_window_plays
        while len(self._drawn) > window and self._drawn[0][0] <= utc - _HOUR:
            self._drawn.popleft()

    def _is_seen_by_minor(self, decision: Decision, audience: AudienceSnapshot) -> bool:
        rules, content = self._config.constraints, self._catalogue[decision.content_id]
        age = max(rules.adult_age if content.adults_only else 0, content.min_age or 0)
        if age == 0:
            return False
        probs = [viewer.prob_younger_than(age) for viewer in audience.viewers]
        return any(prob is None or prob > rules.max_minor_prob for prob in probs)

    def _local(self, utc: datetime) -> datetime:
        return local_time(utc, self._config.timezone).replace(tzinfo=None)
