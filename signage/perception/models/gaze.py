"""Where the eyes look, from the irises and the head.

Across, an eyeball of weak perspective: with ``d`` how far the irises are beside the middle
between the corners of their eyes, in millimetres, and ``h`` how far the head is turned,

    sin(yaw) = d / r + o / r · sin(h)

``o`` is how far the corners are in front of the eyeball's centre, and ``r`` how far an iris
moves for a turn by one radian, as far as the landmarks follow. Up and down the lids hide the
iris, and move with it: there MediaPipe's blendshapes, which see both, tell the eyes' turn.

Both were fitted without labelled gaze, of which there is none here: ``o / r`` on 937 faces of
FairFace, of which many look into the lens also with their head turned; ``r`` on heads with
painted eyes (``benchmarks/behaviour/rendered_head.py``), of which the landmarks follow 0.5 to 0.8
of the way. `scripts/bench behaviour` prints what that is worth.
"""

from __future__ import annotations

import math

import numpy as np

from signage.perception.models.faces import SHUT, Face
from signage.types.vision import Gaze

# Landmarks of MediaPipe's mesh: iris, outer and inner corner of each eye.
_EYES = ((468, 33, 133), (473, 263, 362))
# Between the outer corners of the eyes of MediaPipe's canonical face.
_EYE_TO_EYE_MM = 88.9
_RADIUS_MM = 8.0
_DEPTH_PER_RADIUS = 0.7
# Looking straight ahead, the irises are above the middle between the corners.
_ABOVE_CORNERS_MM = 1.8
# Degrees up for the blendshapes "eyes up" less "eyes down", and what they are straight ahead.
_UP_DEG, _UP_AHEAD = 45.0, -0.11
# What the noise of the landmarks does: clips of four people made smaller, against themselves.
_SD_DEG, _SD_DEG_PX = 0.5, 90.0

# Beyond this turn of the head one eye is hidden.
_MAX_YAW_DEG = 45.0


def read_gaze(face: Face, t_s: float, min_face_px: float) -> Gaze | None:
    """Where the eyes of ``face`` look, at ``t_s``.

    None where they are shut or hidden, or the face is lower than ``min_face_px``.
    """
    pose, shapes, points = face.head_pose, face.blendshapes, face.landmarks_px
    _, top, _, bottom = face.box_xyxy_px
    is_hidden = face.eyes_shut > SHUT or abs(pose.yaw_deg) > _MAX_YAW_DEG
    if bottom - top < min_face_px or is_hidden:
        return None
    yaw_rad, pitch_rad = math.radians(pose.yaw_deg), math.radians(pose.pitch_deg)
    across = points[_EYES[1][1]] - points[_EYES[0][1]]
    px_per_mm = float(np.linalg.norm(across)) / (_EYE_TO_EYE_MM * math.cos(yaw_rad))
    up = np.array([across[1], -across[0]]) / np.linalg.norm(across)
    beside_px = np.mean(
        [points[iris] - points[corners].mean(axis=0) for iris, *corners in _EYES], 0
    )
    beside_mm = beside_px / px_per_mm - _ABOVE_CORNERS_MM * up
    turned = math.sin(yaw_rad) * math.cos(pitch_rad)
    sine = float(beside_mm[0]) / _RADIUS_MM + _DEPTH_PER_RADIUS * turned
    raised = (
        shapes["eyeLookUpLeft"]
        + shapes["eyeLookUpRight"]
        - shapes["eyeLookDownLeft"]
        - shapes["eyeLookDownRight"]
    ) / 2
    return Gaze(
        t_s=t_s,
        yaw_deg=math.degrees(math.asin(min(1.0, max(-1.0, sine)))),
        pitch_deg=pose.pitch_deg + _UP_DEG * (raised - _UP_AHEAD),
        sd_deg=_SD_DEG + _SD_DEG_PX / (bottom - top),
    )
