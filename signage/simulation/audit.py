"""Counts broken constraints, from what happened and not from what was meant to."""

from __future__ import annotations

from collections import Counter, deque
from datetime import datetime, timedelta

from signage.config import Config
from signage.recommend.catalogue import Catalogue
from signage.types import AudienceSnapshot, Decision, Trigger


class Audit:
    """Watches the screen of a simulation."""

    def __init__(self, config: Config, catalogue: Catalogue) -> None:
        self._config = config
        self._catalogue = catalogue
        self._shown: deque[tuple[datetime, str]] = deque()
        self._on_screen: Decision | None = None
        self._since_s = 0.0
        self._minor_looked_on = False
        self._decided: Trigger | None = None
        self.violations = 0

    def check(self, decision: Decision) -> None:
        """A content that was masked must not be chosen, unless nothing was left."""
        self._decided = decision.trigger
        self.violations += decision.content_id in decision.masked and not decision.forced

    def watch(
        self, audience: AudienceSnapshot, on_screen: Decision | None, started_s: float
    ) -> None:
        """Look at the screen, which began its play at ``started_s``, and at the people before it.

        To be called once a frame.
        """
        if on_screen is not None and on_screen is not self._on_screen:
            self._check_minimum(started_s)
            self._on_screen, self._since_s = on_screen, started_s
            began_utc = audience.utc - timedelta(seconds=audience.t_s - started_s)
            self._check_cap(on_screen, began_utc)
        minor = on_screen is not None and self._is_seen_by_minor(on_screen, audience)
        # It takes one frame to see them, and until the next one to change the content.
        self.violations += minor and self._minor_looked_on
        self._minor_looked_on = minor

    def _check_minimum(self, now_s: float) -> None:
        if self._on_screen is None or self._decided is Trigger.NO_LONGER_ALLOWED:
            return
        duration_s = self._catalogue[self._on_screen.content_id].duration_s
        least_s = min(self._config.decision.min_play_s, duration_s)
        self.violations += now_s - self._since_s < least_s - 1e-6

    def _check_cap(self, decision: Decision, utc: datetime) -> None:
        if decision.forced:
            return
        self._shown.append((utc, decision.content_id))
        while self._shown[0][0] <= utc - timedelta(hours=1):
            self._shown.popleft()
        cap = self._catalogue[decision.content_id].max_per_hour
        cap = cap or self._config.constraints.max_per_hour
        plays = Counter(content_id for _, content_id in self._shown)[decision.content_id]
        self.violations += cap is not None and plays > cap

    def _is_seen_by_minor(self, decision: Decision, audience: AudienceSnapshot) -> bool:
        rules = self._config.constraints
        probs = [viewer.prob_younger_than(rules.adult_age) for viewer in audience.viewers]
        return self._catalogue[decision.content_id].adults_only and any(
            prob is None or prob > rules.max_minor_prob for prob in probs
        )
