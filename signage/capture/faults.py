"""Tells a covered, hanging or noisy camera from its pictures.

How far the thresholds are from good pictures and from bad ones is measured in
``tests/capture/test_faults.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.types import Image

_EVERY_S = 0.2
"""Pictures in between are not looked at: a fault lasts."""
_LASTS_S = 2.0
"""A fade or a hand that passes is shorter than this."""
_OVER_S = 1.0

_GRID_PX = 128
"""About as many pixels of the longer side are looked at, taken as they are: a mean of several
would hide the noise by which two pictures of a still room differ."""
_BLACK, _NOT_BLACK = 20.0, 28.0
_NOISY, _NOT_NOISY = 8.0, 6.0

_TILES = 4
_TILE_PX = 48
_LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)


class Fault(StrEnum):
    """What is wrong with the pictures of a camera that does deliver."""

    BLACK = "black"
    FROZEN = "frozen"
    NOISY = "noisy"

    @property
    def reason(self) -> str:
        """What is wrong, to go on after "the camera"."""
        return {
            Fault.BLACK: "sees only black",
            Fault.FROZEN: "delivers the very same picture again and again",
            Fault.NOISY: "delivers pictures full of noise",
        }[self]

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return {
            Fault.BLACK: "Take the cover off the lens, open its shutter, or switch on the light.",
            Fault.FROZEN: "Unplug the camera and plug it in again, or restart the stream.",
            Fault.NOISY: "Give it more light, or look for a bad cable or a failing camera.",
        }[self]


def brightest(image: Image) -> float:
    """Brightness of the brightest hundredth of a picture, 0 to 255, less its noise.

    ``image`` is (height, width, 3) BGR.
    """
    grey = cv2.cvtColor(_sample(image), cv2.COLOR_BGR2GRAY)
    values = np.asarray(cv2.blur(grey, (3, 3))).ravel()
    place = int(0.99 * (values.size - 1))
    return float(np.partition(values, place)[place])


def noise_sd(image: Image) -> float:
    """Standard deviation of the noise in the grey of a picture, of 255.

    ``image`` is (height, width, 3) BGR. After J. Immerkær, "Fast Noise Variance Estimation",
    Computer Vision and Image Understanding 64(2), 1996, in tiles spread over the picture;
    of those the lower quartile, as noise is everywhere and texture is not.
    """
    height, width = image.shape[:2]
    side = min(_TILE_PX, height // _TILES, width // _TILES)
    tops = np.linspace(0, height - side, _TILES).astype(int)
    lefts = np.linspace(0, width - side, _TILES).astype(int)
    tiles = np.concatenate(
        [image[top : top + side, left : left + side] for top in tops for left in lefts]
    )
    grey = cv2.cvtColor(tiles, cv2.COLOR_BGR2GRAY)
    response = np.abs(cv2.filter2D(grey, cv2.CV_16S, _LAPLACIANS))
    inner = response.reshape(-1, side, side)[:, 1:-1, 1:-1]
    sd = math.sqrt(math.pi / 2) / 6 * inner.mean(axis=(1, 2))
    return float(np.sort(sd)[_TILES * _TILES // 4 - 1])


class FaultWatch:
    """Looks at the pictures of one camera as they come, and says what is wrong with them.

    A fault is told when it has lasted, and until it has been over for a while: black and
    noisy after ``lasts_s``, frozen after ``frozen_after_s``, all in the time of the frames.
    """

    def __init__(self, frozen_after_s: float, lasts_s: float = _LASTS_S) -> None:
        self._black = _Latch(lasts_s, _OVER_S)
        self._noisy = _Latch(lasts_s, _OVER_S)
        self._frozen = _Latch(frozen_after_s, 0.0)
        self._last: NDArray[np.uint8] | None = None
        self._next_s = -math.inf
        self.fault: Fault | None = None
        """What is wrong just now; the first of the three that applies."""

    def look(self, t_s: float, image: Image) -> Fault | None:
        """Take in the picture of ``t_s``, (height, width, 3) BGR; returns ``fault``."""
        if t_s < self._next_s:
            return self.fault
        self._next_s = t_s + _EVERY_S
        light, noise = brightest(image), noise_sd(image)
        sample = _sample(image)
        same = self._last is not None and np.array_equal(sample, self._last)
        self._last = sample
        black = self._black.turn(t_s, on=light < _BLACK, off=light > _NOT_BLACK)
        frozen = self._frozen.turn(t_s, on=same, off=not same)
        noisy = self._noisy.turn(t_s, on=noise > _NOISY, off=noise < _NOT_NOISY)
        told = {Fault.BLACK: black, Fault.FROZEN: frozen, Fault.NOISY: noisy}
        self.fault = next((fault for fault, on in told.items() if on), None)
        return self.fault


def _sample(image: Image) -> NDArray[np.uint8]:
    """Every so manieth pixel of a picture; a copy, as cameras write over their pictures."""
    step = max(1, max(image.shape[:2]) // _GRID_PX)
    return image[::step, ::step].copy()


@dataclass(slots=True)
class _Latch:
    """On when its symptom has lasted, off when it has been over: with hysteresis in time."""

    lasts_s: float
    over_s: float
    is_on: bool = False
    since_s: float | None = None

    def turn(self, t_s: float, *, on: bool, off: bool) -> bool:
        if not (off if self.is_on else on):
            self.since_s = None
            return self.is_on
        self.since_s = t_s if self.since_s is None else self.since_s
        if t_s - self.since_s >= (self.over_s if self.is_on else self.lasts_s):
            self.is_on, self.since_s = not self.is_on, None
        return self.is_on
