"""The schema of ``[player]``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from signage.config.base import Colour, Link, Section


class NoticeConfig(Section):
    """A notice to the public, in a corner of the screen."""

    text: Annotated[str, Field(min_length=1, max_length=300)]
    link: Link | None = None
    """Shown as a QR code: where the privacy policy stands."""
    corner: Literal["top_left", "top_right", "bottom_left", "bottom_right"] = "bottom_left"


class PlayerConfig(Section):
    """How the page on the screen looks."""

    transition: Literal["fade", "slide", "cut"] = "fade"
    transition_ms: Annotated[int, Field(ge=0, le=1000)] = 300
    background: Colour = "#16202b"
    """Beside a medium that does not fill the screen; a content's own goes first."""
    loop: tuple[str, ...] = ()
    """Contents that the page plays by itself while the kiosk is away; without any, the
    fallback."""
    notice: NoticeConfig | None = None
