"""The schema of ``[camera]``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from signage.config.base import Positive, Seconds, SecondsOrNone, Section


class ReelSegment(Section):
    """A piece of a clip, or of a still picture, as it would pass in front of the camera."""

    clip: str
    """File name in the footage folder."""
    from_s: SecondsOrNone = 0.0
    to_s: Seconds | None = None
    """End within the clip; without it the clip's own end. A still needs it."""

    @model_validator(mode="after")
    def _ordered(self) -> ReelSegment:
        if self.to_s is not None and self.to_s <= self.from_s:
            raise ValueError(f"to_s ({self.to_s:g}) must be greater than from_s ({self.from_s:g})")
        return self


def is_live(source: str) -> bool:
    """Whether ``source`` names a camera or a stream, and not a video file, which ends."""
    return source.isdigit() or "://" in source


class CameraConfig(Section):
    """Where the pictures come from."""

    source: str | None = "0"
    """Camera index, video file, scene file (``*.toml``), or stream URL."""
    reel: tuple[ReelSegment, ...] = ()
    """Clips played one after the other, over and over, in place of a camera."""
    footage_dir: Path = Path("footage")
    rotate_deg: Literal[0, 90, 180, 270] = 0
    """Turns every picture clockwise by this much, so that people stand upright in it."""
    mirrored: bool = False
    """The camera delivers a mirror image: swap left and right, after turning it upright."""
    fov_deg: Annotated[float, Field(ge=10, le=160)] = 70.0
    """Angle of view along the longer side of the picture."""
    lost_after_s: Seconds = 2.0
    """Without a frame for this long, the camera counts as lost and is opened anew."""
    frozen_after_s: Seconds = 10.0
    """The very same picture for this long: the camera hangs. A sensor's noise never repeats;
    a stream of a still room may, from one key picture of its encoder to the next."""
    min_fps: Positive = 2.0
    """Fewer pictures a second than this, from the camera or through the models: people cannot be
    followed, and the audience counts as unknown."""
