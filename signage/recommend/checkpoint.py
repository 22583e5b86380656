"""The model on disk: what was learned from the journal, up to one of its rewards.

Each file of the folder is named ``LEARNED-REWARD.checkpoint`` (how many rewards are in the
model, and the sequence number of the last) and holds one line with the SHA-256 of all that
follows, one line of JSON, and the model. VW itself checks only its own header: a file cut
short would load.

A checkpoint is a shortcut, the journal has it all: one that is damaged, of another layout,
or of another journal is set aside, and the one before it, or the journal alone, does.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from signage.errors import CheckpointError
from signage.recommend.policy import Learner

log = logging.getLogger(__name__)

_KEPT = 3
"""The newest are always kept: two may be damaged."""

Stamp = Callable[[int], str | None]
"""Names the reward with this sequence number so that no other journal has the same; None
where the journal has not learned it: there is none, or it was rolled back."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a checkpoint is."""

    layout: str
    """What the model depends on beside the rewards: features, arguments, versions."""
    learned: int
    reward_seq: int
    """The last reward of the journal that is in the model."""
    reward: str
    """The stamp of that reward."""
    t_utc: str
    """When it was made: ISO 8601, UTC."""

    @property
    def name(self) -> str:
        return f"{self.learned}-{self.reward_seq}"

    @property
    def utc(self) -> datetime:
        return datetime.fromisoformat(self.t_utc)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model, and how far into the journal it has learned."""

    header: Header
    model: bytes


class Checkpoints:
    """The checkpoints of one screen. All but ``headers`` belong to the learner's thread."""

    def __init__(self, folder: Path, layout: str, keep_days: int, stamp: Stamp) -> None:
        """Of each of the last ``keep_days`` days the newest is kept, beside the newest few."""
        self._folder = folder
        self._layout = layout
        self._keep_days = keep_days
        self._stamp = stamp

    def save(self, learner: Learner, reward_seq: int, utc: datetime) -> Header:
        """Keep what ``learner`` knows after the reward ``reward_seq``.

        A power cut leaves the new one whole, or not at all. Raises CheckpointError when the
        folder cannot be written.
        """
        reward = self._stamp(reward_seq)
        if reward is None:
            raise ValueError(f"reward {reward_seq} is not one that the journal has learned")
        t_utc = utc.astimezone(UTC).isoformat(timespec="milliseconds")
        header = Header(self._layout, learner.learned, reward_seq, reward, t_utc)
        body = json.dumps(asdict(header)).encode() + b"\n" + learner.serialize()
        with self._explained():
            self._folder.mkdir(parents=True, exist_ok=True)
            beside = self._folder / "writing.new"
            with beside.open("wb") as file:
                file.write(_digest(body) + b"\n" + body)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(self._path(header.name))
            self._flush()
            self._remove_old(utc)
        return header

    def newest(self) -> Checkpoint | None:
        """The newest that may be used; those before which it may not are set aside."""
        for path in self._paths():
            try:
                return self._read(path)
            except ValueError as error:
                self.set_aside(path.stem, str(error))
        return None

    def set_aside(self, name: str, reason: str) -> None:
        """Never use the one called ``name`` again, and say why."""
        path = self._path(name)
        aside = path.with_suffix(".refused")
        with self._explained():
            path.replace(aside)
            _remove_all_but_newest(self._folder.glob("*.refused"))
        log.warning(
            "Checkpoint %s is not used: %s. It is kept as %s. What the model then lacks is "
            "learned from the journal.",
            path,
            reason,
            aside.name,
        )

    def find(self, name: str | None = None, before: datetime | None = None) -> Checkpoint:
        """The one called ``name``, or the newest made before ``before``, or the newest.

        Raises CheckpointError where there is none, or it may not be used.
        """
        for header in self.headers():
            if header.name == (name or header.name) and (before is None or header.utc < before):
                try:
                    return self._read(self._path(header.name))
                except ValueError as error:
                    raise CheckpointError(
                        f"Checkpoint {header.name} is not used: {error}. Choose another."
                    ) from error
        wanted = name or (f"from before {before.isoformat()}" if before else "yet")
        there = ", ".join(header.name for header in self.headers()) or "none"
        raise CheckpointError(f"There is no checkpoint {wanted}. There is: {there}.")

    def headers(self) -> list[Header]:
        """Those of this layout, newest first. May be called from any thread."""
        headers = (_header_of(path) for path in self._paths())
        return [header for header in headers if header and header.layout == self._layout]

    def remove_after(self, reward_seq: int) -> None:
        """Remove those that have learned more than the reward ``reward_seq``."""
        with self._explained():
            for path in self._paths():
                if _numbers(path)[0] > reward_seq:
                    path.unlink()
            self._flush()

    def _read(self, path: Path) -> Checkpoint:
        """Raises ValueError with what is wrong."""
        found = read(path)
        header = found.header
        if header.layout != self._layout:
            raise ValueError(
                f"it is of layout {header.layout}, this program and configuration have "
                f"{self._layout}, so that the model is learned anew"
            )
        known = self._stamp(header.reward_seq)
        if known is None:
            raise ValueError(
                f"the journal has not learned its last reward, number {header.reward_seq}; that "
                "was rolled back, or the journal is an older copy or a new one"
            )
        if known != header.reward:
            raise ValueError(
                f"it belongs to another journal: reward {header.reward_seq} is {known} there "
                f"and {header.reward} here"
            )
        return found

    def _remove_old(self, utc: datetime) -> None:
        days = set()
        first_day = (utc.astimezone(UTC) - timedelta(days=self._keep_days)).date()
        for place, path in enumerate(self._paths()):
            header = _header_of(path)
            day = header.utc.date() if header else None
            newest_of_day = day is not None and day > first_day and day not in days
            days.add(day)
            if place >= _KEPT and not newest_of_day:
                path.unlink()

    def _paths(self) -> list[Path]:
        """Newest first."""
        return sorted(
            (path for path in self._folder.glob("*.checkpoint") if _NAME.fullmatch(path.stem)),
            key=_numbers,
            reverse=True,
        )

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.checkpoint"

    def _flush(self) -> None:
        if os.name != "posix":
            return  # a folder cannot be opened there, and needs no flushing
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CheckpointError(
                f"The checkpoints in {self._folder} cannot be written: {error}. Check that the "
                "folder may be written and that the disk is not full; the journal has all that "
                "was learned."
            ) from error


def read(path: Path) -> Checkpoint:
    """Whatever checkpoint ``path`` is, of whatever screen. Raises ValueError with what is wrong."""
    try:
        digest, _, body = path.read_bytes().partition(b"\n")
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from error
    if digest != _digest(body):
        raise ValueError("it is damaged")
    line, _, model = body.partition(b"\n")
    return Checkpoint(_parsed(line), model)


_NAME = re.compile(r"([0-9]+)-([0-9]+)")


def _numbers(path: Path) -> tuple[int, int]:
    """The last reward in it, and how many there are."""
    learned, _, reward_seq = path.stem.partition("-")
    return int(reward_seq), int(learned)


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()


def _header_of(path: Path) -> Header | None:
    """What the file says of itself; None where it was removed meanwhile, or is damaged."""
    try:
        with path.open("rb") as file:
            file.readline()
            return _parsed(file.readline())
    except (OSError, ValueError):
        return None


def _parsed(line: bytes) -> Header:
    """Raises ValueError for what is no header of ours."""
    try:
        header = Header(**json.loads(line))
        datetime.fromisoformat(header.t_utc)
    except (TypeError, ValueError) as error:
        raise ValueError(f"its header cannot be read ({error})") from error
    return header


def _remove_all_but_newest(paths: Iterator[Path]) -> None:
    for path in sorted(paths, key=lambda path: path.stat().st_mtime)[:-_KEPT]:
        path.unlink()
