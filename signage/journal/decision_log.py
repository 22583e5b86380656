"""The journal's decisions as arrays (``signage/types/log.py``), for off-policy evaluation."""

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
from signage.journal import facts
from signage.journal.reader import JournalReader
from signage.journal.soundness import check_one_screen, screens_of
from signage.types.arrays import Floats
from signage.types.log import Block, Outcome

_QUERY = """
SELECT number, p.asked_utc AS t_utc, p.utc_offset_min, p.content_id, p.propensity, p.forced,
    (SELECT eligible FROM main.decisions d WHERE d.number = p.number) AS eligible,
    (SELECT context FROM main.decisions d WHERE d.number = p.number) AS context,
    p.state, p.started_s, p.ended_s, p.started_utc, p.told_by_page, p.judged, p.reward, p.absent,
    o.overlaps,
    (SELECT viewer_id FROM all_impressions i WHERE i.decision_id = p.decision_id
        ORDER BY present_s DESC, visit_id LIMIT 1) AS visitor
FROM decided_plays p JOIN play_order o USING (number)
ORDER BY number
"""

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
            screens = screens_of(db)
            self.simulated: str | None = facts.simulated(db)
            (self._count,) = db.execute("SELECT count(*) FROM decisions").fetchone()
            self.features = self._named(db)
        check_one_screen(self.name, screens)
        self.screen_id = next(iter(screens), "")
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
        """As ``Log``."""
        places, columns = _Places(self.contents), _Places(self.features)
        visitors: dict[str, int] = {}
        with self._connect() as db, self._readable():
            db.row_factory = sqlite3.Row
            rows = (dict(row) for row in db.execute(f"{_QUERY} LIMIT ?", (self._count,)))
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


def _damaged(name: str, why: str) -> JournalError:
    return JournalError(
        f"{name} is damaged or was cut off: {why}. Copy it again while the screen is "
        "stopped, or together with its -wal file. No result is drawn from a part of "
        "a journal."
    )


def _utc_s(text: str) -> float:
    utc = datetime.fromisoformat(text)
    if utc.tzinfo is None:
        raise ValueError(f"{text} does not say that it is UTC")
    return utc.timestamp()


def _outcome(row: Row) -> Outcome:
    for seconds in (row["started_s"], row["ended_s"]):
        if not isinstance(seconds, float | int | None):
            raise ValueError(f"the play of decision {row['number']} has no time: {seconds!r}")
    if row["state"] is None:  # both are written at once
        raise ValueError(f"decision {row['number']} without its play")
    if row["forced"]:
        return Outcome.FORCED
    if row["reward"] is not None:
        return Outcome.REWARDED
    if row["absent"] == "play_failed":
        return Outcome.CUT_OFF
    if row["judged"]:
        lost = row["absent"] == "camera_lost"
        return Outcome.NOT_OBSERVED if lost else Outcome.NOBODY_PRESENT
    if row["started_utc"] is None:
        return Outcome.NEVER_SHOWN
    return Outcome.PAGE_ALONE if row["told_by_page"] else Outcome.CUT_OFF
