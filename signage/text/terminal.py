"""What the commands write: to a terminal, a log, a file or a pipe.

One place makes sure that a text is shown as text (``plain.py``), that no secret gets into a log,
and that no table is cut.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.logging import RichHandler
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from signage.text.plain import plain, without_logins, without_secrets

_UNBROKEN = 10_000
"""Columns where no terminal breaks the lines: more than any table has."""


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
