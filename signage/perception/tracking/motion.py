"""How far faces have moved in the picture, beyond what the camera and its noise do.

A face is compared with an earlier picture of it by sparse optical flow, once as if the camera had
stood still and once as if it had moved as the background did. The better of the two counts: a
poster moves with the wall on which it hangs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.perception.tracking.boxes import centre, distance_px, height_px, moved
from signage.perception.tracking.flow import followed_points
from signage.types.arrays import Floats
from signage.types.vision import Box

Grey = NDArray[np.uint8]
"""A small picture, shape (height, width)."""

_MIN_CORNERS = 8
_BLUR_PX, _MIN_STRENGTH = (5, 5), 1e-4
"""Least eigenvalue of a corner in the blurred picture. Noise of 5 grey levels reaches 6e-5."""
_CELLS, _PER_CELL = (6, 4), 4
"""Across and down the picture: so many corners of each cell are followed, so that all of it has a
say, and not only what has most of them."""
_AT_REST_PX, _AT_REST = 0.2, 0.25
"""A camera that moves moves all: none has where so large a share of the corners is at rest."""
_AGREE_PX, _AGREE = 0.7, 0.5
"""A camera has moved where so large a share of the corners agrees on how far."""
_CORNERS_APART_PX = (17, 17)
_NEW_KEY_S = 5.0
"""A picture that the camera's movement is measured from is replaced after this time."""
# What belongs to a person, and is no background, in sizes of the face.
_BESIDE, _ABOVE = 0.9, 0.6
_MAX_RETURN_PX = 0.5
_GRID, _MIN_POINTS = 6, 10
_EDGE = 0.12
"""Share of a face's box that is left out on each side."""
_AROUND = 0.5
"""What is kept around a face, in sizes of it, so that it may move a little."""
_MIN_FACE_PX = 10.0


class CameraMotion:
    """How the camera has moved the picture since the first one, from the background."""

    def __init__(self) -> None:
        self._key: Grey | None = None
        self._key_s = 0.0
        self._to_key = np.eye(3)
        self._corners = np.zeros((0, 2), dtype=np.float32)
        self.moved: Floats = np.eye(3)
        """Shape (3, 3): maps a point of the first picture to the last one. A camera whose
        background shows nothing counts as one at rest. Never changed, but replaced."""

    def look(self, grey: Grey, people: Iterable[Box], t_s: float) -> None:
        """Go on to the picture at ``t_s``, in which ``people`` have their faces."""
        if self._key is not None and self._key.shape == grey.shape:
            since_key = self._since_key(self._key, grey)
            if since_key is not None:
                self.moved = since_key @ self._to_key
                if t_s - self._key_s < _NEW_KEY_S:
                    return
        self._key, self._key_s, self._to_key = grey, t_s, self.moved
        self._corners = _background_corners(grey, people)

    def _since_key(self, key: Grey, now: Grey) -> Floats | None:
        """How the camera moved the background, as ``moved``; None where that cannot be said."""
        if len(self._corners) < _MIN_CORNERS:
            return None
        points, good = followed_points(key, _as_bright(now, key), self._corners, _MAX_RETURN_PX)
        if good.sum() < _MIN_CORNERS:
            return None
        before, after = self._corners[good], points[good]
        if (np.linalg.norm(after - before, axis=1) < _AT_REST_PX).mean() >= _AT_REST:
            return np.eye(3)
        found: Any = cv2.estimateAffinePartial2D(before, after, ransacReprojThreshold=_AGREE_PX)
        matrix, agrees = found
        if matrix is None or agrees.mean() < _AGREE:
            return None
        return np.vstack([matrix, (0.0, 0.0, 1.0)])


@dataclass(frozen=True, slots=True)
class Change:
    """What has become of a face, in pixels of the small picture."""

    shift_px: float
    """How far its points have moved: their median."""
    bend_px: float
    """How far they have moved against each other: the median, too."""
    camera_px: float
    """How far the camera has moved in that time."""


class Portrait:
    """A face as it was in one small picture."""

    def __init__(self, grey: Grey, face: Box, camera: Floats) -> None:
        """``face`` in pixels of ``grey``; ``camera``: `CameraMotion.moved` at that time."""
        self.face = face
        self._from_camera = np.linalg.inv(camera)
        around = moved(face, (0.0, 0.0), 1 + 2 * _AROUND)
        left, top, right, bottom = (round(edge) for edge in around)
        self._left, self._top = max(0, left), max(0, top)
        self._right, self._bottom = min(grey.shape[1], right), min(grey.shape[0], bottom)
        self._picture = grey[self._top : self._bottom, self._left : self._right].copy()
        width, height = face[2] - face[0], face[3] - face[1]
        xs = np.linspace(face[0] + _EDGE * width, face[2] - _EDGE * width, _GRID) - self._left
        ys = np.linspace(face[1] + _EDGE * height, face[3] - _EDGE * height, _GRID) - self._top
        self._points = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2).astype(np.float32)

    @property
    def is_clear(self) -> bool:
        """Whether the face is large enough to see it move."""
        return height_px(self.face) >= _MIN_FACE_PX and min(self._picture.shape) >= _MIN_FACE_PX

    def way_px(self, face: Box, camera: Floats) -> float:
        """How far ``face`` is from where the portrait was taken, or the camera moved that."""
        x_px, y_px = self._moved_by(camera)
        places = (self.face, moved(self.face, (x_px, y_px), 1.0))
        return min(distance_px(place, face) for place in places)

    def change(self, grey: Grey, camera: Floats) -> Change | None:
        """What has become of the face in ``grey``; None where it is not found again."""
        if not self.is_clear:
            return None
        way = self._moved_by(camera)
        camera_px = float(np.hypot(*way))
        changes = [
            Change(*measured, camera_px)
            for each in (np.zeros(2), way)
            if (measured := self._measure(grey, each)) is not None
        ]
        return min(changes, key=lambda change: change.shift_px + change.bend_px, default=None)

    def _moved_by(self, camera: Floats) -> Floats:
        """How far the camera moved the place of the face, shape (2,)."""
        middle = np.array([*centre(self.face), 1.0])
        return np.asarray((camera @ self._from_camera @ middle - middle)[:2])

    def _measure(self, grey: Grey, way: Floats) -> tuple[float, float] | None:
        """``Change.shift_px`` and ``Change.bend_px`` of a face that the camera moved by ``way``."""
        size = self._right - self._left, self._bottom - self._top
        to_crop = np.array([[1, 0, self._left + way[0]], [0, 1, self._top + way[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        now = cv2.warpAffine(grey, to_crop, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        points, good = followed_points(
            self._picture,
            _as_bright(np.asarray(now, dtype=np.uint8), self._picture),
            self._points,
            _MAX_RETURN_PX,
        )
        if good.sum() < _MIN_POINTS:
            return None
        ways = points[good] - self._points[good]
        middle = np.median(ways, axis=0)
        bend_px = float(np.median(np.linalg.norm(ways - middle, axis=1)))
        return float(np.hypot(*middle)), bend_px


def _as_bright(picture: Grey, other: Grey) -> Grey:
    """``picture`` with the brightness and contrast of the ``other``."""
    (mean, spread), (to_mean, to_spread) = (
        tuple(float(value[0, 0]) for value in cv2.meanStdDev(each)) for each in (picture, other)
    )
    levels = (np.arange(256) - mean) * to_spread / max(spread, 1.0) + to_mean
    return np.asarray(cv2.LUT(picture, levels.clip(0, 255).astype(np.uint8)), dtype=np.uint8)


def _background_corners(grey: Grey, people: Iterable[Box]) -> NDArray[np.float32]:
    """Corners, shape (n, 2), away from the faces of ``people`` and what is below them."""
    mask = np.full(grey.shape, 255, dtype=np.uint8)
    for face in people:
        beside, above = _BESIDE * (face[2] - face[0]), _ABOVE * height_px(face)
        left, right = round(face[0] - beside), round(face[2] + beside)
        mask[max(0, round(face[1] - above)) :, max(0, left) : max(0, right)] = 0
    strength = cv2.cornerMinEigenVal(cv2.GaussianBlur(grey, _BLUR_PX, 0), 3)
    peaks = (strength == cv2.dilate(strength, np.ones(_CORNERS_APART_PX))) & (mask > 0)
    rows, columns = np.nonzero(peaks & (strength > _MIN_STRENGTH))
    best = np.argsort(-strength[rows, columns], kind="stable")
    corners = np.stack([columns, rows], axis=1)[best]
    cells = (corners * (np.array(_CELLS) / grey.shape[::-1])).astype(int) @ (1, _CELLS[0])
    chosen = [np.sum(cells[:i] == cell) < _PER_CELL for i, cell in enumerate(cells)]
    return np.asarray(corners[np.array(chosen, dtype=bool)], dtype=np.float32)
