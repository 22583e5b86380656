"""What a journal has of experiments, checked: a number from a broken record would not be true."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from signage.errors import JournalError
from signage.journal.reader import JournalReader

_PLAYS = """
SELECT number, decision_id, run, t_s, d.t_utc, utc_offset_min, forced, arm, unit, washout, design,
    state, started_s, ended_s, reward,
    (SELECT group_concat(visit_id, char(10)) FROM impressions i
        WHERE i.decision_id = d.decision_id) AS visits
FROM assignments a CROSS JOIN decisions d USING (number) JOIN plays USING (decision_id)
    LEFT JOIN rewards USING (decision_id)
WHERE experiment = ? ORDER BY number
"""
_ALL = """
SELECT number, decision_id, run, t_s, d.t_utc, utc_offset_min, forced, state, started_s, ended_s,
    reward
FROM decisions d JOIN plays USING (decision_id) LEFT JOIN rewards USING (decision_id)
ORDER BY number
"""
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


class Experiments(JournalReader):
    """Reads experiments, read-only; each call has a connection of its own."""

    def check(self) -> None:
        """Raise JournalError, with what to do, for a record that no result can be drawn from."""
        with self.connect() as db:
            _check_whole(db, self.path)
            decisions, numbers = db.execute(
                "SELECT count(*), max(number) - min(number) + 1 FROM decisions"
            ).fetchone()
            if not decisions:
                raise JournalError(
                    f"The journal {self.path} is empty: no decision was ever made. Let its screen "
                    "run, and come back."
                )
            _check_one_screen(db, self.path)
            if decisions < numbers:
                raise JournalError(
                    f"Of the journal {self.path}, {numbers - decisions} decisions were taken out: "
                    "what is left is no fair sample. Use the original."
                )
            for what, query in _BROKEN.items():
                counted = f"SELECT count(*), min(number) FROM ({query})"  # noqa: S608 - our own
                count, first = db.execute(counted).fetchone()
                if count:
                    more = f", and {count - 1} more," if count > 1 else ""
                    raise JournalError(
                        f"In the journal {self.path} decision {first}{more} has no {what}: it was "
                        "changed by another tool, and no result is drawn from it. Use the original."
                    )

    def names(self) -> list[str]:
        """Of all experiments, the one that ran last at the end."""
        with self.connect() as db:
            rows = db.execute(
                "SELECT experiment FROM assignments GROUP BY experiment ORDER BY max(number)"
            )
            return [str(name) for (name,) in rows]

    def design(self, name: str) -> dict[str, Any]:
        """How the experiment was set up. Raises JournalError where that was changed."""
        with self.connect() as db:
            designs = db.execute(
                "SELECT design FROM assignments WHERE experiment = ? GROUP BY design "
                "ORDER BY min(number)",
                (name,),
            ).fetchall()
        if len(designs) > 1:
            raise JournalError(
                f"The experiment {name!r} was changed while it ran, from {designs[0][0]} to "
                f"{designs[-1][0]}: what came before and after cannot be added up. Give it a new "
                "`experiment.name` whenever one of its keys changes."
            )
        return dict(json.loads(designs[0][0]))

    def plays(self, name: str) -> list[dict[str, Any]]:
        """Every decision of the experiment with its play, reward and visits, oldest first."""
        rows = self._rows(_PLAYS, (name,))
        for row in rows:
            row["visits"] = frozenset((row["visits"] or "").splitlines())
        return rows

    def all_plays(self) -> list[dict[str, Any]]:
        """Every decision with its play and reward, oldest first."""
        return self._rows(_ALL)


def _check_whole(db: sqlite3.Connection, path: Path) -> None:
    """A file that was cut off may still be read in part: then its numbers would be wrong."""
    try:
        (said,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said != "ok":
        raise JournalError(
            f"The journal {path} is damaged or cut off ({said.splitlines()[-1]}): no result is "
            "drawn from it. Copy it anew, while its screen does not run or with "
            "`sqlite3 … .backup`."
        )


def _check_one_screen(db: sqlite3.Connection, path: Path) -> None:
    screens = {str(name) for (name,) in db.execute("SELECT DISTINCT screen_id FROM runs")}
    ids = db.execute("SELECT DISTINCT rtrim(decision_id, '0123456789') FROM decisions")
    screens |= {str(name).removesuffix("-") for (name,) in ids}
    if len(screens) > 1:
        raise JournalError(
            f"The journal {path} mixes the screens {', '.join(sorted(screens))}: each has an "
            "audience of its own. Give the journal of one screen."
        )
