"""Pictures of somebody who reads the screen, or does not: a real face with painted eyes.

The eyes follow a made path over the screen: lines of text, fixation by fixation, or other things
that eyes do. What a camera would see of it goes through the whole of perception.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.behaviour.rendered_head import RenderedHead
from benchmarks.common.labelled_faces import SingleFaceFinder
from signage.audience.screen_plane import ScreenPlane
from signage.config.screen import ScreenConfig
from signage.types.arrays import Image
from signage.types.vision import Sighting

PointAt = Callable[[float], tuple[float, float]]
"""Where on the screen the eyes are at a time, in shares of its width and height."""

_SIZE = (1280, 720)
_FOV_DEG = 70.0
_FACE_M = 0.178
_NOISE_SD = 2.0
TEXT = (0.2, 0.35, 0.8, 0.65)
"""Where the text is on the screen: left, top, right and bottom."""


def reading(seed: int = 0, lines: int = 5, fixations: int = 8) -> PointAt:
    """Lines of text, over and over: fixations of about 220 ms (Rayner 1998), quick returns."""
    rng = np.random.default_rng(seed)
    left, top, right, bottom = TEXT
    times, points, t_s = [], [], 0.0
    for _ in range(20):
        for line in range(lines):
            y = top + (bottom - top) * (line + 0.5) / lines
            for fixation in range(fixations):
                x = left + (right - left) * (fixation + 0.5) / fixations
                times.append(t_s)
                points.append((x + rng.normal(0, 0.01), y + rng.normal(0, 0.01)))
                t_s += max(0.1, rng.normal(0.22, 0.05))
    return _steps(np.array(times), np.array(points))


def looking_around(seed: int = 0) -> PointAt:
    """Fixations of a picture: anywhere, of about 330 ms (Henderson 2003)."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.normal(0.33, 0.1, 400).clip(0.12))
    return _steps(times, rng.uniform(0.1, 0.9, (400, 2)))


def staring(seed: int = 0) -> PointAt:
    """One place, with the drift of the eyes."""
    rng = np.random.default_rng(seed)
    return _steps(np.arange(0, 120, 0.5), 0.5 + 0.01 * rng.normal(size=(240, 2)))


def _steps(times: np.ndarray, points: np.ndarray) -> PointAt:
    def at(t_s: float) -> tuple[float, float]:
        index = max(0, int(np.searchsorted(times, t_s, side="right")) - 1)
        return float(points[index, 0]), float(points[index, 1])

    return at


class RenderedReader:
    """Somebody straight before the screen, ``distance_m`` away, at a height with the lens."""

    def __init__(self, picture: Image, finder: SingleFaceFinder, distance_m: float) -> None:
        self._head = RenderedHead.find(picture, finder)
        self._distance_m = distance_m
        self._screen = ScreenPlane(ScreenConfig())
        focal_px = _SIZE[0] / 2 / math.tan(math.radians(_FOV_DEG) / 2)
        self._face_px = focal_px * _FACE_M / distance_m
        self._wall: Image | None = None
        """The picture without the sway; what moves with the head is blended in."""
        self._near = self._around_the_head()

    def frames(self, path: PointAt, seconds: float, fps: float) -> Iterator[tuple[float, Image]]:
        """Time and picture, (720, 1280, 3), BGR."""
        for index in range(round(seconds * fps)):
            t_s = index / fps
            yield t_s, self.picture(t_s, path(t_s))

    def picture(self, t_s: float, point: tuple[float, float]) -> Image:
        """At ``t_s``, with the eyes on ``point`` of the screen, in shares of it."""
        where = Sighting(track=1, face_xyxy_px=None, position_m=(0.0, self._distance_m))
        placed = self._placed(self._head.looking(*self._screen.angles_to(where, *point)), t_s)
        return np.asarray(np.clip(placed + self.noise(t_s), 0, 255), dtype=np.uint8)

    def noise(self, t_s: float) -> NDArray[Any]:
        """Of the camera, (720, 1280, 3)."""
        rng = np.random.default_rng(round(1e3 * t_s))
        return rng.normal(0, _NOISE_SD, (_SIZE[1], _SIZE[0], 3))

    def _placed(self, image: Image, t_s: float) -> Image:
        """The face in the middle of the picture, swaying and breathing before a wall at rest."""
        sway = math.sin(t_s / 0.7), math.sin(t_s / 0.5)
        head = self._warped(image, 1.5 * math.sin(t_s / 0.9), sway)
        if self._wall is None:
            self._wall = self._warped(self._head.looking(0.0, 0.0), 0.0, (0.0, 0.0))
        return np.asarray(self._near * head + (1 - self._near) * self._wall, dtype=np.uint8)

    def _around_the_head(self) -> NDArray[Any]:
        """How much of each pixel is of the head, shape (720, 1280, 1), in [0, 1]."""
        mask = np.zeros((_SIZE[1], _SIZE[0]), dtype=np.float32)
        axes = round(0.8 * self._face_px), round(1.0 * self._face_px)
        middle = _SIZE[0] // 2, _SIZE[1] // 2
        cv2.ellipse(mask, middle, axes, 0, 0, 360, (1.0,), cv2.FILLED)
        return np.asarray(cv2.GaussianBlur(mask, (0, 0), 0.1 * self._face_px))[..., None]

    def _warped(self, image: Image, turn_deg: float, sway: tuple[float, float]) -> Image:
        """``image`` with the face in the middle, turned, and moved by ``sway`` in centimetres."""
        left, top, right, bottom = self._head.face.box_xyxy_px
        scale = self._face_px / (bottom - top)
        middle = (left + right) / 2, (top + bottom) / 2
        turn = np.array(cv2.getRotationMatrix2D(middle, turn_deg, scale))
        sway_px = 0.01 * self._face_px / _FACE_M
        turn[:, 2] = turn[:, 2] + np.array(_SIZE) / 2 - middle + sway_px * np.array(sway)
        drawn = cv2.warpAffine(
            image, turn, _SIZE, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(drawn, dtype=np.uint8)
