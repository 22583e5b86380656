"""The schema of ``[content]``."""

from __future__ import annotations

from pathlib import Path

from signage.config.base import Section


class ContentConfig(Section):
    """What can be shown."""

    dir: Path = Path("content")
    fallback: str | None = None
    """Content that plays when nothing else may; without it the first in the folder that
    no constraint restricts."""
