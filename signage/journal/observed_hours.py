"""For which hours anything is known: when the program ran, and when its camera saw."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from signage.journal.past import Crowd
from signage.journal.writer import Journal
from signage.types.audience import AudienceSnapshot

_WRITE_EVERY_S = 60.0
_STALL_S = 5.0
"""Frames that are further apart than this tell nothing of the time between."""


class ObservedHours:
    """Adds up frames by the hour of UTC, and keeps them in the journal.

    Written once a minute, so that a power cut loses no more than that.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._hour: str | None = None
        self._running_s = self._seen_s = 0.0
        self._faults: defaultdict[str, float] = defaultdict(float)
        self._crowd = Crowd()
        self._passed = 0
        """People who had passed when they were last counted."""
        self._last_s: float | None = None
        self._written_s = 0.0

    def note(self, audience: AudienceSnapshot) -> None:
        """Take in one frame."""
        now_s, hour = audience.t_s, f"{audience.utc:%Y-%m-%dT%H}"
        if hour != self._hour:
            self.write()
            self._hour, self._written_s = hour, now_s
            self._running_s, self._seen_s, faults, self._crowd = self._journal.observed(hour)
            self._faults = defaultdict(float, faults)
        step_s = 0.0 if self._last_s is None else now_s - self._last_s
        self._last_s = now_s
        self.note_passed(audience.passed)
        if not 0 < step_s <= _STALL_S:
            return
        self._running_s += step_s
        if audience.observed:
            self._seen_s += step_s
        else:
            self._faults[audience.fault or "lost"] += step_s
        if (unfollowed := audience.unfollowed) > 0:
            self._crowd = replace(
                self._crowd,
                unfollowed_s=self._crowd.unfollowed_s + step_s,
                most_unfollowed=max(self._crowd.most_unfollowed, unfollowed),
            )
        if now_s - self._written_s >= _WRITE_EVERY_S:
            self.write()
            self._written_s = now_s

    def note_passed(self, passed: int) -> None:
        """Take in how many people have passed beyond range since the start."""
        self._crowd = replace(self._crowd, passed=self._crowd.passed + passed - self._passed)
        self._passed = passed

    def write(self) -> None:
        """Keep what was added up so far."""
        if self._hour is not None and self._running_s:
            faults = {name: round(lasted_s, 3) for name, lasted_s in self._faults.items()}
            self._journal.record_observed(
                self._hour, self._running_s, self._seen_s, faults, self._crowd
            )
