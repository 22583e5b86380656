"""The decisions as columns (Parquet): read in far less time than a journal.

One row a decision, in order. What stands in ``types/log.py: Block`` has a column each (``number``,
``t_utc``, ``utc_offset_min``, ``outcome`` by name, ``content_id``, ``propensity``, ``reward``,
``visitor``, ``overlaps``); then for each content that ever was in the catalogue ``p:CONTENT``, its
probability, and for each feature of the context ``x:FEATURE``. Empty is what was not eligible, or
absent. The file's metadata, under ``signage``, has the version of this layout, the screen, the
features of each content, the version of the program, and what made a journal that was simulated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from signage import __version__
from signage.errors import JournalError
from signage.extras import require_extra
from signage.journal.decision_log import JournalLog
from signage.journal.soundness import check_one_screen
from signage.types.arrays import Floats
from signage.types.log import Block, Index, Log, Outcome

LAYOUT = 1
_ROW_GROUP = 10_000
_OUTCOMES = [outcome.name.lower() for outcome in Outcome]


def write(
    log: JournalLog, file: IO[bytes], on_progress: Callable[[float], None] = lambda _: None
) -> int:
    """All decisions of ``log``; returns how many. ``on_progress`` gets the share done.

    Needs pyarrow.
    """
    return write_blocks(log, log.screen_id, _with_progress(log, on_progress), file)


def _with_progress(log: JournalLog, on_progress: Callable[[float], None]) -> Iterator[Block]:
    done = 0
    on_progress(0.0)
    for block in log.blocks(_ROW_GROUP):
        yield block
        done += len(block)
        on_progress(done / len(log))


def write_blocks(log: Log, screen_id: str, blocks: Iterator[Block], file: IO[bytes]) -> int:
    """The same for any ``blocks`` with the contents and features of ``log``."""
    import pyarrow as pa  # noqa: PLC0415 - an extra that only this needs
    from pyarrow import parquet  # noqa: PLC0415

    about = {
        "layout": LAYOUT,
        "screen_id": screen_id,
        "contents": log.contents,
        "version": __version__,
        "simulated": log.simulated,
    }
    schema = pa.schema(
        [
            ("number", pa.int64()),
            ("t_utc", pa.timestamp("ms", tz="UTC")),
            ("utc_offset_min", pa.float32()),
            ("outcome", pa.dictionary(pa.int8(), pa.string())),
            ("content_id", pa.dictionary(pa.int32(), pa.string())),
            ("propensity", pa.float64()),
            ("reward", pa.float64()),
            ("visitor", pa.int64()),
            ("overlaps", pa.bool_()),
            *((f"p:{name}", pa.float64()) for name in log.contents),
            *((f"x:{name}", pa.float32()) for name in log.features),
        ],
        metadata={"signage": json.dumps(about)},
    )

    def named(places: Index, names: list[str], kind: Any) -> Any:
        return pa.DictionaryArray.from_arrays(pa.array(places, kind), pa.array(names))

    def numbers(values: Floats, kind: Any) -> Any:
        return pa.array(values, kind, from_pandas=True)

    written = 0
    with parquet.ParquetWriter(file, schema, compression="zstd", use_dictionary=False) as writer:
        for block in blocks:
            milliseconds = np.round(block.t_utc_s * 1000).astype("datetime64[ms]")
            columns = [
                pa.array(block.number),
                pa.array(milliseconds, pa.timestamp("ms", tz="UTC")),
                numbers(block.utc_offset_min, pa.float32()),
                named(block.outcome, _OUTCOMES, pa.int8()),
                named(block.shown, list(log.contents), pa.int32()),
                numbers(block.propensity, pa.float64()),
                numbers(block.reward, pa.float64()),
                pa.array(block.visitor),
                pa.array(block.overlaps),
                *(numbers(column, pa.float64()) for column in block.probabilities.T),
                *(numbers(column.astype(np.float32), pa.float32()) for column in block.context.T),
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema), _ROW_GROUP)
            written += len(block)
    return written


class ColumnsLog:
    """The file at ``path`` that ``write`` made.

    Raises JournalError for one that it did not make, or not all of it; SignageError where pyarrow
    is missing.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        with self._open() as file:
            description = (file.schema_arrow.metadata or {}).get(b"signage")
            self._count = file.metadata.num_rows
            columns = list(file.schema_arrow.names)
        about = _about(self.name, description)
        check_one_screen(self.name, str(about["screen_id"]).split("\n"))
        self.simulated: str | None = about.get("simulated")
        self.contents: Mapping[str, tuple[str, ...]] = {
            name: tuple(features) for name, features in about["contents"].items()
        }
        self.features: tuple[str, ...] = tuple(
            name.removeprefix("x:") for name in columns if name.startswith("x:")
        )
        missing = (
            {"number", "t_utc", "outcome", "content_id", "propensity", "reward"}
            | {"visitor", "overlaps"}
            | {f"p:{name}" for name in self.contents}
        ) - set(columns)
        if missing:
            raise JournalError(
                f"{self.name} lacks the column {min(missing)}, which the evaluation needs. "
                "Export it again: `signage export JOURNAL --format decisions`."
            )

    def __len__(self) -> int:
        return int(self._count)

    def blocks(self, size: int) -> Iterator[Block]:
        """As ``Log``."""
        with self._open() as file:
            batches = file.iter_batches(batch_size=size)
            while (batch := self._next(batches)) is not None:
                yield self._block(batch)

    def _next(self, batches: Iterator[Any]) -> Any:
        import pyarrow as pa  # noqa: PLC0415

        try:
            return next(batches, None)
        except (pa.ArrowInvalid, OSError) as error:
            raise _unreadable(self.name, error) from error

    def _block(self, batch: Any) -> Block:
        def numbers(name: str) -> Any:
            return batch.column(name).to_numpy(zero_copy_only=False)

        def matrix(prefix: str, names: Iterator[str] | tuple[str, ...]) -> Floats:
            columns = [numbers(f"{prefix}:{name}") for name in names]
            return np.array(columns, float).T.reshape(batch.num_rows, len(columns))

        # Older files have no such column.
        known = "utc_offset_min" in batch.schema.names
        ahead = numbers("utc_offset_min") if known else np.full(batch.num_rows, np.nan)
        return Block(
            number=numbers("number"),
            t_utc_s=numbers("t_utc").astype("datetime64[ms]").astype(np.int64) / 1000,
            utc_offset_min=ahead.astype(float),
            outcome=self._places(batch, "outcome", _OUTCOMES),
            shown=self._places(batch, "content_id", list(self.contents)),
            propensity=numbers("propensity").astype(float),
            reward=numbers("reward").astype(float),
            visitor=numbers("visitor"),
            overlaps=numbers("overlaps").astype(bool),
            probabilities=matrix("p", tuple(self.contents)),
            context=matrix("x", self.features),
        )

    def _places(self, batch: Any, column: str, names: list[str]) -> Index:
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import compute  # noqa: PLC0415

        values = batch.column(column)
        if isinstance(values, pa.DictionaryArray):
            values = values.dictionary_decode() if values.null_count else values
        known = values.dictionary if isinstance(values, pa.DictionaryArray) else values
        places = compute.index_in(known, value_set=pa.array(names, known.type))
        if places.null_count:
            raise JournalError(
                f"{self.name} has a {column} that its own description does not list. It was "
                "changed or joined from several files: export the journal again."
            )
        indices = places.to_numpy(zero_copy_only=False).astype(np.int64)
        if isinstance(values, pa.DictionaryArray):
            indices = indices[values.indices.to_numpy(zero_copy_only=False)]
        return np.asarray(indices)

    def _open(self) -> Any:
        require_extra("parquet", f"Reading {self.name}")
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415

        try:
            # With pre_buffer, pyarrow keeps all that it has read until the end of the file.
            return parquet.ParquetFile(self._path, pre_buffer=False)
        except FileNotFoundError as error:
            raise JournalError(f"There is no file {self.name}. Check the path.") from error
        except (pa.ArrowInvalid, OSError) as error:
            raise _unreadable(self.name, error) from error


def _about(name: str, description: bytes | None) -> dict[str, Any]:
    if description is None:
        raise JournalError(
            f"{name} has no decisions. Proof of play is not enough for an evaluation: "
            "export the decisions with `signage export JOURNAL --format decisions --out "
            "FILE.parquet`."
        )
    try:
        about: dict[str, Any] = dict(json.loads(description))
    except (ValueError, TypeError) as error:
        raise _unreadable(name, error) from error
    if about.get("layout") != LAYOUT:
        raise JournalError(
            f"{name} is of layout {about.get('layout')}, this program reads {LAYOUT}. "
            "Export the journal again with this program, or use the program that wrote "
            "it."
        )
    return about


def _unreadable(name: str, error: Exception) -> JournalError:
    return JournalError(
        f"{name} is damaged or was cut off: {error}. Copy or export it again. No "
        "result is drawn from a part of a file."
    )
