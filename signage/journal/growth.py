"""What a journal takes of the disk, and what a year of it will."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from signage.journal.reader import JournalReader

_PACE_DAYS = 30.0
"""The pace is that of the last days: a shop that closes early in winter plays less."""
_YEAR_DAYS = 365.0


@dataclass(frozen=True, slots=True)
class Growth:
    """Of one journal."""

    size_bytes: int
    bytes_a_year: float | None
    """At the pace of the last 30 days; None before a day is over."""


def growth(path: Path) -> Growth:
    """Of the journal at ``path``. Raises JournalError where it cannot be read."""
    with JournalReader(path).connect() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        (page_bytes,) = db.execute("PRAGMA page_size").fetchone()
        ends = "SELECT min(number), max(number), min(t_utc), max(t_utc) FROM main.decisions"
        first, last, since, until = db.execute(ends).fetchone()
        size = pages * page_bytes
        if first is None:
            return Growth(size, None)
        days = (datetime.fromisoformat(until) - datetime.fromisoformat(since)).total_seconds()
        days = min(days / 86400, _PACE_DAYS)
        if days < 1:
            return Growth(size, None)
        (plays,) = db.execute(
            "SELECT count(*) FROM main.decisions WHERE julianday(t_utc) >= julianday(?) - ? "
            "AND t_utc >= date(?, '-31 days')",
            (until, days, until),
        ).fetchone()
    a_decision = size / (last - first + 1)
    return Growth(size, a_decision * plays / days * _YEAR_DAYS)
