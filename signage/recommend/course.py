"""How a visit's time present, looking and reading grew, so that it can be cut at any moment.

A play begins and ends between two frames. What somebody did in the frame that it ended in is
divided at its end: between two frames, time grows evenly. All sums are of whole milliseconds of
the visit's own totals, so that the plays of a visit add up to no more than the visit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from signage.types.audience import AudienceSnapshot, Viewer

REMEMBERED_S = 60.0
"""A page may tell of a start that is so long ago."""
_MOST_SAMPLES = 4096
"""Of a visit in one play; of longer ones every second sample goes, but not of the newest half."""

_Totals = tuple[float, float, float, float, float]
"""Dwell, attention, reading, attention by the eyes, and time of which no look could be told."""


@dataclass(frozen=True, slots=True)
class Given:
    """A viewer's attention, dwell and reading within some time, in seconds, to the millisecond."""

    present_s: float
    attention_s: float | None
    """At most ``possible_s``; None where it could not be told for any of the time."""
    attention_eyes_s: float
    """Of this, by the eyes."""
    attention_unknown_s: float
    """For how long it could not be told; at most ``present_s``."""
    reading_s: float | None
    """At most ``present_s``; None where it could not be told."""

    @property
    def possible_s(self) -> float:
        """How much attention could have been told."""
        return self.present_s - self.attention_unknown_s


_NOTHING: _Totals = 0.0, 0.0, 0.0, 0.0, 0.0


class Course:
    """The totals of one visit, frame by frame."""

    def __init__(self) -> None:
        self._times_s: list[float] = []
        self._totals: list[_Totals] = []
        self._reading_is_known = False

    def add(self, t_s: float, viewer: Viewer) -> None:
        """What ``viewer`` has given until ``t_s``."""
        self.add_totals(
            t_s,
            viewer.dwell_s,
            viewer.attention_s or 0.0,
            viewer.reading_s,
            eyes_s=viewer.attention_eyes_s,
            unknown_s=viewer.attention_unknown_s,
        )

    def add_totals(
        self,
        t_s: float,
        dwell_s: float,
        attention_s: float,
        reading_s: float | None,
        *,
        eyes_s: float = 0.0,
        unknown_s: float = 0.0,
    ) -> None:
        """The same in seconds; nothing happens where ``t_s`` is not later than the last."""
        if self._times_s and t_s <= self._times_s[-1]:
            return
        self._reading_is_known = reading_s is not None
        self._times_s.append(t_s)
        self._totals.append((dwell_s, attention_s, reading_s or 0.0, eyes_s, unknown_s))
        if len(self._times_s) > _MOST_SAMPLES:
            # The first two stay: the play began between them.
            thinned = slice(2, _MOST_SAMPLES // 2, 2)
            del self._times_s[thinned], self._totals[thinned]

    @property
    def last_s(self) -> float:
        """When the newest totals were taken."""
        return self._times_s[-1]

    def since(self, t_s: float) -> Course:
        """A copy that goes on by itself, from the last totals before ``t_s`` on."""
        copy, first = Course(), max(0, bisect_right(self._times_s, t_s) - 1)
        copy._times_s, copy._totals = self._times_s[first:], self._totals[first:]
        copy._reading_is_known = self._reading_is_known
        return copy

    def forget(self, before_s: float) -> None:
        """Drop what is older than ``before_s``."""
        if self._times_s[0] < before_s:
            first = max(0, bisect_right(self._times_s, before_s) - 1)
            del self._times_s[:first], self._totals[:first]

    def between(self, from_s: float, to_s: float) -> Given:
        """What was given from ``from_s`` to ``to_s``."""
        before, after = self._at(from_s), self._at(to_s)
        dwell, attention, reading, eyes, unknown = (
            max(0, _ms(late) - _ms(early)) for early, late in zip(before, after, strict=True)
        )
        present = min(dwell, max(0, _ms(to_s) - _ms(from_s)))
        unknown = min(unknown, present)
        attention = min(attention, present - unknown)
        return Given(
            present / 1000,
            None if unknown and unknown == present else attention / 1000,
            min(eyes, attention) / 1000,
            unknown / 1000,
            min(reading, present) / 1000 if self._reading_is_known else None,
        )

    def halves(self, from_s: float, to_s: float) -> tuple[Given, Given]:
        """The same for the first and the second half of the time present."""
        middle_s = (self._at(from_s)[0] + self._at(to_s)[0]) / 2
        turn_s = next(
            (
                t_s
                for t_s, (dwell_s, *_) in zip(self._times_s, self._totals, strict=True)
                if dwell_s >= middle_s and t_s > from_s
            ),
            to_s,
        )
        turn_s = min(turn_s, to_s)
        return self.between(from_s, turn_s), self.between(turn_s, to_s)

    def _at(self, t_s: float) -> _Totals:
        """The totals at ``t_s``, evenly between two frames."""
        place = bisect_right(self._times_s, t_s)
        if place == len(self._times_s):
            return self._totals[-1]
        late_s, late = self._times_s[place], self._totals[place]
        if place == 0:
            # First seen before, and not believed yet: present all the time since.
            dwell_s = max(0.0, late[0] - (late_s - t_s))
            share = dwell_s / late[0] if late[0] > 0 else 0.0
            return _between(_NOTHING, late, share)
        early_s, early = self._times_s[place - 1], self._totals[place - 1]
        return _between(early, late, (t_s - early_s) / (late_s - early_s))


def _between(early: _Totals, late: _Totals, share: float) -> _Totals:
    dwell_s, attention_s, reading_s, eyes_s, unknown_s = (
        a + share * (b - a) for a, b in zip(early, late, strict=True)
    )
    return dwell_s, attention_s, reading_s, eyes_s, unknown_s


class Blindness:
    """When the camera did not see, and what was wrong with it."""

    def __init__(self) -> None:
        self._spans: list[tuple[float, float, str | None]] = []

    def add(self, from_s: float, to_s: float, fault: str | None) -> None:
        """It did not see from ``from_s`` to ``to_s``."""
        if self._spans and self._spans[-1][1:] == (from_s, fault):
            from_s = self._spans.pop()[0]
        if to_s > from_s:
            self._spans.append((from_s, to_s, fault))

    def forget(self, before_s: float) -> None:
        """Drop what is older than ``before_s``."""
        while self._spans and self._spans[0][1] < before_s:
            del self._spans[0]

    def since(self, t_s: float) -> Blindness:
        """A copy that goes on by itself, from ``t_s`` on."""
        copy = Blindness()
        copy._spans = [span for span in self._spans if span[1] > t_s]
        return copy

    def between(self, from_s: float, to_s: float) -> tuple[float, str | None]:
        """For how long it did not see between the two, and the fault that lasted longest."""
        lasted: dict[str | None, float] = {}
        for began_s, ended_s, fault in self._spans:
            blind_s = max(0.0, min(ended_s, to_s) - max(began_s, from_s))
            lasted[fault] = lasted.get(fault, 0.0) + blind_s
        total_s = sum(lasted.values())
        return total_s, max(lasted, key=lambda fault: lasted[fault]) if total_s else None


class Courses:
    """The last minute of every viewer, for plays with a late start message."""

    def __init__(self) -> None:
        self._courses: dict[str, Course] = {}
        self.blindness = Blindness()
        self._last_s: float | None = None

    def update(self, audience: AudienceSnapshot) -> None:
        """Take in one frame."""
        now_s = audience.t_s
        if not audience.observed:
            since_s = now_s if self._last_s is None else self._last_s
            self.blindness.add(since_s, now_s, audience.fault)
        self._last_s = now_s
        for viewer in audience.viewers:
            self._courses.setdefault(viewer.visit_id, Course()).add(now_s, viewer)
        self.blindness.forget(now_s - REMEMBERED_S)
        for visit_id in [v for v, c in self._courses.items() if c.last_s < now_s - REMEMBERED_S]:
            del self._courses[visit_id]
        for course in self._courses.values():
            course.forget(now_s - REMEMBERED_S)

    def drop(self, visit_id: str) -> None:
        """Forget a visit that is none, or that is part of another."""
        self._courses.pop(visit_id, None)

    def since(self, t_s: float) -> Iterator[tuple[str, Course]]:
        """Of everybody, by visit; copies that go on by themselves.

        Whoever was out of sight at ``t_s`` may come back to the same visit.
        """
        for visit_id, course in self._courses.items():
            yield visit_id, course.since(t_s)


def _ms(seconds: float) -> int:
    return round(1000 * seconds)
