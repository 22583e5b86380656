"""A real face with painted eyes: gaze whose direction is known.

Into the opening of each eye an eyeball is painted, turned as wanted: sclera, iris, pupil and a
highlight, in the face's own colours, smaller and softer as the picture is. Head, lids and light
stay as they are in the photograph; lids that do not follow a look up or down are its weak point.
"""

from __future__ import annotations

import math

import cv2
import numpy as np

from benchmarks.common.labelled_faces import SingleFaceFinder
from signage.perception.models.faces import Face
from signage.types.arrays import Floats, Image

# Of MediaPipe's mesh: the rim of each eye's opening, its corners, and its iris.
_RIMS = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246),
    (263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466),
)
_CORNERS, _IRISES = ((33, 133), (263, 362)), (468, 473)
_EYE_TO_EYE_MM = 88.9
# Anatomy (adult means): centre of the eyeball to the plane of the pupil, how far it is behind
# the corners of the eye and above their middle, radius of iris and pupil.
_PUPIL_MM, _BEHIND_MM, _ABOVE_MM = 10.0, 5.5, 1.8
_IRIS_MM, _PUPIL_RADIUS_MM = 5.85, 2.0
_FINER = 4


class RenderedHead:
    """One face in one picture, whose eyes can be turned."""

    def __init__(self, image: Image, face: Face) -> None:
        self._image, self._face = image, face

    @classmethod
    def find(cls, image: Image, finder: SingleFaceFinder) -> RenderedHead:
        """Of the face in the middle of ``image``, BGR. Raises ValueError when there is none."""
        face = finder.find_face(image)
        if face is None:
            raise ValueError("There is no face in the picture.")
        return cls(image, face)

    @property
    def face(self) -> Face:
        return self._face

    def looking(self, yaw_deg: float, pitch_deg: float) -> Image:
        """The picture with the eyes turned so, from the line to the lens (`HeadPose`)."""
        painted = self._image.copy()
        for rim, corners, iris in zip(_RIMS, _CORNERS, _IRISES, strict=True):
            self._paint(painted, (list(corners), iris, list(rim)), (yaw_deg, pitch_deg))
        return painted

    def _paint(
        self, painted: Image, marks: tuple[list[int], int, list[int]], turn: tuple[float, float]
    ) -> None:
        _, _, rim = marks
        points = self._face.landmarks_px
        low = np.maximum(np.floor(points[rim].min(axis=0) - 3), 0).astype(int)
        high = np.ceil(points[rim].max(axis=0) + 3).astype(int)
        part = painted[low[1] : high[1], low[0] : high[0]]
        fine = cv2.resize(part, None, fx=_FINER, fy=_FINER, interpolation=cv2.INTER_CUBIC)
        opening = np.zeros(fine.shape[:2], dtype=np.uint8)
        outline = np.round((points[rim] - low) * _FINER * 16).astype(np.int32)
        cv2.fillPoly(opening, [outline], (255,), cv2.LINE_AA, shift=4)
        eyeball = self._eyeball(fine.astype(np.float64), opening, low, marks, turn)
        soft = cv2.GaussianBlur(opening, (0, 0), 0.35 * _FINER)[..., None] / 255.0
        mixed = (fine * (1 - soft) + eyeball * soft).clip(0, 255).astype(np.uint8)
        part[:] = cv2.resize(mixed, part.shape[1::-1], interpolation=cv2.INTER_AREA)

    def _eyeball(
        self,
        fine: Floats,
        opening: Image,
        low: Floats,
        marks: tuple[list[int], int, list[int]],
        turn: tuple[float, float],
    ) -> Floats:
        """What would be seen in all of ``fine`` if no lid were there, the same shape."""
        corners, iris, rim = marks
        points, pose = self._face.landmarks_px, self._face.head_pose
        across = points[_CORNERS[1][0]] - points[_CORNERS[0][0]]
        head = _forward(pose.yaw_deg, pose.pitch_deg)
        px_per_mm = float(np.linalg.norm(across)) / (
            _EYE_TO_EYE_MM * math.cos(math.radians(pose.yaw_deg))
        )
        up = np.array([across[1], -across[0]]) / np.linalg.norm(across)
        centre = points[corners].mean(axis=0) + px_per_mm * (_ABOVE_MM * up - _BEHIND_MM * head[:2])
        gaze = _forward(*turn)
        ys, xs = np.mgrid[: fine.shape[0], : fine.shape[1]]
        pupil = centre + px_per_mm * _PUPIL_MM * gaze[:2]
        x_mm = ((xs + 0.5) / _FINER + low[0] - pupil[0]) / px_per_mm
        y_mm = ((ys + 0.5) / _FINER + low[1] - pupil[1]) / px_per_mm
        aside = math.hypot(gaze[0], gaze[1])
        along, beside = (gaze[0] / aside, gaze[1] / aside) if aside > 0 else (1.0, 0.0)
        # A turned disc is seen narrower along its turn.
        radius = np.hypot((along * x_mm + beside * y_mm) / gaze[2], along * y_mm - beside * x_mm)
        white = self._sclera(fine, opening)
        near = np.hypot(*(((np.stack([xs, ys], -1) + 0.5) / _FINER + low - points[iris]).T))
        colour = np.percentile(fine[4 * px_per_mm > near.T], 35, axis=0)
        lid_mm = ((ys + 0.5) / _FINER + low[1] - points[rim][:, 1].min()) / px_per_mm
        eye = white * np.clip(lid_mm / 3, 0.55, 1.0)[..., None]
        shine = 0.9 * np.exp(-(x_mm**2 + (y_mm + 1.5) ** 2) / 0.5)[..., None]
        return np.asarray(_with_iris(eye, colour, radius) * (1 - shine) + 245 * shine)

    @staticmethod
    def _sclera(fine: Floats, opening: Image) -> Floats:
        """The colour of the white of the eye: of the brightest quarter of the opening."""
        inside = fine[opening > 200]
        light = inside.sum(axis=1)
        return np.asarray(inside[light >= np.percentile(light, 75)].mean(axis=0))


def _with_iris(eye: Floats, colour: Floats, radius_mm: Floats) -> Floats:
    """The white of an eye with iris, its darker rim and the pupil painted over it."""
    for paint, edge_mm, soft_mm, share in (
        (0.75 * colour, _IRIS_MM, 0.25, 1.0),
        (1.15 * colour, _IRIS_MM - 0.85, 0.4, 0.6),
        (np.full(3, 12.0), _PUPIL_RADIUS_MM, 0.2, 1.0),
    ):
        covers = share / (1 + np.exp((radius_mm - edge_mm) / soft_mm))[..., None]
        eye = eye * (1 - covers) + paint * covers
    return eye


def _forward(yaw_deg: float, pitch_deg: float) -> Floats:
    """Unit vector to the right of the picture, down, and towards the lens."""
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    return np.array(
        [math.sin(yaw) * math.cos(pitch), -math.sin(pitch), math.cos(yaw) * math.cos(pitch)]
    )
