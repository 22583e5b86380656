"""The model on disk: what was learned from the journal, up to one of its rewards.

Each file of the folder is named ``LEARNED-REWARD.checkpoint`` (how many rewards are in the
model, and the sequence number of the last) and holds one line with the SHA-256 of all that
follows, one line of JSON, and the model. VW itself checks only its own header: a file cut
short would load.

A checkpoint is a shortcut, the journal has it all: one that is damaged or of another journal is set
aside, and the one before it, or the journal alone, does. One of another layout is kept, too: when
the configuration is again what it was, so is the model. Where both have the same name, that one's
gets a mark of its layout: ``LEARNED-REWARD-MARK.checkpoint``.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from signage.errors import CheckpointError
from signage.io import flush_folder, give_to_owner, replace_file
from signage.recommend.policies.base import Learner

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
        """Keeps the newest few, and the newest of each of the last ``keep_days`` days."""
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
            raise ValueError(f"reward {reward_seq} is not marked as learned in the journal")
        t_utc = utc.astimezone(UTC).isoformat(timespec="milliseconds")
        header = Header(self._layout, learner.learned, reward_seq, reward, t_utc)
        body = json.dumps(asdict(header)).encode() + b"\n" + learner.serialize()
        with self._explained():
            self._folder.mkdir(parents=True, exist_ok=True)
            path = self._path(header.name)
            unfinished = self._folder / "writing.new"
            with replace_file(path, unfinished=unfinished) as file:
                file.write(_digest(body) + b"\n" + body)
                give_to_owner(self._folder.parent, self._folder, unfinished)
                self._make_way(path)
            self._remove_old(utc)
        return header

    def newest(self) -> Checkpoint | None:
        """The newest that may be used; those before which it may not are set aside."""
        for path in self._paths():
            header = _header_of(path)
            if header is not None and header.layout != self._layout:
                log.warning(
                    "Checkpoint %s is not used: it has layout %s, this program and configuration "
                    "have %s. The model learns again from the journal.",
                    path,
                    header.layout,
                    self._layout,
                )
                continue
            try:
                return self._read(path)
            except ValueError as error:
                self._set_aside(path, str(error))
        return None

    def set_aside(self, name: str, reason: str) -> None:
        """Never use the one called ``name`` again, and say why."""
        for path, header in self._own():
            if header.name == name:
                self._set_aside(path, reason)

    def _set_aside(self, path: Path, reason: str) -> None:
        aside = path.with_suffix(".refused")
        try:
            path.replace(aside)
            _remove_all_but_newest(self._folder.glob("*.refused"))
        except OSError as error:  # it is refused again at the next start
            log.warning("%s cannot be renamed: %s.", path, error)
        log.warning(
            "Checkpoint %s is not used: %s. It is kept as %s. The model learns from the "
            "journal what it then lacks.",
            path,
            reason,
            aside.name,
        )

    def find(self, name: str | None = None, before: datetime | None = None) -> Checkpoint:
        """The one called ``name``, or the newest made before ``before``, or the newest.

        Raises CheckpointError where there is none, or it may not be used.
        """
        for path, header in self._own():
            if header.name == (name or header.name) and (before is None or header.utc < before):
                try:
                    return self._read(path)
                except ValueError as error:
                    raise CheckpointError(
                        f"Checkpoint {header.name} is not used: {error}. Choose another."
                    ) from error
        description = name or (f"from before {before.isoformat()}" if before else "yet")
        names = ", ".join(header.name for header in self.headers()) or "none"
        raise CheckpointError(f"There is no checkpoint {description}. There is: {names}.")

    def headers(self) -> list[Header]:
        """Those of this layout, newest first. May be called from any thread."""
        return [header for _, header in self._own()]

    def remove_after(self, reward_seq: int) -> None:
        """Remove those that have learned more than the reward ``reward_seq``."""
        with self._explained():
            for path in self._paths():
                if _numbers(path)[0] > reward_seq:
                    path.unlink()
            flush_folder(self._folder)

    def _read(self, path: Path) -> Checkpoint:
        """Raises ValueError with what is wrong."""
        found = read(path)
        header = found.header
        known = self._stamp(header.reward_seq)
        if known is None:
            raise ValueError(
                f"the journal has not learned its last reward, number {header.reward_seq}; it "
                "was rolled back, or the journal is an older copy or a new one"
            )
        if known != header.reward:
            raise ValueError(
                f"it belongs to another journal: reward {header.reward_seq} is {known} there "
                f"and {header.reward} here"
            )
        return found

    def _remove_old(self, utc: datetime) -> None:
        """Of each layout by itself."""
        days: dict[str, list[date]] = {}
        first_day = (utc.astimezone(UTC) - timedelta(days=self._keep_days)).date()
        for path in self._paths():
            if (header := _header_of(path)) is None:
                path.unlink(missing_ok=True)
                continue
            before, day = days.setdefault(header.layout, []), header.utc.date()
            if len(before) >= _KEPT and (day <= first_day or day in before):
                path.unlink()
            before.append(day)

    def _paths(self) -> list[Path]:
        """Newest first."""
        return sorted(
            (path for path in self._folder.glob("*.checkpoint") if _NAME.fullmatch(path.stem)),
            key=_numbers,
            reverse=True,
        )

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.checkpoint"

    def _make_way(self, path: Path) -> None:
        """Rename a checkpoint of another layout that has the name of a new one."""
        if (header := _header_of(path)) is not None and header.layout != self._layout:
            mark = hashlib.sha256(header.layout.encode()).hexdigest()[:8]
            path.replace(path.with_stem(f"{path.stem}-{mark}"))

    def _own(self) -> Iterator[tuple[Path, Header]]:
        """Those of this layout, newest first."""
        for path in self._paths():
            if (header := _header_of(path)) is not None and header.layout == self._layout:
                yield path, header

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CheckpointError(
                f"The checkpoints in {self._folder} cannot be written: {error}. Check that "
                "the folder is writable and the disk is not full. The journal holds "
                "everything that was learned."
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


_NAME = re.compile(r"([0-9]+)-([0-9]+)(?:-[0-9a-f]{8})?")


def _numbers(path: Path) -> tuple[int, int]:
    """The last reward in it, and how many there are."""
    learned, reward_seq = path.stem.split("-")[:2]
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
