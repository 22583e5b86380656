"""The schema of ``[player]``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from signage.config.base import Colour, Link, Section


class NoticeConfig(Section):
    """A notice to the public, in a corner of the screen."""

    text: Annotated[str, Field(min_length=1, max_length=300)] = Field(
        description="Text of the notice."
    )
    link: Link | None = Field(
        default=None, description="Address of the privacy policy, shown as a QR code."
    )
    corner: Literal["top_left", "top_right", "bottom_left", "bottom_right"] = Field(
        default="bottom_left", description="Corner of the screen that holds the notice."
    )


class PlayerConfig(Section):
    """How the page on the screen looks."""

    transition: Literal["fade", "slide", "cut"] = Field(
        default="fade", description="How one content replaces another."
    )
    transition_ms: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=300, description="Length of the transition, in milliseconds."
    )
    background: Colour = Field(
        default="#16202b",
        description="Colour beside a medium that does not fill the screen. The `background` of a "
        "content takes precedence.",
    )
    loop: tuple[str, ...] = Field(
        default=(),
        description="Contents that the page plays by itself while the kiosk is away. Without any "
        "it plays the fallback.",
    )
    notice: NoticeConfig | None = Field(
        default=None,
        description="The notice to the public. Without it the screen shows none.",
    )
