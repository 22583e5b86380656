"""When a content may be shown: campaign dates, weekdays and dayparts, by the screen's clock.

A daypart that passes midnight belongs to the day on which it began: Friday from 22:00 to 02:00
ends on Saturday morning, and so does the last day of a campaign. The clock on the wall counts:
what it skips when summer time begins does not play, what it repeats when it ends plays twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from signage.config.base import Section

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _without_zone(value: time) -> time:
    if value.tzinfo is not None:
        raise ValueError("a daypart uses the screen's own clock: write it without a time zone")
    return value


def _not_empty(value: tuple[time, time]) -> tuple[time, time]:
    if value[0] == value[1]:
        raise ValueError(
            "a daypart must not start and end at the same time; leave it out for the whole day"
        )
    return value


Clock = Annotated[time, AfterValidator(_without_zone)]
Daypart = Annotated[tuple[Clock, Clock], AfterValidator(_not_empty)]


class Schedule(Section):
    """When a content may be shown. Without any limit it may be shown always."""

    from_date: date | None = Field(default=None, description="First day of the campaign.")
    until_date: date | None = Field(
        default=None, description="Last day of the campaign, inclusive."
    )
    weekdays: Annotated[tuple[Weekday, ...], Field(min_length=1)] | None = Field(
        default=None, description="Days of the week on which it may play. Without them every day."
    )
    dayparts: Annotated[tuple[Daypart, ...], Field(min_length=1)] | None = Field(
        default=None,
        description="Times of day in pairs: the start, and the end before which it may play. A "
        "daypart may pass midnight. Without them all day.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Schedule:
        if self.from_date and self.until_date and self.until_date < self.from_date:
            raise ValueError(
                f"until_date ({self.until_date}) must not be before from_date ({self.from_date})"
            )
        return self

    @property
    def always(self) -> bool:
        """Whether no date, weekday or daypart ever closes it."""
        limits = (self.from_date, self.until_date, self.weekdays, self.dayparts)
        return all(limit is None for limit in limits)

    def closed(self, local: datetime) -> str | None:
        """Why it may not be shown at ``local``, the screen's own time; None if it may."""
        days = list(self._days(local))
        reasons = [self._day_closed(day) for day in days or [local.date()]]
        if days and None in reasons:
            return None
        if reasons[0] is not None:
            return reasons[0]
        spans = (f"from {begin:%H:%M} to {end:%H:%M}" for begin, end in self.dayparts or ())
        return f"daypart: {' and '.join(spans)}"

    def _days(self, local: datetime) -> Iterator[date]:
        """The days whose dayparts hold ``local``."""
        today, now = local.date(), local.time()
        if self.dayparts is None:
            yield today
        for begin, end in self.dayparts or ():
            if begin < end:
                if begin <= now < end:
                    yield today
            elif now >= begin:
                yield today
            elif now < end:
                yield today - timedelta(days=1)

    def _day_closed(self, day: date) -> str | None:
        if self.from_date is not None and day < self.from_date:
            return f"from_date: not before {self.from_date}"
        if self.until_date is not None and day > self.until_date:
            return f"until_date: not after {self.until_date}"
        if self.weekdays is not None and _WEEKDAYS[day.weekday()] not in self.weekdays:
            return f"weekdays: on {', '.join(self.weekdays)}"
        return None
