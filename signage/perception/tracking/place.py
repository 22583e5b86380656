"""Where a person stands: the pinhole camera, turned around."""

from __future__ import annotations

import math

from signage.types.vision import Box

# Brow to chin as the face detector frames it: 1.15 times the 178 mm of MediaPipe's canonical
# face (its forehead to its chin), measured on frontal faces of the footage.
_FACE_HEIGHT_M = 0.205
_FACE_ASPECT = 0.8
"""Its width, divided by its height."""
# Means of adults: standing, with shoes; and from the shoulders to the hips.
_BODY_HEIGHT_M = 1.70
_TORSO_M = 0.50
# A box that ends so near to the upper or lower edge of the picture, in shares of its height, may
# be cut by it: nobody knows how high it is. Boxes of bodies end at joints, before the body does.
_FACE_EDGE, _BODY_EDGE = 0.01, 0.04


def focal_length_px(fov_deg: float, width_px: int, height_px: int) -> float:
    """Of a pinhole camera whose angle of view along the longer side is ``fov_deg``."""
    return max(width_px, height_px) / 2 / math.tan(math.radians(fov_deg) / 2)


def place_by_face(box: Box, focal_px: float, size_px: tuple[int, int]) -> tuple[float, float]:
    """Metres to the right of the camera's axis, and along it, in a picture of ``size_px``.

    The height of a face is taken, since turning the head does not change it. Of a face that an
    edge of the picture cuts, it is at least what its width says.
    """
    high_px = box[3] - box[1]
    if _is_cut(box, _FACE_EDGE * size_px[1], size_px[1]):
        high_px = max(high_px, (box[2] - box[0]) / _FACE_ASPECT)
    return _place(box, _FACE_HEIGHT_M, high_px, focal_px, size_px[0])


def place_by_body(
    box: Box, torso_px: float | None, focal_px: float, size_px: tuple[int, int]
) -> tuple[float, float] | None:
    """The same from the torso, or from the whole body if the torso is unclear.

    None where an edge of the picture cuts the body, and there is no torso: such a box grows while
    the person comes into the picture, and not because they come nearer.
    """
    if torso_px is not None:
        return _place(box, _TORSO_M, torso_px, focal_px, size_px[0])
    if _is_cut(box, _BODY_EDGE * size_px[1], size_px[1]):
        return None
    return _place(box, _BODY_HEIGHT_M, box[3] - box[1], focal_px, size_px[0])


def _is_cut(box: Box, margin_px: float, height_px: int) -> bool:
    """Whether the upper or the lower edge of the picture may cut a box."""
    return box[1] < margin_px or box[3] > height_px - margin_px


def _place(
    box: Box, size_m: float, high_px: float, focal_px: float, width_px: int
) -> tuple[float, float]:
    away_m = focal_px * size_m / max(high_px, 1.0)
    return ((box[0] + box[2]) / 2 - width_px / 2) / focal_px * away_m, away_m


def below_axis_m(y_px: float, away_m: float, focal_px: float, height_px: int) -> float:
    """How far a point ``away_m`` along the camera's axis is below it."""
    return (y_px - height_px / 2) / focal_px * away_m
