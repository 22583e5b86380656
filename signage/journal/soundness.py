"""Whether a journal is a whole and fair record: a number from any other would not be true."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from signage.errors import JournalError
from signage.journal import facts
from signage.journal.reader import JournalReader

# Written so that a value of the wrong type counts as missing, and not as a number.
_BROKEN = {
    "propensity above 0 and at most 1": """
        SELECT number FROM decisions
        WHERE NOT coalesce(typeof(propensity) = 'real' AND propensity > 0
            AND propensity < 1.000001, 0)""",
    "time in UTC": """
        SELECT number FROM decisions
        WHERE typeof(t_s) NOT IN ('real', 'integer')
            OR typeof(utc_offset_min) NOT IN ('integer', 'null')
            OR julianday(t_utc) IS NULL OR t_utc NOT LIKE '____-__-__T%+00:00'""",
    "play that can be read": """
        SELECT number FROM decisions LEFT JOIN plays USING (decision_id)
        WHERE state IS NULL OR typeof(started_s) NOT IN ('real', 'integer', 'null')
            OR typeof(ended_s) NOT IN ('real', 'integer', 'null')""",
    "reward in [0, 1]": """
        SELECT number FROM rewards JOIN decisions USING (decision_id)
        WHERE reward IS NOT NULL
            AND NOT (typeof(reward) IN ('real', 'integer') AND reward >= 0 AND reward <= 1)""",
}


def check_sound(reader: JournalReader) -> None:
    """Raise JournalError, with what to do, for a journal that no result can be drawn from."""
    path = reader.path
    with reader.connect() as db:
        _check_whole(db, path)
        decisions, numbers = db.execute(
            "SELECT count(*), max(number) - min(number) + 1 FROM decisions"
        ).fetchone()
        if not decisions:
            raise JournalError(
                f"The journal {path} is empty: no decision was made yet. Let its screen run, "
                "then try again."
            )
        _check_one_screen(db, path)
        if decisions < numbers:
            raise JournalError(
                f"{numbers - decisions} decisions were removed from the journal {path}, and "
                "the rest is not a fair sample. Use the original."
            )
        for what, query in _BROKEN.items():
            counted = f"SELECT count(*), min(number) FROM ({query})"  # noqa: S608 - our own
            count, first = db.execute(counted).fetchone()
            if count:
                more = f", and {count - 1} more," if count > 1 else ""
                raise JournalError(
                    f"In the journal {path} decision {first}{more} has no {what}: another tool "
                    "changed it, so no result is drawn from it. Use the original."
                )


def _check_whole(db: sqlite3.Connection, path: Path) -> None:
    """A file that was cut off may still be read in part: then its numbers would be wrong."""
    try:
        (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise JournalError(
            f"The journal {path} is damaged or cut off ({said.splitlines()[-1]}): no "
            "result is drawn from it. Copy it again while its screen is stopped, or with "
            "`sqlite3 … .backup`."
        )


def _check_one_screen(db: sqlite3.Connection, path: Path) -> None:
    screens = {str(name) for (name,) in db.execute("SELECT DISTINCT screen_id FROM runs")}
    if (stranger := facts.other_screen(db)) is not None:
        screens.add(f"that of decision {stranger}")
    if len(screens) > 1:
        raise JournalError(
            f"The journal {path} mixes the screens {', '.join(sorted(screens))}: each has "
            "its own audience. Give the journal of one screen."
        )
