"""Where a look meets the screen: viewer, lens and screen in one room.

Level with the screen: ``x`` to the right of the camera's picture, ``y`` down and ``z`` away from
the screen's plane, in metres from the lens, which is in that plane. Who stands before the screen
has the picture's right at their left.
"""

from __future__ import annotations

import math

from signage.config.screen import ScreenConfig
from signage.types.audience import ScreenPoint
from signage.types.vision import Gaze, Sighting

# Who looks farther aside than this does not look at the plane of the screen.
_MAX_ASIDE_DEG = 80.0

Angles = tuple[float, float]
"""Least and most, in degrees."""


class ScreenPlane:
    """The screen as a viewer sees it. Angles are those of `HeadPose`: from the line to the lens."""

    def __init__(self, config: ScreenConfig) -> None:
        self._config = config
        tilt_rad = math.radians(config.camera_tilt_deg)
        self._cos, self._sin = math.cos(tilt_rad), math.sin(tilt_rad)

    @property
    def aspect(self) -> float:
        """Its width divided by its height."""
        return self._config.width_m / self._config.height_m

    def extent(self, sighting: Sighting) -> tuple[Angles, Angles]:
        """Between which turns the screen is seen: yaw, and pitch, in degrees."""
        if sighting.position_m is None:
            return (0.0, 0.0), (0.0, 0.0)
        x, y, z = self._level(sighting)
        yaw_deg, pitch_deg = _to_lens(x, y, z)
        config = self._config
        yaws = [
            math.degrees(math.atan2(config.camera_right_m + side * config.width_m / 2 - x, z))
            for side in (-1, 1)
        ]
        away_m = math.hypot(z, config.camera_right_m - x)
        pitches = [
            math.degrees(math.atan2(y - config.camera_up_m - side * config.height_m / 2, away_m))
            for side in (1, -1)
        ]
        return (
            (yaws[0] - yaw_deg, yaws[1] - yaw_deg),
            (pitches[0] - pitch_deg, pitches[1] - pitch_deg),
        )

    def corrected(self, gaze: Gaze) -> tuple[float, float]:
        """Yaw and pitch of ``gaze`` in degrees, by what this installation's calibration found."""
        a, b = self._config.gaze_correction
        return (
            a[0] + a[1] * gaze.yaw_deg + a[2] * gaze.pitch_deg,
            b[0] + b[1] * gaze.yaw_deg + b[2] * gaze.pitch_deg,
        )

    def point(self, sighting: Sighting) -> ScreenPoint | None:
        """Where the gaze of ``sighting`` meets the screen's plane; None where it does not."""
        if sighting.gaze is None or sighting.position_m is None:
            return None
        x, y, z = self._level(sighting)
        yaw_deg, pitch_deg = self.corrected(sighting.gaze)
        to_lens = _to_lens(x, y, z)
        aside_deg, up_deg = to_lens[0] + yaw_deg, to_lens[1] + pitch_deg
        if max(abs(aside_deg), abs(up_deg)) > _MAX_ASIDE_DEG:
            return None
        aside, up = math.radians(aside_deg), math.radians(up_deg)
        away_m = z / math.cos(aside)
        config, sd = self._config, math.radians(sighting.gaze.sd_deg)
        # What a correction enlarges, it enlarges with its noise.
        gain_x, gain_y = (math.hypot(*row[1:]) for row in config.gaze_correction)
        return ScreenPoint(
            x=0.5 - (x + z * math.tan(aside) - config.camera_right_m) / config.width_m,
            y=0.5 + (y - away_m * math.tan(up) - config.camera_up_m) / config.height_m,
            sd_x=away_m / math.cos(aside) * sd * gain_x / config.width_m,
            sd_y=away_m / math.cos(up) ** 2 * sd * gain_y / config.height_m,
        )

    def angles_to(self, sighting: Sighting, x: float, y: float) -> tuple[float, float]:
        """Yaw and pitch, in degrees, of a look at the point ``x``, ``y`` (`ScreenPoint`)."""
        assert sighting.position_m is not None  # noqa: S101 - asked only where it is known
        at_x, at_y, at_z = self._level(sighting)
        config = self._config
        aside = math.atan2(config.camera_right_m + (0.5 - x) * config.width_m - at_x, at_z)
        down_m = config.camera_up_m + (y - 0.5) * config.height_m - at_y
        up = math.atan2(-down_m, at_z / math.cos(aside))
        to_lens = _to_lens(at_x, at_y, at_z)
        return math.degrees(aside) - to_lens[0], math.degrees(up) - to_lens[1]

    def _level(self, sighting: Sighting) -> tuple[float, float, float]:
        assert sighting.position_m is not None  # noqa: S101 - asked only where it is known
        (right_m, along_m), below_m = sighting.position_m, sighting.below_m
        return (
            right_m,
            below_m * self._cos + along_m * self._sin,
            max(0.05, along_m * self._cos - below_m * self._sin),
        )


def _to_lens(x: float, y: float, z: float) -> tuple[float, float]:
    """Direction from a face to the lens: to the picture's right and up, in degrees."""
    return math.degrees(math.atan2(-x, z)), math.degrees(math.atan2(y, math.hypot(x, z)))
