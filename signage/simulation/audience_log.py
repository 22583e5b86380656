"""Who had which content before them, as seen from outside."""

from __future__ import annotations

from collections import Counter, defaultdict

from signage.types.audience import AudienceSnapshot
from signage.types.decisions import Decision


class AudienceLog:
    """Counts by visit, frame after frame."""

    def __init__(self, min_opportunity_s: float, remember_s: float) -> None:
        """Who is there for less of a play did not have it; who is gone for longer is forgotten."""
        self._min_opportunity_s, self._remember_s = min_opportunity_s, remember_s
        self._had: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._last_s: dict[str, float] = {}
        self._play: str | None = None
        self._dwell_at_begin_s: dict[str, float] = {}
        self._now: AudienceSnapshot | None = None

    def watch(self, audience: AudienceSnapshot, on_screen: Decision | None) -> None:
        """Take in who is there, and what they have before them."""
        self._now = audience
        self._forget(audience.t_s)
        play = on_screen.decision_id if on_screen else None
        if play != self._play:
            self._play, self._dwell_at_begin_s = play, {}
        for viewer in audience.viewers:
            self._last_s[viewer.visit_id] = audience.t_s
            before_s = self._dwell_at_begin_s.setdefault(viewer.visit_id, viewer.dwell_s)
            if on_screen and viewer.dwell_s - before_s >= self._min_opportunity_s:
                self._had[viewer.visit_id][on_screen.content_id] += 1
                self._dwell_at_begin_s[viewer.visit_id] = float("inf")  # once a play

    def _forget(self, t_s: float) -> None:
        for visit, last_s in list(self._last_s.items()):  # in the order in which they came
            if last_s > t_s - self._remember_s:
                continue
            del self._last_s[visit]
            self._had.pop(visit, None)

    def most_had(self, content_id: str) -> int:
        """How often the one in view who had ``content_id`` most often had it."""
        if self._now is None:
            return 0
        counts = (
            sum(
                self._had[visit][content_id]
                for visit in (*viewer.earlier_visits, viewer.visit_id)
                if visit in self._last_s
            )
            for viewer in self._now.viewers
        )
        return max(counts, default=0)
