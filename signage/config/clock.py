"""The clock on the wall: where the screen stands, and what time it is there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator


def _known(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            "this machine knows no time zone of this name; write it like 'Europe/Berlin'"
        ) from error


ZoneName = Annotated[str, AfterValidator(_known)]
"""The IANA name of a time zone that this machine knows."""


def local_time(utc: datetime, zone: ZoneName | None) -> datetime:
    """``utc`` by the clock of ``zone``; without one, by the machine's own."""
    return utc.astimezone(None if zone is None else ZoneInfo(zone))


def utc_offset_min(utc: datetime, zone: ZoneName | None) -> int:
    """Minutes by which that clock is ahead of UTC at ``utc``."""
    return (local_time(utc, zone).utcoffset() or timedelta()) // timedelta(minutes=1)
