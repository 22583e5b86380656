"""Faces by MediaPipe FaceLandmarker: landmarks, head pose and expression."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import mediapipe as mp
import numpy as np
from mediapipe.tasks.python import vision
from mediapipe.tasks.python.core.base_options import BaseOptions

from signage.types.arrays import Floats, Image
from signage.types.vision import Box, HeadPose

# Facial action units behind each expression (Ekman & Friesen, EMFACS): smile 12,
# surprise 1 + 2 + 26, frown 4 + 15, in the names of MediaPipe's blendshapes.
_EXPRESSIONS = {
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "surprise": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "jawOpen"),
    "frown": ("browDownLeft", "browDownRight", "mouthFrownLeft", "mouthFrownRight"),
}

# Eyes shut further than this look nowhere.
SHUT = 0.5

# MediaPipe fits its rotation to points that it first spreads out by perspective, which turns
# the fitted head by this share of the angle at which it stands off the axis towards the
# lens. Measured by panning a virtual camera (0.25 to 0.4 in both directions, up to 30°).
_TURNED_TO_LENS = 0.3


# The crop around a face, in heights of the face, and the size at which it is looked at: the
# landmarker finds 45 of 46 faces down to 20 px that way.
_CROP_FACES = 2.0
_CROP_PX = 256


@dataclass(frozen=True, slots=True)
class Face:
    """One face of one frame."""

    landmarks_px: Floats
    """Shape (478, 2): x, y of MediaPipe's face mesh in the picture."""
    head_pose: HeadPose
    blendshapes: Mapping[str, float]
    """Activation in [0, 1] of MediaPipe's 52 blendshapes, by name."""

    @property
    def eyes_shut(self) -> float:
        """How far, in [0, 1]."""
        return (self.blendshapes["eyeBlinkLeft"] + self.blendshapes["eyeBlinkRight"]) / 2

    @property
    def expression(self) -> dict[str, float]:
        """Activation in [0, 1] of ``smile``, ``surprise`` and ``frown``.

        Empty while the eyes are shut: the blendshapes take weeping for a smile.
        """
        if self.eyes_shut > SHUT:
            return {}
        return {
            name: sum(self.blendshapes[part] for part in parts) / len(parts)
            for name, parts in _EXPRESSIONS.items()
        }

    @property
    def box_xyxy_px(self) -> tuple[float, float, float, float]:
        left, top = self.landmarks_px.min(axis=0)
        right, bottom = self.landmarks_px.max(axis=0)
        return float(left), float(top), float(right), float(bottom)


class CropLandmarker:
    """MediaPipe FaceLandmarker on the enlarged crop around a face that a detector found.

    On whole pictures it sees nobody whose face is lower than about a fifth of the height.
    """

    def __init__(self, model: Path) -> None:
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(model)),
            running_mode=vision.RunningMode.IMAGE,
            num_faces=1,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        with _native_stderr_closed():
            self._landmarker: Any = vision.FaceLandmarker.create_from_options(options)
            # The first call sets up the graph and takes long; nobody is waiting yet.
            self.read(np.zeros((64, 64, 3), dtype=np.uint8), (16.0, 16.0, 48.0, 48.0))

    def read(self, image: Image, box_xyxy_px: Box) -> Face | None:
        """The face in ``box_xyxy_px`` of ``image``, shape (height, width, 3), BGR.

        None where there is none to be made out: too small, turned away, hidden.
        """
        left, top, right, bottom = box_xyxy_px
        centre = np.array([(left + right) / 2, (top + bottom) / 2])
        side = _CROP_FACES * max(right - left, bottom - top, 1.0)
        scale = _CROP_PX / side
        to_crop = np.column_stack([np.eye(2) * scale, _CROP_PX / 2 - scale * centre])
        crop = cv2.warpAffine(image, to_crop, (_CROP_PX, _CROP_PX), flags=_interpolation(scale))
        rgb = cv2.cvtColor(crop, cv2.COLOR_BGR2RGB)
        found = self._landmarker.detect(mp.Image(image_format=mp.ImageFormat.SRGB, data=rgb))
        if not found.face_landmarks:
            return None
        points = np.array([(p.x, p.y) for p in found.face_landmarks[0]])
        landmarks = centre + (points - 0.5) * side
        if not (left < (middle := landmarks.mean(axis=0))[0] < right and top < middle[1] < bottom):
            return None  # of a neighbour
        return Face(
            landmarks_px=landmarks,
            head_pose=head_pose(np.asarray(found.facial_transformation_matrixes[0])),
            blendshapes={b.category_name: float(b.score) for b in found.face_blendshapes[0]},
        )

    def close(self) -> None:
        self._landmarker.close()


def _interpolation(scale: float) -> int:
    return cv2.INTER_LINEAR if scale > 0.5 else cv2.INTER_AREA


@contextmanager
def _native_stderr_closed() -> Iterator[None]:
    """MediaPipe's C++ side chats on stderr while it starts, and has no switch for it.

    What goes wrong comes as an exception all the same.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def head_pose(matrix: Floats) -> HeadPose:
    """Head pose relative to the line from the face to the camera.

    ``matrix``, shape (4, 4), maps MediaPipe's canonical face to its camera space
    (right-handed, y up, the camera looks along -z, centimetres).
    """
    rotation, position = matrix[:3, :3], matrix[:3, 3]
    nose = rotation[:, 2] / np.linalg.norm(rotation[:, 2])
    to_camera = -position / np.linalg.norm(position)
    yaw = _yaw_deg(nose) - _TURNED_TO_LENS * _yaw_deg(to_camera)
    return HeadPose(
        yaw_deg=(yaw + 180) % 360 - 180,
        pitch_deg=_pitch_deg(nose) - _TURNED_TO_LENS * _pitch_deg(to_camera),
        roll_deg=math.degrees(math.atan2(rotation[1, 0], rotation[0, 0])),
    )


def _yaw_deg(direction: Floats) -> float:
    return math.degrees(math.atan2(direction[0], direction[2]))


def _pitch_deg(direction: Floats) -> float:
    return math.degrees(math.asin(min(1.0, max(-1.0, direction[1]))))
