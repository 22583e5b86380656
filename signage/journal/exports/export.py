"""The journal for other tools: proof of play as CSV or Parquet, and Vowpal Wabbit's dsjson.

The columns stand in ``proof_of_play.py``, the fields of dsjson in ``dsjson.py``; ``decisions`` is
Parquet for `signage evaluate` (``columns.py``). CSV is as in RFC 4180, in UTF-8 with a
header, with values as ``table_text.py`` says. Rows go through one by one, so that a journal of
years takes no more memory than one of a day; the screen may go on writing meanwhile, and what it
adds is not in the file. Every file says which version wrote it, and whether the journal was
simulated.
"""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, TypeVar

from signage import __version__
from signage.errors import ConfigError, JournalError
from signage.extras import require_extra
from signage.io import journal_path, replace_file
from signage.journal import facts
from signage.journal.decision_log import JournalLog
from signage.journal.exports import columns as decision_columns
from signage.journal.exports import dsjson, proof_of_play
from signage.journal.exports.proof_of_play import COLUMNS, Row
from signage.journal.exports.table_text import cell
from signage.journal.reader import JournalReader
from signage.types.choices import ExportFormat

_ROWS_AT_ONCE = 1_000
_ROW_GROUP = 10_000

T = TypeVar("T")
Report = Callable[[float], None]


def export(
    journal: Path, form: ExportFormat, out: Path, on_progress: Report = lambda _: None
) -> tuple[int, str]:
    """Write ``journal`` (the file, or the folder that holds it) to ``out``, whole or not at all.

    ``on_progress`` gets the share that is done. Returns how many rows, and of what. Raises
    ConfigError for an ``out`` that must not be written over, JournalError for a journal that
    cannot be read or a file that cannot be written, MissingExtraError where pyarrow is missing.
    """
    reader = JournalReader(journal_path(journal))
    out = out.resolve()
    _check_out(reader.path.resolve(), out)
    if form in (ExportFormat.PARQUET, ExportFormat.DECISIONS):
        require_extra("parquet", "Parquet")
    if form is ExportFormat.DECISIONS:
        with _explained(out) as file:
            return decision_columns.write(JournalLog(reader.path), file, on_progress), "decisions"
    with reader.connect() as db, _explained(out) as file:
        db.execute("BEGIN")  # all of it as it is at this moment
        match form:
            case ExportFormat.DSJSON:
                lines = _with_progress(dsjson.lines(db), dsjson.count(db), on_progress)
                return _write_lines(lines, file), "decisions"
            case ExportFormat.CSV:
                write: Callable[[Iterator[Row], IO[bytes]], int] = _write_csv
            case ExportFormat.PARQUET:
                write = partial(_write_parquet, made=_made(db))
        return write(
            _with_progress(proof_of_play.plays(db), proof_of_play.count(db), on_progress), file
        ), "plays"


def _made(db: sqlite3.Connection) -> dict[str, str]:
    """What made the file, for its metadata; ``signage_simulated`` only where that is so."""
    simulated = facts.simulated(db)
    made = {"signage_version": __version__}
    return made if simulated is None else made | {"signage_simulated": simulated}


def _write_lines(lines: Iterable[str], file: IO[bytes]) -> int:
    return sum(1 for line in lines if file.write(f"{line}\n".encode()))


def _write_csv(rows: Iterator[Row], file: IO[bytes]) -> int:
    def lines() -> Iterator[list[Any]]:
        yield list(COLUMNS)
        for row in rows:
            yield [cell(value) for value in row.values()]

    writer = csv.writer(_Encoded(file))
    return sum(1 for line in lines() if writer.writerow(line)) - 1


class _Encoded:
    """The target of ``csv``: writes bytes at once, so that a full disk raises immediately."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> int:
        return self._file.write(text.encode())


def _write_parquet(rows: Iterator[Row], file: IO[bytes], made: Mapping[str, str]) -> int:
    import pyarrow as pa  # noqa: PLC0415 - an extra that only this needs
    from pyarrow import parquet  # noqa: PLC0415

    types = {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        datetime: pa.timestamp("ms", tz="UTC"),
    }
    schema = pa.schema(
        [pa.field(name, types[kind]) for name, kind in COLUMNS.items()], metadata=made
    )
    written = 0
    with parquet.ParquetWriter(file, schema) as writer:
        while group := list(islice(rows, _ROW_GROUP)):
            writer.write_batch(pa.RecordBatch.from_pylist(group, schema=schema))
            written += len(group)
    return written


def _with_progress(rows: Iterator[T], total: int, on_progress: Report) -> Iterator[T]:
    for number, row in enumerate(rows):
        if number % _ROWS_AT_ONCE == 0:
            on_progress(number / total)
        yield row


def _check_out(journal: Path, out: Path) -> None:
    own = (journal, *(journal.with_name(journal.name + end) for end in ("-wal", "-shm")))
    if out in (*own, journal.with_suffix(".lock")) or (out.exists() and out.samefile(journal)):
        raise ConfigError(f"{out} belongs to the journal itself. Choose another --out.")
    if out.exists() and not out.is_file():
        raise ConfigError(f"{out} is not a file that can be replaced. Choose another --out.")


@contextmanager
def _explained(out: Path) -> Iterator[IO[bytes]]:
    """Replace ``out`` as a whole; say what to do where it cannot be written."""
    try:
        with replace_file(out) as file:
            yield file
    except OSError as error:
        raise JournalError(
            f"{out} cannot be written: {error.strerror or error}. Check that its folder "
            "exists and is writable and that the disk is not full, or choose another "
            "--out. The journal is unchanged."
        ) from error
