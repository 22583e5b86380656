"""Whether the constraints were kept, counted anew from the record of what was on the screen.

By the rules' description in the contents, and without a line of what keeps them. What hangs on
who was in view at that moment (ages, what a viewer has had) is in no journal, and is not counted.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

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


def recount(
    rows: Iterable[Row], catalogues: Mapping[str, Mapping[str, Row]], *, apart: bool
) -> Kept:
    """``rows`` are decisions with their plays, in order (``journal.report_figures``).

    ``apart``: whether competitors were kept apart at all, which the screen's settings say.
    """
    checked, broken = Counter[str](), Counter[str]()
    last_hour: deque[tuple[datetime, str]] = deque()
    before: tuple[str, str | None] | None = None
    drawn = Counter[str]()
    promised: dict[str, tuple[float | None, float | None]] = {}
    possible = Counter[str]()
    for row in rows:
        content = catalogues[row["catalogue_version"]][row["content_id"]]
        wall = datetime.fromisoformat(row["wall"])
        if _has_hours(content):
            checked[HOURS] += 1
            # The fallback plays where nothing else may, and an emergency at any time.
            broken[HOURS] += not row["forced"] and not is_open(content, wall)
        if not row["forced"]:
            checked[DRAWN] += 1
            broken[DRAWN] += bool(row["held_back"] or content["mandatory"])
        if row["started_utc"] is None:
            continue
        if apart:
            competes = content["competes"]
            if competes is not None and not row["forced"]:
                checked[COMPETES] += 1
                broken[COMPETES] += (
                    before is not None and before[0] != row["content_id"] and before[1] == competes
                )
            before = row["content_id"], competes
        if row["forced"]:
            continue
        began = datetime.fromisoformat(row["started_utc"])
        last_hour.append((began, row["content_id"]))
        while last_hour[0][0] <= began - _HOUR:
            last_hour.popleft()
        if (cap := content["max_per_hour"]) is not None:
            checked[CAP] += 1
            broken[CAP] += sum(name == row["content_id"] for _, name in last_hour) > cap
        drawn[row["content_id"]] += 1
        for name, other in catalogues[row["catalogue_version"]].items():
            if other["share_min"] is None and other["share_max"] is None:
                continue
            promised[name] = (other["share_min"], other["share_max"])
            possible[name] += not _has_hours(other) or is_open(other, wall)
    return Kept(
        checked,
        broken,
        {
            name: (least, drawn[name] / possible[name] if possible[name] else 0.0, most)
            for name, (least, most) in promised.items()
        },
    )


def _has_hours(content: Row) -> bool:
    return any(content[key] for key in ("from_date", "until_date", "weekdays", "dayparts"))


def is_open(content: Row, wall: datetime) -> bool:
    """Whether the dates, weekdays and dayparts of ``content`` hold ``wall``, on its clock."""
    for day in (wall.date(), wall.date() - timedelta(days=1)):
        midnight = datetime.combine(day, time())
        hours = [
            (datetime.combine(day, _time(begin)), datetime.combine(day, _time(end)))
            for begin, end in content["dayparts"] or ()
        ] or [(midnight, midnight + timedelta(days=1))]
        first, last = _date(content["from_date"], day), _date(content["until_date"], day)
        weekdays = content["weekdays"] or _WEEKDAYS
        if first <= day <= last and _WEEKDAYS[day.weekday()] in weekdays:
            for begin, end in hours:
                if begin <= wall < (end if end > begin else end + timedelta(days=1)):
                    return True
    return False


def _date(said: str | None, otherwise: date) -> date:
    return otherwise if said is None else date.fromisoformat(said)


def _time(said: str) -> time:
    return time.fromisoformat(said)
