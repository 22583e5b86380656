"""Names that come from a disk: whether they can be ids, and how they are shown."""

from __future__ import annotations

import unicodedata

_MOST_BYTES = 200
"""A file of this name can be made on every file system, and its address read by every server."""
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode's classes of what controls a line, and of bytes that are no text."""
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""What turns the direction of all that follows."""


def printable(name: str) -> str:
    """``name`` as text that a terminal, JSON and a page can show, whatever bytes it has."""
    return "".join(_escaped(sign) if _is_unseen(sign) else sign for sign in name)


def why_no_id(name: str) -> str | None:
    """Why ``name`` cannot be an id; None if it can."""
    if _has_bytes(name):
        return "its name is not UTF-8: rename it"
    if any(map(_is_unseen, name)):
        return "its name has control characters: rename it"
    if len(name.encode()) > _MOST_BYTES:
        return f"its name is longer than {_MOST_BYTES} bytes: give it a shorter one"
    return None


def looks(name: str) -> str:
    """What two names that look alike have in common: "é" is one sign, or two."""
    return unicodedata.normalize("NFC", name)


def _escaped(sign: str) -> str:
    is_byte = "\udc80" <= sign <= "\udcff"  # as Python takes it from a name that is not UTF-8
    return f"\\x{ord(sign) - 0xDC00:02x}" if is_byte else ascii(sign)[1:-1]


def _has_bytes(name: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in name)


def _is_unseen(sign: str) -> bool:
    return unicodedata.category(sign) in _UNSEEN or sign in _TURNS
