"""Reading a journal: by the kiosk's own pages while it runs, and by reports after."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signage.errors import JournalError
from signage.journal.journal import explained
from signage.journal.schema import check_version
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

    Raises JournalError when ``path`` is no journal.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise JournalError(f"There is no journal {path}. Check the path.")
        with self.connect() as db:
            check_version(db, path)

    def decisions(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Decisions with their plays and rewards, newest first, each with ``why`` in words.

        ``words`` has the parts of it: ``chosen_by``, ``because``, ``reasons``.
        """
        rows = self._rows(
            "SELECT decision_id, decisions.t_utc, t_s, trigger, content_id, propensity, forced, "
            "eligible, estimates, masked, context, policy, policy_version, catalogue_version, "
            "gave_way, reasons, shadow, "
            "state, started_utc, ended_utc, ended_s - started_s AS shown_s, page, "
            "reward, parts, learned "
            "FROM decisions JOIN plays USING (decision_id) LEFT JOIN rewards USING (decision_id) "
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

    def viewers(self) -> list[dict[str, Any]]:
        """Every viewer who left, in the order they left."""
        return [
            row["record"] | {"left_utc": row["left_utc"]}
            for row in self._rows("SELECT record, left_utc FROM viewers ORDER BY left_utc")
        ]

    def impressions(self) -> list[dict[str, Any]]:
        """Every person's opportunity to see a play, in the order of the plays."""
        return self._rows(
            "SELECT i.*, content_id FROM impressions i JOIN decisions USING (decision_id) "
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
    def connect(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own, read-only; what SQLite says of it is explained."""
        with explained(self.path):
            db = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True)
            try:
                yield db
            finally:
                db.close()
