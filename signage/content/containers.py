"""Whether the pieces of a video file follow on one another to its end.

A demuxer makes do with what it finds: it takes a copy that was cut off for a shorter film, and
jumps over a hole to where the pieces go on. Both formats are a chain of pieces that tell their
own length (ISO/IEC 14496-12, RFC 8794), so that a chain that breaks off tells of either. Only the
heads of the pieces are read.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

_SEGMENT, _CLUSTER = 0x18538067, 0x1F43B675
_HEAD_BYTES = 16
_KNOWN = {
    0x1A45DFA3, _SEGMENT, _CLUSTER, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1043A770,
    0x1254C367, 0x1941A469,
}  # fmt: skip
"""Matroska's pieces of the first and the second order (RFC 9559)."""
_VOID = {0xEC, 0xBF}


def break_of(path: Path, container: str, *, deep: bool) -> str | None:
    """How the chain of pieces breaks off; None where it reaches the end of the file.

    ``deep`` looks into the clusters of a Matroska file, too, whose heads are all over the file.
    Padding behind the end is no break. Raises OSError.
    """
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        return _matroska(file, size, deep=deep) if container == "Matroska" else _mp4(file, size)


def _mp4(file: BinaryIO, size: int) -> str | None:
    at, before = 0, set[bytes]()
    while at + 8 <= size:
        file.seek(at)
        head = file.read(_HEAD_BYTES)
        length, name = int.from_bytes(head[:4], "big"), head[4:8]
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        elif length == 0 and name != b"\0\0\0\0":
            return None  # to the end of the file
        if length < 8 or not all(0x20 <= sign < 0x7F or sign == 0xA9 for sign in name):
            return None if _only_zeros(file, at) or _is_over(file, at, before) else _damaged(at)
        before.add(name)
        at += length
    return _cut(size) if at > size else None


def _matroska(file: BinaryIO, size: int, *, deep: bool) -> str | None:
    at, ends = 0, [size]
    while at < size:
        while len(ends) > 1 and at >= ends[-1]:
            ends.pop()
        file.seek(at)
        head = file.read(_HEAD_BYTES)
        id_bytes = _width(head[:1], 4)
        size_bytes = _width(head[id_bytes : id_bytes + 1], 8)
        if not id_bytes or not size_bytes or len(head) < id_bytes + size_bytes:
            if size - at < _HEAD_BYTES:
                return None  # the first bytes of the next piece, in a file of no known length
            return None if len(ends) == 1 and at and _only_zeros(file, at) else _damaged(at)
        name = int.from_bytes(head[:id_bytes], "big")
        length = int.from_bytes(head[id_bytes : id_bytes + size_bytes], "big")
        length &= (1 << 7 * size_bytes) - 1
        unknown = length == (1 << 7 * size_bytes) - 1
        inner = at + id_bytes + size_bytes
        if id_bytes == 4 and name not in _KNOWN:
            return _damaged(at)
        if name == _SEGMENT or (deep and name == _CLUSTER):
            at = inner
            if not unknown:
                ends.append(inner + length)
                if inner + length > size:
                    return _cut(size)
            continue
        if unknown:
            return None if not deep else _damaged(at)
        at = inner + length
    return _cut(size) if at > size else None


def _width(first: bytes, most: int) -> int:
    """Bytes of a number of variable length, by its first; 0 for none."""
    return next((n + 1 for n in range(most) if first and first[0] & (0x80 >> n)), 0)


def _is_over(file: BinaryIO, at: int, before: set[bytes]) -> bool:
    """Whether the film was over at ``at``, and what follows is a camera's or an editor's own."""
    if not {b"moov", b"mdat"} <= before or b"moof" in before:
        return False
    file.seek(at)
    last = b""
    while piece := file.read(1 << 20):
        if any(name in last + piece for name in (b"moof", b"mdat")):
            return False
        last = piece[-3:]
    return True


def _only_zeros(file: BinaryIO, at: int) -> bool:
    file.seek(at)
    while piece := file.read(1 << 20):
        if piece.strip(b"\0"):
            return False
    return True


def _cut(size: int) -> str:
    return f"is cut off: the file ends at byte {size}, and the film does not"


def _damaged(at: int) -> str:
    return f"is damaged at byte {at}"
