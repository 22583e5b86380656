"""The schema of ``[content]``."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from signage.config.base import Section


class ContentConfig(Section):
    """What the screen can show."""

    dir: Path = Field(
        default=Path("content"),
        description="Folder of the contents. Each content is a folder with a `content.toml`.",
    )
    fallback: str | None = Field(
        default=None,
        description="Content that plays when no other may play. Without it the first content in "
        "the folder that no constraint restricts.",
    )
