"""Where a person stands: the pinhole camera, turned around."""

from __future__ import annotations

import math

from signage.types.vision import Box

# Brow to chin as the face detector frames it: 1.15 times the 178 mm of MediaPipe's canonical
# face (its forehead to its chin), measured on frontal faces of the footage.
_FACE_HEIGHT_M = 0.205
# Means of adults: standing, with shoes; and from the shoulders to the hips.
_BODY_HEIGHT_M = 1.70
_TORSO_M = 0.50


def focal_length_px(fov_deg: float, width_px: int, height_px: int) -> float:
    """Of a pinhole camera whose angle of view along the longer side is ``fov_deg``."""
    return max(width_px, height_px) / 2 / math.tan(math.radians(fov_deg) / 2)


def place_by_face(box: Box, focal_px: float, width_px: int) -> tuple[float, float]:
    """Metres to the right of the camera's axis, and along it.

    The height of a face is taken, since turning the head does not change it.
    """
    return _place(box, _FACE_HEIGHT_M, box[3] - box[1], focal_px, width_px)


def place_by_body(
    box: Box, torso_px: float | None, focal_px: float, width_px: int
) -> tuple[float, float]:
    """The same from the torso, or from the whole body if the torso is unclear."""
    if torso_px is not None:
        return _place(box, _TORSO_M, torso_px, focal_px, width_px)
    return _place(box, _BODY_HEIGHT_M, box[3] - box[1], focal_px, width_px)


def _place(
    box: Box, size_m: float, size_px: float, focal_px: float, width_px: int
) -> tuple[float, float]:
    away_m = focal_px * size_m / max(size_px, 1.0)
    return ((box[0] + box[2]) / 2 - width_px / 2) / focal_px * away_m, away_m


def below_axis_m(y_px: float, away_m: float, focal_px: float, height_px: int) -> float:
    """How far a point ``away_m`` along the camera's axis is below it."""
    return (y_px - height_px / 2) / focal_px * away_m
