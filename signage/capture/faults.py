"""Tells from its pictures whether a camera sees: covered, dark, hanging, noisy.

How far the thresholds are from good pictures and from bad ones is measured in
``tests/capture/test_faults.py``.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.types.arrays import Image

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
_BLANK, _NOT_BLANK = 1.3, 1.9
"""Steepest slope, in grey levels a pixel: tape and a finger stay below 1.1, faces are found in
pictures that a white veil has brought down to 2.1."""
_COVERED, _NOT_COVERED = 0.70, 0.62
"""Share of the picture that is even. In real clips up to .55 is: walls, ceilings, the sky."""
_EVEN_TILE_PX, _EVEN_TILES = 20, 8
_BLURRED, _NOT_BLURRED = 0.88, 0.86
"""Of its steepest slope, what a picture keeps that is blurred once more. Real clips keep .41 to
.63, for a moment .85; a lens out of focus by 2 % of the picture's width keeps .91."""
_BLANK_WIDTH_PX = 320
_LEAST_NOISE = 0.5
"""Of 255: drawn and strongly compressed pictures have none."""
_DARK, _NOT_DARK = 5.0, 6.5
"""Contrast by noise: at 5, three faces in ten are no longer found; at 4, six in ten."""

_MARGIN = 8
"""An eighth at the top and at the bottom is not looked at: cameras write the time and their name
there, sharp and bright, also when the lens is covered, and the time goes on in a picture that
hangs."""

_TILES = 4
_TILE_PX = 48
_LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)


class Fault(StrEnum):
    """What is wrong with the pictures of a camera that does deliver, the plainest first."""

    BLACK = "black"
    BLANK = "blank"
    FROZEN = "frozen"
    NOISY = "noisy"
    DARK = "dark"
    BLURRED = "blurred"

    @property
    def reason(self) -> str:
        """What is wrong, to go on after "the camera"."""
        return {
            Fault.BLACK: "sends only black pictures",
            Fault.BLANK: "sees only a blank surface",
            Fault.DARK: "has too little light to see people",
            Fault.BLURRED: "is out of focus",
            Fault.FROZEN: "keeps sending the same picture",
            Fault.NOISY: "sends only noise",
        }[self]

    @property
    def remedy(self) -> str:
        """What to do about it."""
        return {
            Fault.BLACK: "Take the cover off the lens, open its shutter, or switch on the light.",
            Fault.BLANK: "Uncover the lens, or shade it from bright light.",
            Fault.BLURRED: "Clean the lens, or focus it on where people stand.",
            Fault.DARK: "Switch on the light, or give the camera a longer exposure.",
            Fault.FROZEN: "Unplug the camera and plug it in again, or restart the stream.",
            Fault.NOISY: "Give it more light, or check for a bad cable or a failing camera.",
        }[self]


def brightest(image: Image) -> float:
    """Brightness of the brightest hundredth of a picture, 0 to 255, less its noise.

    ``image`` is (height, width, 3) BGR.
    """
    grey = cv2.cvtColor(_sample(image), cv2.COLOR_BGR2GRAY)
    return _hundredth(np.asarray(cv2.blur(grey, (3, 3))))


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


def steepest(image: Image) -> float:
    """Slope of the steepest hundredth of a picture, in grey levels a pixel at 320 px of width.

    ``image`` is (height, width, 3) BGR. Whatever is seen has edges; what covers a lens is out of
    focus and has none, however bright or uneven it is.
    """
    return _hundredth(_slopes(image, 1.0))


def even_share(image: Image) -> float:
    """Share of a picture, in [0, 1], that has no edges: what covers a part of the lens."""
    slopes = _slopes(image, 1.0)
    height, width = slopes.shape
    columns = min(_EVEN_TILES, max(1, width // _EVEN_TILE_PX))
    rows = max(1, round(columns * height / width))
    tiles = [
        tile
        for band in np.array_split(slopes, rows, axis=0)
        for tile in np.array_split(band, columns, axis=1)
    ]
    return sum(_hundredth(tile) < _BLANK for tile in tiles) / len(tiles)


def blur(image: Image) -> float:
    """How little a picture loses that is blurred once more, in [0, 1]: much, where it is sharp.

    After F. Crété-Roffet et al., "The Blur Effect: Perception and Estimation with a New
    No-Reference Perceptual Blur Metric", SPIE 6492, 2007.
    """
    return _hundredth(_slopes(image, 3.0)) / max(_hundredth(_slopes(image, 1.0)), 1e-3)


def _slopes(image: Image, sigma_px: float) -> NDArray[np.float32]:
    """Steepness everywhere at 320 px of width, of a picture blurred by ``sigma_px``."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
    if (scale := _BLANK_WIDTH_PX / image.shape[1]) < 1:
        grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), sigma_px)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, *way) / 8 for way in ((1, 0), (0, 1)))
    return np.hypot(across, down)


def contrast(image: Image) -> float:
    """Grey levels between the darkest and the brightest hundredth of a picture, less its noise."""
    grey = np.asarray(cv2.blur(cv2.cvtColor(_sample(image), cv2.COLOR_BGR2GRAY), (3, 3)))
    return _hundredth(grey) - float(np.partition(grey.ravel(), grey.size // 100)[grey.size // 100])


class FaultWatch:
    """Looks at the pictures of one camera as they come, and says what is wrong with them.

    A fault is told when it has lasted, and until it has been over for a while: frozen after
    ``frozen_after_s``, the others after ``lasts_s``, all in the time of the frames.
    """

    def __init__(self, frozen_after_s: float, lasts_s: float = _LASTS_S) -> None:
        self._latches = {fault: _Latch(lasts_s, _OVER_S) for fault in Fault}
        self._latches[Fault.FROZEN] = _Latch(frozen_after_s, 0.0)
        self._last: NDArray[np.uint8] | None = None
        self._next_s = -math.inf
        self.fault: Fault | None = None
        """What has been wrong for a while; the first that applies."""
        self.symptom: Fault | None = None
        """What is wrong with the newest picture, which shows nobody whom one could count on. A
        fault that has just begun, or a hand that passes: who is there is unknown at once."""

    def look(self, t_s: float, image: Image) -> Fault | None:
        """Take in the picture of ``t_s``, (height, width, 3) BGR; returns ``fault``."""
        if t_s < self._next_s:
            return self.fault
        self._next_s = t_s + _EVERY_S
        view = _without_writing(image)
        sample = _sample(view)
        same = self._last is not None and np.array_equal(sample, self._last)
        self._last = sample
        self._latches[Fault.FROZEN].turn(t_s, on=same, off=not same)
        symptoms = []
        for fault, (is_bad, is_good) in _symptoms(view).items():
            is_told = self._latches[fault].turn(t_s, on=is_bad, off=is_good)
            if is_bad or (is_told and not is_good):
                symptoms.append(fault)
        faults = [fault for fault, latch in self._latches.items() if latch.is_on]
        self.fault, self.symptom = _first(faults), _first(symptoms)
        return self.fault


def _symptoms(image: Image) -> dict[Fault, tuple[bool, bool]]:
    """Of each fault that one picture shows: whether it surely has it, and surely has not."""
    light, slope, noise = brightest(image), steepest(image), noise_sd(image)
    even, blurred = even_share(image), blur(image)
    clarity = contrast(image) / max(noise, _LEAST_NOISE)
    return {
        Fault.BLACK: (light < _BLACK, light > _NOT_BLACK),
        Fault.BLANK: (
            slope < _BLANK or even > _COVERED,
            slope > _NOT_BLANK and even < _NOT_COVERED,
        ),
        Fault.NOISY: (noise > _NOISY, noise < _NOT_NOISY),
        Fault.DARK: (clarity < _DARK, clarity > _NOT_DARK),
        Fault.BLURRED: (blurred > _BLURRED, blurred < _NOT_BLURRED),
    }


def _without_writing(image: Image) -> Image:
    margin = image.shape[0] // _MARGIN
    return image[margin : image.shape[0] - margin]


def _first(faults: Collection[Fault]) -> Fault | None:
    return next((fault for fault in Fault if fault in faults), None)


def _hundredth(values: NDArray[Any]) -> float:
    """The value that a hundredth of all exceeds."""
    place = int(0.99 * (values.size - 1))
    return float(np.partition(values.ravel(), place)[place])


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
