"""What the commands write: to a terminal, a log, a file or a pipe.

One place makes sure that a text is shown as text (``text.py``), that no secret gets into a log,
that no table is cut, and that a log which cannot be written stops nothing.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import logging
import os
import sys
from collections.abc import Iterable
from io import TextIOBase
from typing import Any, NoReturn, TextIO, cast

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.logging import RichHandler
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from signage.errors import SignageError
from signage.text.background_writer import BackgroundWriter
from signage.text.plain import plain, without_logins, without_secrets

_SPELL = "signage-spell"
_SPELLED = {
    "▶": ">", "◉": "*", "○": "o", "█": "#", "→": "->", "…": "...", "·": "-", "×": "x", "±": "+/-",
    "–": "-", "−": "-", "’": "'", "“": '"', "”": '"', "\N{NO-BREAK SPACE}": " ",
    "\N{REPLACEMENT CHARACTER}": "?",
}  # fmt: skip
"""Signs of the program's own, where an old terminal or log has plain letters alone."""

_UNBROKEN = 10_000
"""Columns where no terminal breaks the lines: more than any table has."""


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
            f"Standard output cannot be written: {reason}. Make room, or send it elsewhere."
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


class Console(RichConsole):
    """Prints texts as they are, without markup. Elsewhere than on a terminal no line is broken."""

    def __init__(self, *, stderr: bool = False) -> None:
        is_terminal = (sys.stderr if stderr else sys.stdout).isatty()
        super().__init__(
            stderr=stderr,
            force_terminal=is_terminal,
            markup=False,
            emoji=False,
            highlight=False,
            width=None if is_terminal else _UNBROKEN,
        )

    def render_str(self, text: str, **how: Any) -> Text:
        """A string as text; of several lines where it has them."""
        lines = (self._shown(line) for line in text.split("\n"))
        return super().render_str("\n".join(lines), **how)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Segments to print. Only those of the console itself may hold control characters."""
        for segment in super().render(renderable, options):
            text = segment.text
            if segment.control or text == "\n":
                yield segment
            else:
                lines = (self._shown(line) for line in text.split("\n"))
                yield Segment("\n".join(lines), segment.style)

    def _shown(self, text: str) -> str:
        hidden = without_logins if self.is_terminal else without_secrets
        return hidden(plain(text))


def line(*parts: str | tuple[str, str]) -> Text:
    """A line of texts, each with its style if it has one."""
    cleaned = [
        plain(part) if isinstance(part, str) else (plain(part[0]), part[1]) for part in parts
    ]
    return Text.assemble(*cleaned)


def mark(*, ok: bool) -> Text:
    """Whether a check holds."""
    return Text("ok", "green") if ok else Text("no", "red")


def table(*columns: str) -> Table:
    """A table whose cells are broken where the terminal is narrow, and never cut."""
    made = Table()
    for name in columns:
        made.add_column(name, overflow="fold")
    return made


def grid(columns: int) -> Table:
    """The same without lines and heads."""
    made = Table.grid(padding=(0, 2))
    for _ in range(columns):
        made.add_column(overflow="fold")
    return made


class _LogLine(logging.Formatter):
    """A message is one line, whatever it was made of; a traceback follows it, indented.

    So no text begins a line of its own, which could pass for another message, or for the
    priority of one: systemd takes ``<3>`` at the beginning of a line for that.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = without_secrets(plain(record.message))
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        lines = super().formatException(ei).splitlines()
        return without_secrets("\n".join(f"  {plain(line)}" for line in lines))


def log_warnings(console: Console | None = None) -> None:
    """Write warnings to standard error, or among what ``console`` prints."""
    handler: logging.Handler
    if console is not None and console.is_terminal:
        handler = RichHandler(console=console, show_path=False, markup=False)
        handler.setFormatter(_LogLine("%(message)s"))
    else:
        handler = logging.StreamHandler(sys.stderr if console is None else sys.stdout)
        handler.setFormatter(_LogLine("signage: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
