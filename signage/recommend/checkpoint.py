"""The model on disk: written beside and renamed, with the one before kept.

One line of JSON (what it is and the SHA-256 of the rest), then the model's bytes. VW
itself checks only its header: a file cut short would load.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from dataclasses import asdict, dataclass
from pathlib import Path

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model, and how far into the journal it has learned."""

    layout: str
    learned: int
    reward_seq: int
    """The last reward of the journal that is in the model."""
    model: bytes


def save(checkpoint: Checkpoint, path: Path) -> None:
    """Write ``checkpoint``; a power cut leaves the old one or the new one, whole."""
    header = asdict(checkpoint)
    model = header.pop("model")
    header["sha256"] = hashlib.sha256(model).hexdigest()
    beside = path.with_suffix(".new")
    with beside.open("wb") as file:
        file.write(json.dumps(header).encode() + b"\n" + model)
        file.flush()
        os.fsync(file.fileno())
    if path.exists():
        path.replace(_before(path))
    beside.replace(path)
    if os.name != "posix":
        return  # a folder cannot be opened there, and needs no flushing
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load(path: Path, layout: str) -> Checkpoint | None:
    """The newest usable checkpoint; None where there is none, and it says why."""
    for candidate in (path, _before(path)):
        if not candidate.exists():
            continue
        try:
            return _read(candidate, layout)
        except ValueError as error:
            log.warning("Checkpoint %s is not used: %s.", candidate, error)
    return None


def _read(path: Path, layout: str) -> Checkpoint:
    line, _, model = path.read_bytes().partition(b"\n")
    header = json.loads(line)
    if header["layout"] != layout:
        raise ValueError(f"it is of feature layout {header['layout']}, this is {layout}")
    if hashlib.sha256(model).hexdigest() != header.pop("sha256"):
        raise ValueError("it is damaged")
    return Checkpoint(**header, model=model)


def _before(path: Path) -> Path:
    return path.with_suffix(".before")
