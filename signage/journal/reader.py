"""Reading a journal: by the kiosk's own pages while it runs, and by reports after."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from signage.errors import JournalError
from signage.journal import facts
from signage.journal.file import explained
from signage.journal.schema import (
    SCHEMA_VERSION,
    check_version,
    not_whole,
    upgrade,
    version_of,
)
from signage.journal.words import with_words

_JSON_COLUMNS = (
    "eligible",
    "estimates",
    "masked",
    "context",
    "parts",
    "reading_region",
    "gave_way",
    "reasons",
    "shadow",
    "record",
)
_YES_NO_COLUMNS = ("forced", "learned")


class JournalReader:
    """Read-only; each call has a connection of its own, so any thread may ask.

    A journal of an older program is read from a copy that is brought up to date. Raises
    JournalError when ``path`` is no journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = self._file = path
        if not path.is_file():
            raise JournalError(f"There is no journal {path}. Check the path.")
        with self.connect() as db:
            version = version_of(db, path)
            if version is not None and 1 <= version < SCHEMA_VERSION:
                self._file = self._up_to_date(db, version)
        with self.connect() as db:
            check_version(db, path)

    def _up_to_date(self, db: sqlite3.Connection, version: int) -> Path:
        """A copy of an older journal with the tables of today, for as long as this reader lives."""
        folder = tempfile.mkdtemp(prefix="signage-journal-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        path = Path(folder) / self.path.name
        with explained(self.path), closing(sqlite3.connect(path, isolation_level=None)) as copy:
            db.backup(copy)
            copy.execute("BEGIN")
            upgrade(copy, version)
            copy.execute("COMMIT")
        return path

    def decisions(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Decisions with their plays and rewards, newest first, each with ``why`` in words.

        ``words`` has the parts of it: ``chosen_by``, ``because``, ``reasons``.
        """
        rows = self._rows(
            "SELECT d.decision_id, d.t_utc, d.t_s, d.trigger, d.content_id, d.propensity, "
            "d.forced, eligible, estimates, masked, context, d.policy, d.policy_version, "
            "d.catalogue_version, gave_way, reasons, shadow, "
            "state, started_utc, ended_utc, shown_s, page, reward, parts, learned "
            "FROM decided_plays JOIN main.decisions d USING (number) "
            "ORDER BY number DESC LIMIT ?",
            (-1 if limit is None else limit,),
        )
        return with_words(rows, self._titles({row["catalogue_version"] for row in rows}))

    def _titles(self, versions: Collection[str]) -> dict[str, dict[str, str]]:
        """What contents were called, by the version of the catalogue."""
        marks = ", ".join("?" * len(versions))
        query = f"SELECT version, contents FROM catalogues WHERE version IN ({marks})"  # noqa: S608
        return {
            row["version"]: {
                name: content["title"] for name, content in json.loads(row["contents"]).items()
            }
            for row in self._rows(query, tuple(versions))
        }

    @property
    def simulated(self) -> str | None:
        """What made the journal, where no camera saw anybody; None for a real one."""
        with self.connect() as db:
            return facts.simulated(db)

    def viewers(self) -> list[dict[str, Any]]:
        """Every viewer who left, in the order they left."""
        return [
            row["record"] | {"left_utc": row["left_utc"]}
            for row in self._rows("SELECT record, left_utc FROM viewers ORDER BY left_utc")
        ]

    def impressions(self) -> list[dict[str, Any]]:
        """Every person's opportunity to see a play, in the order of the plays."""
        return self._rows(
            "SELECT i.*, content_id FROM all_impressions i JOIN decisions USING (decision_id) "
            "ORDER BY number"
        )

    def contents(self) -> dict[str, dict[str, Any]]:
        """Every content that ever was in the catalogue, as last described."""
        described: dict[str, dict[str, Any]] = {}
        for row in self._rows("SELECT contents FROM catalogues ORDER BY seq"):
            described |= json.loads(row["contents"])
        return described

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        with self.connect() as db:
            db.row_factory = sqlite3.Row
            rows = [dict(row) for row in db.execute(query, values)]
        for row in rows:
            for column in _JSON_COLUMNS:
                if row.get(column) is not None:
                    row[column] = json.loads(row[column])
            for column in _YES_NO_COLUMNS:
                if row.get(column) is not None:
                    row[column] = bool(row[column])
        return rows

    @contextmanager
    def connect(self, since: datetime | None = None) -> Iterator[sqlite3.Connection]:
        """A connection of its own, read-only, with the views of ``facts``.

        ``since`` as there. What SQLite says of it is explained.
        """
        with explained(self.path):
            db = sqlite3.connect(f"{self._file.resolve().as_uri()}?mode=ro", uri=True)
            try:
                self._define(db, since)
                yield db
            finally:
                db.close()

    def _define(self, db: sqlite3.Connection, since: datetime | None) -> None:
        try:
            facts.define(db, since)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            raise not_whole(self.path, error) from error
