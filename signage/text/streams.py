"""Standard output and error, made safe to write to.

A log that cannot be written stops nothing, and no secret gets into it. This module is light: every
command begins with it.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import sys
from collections.abc import Iterable
from io import TextIOBase
from typing import Any, NoReturn, TextIO, cast

from signage.errors import SignageError
from signage.text.background_writer import BackgroundWriter
from signage.text.plain import plain, without_secrets

_SPELL = "signage-spell"
_SPELLED = {
    "▶": ">", "◉": "*", "○": "o", "█": "#", "→": "->", "…": "...", "·": "-", "×": "x", "±": "+/-",
    "–": "-", "−": "-", "’": "'", "“": '"', "”": '"', "\N{NO-BREAK SPACE}": " ",
    "\N{REPLACEMENT CHARACTER}": "?",
}  # fmt: skip
"""Signs of the program's own, where an old terminal or log has plain letters alone."""


class Stream:
    """Standard output or error, which may be full, closed or unable to write some letters.

    With ``may_lose`` a line that cannot be written is lost; else an error says so, and a reader
    who has left ends the program in silence. After ``never_wait`` nobody waits for a reader either.
    """

    def __init__(self, stream: TextIO, *, may_lose: bool, keeps_secrets: bool = False) -> None:
        self._stream = stream
        self.may_lose = may_lose
        self._keeps_secrets = keeps_secrets
        self._writer: BackgroundWriter | None = None

    def never_wait(self) -> None:
        """From here on write in a thread of its own, and lose what cannot be written."""
        self.may_lose = True
        self.flush()
        with contextlib.suppress(OSError, ValueError):  # no file of the system is behind it
            self._writer = BackgroundWriter(self._stream.fileno())

    def write(self, text: str) -> int:
        shown = without_secrets(text) if self._keeps_secrets else text
        if self._writer is not None:
            self._writer.write(shown.encode(self._stream.encoding, _SPELL))
            return len(text)
        try:
            self._stream.write(shown)
        except (OSError, ValueError) as error:  # ValueError: closed
            self._fail(error)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._fail(error)

    def isatty(self) -> bool:
        return not self._stream.closed and self._stream.isatty()

    def _fail(self, error: Exception) -> None:
        if self.may_lose:
            return
        # What is left in its buffer cannot be written either: nobody shall try again at the exit.
        self.may_lose = True
        if isinstance(error, OSError) and error.errno == errno.EPIPE:
            sys.exit(1)
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SignageError(
            f"Standard output cannot be written: {reason}. Free disk space, or send the "
            "output elsewhere."
        ) from error

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _spell(error: UnicodeError) -> tuple[str, int]:
    """What cannot be encoded in other letters, or escaped: nothing is lost, and nothing fails."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    spelled = (
        _SPELLED.get(one) or one.encode("ascii", "backslashreplace").decode() for one in letters
    )
    return "".join(spelled), error.end


codecs.register_error(_SPELL, _spell)


def prepare_streams() -> None:
    """Make standard output and error safe to write to, for the whole program."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by whoever started this
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - no path
        if isinstance(stream, TextIOBase):
            cast("Any", stream).reconfigure(errors=_SPELL)
        is_error = name == "stderr"
        setattr(sys, name, Stream(stream, may_lose=is_error, keeps_secrets=is_error))


def lose_what_cannot_be_written() -> None:
    """From here on the program outlives a full log, and a reader who has left or stopped."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Stream):
            stream.never_wait()


def leave(code: str | int | None) -> NoReturn:
    """End with ``code``, or with 1 where standard output could not be written."""
    try:
        sys.stdout.flush()
    except SignageError as error:
        say_error(error)
        code = error.exit_code
    sys.exit(code)


def say_error(error: SignageError) -> None:
    """One readable paragraph on standard error."""
    sys.stderr.write(f"signage: {plain(str(error))}\n")
