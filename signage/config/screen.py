"""The schema of ``[screen]``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from signage.config.base import Positive, Section

Factor = Annotated[float, Field(ge=-1000, le=1000)]
Affine = tuple[Factor, Factor, Factor]
"""Weights of 1, the measured yaw and the measured pitch."""

Metres = Annotated[float, Field(ge=-100, le=100)]


class ScreenConfig(Section):
    """The size of the screen, and where the camera is on it.

    Left and right are those of a person in front of the screen. The camera is in the plane of
    the screen, or close to it.
    """

    width_m: Positive = Field(
        default=0.95,
        description="Width of the picture on the screen, in metres. The default is a 43-inch "
        "screen in landscape.",
    )
    height_m: Positive = Field(
        default=0.54, description="Height of the picture on the screen, in metres."
    )
    camera_right_m: Metres = Field(
        default=0.0,
        description="Distance of the lens to the right of the middle of the screen, in metres, "
        "as a viewer sees it. Negative is left.",
    )
    camera_up_m: Metres = Field(
        default=0.32,
        description="Distance of the lens above the middle of the screen, in metres. Negative "
        "is below.",
    )
    camera_tilt_deg: Annotated[float, Field(ge=-60, le=60)] = Field(
        default=0.0,
        description="How far the camera looks down, in degrees. Negative is up.",
    )
    gaze_correction: tuple[Affine, Affine] = Field(
        default=((0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
        description="Correction of the gaze; `signage calibrate` measures it for you. Each row "
        "holds the weights of 1, the measured yaw and the measured pitch. The first row gives the "
        "true yaw of the eyes in degrees, the second row the true pitch.",
    )
