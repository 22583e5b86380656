"""The schema of ``[screen]``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from signage.config.base import Positive, Section

Factor = Annotated[float, Field(ge=-1000, le=1000)]
Affine = tuple[Factor, Factor, Factor]

Metres = Annotated[float, Field(ge=-100, le=100)]


class ScreenConfig(Section):
    """The screen, and where the camera is on it, as who stands before it sees them.

    The camera is in the plane of the screen, or close to it.
    """

    width_m: Positive = 0.95
    """Of the picture: 43 inches as it stands here."""
    height_m: Positive = 0.54
    camera_right_m: Metres = 0.0
    """How far the lens is to the right of the middle of the screen."""
    camera_up_m: Metres = 0.32
    """How far the lens is above the middle of the screen; below is negative."""
    camera_tilt_deg: Annotated[float, Field(ge=-60, le=60)] = 0.0
    """How far the camera looks down."""
    gaze_correction: tuple[Affine, Affine] = ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    """What `signage calibrate` found: the true yaw, and pitch, of the eyes in degrees as a sum of
    1, the yaw and the pitch that were told, each times these."""
