"""Whether the screen is well, and if not why: one answer for ``/health``, the log and all pages."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from signage.types.audience import AudienceSnapshot

log = logging.getLogger(__name__)

Status = Literal["ok", "degraded", "failed"]

FAILED_IN_A_ROW = 3
"""So many plays: it is not one content any more."""

FIRST_YEAR = 2026
"""No screen runs this before it was written: an earlier clock was never set."""
_CLOCK_SLACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Vitals:
    """What is known of the parts at one moment. A problem is a sentence, or None."""

    stuck_s: float | None = None
    """For how long the loop has not moved, where that is too long."""
    connected: bool = True
    """Whether a page is connected."""
    failed_in_a_row: int = 0
    """Plays, of whatever content."""
    last_failure: str = ""
    """What went wrong with the last of them, where the screen said it."""
    screen_problem: str | None = None
    """What the page says of itself."""
    camera_problem: str | None = None
    clock_problem: str | None = None
    failing: Mapping[str, str] = field(default_factory=dict)
    """Why the last play of a content failed, by id."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """Why a content that is there does not play, by id."""
    content_problem: str | None = None
    checkpoint_problem: str | None = None
    notices: tuple[str, ...] = ()
    """What happened since the start that an operator has to know."""

    @property
    def status(self) -> Status:
        """``failed`` where nothing is decided."""
        if self.stuck_s is not None:
            return "failed"
        return "degraded" if self.reasons else "ok"

    @property
    def reasons(self) -> list[str]:
        """Everything that is wrong, the most urgent first."""
        reasons = []
        if self.stuck_s is not None:
            reasons.append(f"the program has not moved on for {self.stuck_s:.0f} s")
        if not self.connected:
            reasons.append("no player page is connected")
        if self.screen_problem is not None:
            reasons.append(self.screen_problem)
        elif self.failed_in_a_row >= FAILED_IN_A_ROW:
            why = f": {self.last_failure}" if self.last_failure else ""
            reasons.append(f"the last {self.failed_in_a_row} plays failed{why}")
        reasons += filter(None, (self.camera_problem, self.clock_problem))
        reasons += _of_contents("failed on the screen", self.failing)
        reasons += _of_contents("will not play", self.left_out)
        if self.content_problem is not None:
            reasons.append(self.content_problem)
        if self.checkpoint_problem is not None:
            reasons.append(self.checkpoint_problem)
        return [*reasons, *self.notices]


class HealthLog:
    """Says in the log what changes, once."""

    def __init__(self) -> None:
        self._reasons: tuple[str, ...] = ()
        self._status: Status = "ok"

    def note(self, vitals: Vitals) -> None:
        """Compare with the last call."""
        reasons = tuple(vitals.reasons)
        for reason in reasons:
            if _stem(reason) not in map(_stem, self._reasons):
                log.warning("Health: %s.", reason.removesuffix("."))
        if vitals.status != self._status:
            log.warning("Health is %s.", vitals.status)
        self._reasons, self._status = reasons, vitals.status


def clock_problem(now: datetime, newest: datetime | None) -> str | None:
    """Why the clock cannot be right; None where it may be.

    ``newest`` is the newest on record from before the start: what came since has the same clock.
    """
    if now.year >= FIRST_YEAR and (newest is None or now >= newest - _CLOCK_SLACK):
        return None
    since = (
        "" if newest is None else f", but the newest recorded play is from {newest:%Y-%m-%d %H:%M}"
    )
    return (
        f"the clock is wrong: it shows {now:%Y-%m-%d %H:%M} UTC{since}; set it, "
        "preferably by network time"
    )


def crowd_notes(audience: AudienceSnapshot | None, max_people: int) -> list[str]:
    """What an operator should know of the audience, though nothing is wrong."""
    if audience is None or not audience.unfollowed:
        return []
    return [
        f"{audience.unfollowed} more people are in view than the {max_people} that are followed; "
        "they are not counted as opportunities to see (`perception.max_people`)"
    ]


def _stem(reason: str) -> str:
    """Without the numbers that count on."""
    return "".join(letter for letter in reason if not letter.isdigit())


def _of_contents(what: str, reasons: Mapping[str, str]) -> list[str]:
    if not reasons:
        return []
    name, reason = next(iter(reasons.items()))
    if len(reasons) == 1:
        return [f"content {name} {what}: {reason}"]
    names = ", ".join(list(reasons)[:5]) + (", …" if len(reasons) > 5 else "")
    return [f"{len(reasons)} contents {what}: {names}"]
