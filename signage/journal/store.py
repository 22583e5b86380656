"""The file of a journal, open for one writer: its lock, its transactions, its place on the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signage.errors import LostJournalError
from signage.io import give_to_owner
from signage.journal import facts, schema
from signage.journal.file import explained, lock


class JournalStore:
    """A journal's database, made or brought up to date, and locked for this process."""

    def __init__(self, path: Path, *, durable: bool = True, at_end: bool = False) -> None:
        """``durable=False`` leaves the writing to the operating system: for simulations.

        With ``at_end``, all is one transaction, and there when the journal is closed.
        """
        self.path = path
        self._durable, self._at_end = durable, at_end
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = lock(path)
            self._db = sqlite3.connect(path, isolation_level=None)
            give_to_owner(path.parent, path)  # SQLite gives its own files to the owner of this one
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
                self._db.execute("PRAGMA foreign_keys = ON")
                self._prepare()
            except BaseException:
                self._db.close()
                self._lock.close()
                raise

    def _prepare(self) -> None:
        tables = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if not tables:
            with self._transaction() as db:
                schema.create(db)
        elif (
            version := schema.version_of(self._db, self.path)
        ) is not None and 1 <= version < schema.SCHEMA_VERSION:
            with self._transaction() as db:
                schema.upgrade(db, version)
        schema.check_version(self._db, self.path)
        facts.define(self._db)
        found_file = self.path.stat()
        self._file = found_file.st_dev, found_file.st_ino
        if self._at_end:
            self._db.execute("BEGIN IMMEDIATE")

    @property
    def is_in_place(self) -> bool:
        """Whether the file that is written is still the one that ``path`` names."""
        try:
            status = self.path.stat()
        except OSError:
            return False
        return (status.st_dev, status.st_ino) == self._file

    def check_in_place(self) -> None:
        """Raise LostJournalError unless ``is_in_place``: what is written then is on no record."""
        if not self.is_in_place:
            raise LostJournalError(
                f"The journal {self.path} was removed or replaced while the screen ran. If "
                "you need it, stop the screen and put it back."
            )

    def close(self) -> None:
        """Write everything back into the one file."""
        if not self.is_in_place:
            self._db.close()
            self._lock.close()
            return
        with self._explained():
            if self._at_end:
                self._db.execute("COMMIT")
            # A finished simulation is one file; a kiosk's pages may still be reading.
            done = "wal_checkpoint(TRUNCATE)" if self._durable else "journal_mode = DELETE"
            self._db.execute(f"PRAGMA {done}")
            self._db.close()
            self._lock.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._db.in_transaction:  # it is a part of that
            yield self._db
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            self._db.rollback()
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with explained(self.path):
            yield
