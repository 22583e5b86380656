"""A recount of the constraints from the plays in the journal.

By the rules' description in the contents, and without a line of what keeps them. What hangs on
who was in view at that moment (ages, what a viewer has had) is in no journal, and is not counted.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

Row = Mapping[str, Any]

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOUR = timedelta(hours=1)

HOURS, CAP, COMPETES, DRAWN = "hours", "max_per_hour", "competes", "drawn"
"""What can be counted anew."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Of a whole journal."""

    checked: Mapping[str, int]
    """Plays (or decisions) that each rule was checked of."""
    broken: Mapping[str, int]
    shares: Mapping[str, tuple[float | None, float, float | None]]
    """Share of voice of each content that was promised one: least, what it had, most."""


def recount(rows: Iterable[Row], catalogues: Mapping[str, Mapping[str, Row]]) -> Kept:
    """``rows`` are decisions with their plays, in order (``journal.report_figures``).

    Competitors are counted as apart when they are not side by side.
    """
    described = {
        version: {name: _Rules.of(said) for name, said in contents.items()}
        for version, contents in catalogues.items()
    }
    counts = _Recount()
    for row in rows:
        counts.add(row, described[row["catalogue_version"]])
    return Kept(
        counts.checked,
        counts.broken,
        {
            name: (
                rules.share_min,
                counts.had[name] / (counts.possible[name] or 1),
                rules.share_max,
            )
            for name, rules in counts.promised.items()
        },
    )


class _Recount:
    """Goes through the decisions, one after the other."""

    def __init__(self) -> None:
        self._last_hour: deque[tuple[datetime, str]] = deque()
        self._before: tuple[str, str | None] = ("", None)
        self.checked, self.broken = Counter[str](), Counter[str]()
        self.had, self.possible = Counter[str](), Counter[str]()
        self.promised: dict[str, _Rules] = {}

    def add(self, row: Row, contents: Mapping[str, _Rules]) -> None:
        name, rules = row["content_id"], contents[row["content_id"]]
        wall = None if row["wall"] is None else datetime.fromisoformat(row["wall"])
        is_shown = row["started_utc"] is not None
        # Where nothing was left to chance, the fallback or what was called plays at any time.
        if not row["forced"]:
            self._check(DRAWN, broken=bool(row["held_back"] or rules.mandatory))
            if rules.has_hours and wall is not None:
                self._check(HOURS, broken=not is_open(rules, wall))
            if is_shown:
                self._add_play(row, rules)
                for other, its in contents.items():
                    if its.is_promised and (not its.has_hours or wall is not None):
                        self.promised[other] = its
                        self.had[other] += other == name
                        self.possible[other] += wall is None or is_open(its, wall)
        if is_shown:
            self._before = name, rules.competes

    def _add_play(self, row: Row, rules: _Rules) -> None:
        name, began = row["content_id"], datetime.fromisoformat(row["started_utc"])
        if rules.competes is not None:
            before, competes = self._before
            self._check(COMPETES, broken=competes == rules.competes and before != name)
        if self._last_hour and self._last_hour[-1][0] > began:  # the clock went back
            self._last_hour = deque(play for play in self._last_hour if play[0] <= began)
        self._last_hour.append((began, name))
        while self._last_hour[0][0] <= began - _HOUR:
            self._last_hour.popleft()
        if (cap := rules.max_per_hour) is not None:
            had = sum(which == name for _, which in self._last_hour)
            self._check(CAP, broken=had > cap)

    def _check(self, rule: str, *, broken: bool) -> None:
        self.checked[rule] += 1
        self.broken[rule] += broken


class Hours(Protocol):
    """When a content may be shown; None: any day, any hour."""

    @property
    def from_date(self) -> date | None: ...
    @property
    def until_date(self) -> date | None: ...
    @property
    def weekdays(self) -> Sequence[str] | None: ...
    @property
    def dayparts(self) -> Sequence[tuple[time, time]] | None: ...


def is_open(content: Hours, wall: datetime) -> bool:
    """Whether the dates, weekdays and dayparts of ``content`` hold ``wall``, on its clock.

    A daypart that passes midnight belongs to the day on which it began.
    """
    for day in (wall.date(), wall.date() - timedelta(days=1)):
        midnight = datetime.combine(day, time())
        hours = [
            (datetime.combine(day, begin), datetime.combine(day, end))
            for begin, end in content.dayparts or ()
        ] or [(midnight, midnight + timedelta(days=1))]
        in_campaign = (content.from_date or day) <= day <= (content.until_date or day)
        weekdays = content.weekdays or _WEEKDAYS
        if in_campaign and _WEEKDAYS[day.weekday()] in weekdays:
            for begin, end in hours:
                if begin <= wall < (end if end > begin else end + timedelta(days=1)):
                    return True
    return False


@dataclass(frozen=True, slots=True)
class _Rules:
    """Of one content, as the journal describes them."""

    from_date: date | None
    until_date: date | None
    weekdays: tuple[str, ...] | None
    dayparts: tuple[tuple[time, time], ...] | None
    mandatory: bool | None
    max_per_hour: int | None
    competes: str | None
    share_min: float | None
    share_max: float | None

    @classmethod
    def of(cls, said: Row) -> _Rules:
        # Journals of before a rule was there do not name it.
        days = (said.get("from_date"), said.get("until_date"))
        first, last = (None if day is None else date.fromisoformat(day) for day in days)
        return cls(
            from_date=first,
            until_date=last,
            weekdays=tuple(said.get("weekdays") or ()) or None,
            dayparts=tuple(
                (time.fromisoformat(begin), time.fromisoformat(end))
                for begin, end in said.get("dayparts") or ()
            )
            or None,
            **{name: said.get(name) for name in _AS_SAID},
        )

    @property
    def is_promised(self) -> bool:
        return self.share_min is not None or self.share_max is not None

    @property
    def has_hours(self) -> bool:
        return any((self.from_date, self.until_date, self.weekdays, self.dayparts))


_AS_SAID = ("mandatory", "max_per_hour", "competes", "share_min", "share_max")
