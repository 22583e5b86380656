"""Dates, weekdays and hours, by the clock on the wall where the screen stands."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from signage.config.clock import local_time
from signage.content.schedule import Schedule
from tests.support.builders import content
from tests.support.playing import Playing

MORNING = ((time(8), time(11)),)
NIGHT = ((time(22), time(2)),)


def closed(when: str, **schedule: Any) -> str | None:
    return Schedule(**schedule).closed(datetime.fromisoformat(when))


def open_hours(zone: str, day: date, **schedule: Any) -> float:
    """How long it is open, in hours of true time, from one midnight to the next."""
    item = content("item", **schedule)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=14)
    minutes = (start + timedelta(minutes=minute) for minute in range(52 * 60))
    local = (local_time(minute, zone) for minute in minutes)
    return sum(at.date() == day and item.closed(at) is None for at in local) / 60


@pytest.mark.parametrize(
    ("when", "schedule", "reason"),
    [
        ("2026-03-04 12:00", {}, None),
        ("2026-03-04 07:59:59.9", {"dayparts": MORNING}, "daypart: from 08:00 to 11:00"),
        ("2026-03-04 08:00", {"dayparts": MORNING}, None),
        ("2026-03-04 10:59:59.9", {"dayparts": MORNING}, None),
        ("2026-03-04 11:00", {"dayparts": MORNING}, "daypart: from 08:00 to 11:00"),
        (
            "2026-03-04 12:00",
            {"dayparts": MORNING + NIGHT},
            "daypart: from 08:00 to 11:00 and from 22:00 to 02:00",
        ),
        ("2026-03-04 23:00", {"dayparts": MORNING + NIGHT}, None),
        ("2026-03-04 09:00", {"weekdays": ("mon", "sun")}, "weekdays: on mon, sun"),
        ("2026-03-08 23:59", {"weekdays": ("mon", "sun")}, None),
        ("2026-02-28 23:59", {"from_date": date(2026, 3, 1)}, "from_date: not before 2026-03-01"),
        ("2026-03-01 00:00", {"from_date": date(2026, 3, 1)}, None),
        ("2026-03-01 23:59", {"until_date": date(2026, 3, 1)}, None),
        ("2026-03-02 00:00", {"until_date": date(2026, 3, 1)}, "until_date: not after 2026-03-01"),
        ("2028-02-29 23:59", {"until_date": date(2028, 2, 29)}, None),
        ("2028-03-01 00:00", {"until_date": date(2028, 2, 29)}, "until_date: not after 2028-02-29"),
    ],
)
def test_it_plays_in_its_dates_and_hours_and_says_why_not(
    when: str, schedule: dict[str, Any], reason: str | None
) -> None:
    assert closed(when, **schedule) == reason


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    """4 March 2026 is a Wednesday."""
    wednesdays: dict[str, Any] = {"dayparts": NIGHT, "weekdays": ("wed",)}
    assert closed("2026-03-04 01:00", **wednesdays) == "weekdays: on wed"
    assert closed("2026-03-04 22:00", **wednesdays) is None
    assert closed("2026-03-05 01:59", **wednesdays) is None
    assert closed("2026-03-05 02:00", **wednesdays) == "weekdays: on wed"
    last: dict[str, Any] = {"dayparts": NIGHT, "until_date": date(2028, 2, 29)}
    assert closed("2028-03-01 01:59", **last) is None
    assert closed("2028-03-01 22:00", **last) == "until_date: not after 2028-02-29"
    first: dict[str, Any] = {"dayparts": NIGHT, "from_date": date(2026, 3, 4)}
    assert closed("2026-03-04 01:00", **first) == "from_date: not before 2026-03-04"


def test_until_midnight_is_until_the_end_of_the_day() -> None:
    evening = {"dayparts": ((time(18), time(0)),), "weekdays": ("wed",)}
    assert closed("2026-03-04 23:59:59", **evening) is None
    assert closed("2026-03-05 00:00", **evening) is not None


def test_the_clock_on_the_wall_counts_when_summer_time_begins_and_ends() -> None:
    night = {"dayparts": ((time(1), time(4)),)}
    assert open_hours("Europe/Berlin", date(2026, 3, 28), **night) == 3
    assert open_hours("Europe/Berlin", date(2026, 3, 29), **night) == 2  # 02:00 is 03:00
    assert open_hours("Europe/Berlin", date(2026, 10, 25), **night) == 4  # 03:00 is 02:00
    skipped = {"dayparts": ((time(2), time(3)),)}
    assert open_hours("Europe/Berlin", date(2026, 3, 29), **skipped) == 0
    assert open_hours("Europe/Berlin", date(2026, 10, 25), **skipped) == 2
    assert open_hours("UTC", date(2026, 10, 25), **skipped) == 1
    assert open_hours("Australia/Lord_Howe", date(2026, 4, 5), dayparts=((time(1), time(3)),)) == (
        2.5  # a summer time of half an hour
    )


def test_a_whole_day_of_a_campaign_is_as_long_as_the_day() -> None:
    only: dict[str, Any] = {"from_date": date(2026, 3, 29), "until_date": date(2026, 3, 29)}
    assert open_hours("Europe/Berlin", date(2026, 3, 29), **only) == 23
    assert open_hours("Pacific/Kiritimati", date(2026, 3, 29), **only) == 24


@pytest.mark.parametrize(
    ("zone", "plays"),
    [("UTC", False), ("Europe/Berlin", True), ("America/New_York", False), ("Asia/Tokyo", False)],
)
def test_hours_are_those_of_the_screen_s_own_time_zone(zone: str, *, plays: bool) -> None:
    """It is noon in UTC, 13:00 in Berlin."""
    on = Playing({"lunch": {"dayparts": ((time(13), time(14)),)}, "news": {}}, timezone=zone)
    decision = on.decide()
    assert ("lunch" in decision.eligible) is plays
    assert plays or decision.masked["lunch"] == "daypart: from 13:00 to 14:00"


@pytest.mark.parametrize(
    ("zone", "daypart", "offset_min"),
    [("Asia/Tokyo", "daypart=evening", 540), ("America/New_York", "daypart=morning", -300)],
)
def test_a_policy_learns_by_the_same_clock(zone: str, daypart: str, offset_min: int) -> None:
    decision = Playing({"news": {}}, timezone=zone).decide()
    assert daypart in decision.context
    assert decision.utc_offset_min == offset_min, "for whoever reads the journal elsewhere"


def test_what_runs_when_its_hours_end_is_not_begun_again() -> None:
    on = Playing({"lunch": {"dayparts": ((time(12), time(13)),)}, "news": {}}, play_s=600.0)
    shown = [on.play() for _ in range(8)]
    assert ["lunch" in decision.eligible for decision in shown] == [True] * 5 + [False] * 3
