"""What a person looks like from any side: the colours of the head and of the clothes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from signage.types.arrays import Floats, Image
from signage.types.vision import Box

_SIDE_PX = 24
_MIN_SIDE_PX = 4
_USUAL_LIGHT = 110.0
_BINS = (8, 3, 4)
"""Of hue, saturation and brightness."""


@dataclass(frozen=True, slots=True)
class Colours:
    """Shares of hue, saturation and brightness, shape (96,), sum 1 each; None where unseen."""

    head: Floats | None = None
    """Of the face, the hair around it, or what is worn on it."""
    chest: Floats | None = None

    def distances(self, other: Colours) -> tuple[float | None, float | None]:
        """Of heads and of chests, None where one is unseen: 0 the same, 1 nothing in common."""
        return _distance(self.head, other.head), _distance(self.chest, other.chest)

    def followed_by(self, newest: Colours, share: float) -> Colours:
        """What is remembered after another look, which has so large a ``share``."""
        head, chest = _blend(self.head, newest.head, share), _blend(self.chest, newest.chest, share)
        return Colours(head, chest)


UNSEEN = Colours()


def colours_of_face(image: Image, face: Box, light: float) -> Colours:
    """Of somebody whose ``face`` was found in ``image``, shape (height, width, 3), BGR.

    ``light`` is the mean brightness of the whole picture, in [0, 255].
    """
    left, top, right, bottom = face
    middle, size = (left + right) / 2, bottom - top
    head = left - 0.15 * size, top - 0.35 * size, right + 0.15 * size, bottom
    chest = middle - 0.7 * size, bottom + 0.5 * size, middle + 0.7 * size, bottom + 1.7 * size
    return Colours(colours_in(image, head, light), colours_in(image, chest, light))


def colours_in(image: Image, box: Box, light: float) -> Floats | None:
    """The colours of a region, shape (96,), sum 1; None where it is not in the picture.

    Its brightness is relative to that of the picture: a lamp that is dimmed changes nobody.
    """
    left, top, right, bottom = (max(0, round(edge)) for edge in box)
    region = image[top:bottom, left:right]
    if min(region.shape[:2]) < _MIN_SIDE_PX:
        return None
    small = cv2.resize(region, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
    hsv[..., 2] = cv2.convertScaleAbs(hsv[..., 2], alpha=_USUAL_LIGHT / max(1.0, light))
    histogram = cv2.calcHist([hsv], [0, 1, 2], None, list(_BINS), [0, 180, 0, 256, 0, 256])
    return np.asarray(histogram, dtype=np.float64).reshape(-1) / _SIDE_PX**2


def _blend(known: Floats | None, newest: Floats | None, share: float) -> Floats | None:
    if known is None or newest is None:
        return newest if known is None else known
    return (1 - share) * known + share * newest


def _distance(mine: Floats | None, theirs: Floats | None) -> float | None:
    """Bhattacharyya's distance of two histograms."""
    if mine is None or theirs is None:
        return None
    return math.sqrt(max(0.0, 1.0 - float(np.sqrt(mine * theirs).sum())))
