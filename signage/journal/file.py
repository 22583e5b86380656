"""The journal as a file: held by one process, explained where it fails, set aside where damaged."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from signage.errors import JournalError
from signage.io import give_to_owner
from signage.journal import schema

if sys.platform != "win32":
    import fcntl


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what SQLite or the file system say into one message for the user."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # ours to mend, not the user's
    except (sqlite3.Error, OSError) as error:
        if schema.is_damage(error):
            raise schema.not_whole(path, error) from error
        raise JournalError(
            f"The journal {path} cannot be used: {error}. Check that the folder exists "
            "and is writable, that the disk is not full, and that no other screen uses "
            "it. Earlier records are safe."
        ) from error


def set_aside(path: Path, utc: datetime) -> Path:
    """Rename a damaged journal, so that a new one can begin; returns its new name."""
    aside = path.with_name(f"{path.stem}.damaged-{utc.astimezone(UTC):%Y%m%dT%H%M%SZ}{path.suffix}")
    with explained(path):
        for end in ("-wal", "-shm", ""):
            part = path.with_name(path.name + end)
            if part.exists():
                part.rename(aside.with_name(aside.name + end))
    return aside


def lock(path: Path) -> IO[bytes]:
    """Hold ``path`` for this process until the file is closed, or the process ends."""
    beside = path.with_suffix(".lock")
    file = beside.open("wb")
    give_to_owner(path.parent, beside)
    if sys.platform != "win32":
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise JournalError(
                f"The journal {path} is in use by another screen. Stop that screen, or give "
                "this one its own `data_dir` (--data)."
            ) from None
    return file
