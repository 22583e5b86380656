"""What the detectors of faces and of bodies have in common."""

from __future__ import annotations

import cv2
import numpy as np

from signage.types.arrays import Floats, Image

_MULTIPLE = 32


def shrink(image: Image, longer_side_px: int) -> tuple[Image, Floats]:
    """``image`` at the size at which it is searched, and back: pixels of ``image`` for one of
    the result's, across and down.

    The longer side has ``longer_side_px``, or its own length if that is shorter; both sides
    are multiples of 32, so that the picture is stretched a little.
    """
    height, width = image.shape[:2]
    scale = min(1.0, longer_side_px / max(height, width))
    down, across = (
        max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE) for side in (height, width)
    )
    small = np.asarray(cv2.resize(image, (across, down)), dtype=np.uint8)
    return small, np.array([width / across, height / down])


def best_without_overlap(boxes: Floats, scores: Floats, max_overlap: float) -> list[int]:
    """Indices of ``boxes``, shape (n, 4), that no better one overlaps by more, best first."""
    sizes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(sizes.tolist(), scores.tolist(), 0.0, max_overlap)
    return [int(index) for index in np.asarray(kept).reshape(-1)]
