"""How boxes move from one picture to the next, by sparse optical flow.

Median flow (Kalal et al., "Forward-backward error", ICPR 2010): a grid of points in each
box is followed there and back (Lucas-Kanade); the median of the points that come back to
where they began says how the box moved and grew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.types.arrays import Floats, Image
from signage.types.vision import Box

# The picture is followed at this length of its longer side: enough, and cheap.
_LONGER_SIDE_PX = 640
_GRID = 4
_MAX_RETURN_PX = 1.0
_MIN_POINTS = 6
_MAX_GROWTH = 1.15
_WINDOW_PX = (11, 11)
_CUT = 0.1
"""Two pictures whose fine structure correlates by less are of two scenes."""
_LEAST_SPREAD = 1.5
"""Grey levels. Below it the structure may be the noise of the camera."""
_THUMBNAIL_PX, _COARSE_PX = (48, 27), 2.5
_PYRAMID_LEVELS = 3
# The picture in so many parts across and down; and the logarithm of the change of brightness.
_PARTS, _JUMP = 8, 0.06


@dataclass(frozen=True, slots=True)
class Move:
    """How a box went on."""

    shift_px: tuple[float, float]
    growth: float


class Flow:
    """Remembers the last picture."""

    def __init__(self) -> None:
        self._last: NDArray[np.uint8] | None = None

    def is_cut(self, grey: NDArray[np.uint8]) -> bool:
        """Whether ``grey`` shows quite another scene than the last picture.

        Their fine structure is compared: two pictures of one scene, 0.2 s apart, correlate by
        0.15 and more in all recordings, and pictures of two recordings by less than 0.1 in 95 of
        100 pairs. Brightness and contrast do not matter.
        """
        if self._last is None or self._last.shape != grey.shape:
            return False
        before, now = _fine_structure(self._last), _fine_structure(grey)
        spread = float(before.std() * now.std())
        if min(before.std(), now.std()) < _LEAST_SPREAD:
            return False  # dark, or covered: what was there may come back
        return float((before * now).mean()) < _CUT * spread

    def follow(
        self, grey: NDArray[np.uint8], scale: float, boxes: Sequence[Box]
    ) -> list[Move | None]:
        """The new places of ``boxes`` from the last picture; None if unknown.

        ``grey``, shape (height, width), is the new picture made smaller by ``scale``;
        the boxes are in pixels of the full one. After a change of size nothing is known.
        """
        last, self._last = self._last, grey
        if last is None or last.shape != grey.shape or not boxes:
            return [None] * len(boxes)
        before = np.concatenate([_grid(box) for box in boxes]).astype(np.float32) * scale
        after, good = followed_points(last, grey, before, _MAX_RETURN_PX)
        per_box = _GRID * _GRID
        return [
            _move(
                before[i * per_box : (i + 1) * per_box][good[i * per_box : (i + 1) * per_box]],
                after[i * per_box : (i + 1) * per_box][good[i * per_box : (i + 1) * per_box]],
                scale,
            )
            for i in range(len(boxes))
        ]


def followed_points(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    points: NDArray[np.float32],
    max_return_px: float,
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Where ``points``, shape (n, 2), of the ``first`` picture are in the ``second``, and which
    of them come back to within ``max_return_px`` of where they began."""
    after, is_found = _lucas_kanade(first, second, points)
    back, returned = _lucas_kanade(second, first, after)
    error = np.linalg.norm(back - points, axis=1)
    return after, is_found & returned & (error < max_return_px)


class Light:
    """Notices when all of the picture becomes brighter or darker at once."""

    def __init__(self) -> None:
        self._levels: NDArray[np.float64] | None = None

    def jumped(self, grey: NDArray[np.uint8]) -> bool:
        """Whether most parts of the picture changed their brightness since the last one.

        Somebody who steps before the lens changes a few parts, an exposure changes all.
        """
        levels = cv2.resize(grey, (_PARTS, _PARTS), interpolation=cv2.INTER_AREA).astype(np.float64)
        before, self._levels = self._levels, levels
        if before is None:
            return False
        change = np.abs(np.log((levels + 1) / (before + 1)))
        return float(np.median(change)) > _JUMP


def _lucas_kanade(
    first: NDArray[np.uint8], second: NDArray[np.uint8], points: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Where ``points``, shape (n, 2), of the ``first`` picture are in the ``second``, and
    which of them were found there."""
    moved, status, _ = cv2.calcOpticalFlowPyrLK(
        first, second, points, points.copy(), winSize=_WINDOW_PX, maxLevel=_PYRAMID_LEVELS
    )
    return np.asarray(moved, dtype=np.float32), np.asarray(status)[:, 0] > 0


def _fine_structure(grey: NDArray[np.uint8]) -> Floats:
    """What differs from its surroundings, shape (27, 48), with a mean of 0."""
    small = cv2.resize(grey, _THUMBNAIL_PX, interpolation=cv2.INTER_AREA).astype(np.float64)
    fine = small - cv2.GaussianBlur(small, (0, 0), _COARSE_PX)
    return np.asarray(fine - fine.mean())


def small_grey(image: Image) -> tuple[NDArray[np.uint8], float]:
    """``image`` in grey, with a longer side of 640 px at most, and by what it was scaled."""
    scale = min(1.0, _LONGER_SIDE_PX / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    small = cv2.resize(image, size) if scale < 1 else image
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), dtype=np.uint8), scale


def _grid(box: Box) -> Floats:
    """Points in the inner part of ``box``, shape (16, 2): its edges are background."""
    left, top, right, bottom = box
    xs = np.linspace(left + 0.15 * (right - left), right - 0.15 * (right - left), _GRID)
    ys = np.linspace(top + 0.15 * (bottom - top), bottom - 0.15 * (bottom - top), _GRID)
    return np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)


def _move(before: NDArray[np.float32], after: NDArray[np.float32], scale: float) -> Move | None:
    if len(before) < _MIN_POINTS:
        return None
    shift = np.median(after - before, axis=0) / scale
    apart, apart_now = (
        np.linalg.norm(points[:, np.newaxis] - points, axis=-1)[np.triu_indices(len(points), 1)]
        for points in (before, after)
    )
    growth = float(np.median(apart_now / np.maximum(apart, 1e-3)))
    return Move((float(shift[0]), float(shift[1])), min(_MAX_GROWTH, max(1 / _MAX_GROWTH, growth)))
