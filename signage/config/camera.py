"""The schema of ``[camera]``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from signage.config.base import Positive, Seconds, SecondsOrNone, Section


class ReelSegment(Section):
    """A piece of a clip, or a still picture, that plays in place of a camera."""

    clip: str = Field(description="File name in the footage folder.")
    from_s: SecondsOrNone = Field(default=0.0, description="Start within the clip, in seconds.")
    to_s: Seconds | None = Field(
        default=None,
        description="End within the clip, in seconds. Without it the clip plays to its end. "
        "A still picture needs it.",
    )

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

    source: str | None = Field(
        default="0",
        description="Camera index, video file, scene file (`*.toml`) or stream URL.",
    )
    reel: tuple[ReelSegment, ...] = Field(
        default=(),
        description="Clips that play one after the other, over and over, in place of a camera.",
    )
    footage_dir: Path = Field(
        default=Path("footage"), description="Folder that holds the clips of the reel."
    )
    rotate_deg: Literal[0, 90, 180, 270] = Field(
        default=0,
        description="Clockwise rotation of every picture, in degrees. Set it so that people "
        "stand upright.",
    )
    mirrored: bool = Field(
        default=False,
        description="Whether the camera delivers a mirror image. Left and right are then "
        "swapped, after the rotation.",
    )
    fov_deg: Annotated[float, Field(ge=10, le=160)] = Field(
        default=70.0,
        description="Angle of view along the longer side of the picture, in degrees.",
    )
    lost_after_s: Seconds = Field(
        default=2.0,
        description="The camera counts as lost after this many seconds without a picture. "
        "It is then opened again.",
    )
    frozen_after_s: Seconds = Field(
        default=10.0,
        description="The camera counts as frozen when its picture stays exactly the same for "
        "this many seconds. The noise of a sensor never repeats. A stream of a still room may "
        "repeat itself from one key picture of its encoder to the next.",
    )
    min_fps: Positive = Field(
        default=2.0,
        description="Least pictures a second, from the camera and through the models. Below it "
        "people cannot be followed, and the audience counts as unknown.",
    )
