"""How a long benchmark says where it is."""

from __future__ import annotations

import sys


def note(what: str) -> None:
    """Name the step that begins, on a terminal alone."""
    if sys.stderr.isatty():
        sys.stderr.write(f"… {what}\n")
