"""The journal's decisions as arrays (``signage/logged.py``), for off-policy evaluation."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from pydantic_core import from_json

from signage.errors import JournalError
from signage.journal.reader import JournalReader
from signage.logged import Block, Outcome
from signage.types import Floats, PlayState

_QUERY = """
SELECT number, d.t_utc, utc_offset_min, content_id, propensity, forced, eligible, context, run,
    p.state, p.started_s, p.ended_s, w.decision_id IS NOT NULL AS judged, w.reward,
    json_extract(w.parts, '$.absent') AS absent,
    (SELECT viewer_id FROM impressions i WHERE i.decision_id = d.decision_id
        ORDER BY present_s DESC, visit_id LIMIT 1) AS visitor
FROM decisions d
LEFT JOIN plays p ON p.decision_id = d.decision_id
LEFT JOIN rewards w ON w.decision_id = d.decision_id
ORDER BY number
"""
_TOGETHER_S = 1.0
"""For so long one play may still be on the screen when the next is, in a transition."""

Row = dict[str, Any]


class JournalLog:
    """The journal at ``path``, as it is at this moment; the screen may go on writing.

    Raises JournalError for a file that is no journal, of another version, damaged, or of more
    than one screen.
    """

    def __init__(self, path: Path) -> None:
        self._reader = JournalReader(path)
        self.name = str(path)
        with self._connect() as db:
            screens = [screen for (screen,) in db.execute("SELECT DISTINCT screen_id FROM runs")]
            # The screen is in the id of each decision, too: rows may have been copied alone.
            makers = db.execute(
                "SELECT DISTINCT substr(decision_id, 1, length(decision_id) - length(number) - 1) "
                "FROM decisions"
            ).fetchall()
            (self._count,) = db.execute("SELECT count(*) FROM decisions").fetchone()
            self.features = self._named(db)
        one_screen(self.name, screens)
        one_screen(self.name, [maker for (maker,) in makers])
        self.screen_id: str = screens[0] if screens else ""
        self.contents: dict[str, tuple[str, ...]] = {
            name: tuple(described["features"])
            for name, described in self._reader.contents().items()
        }

    def _named(self, db: sqlite3.Connection) -> tuple[str, ...]:
        names: set[str] = set()
        with self._readable():
            for (context,) in db.execute("SELECT context FROM decisions"):
                names.update(dict(from_json(context)))
        return tuple(sorted(names))

    def __len__(self) -> int:
        return int(self._count)

    def blocks(self, size: int) -> Iterator[Block]:
        """As ``logged.Log``."""
        places, columns = _Places(self.contents), _Places(self.features)
        visitors: dict[str, int] = {}
        with self._connect() as db, self._readable():
            db.row_factory = sqlite3.Row
            found = (dict(row) for row in db.execute(f"{_QUERY} LIMIT ?", (self._count,)))
            rows = _with_overlaps(found)
            while several := list(islice(rows, size)):
                yield self._block(several, places, columns, visitors)

    def _block(
        self,
        rows: list[Row],
        places: _Places,
        columns: _Places,
        visitors: dict[str, int],
    ) -> Block:
        probabilities = places.matrix([row["eligible"] for row in rows])
        context = columns.matrix([row["context"] for row in rows])
        shown = [places.of[row["content_id"]] for row in rows]
        outcomes = [_outcome(row) for row in rows]
        seen = [
            -1 if (name := row["visitor"]) is None else visitors.setdefault(name, len(visitors))
            for row in rows
        ]
        return Block(
            number=np.array([row["number"] for row in rows], np.int64),
            t_utc_s=np.array([_utc_s(row["t_utc"]) for row in rows]),
            utc_offset_min=np.array([row["utc_offset_min"] for row in rows], float),
            outcome=np.array(outcomes, np.int64),
            shown=np.array(shown, np.int64),
            propensity=np.array([row["propensity"] for row in rows], float),
            reward=np.array([row["reward"] for row in rows], float),
            visitor=np.array(seen, np.int64),
            overlaps=np.array([row["overlaps"] for row in rows], bool),
            probabilities=probabilities,
            context=context,
        )

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (AttributeError, KeyError, ValueError, TypeError) as error:
            raise _damaged(self.name, f"a decision cannot be read ({error!r})") from error

    @contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        with self._reader.connect() as db:
            try:
                yield db
            except sqlite3.OperationalError as error:
                if "JSON" not in str(error):
                    raise
                raise _damaged(self.name, str(error)) from error
            except sqlite3.DatabaseError as error:
                raise _damaged(self.name, str(error)) from error


class _Places:
    """Names, each with its column."""

    def __init__(self, names: Iterable[str]) -> None:
        self.of = {name: place for place, name in enumerate(names)}
        self._columns = lru_cache(4096)(lambda names: [self.of[name] for name in names])

    def matrix(self, objects: Sequence[str]) -> Floats:
        """JSON objects of numbers as rows; NaN where a name is missing."""
        rows = np.full((len(objects), len(self.of)), np.nan)
        for at, text in enumerate(objects):
            values = from_json(text)
            rows[at, self._columns(tuple(values))] = list(values.values())
        return rows


def one_screen(name: str, screens: list[str]) -> None:
    """Raise JournalError where ``screens`` are several."""
    if len(screens) > 1:
        raise JournalError(
            f"{name} holds plays of {len(screens)} screens ({', '.join(sorted(screens)[:3])}): "
            "who saw what, and what was shown before, cannot be told apart. Evaluate each "
            "screen's journal by itself."
        )


def _damaged(name: str, why: str) -> JournalError:
    return JournalError(
        f"{name} is damaged or was cut off: {why}. Copy it again, while the screen does not run or "
        "with its -wal file; what it still says is not all of it, so nothing is told from it."
    )


def _utc_s(text: str) -> float:
    utc = datetime.fromisoformat(text)
    if utc.tzinfo is None:
        raise ValueError(f"{text} does not say that it is UTC")
    return utc.timestamp()


def _outcome(row: Row) -> Outcome:
    if row["state"] is None:  # both are written at once
        raise ValueError(f"decision {row['number']} without its play")
    if row["forced"]:
        return Outcome.FORCED
    if row["reward"] is not None:
        return Outcome.REWARDED
    if row["judged"]:
        lost = row["absent"] == "camera_lost"
        return Outcome.NOT_OBSERVED if lost else Outcome.NOBODY_PRESENT
    if row["started_s"] is None or row["state"] == PlayState.SUPERSEDED:
        return Outcome.NEVER_SHOWN
    return Outcome.CUT_OFF


def _with_overlaps(rows: Iterator[Row]) -> Iterator[Row]:
    """Says of each whether another was on the screen at the same time, in order.

    By the screen's steady seconds, which count from the start of a run.
    """
    waiting: list[Row] = []
    """From the last one on that was on the screen."""
    for row in rows:
        row["overlaps"] = False
        if row["started_s"] is not None:
            before = waiting[0] if waiting else None
            if before is not None and _together(before, row):
                before["overlaps"] = row["overlaps"] = True
            yield from waiting
            waiting = []
        elif not waiting:
            yield row
            continue
        waiting.append(row)
    yield from waiting


def _together(before: Row, row: Row) -> bool:
    ended_s = before["ended_s"]
    same_run = before["run"] == row["run"] and before["started_s"] is not None
    return same_run and ended_s is not None and row["started_s"] < ended_s - _TOGETHER_S
