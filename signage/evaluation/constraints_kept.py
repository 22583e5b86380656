"""Whether the constraints were kept, counted again from what was on the screen.

It knows the rules from their description in the contents, and shares no code with what keeps them.
``recount`` goes through a journal. The simulation's audit feeds the same ``Recount`` frame by
frame, and adds what only it can see: who was in view (ages, what a viewer has had before).
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
"""The rules that are counted again."""


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


class Rules(Hours, Protocol):
    """The rules of one content that are counted again."""

    @property
    def mandatory(self) -> bool | None: ...
    @property
    def max_per_hour(self) -> int | None: ...
    @property
    def competes(self) -> str | None: ...


class Recount:
    """Counts broken rules, decision by decision and play by play, in order."""

    def __init__(self, max_per_hour: int | None = None, separation_plays: int = 1) -> None:
        """``max_per_hour`` is the cap of contents without one of their own.

        Competitors are to have ``separation_plays`` other plays between them.
        """
        self._max_per_hour = max_per_hour
        self._last_hour: deque[tuple[datetime, str]] = deque()
        self._before: deque[tuple[str, str | None]] = deque(maxlen=separation_plays)
        self.checked, self.broken = Counter[str](), Counter[str]()

    def add_draw(self, rules: Rules, *, held_back: bool) -> None:
        """Count a content that was drawn, although it was ``held_back`` or is never to be."""
        self._check(DRAWN, broken=bool(held_back or rules.mandatory))

    def add_hours(self, rules: Hours, wall: datetime) -> None:
        """Count a decision, at ``wall`` on the clock where the screen stands."""
        self._check(HOURS, broken=not is_open(rules, wall))

    def add_play(self, name: str, rules: Rules, began: datetime | None) -> None:
        """Count a play that was on the screen; ``began`` is None where nothing was drawn."""
        if began is not None:
            self._check_drawn_play(name, rules, began)
        self._before.append((name, rules.competes))

    def _check_drawn_play(self, name: str, rules: Rules, began: datetime) -> None:
        if rules.competes is not None:
            beside = [which for which, competes in self._before if competes == rules.competes]
            self._check(COMPETES, broken=any(which != name for which in beside))
        if self._last_hour and self._last_hour[-1][0] > began:  # the clock went back
            self._last_hour = deque(play for play in self._last_hour if play[0] <= began)
        self._last_hour.append((began, name))
        while self._last_hour[0][0] <= began - _HOUR:
            self._last_hour.popleft()
        if (cap := rules.max_per_hour or self._max_per_hour) is not None:
            plays = sum(which == name for _, which in self._last_hour)
            self._check(CAP, broken=plays > cap)

    def _check(self, rule: str, *, broken: bool) -> None:
        self.checked[rule] += 1
        self.broken[rule] += broken


@dataclass(frozen=True, slots=True)
class ConstraintsKept:
    """How the constraints were kept in a whole journal."""

    checked: Mapping[str, int]
    """Plays (or decisions) that each rule was checked of."""
    broken: Mapping[str, int]
    shares: Mapping[str, tuple[float | None, float, float | None]]
    """Share of voice of each content that was promised one: least, what it had, most."""


def recount(rows: Iterable[Row], catalogues: Mapping[str, Mapping[str, Row]]) -> ConstraintsKept:
    """Count again from ``rows``, decisions with their plays in order (``ReportFigures.shown``).

    A journal has not the configuration: competitors are apart when they are not side by side.
    """
    described = {
        version: {name: _JournalRules.from_record(record) for name, record in contents.items()}
        for version, contents in catalogues.items()
    }
    counts, shares = Recount(), _Shares()
    for row in rows:
        contents = described[row["catalogue_version"]]
        name, rules = row["content_id"], contents[row["content_id"]]
        wall = None if row["wall"] is None else datetime.fromisoformat(row["wall"])
        is_drawn, is_shown = not row["forced"], row["started_utc"] is not None
        # Where nothing was left to chance, the fallback or what was ordered plays at any time.
        if is_drawn:
            counts.add_draw(rules, held_back=bool(row["held_back"]))
            if rules.has_hours and wall is not None:
                counts.add_hours(rules, wall)
        if is_shown:
            began = datetime.fromisoformat(row["started_utc"]) if is_drawn else None
            counts.add_play(name, rules, began)
            if is_drawn:
                shares.add_play(name, contents, wall)
    return ConstraintsKept(counts.checked, counts.broken, shares.by_content())


class _Shares:
    """Shares of voice of the contents that were promised one."""

    def __init__(self) -> None:
        self._plays, self._possible = Counter[str](), Counter[str]()
        self._promised: dict[str, _JournalRules] = {}

    def add_play(
        self, name: str, contents: Mapping[str, _JournalRules], wall: datetime | None
    ) -> None:
        for other, rules in contents.items():
            if rules.is_promised and (not rules.has_hours or wall is not None):
                self._promised[other] = rules
                self._plays[other] += other == name
                self._possible[other] += wall is None or is_open(rules, wall)

    def by_content(self) -> dict[str, tuple[float | None, float, float | None]]:
        return {
            name: (
                rules.share_min,
                self._plays[name] / (self._possible[name] or 1),
                rules.share_max,
            )
            for name, rules in self._promised.items()
        }


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
class _JournalRules:
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
    def from_record(cls, record: Row) -> _JournalRules:
        # A journal that is older than a rule does not name it.
        days = (record.get("from_date"), record.get("until_date"))
        first, last = (None if day is None else date.fromisoformat(day) for day in days)
        return cls(
            from_date=first,
            until_date=last,
            weekdays=tuple(record.get("weekdays") or ()) or None,
            dayparts=tuple(
                (time.fromisoformat(begin), time.fromisoformat(end))
                for begin, end in record.get("dayparts") or ()
            )
            or None,
            **{name: record.get(name) for name in _AS_RECORDED},
        )

    @property
    def is_promised(self) -> bool:
        return self.share_min is not None or self.share_max is not None

    @property
    def has_hours(self) -> bool:
        return any((self.from_date, self.until_date, self.weekdays, self.dayparts))


_AS_RECORDED = ("mandatory", "max_per_hour", "competes", "share_min", "share_max")
