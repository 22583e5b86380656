"""Which brands' logos a person wears, by pictures of the logos alone: nothing is trained."""

from __future__ import annotations

import math
import time
from pathlib import Path

import cv2
import numpy as np

from signage.perception.logos.library import Mark, read_marks
from signage.perception.logos.match import LogoAlignment, find_regions, fit
from signage.types.arrays import Floats, Image
from signage.types.vision import Box, Logo

# Torsos are brought to a size at which a mark has pixels enough, and no more than that.
_LEAST_PX, _MOST_PX, _MOST_ENLARGED = 240, 480, 2.0
_MIN_TORSO_PX = 24
"""Shorter side of the smallest torso in which a logo may be recognised."""

_TORSO_FACES_WIDE, _TORSO_FACES_HIGH = 3.0, 4.0
_CHIN = 0.05
"""Of a face's height below its box: the clothes begin no higher."""

_WEIGHTS = (-10.6, 19.3, 2.5, -6.4)
"""Of the logistic regression behind a score, for the features in ``_score``. Learned from 457 made
pictures of printed logos and 108 looks at real garments and torsos, beside 1,600 looks for other
logos on them; less 1.5 in the first, since most clothes carry none of the logos looked for."""
_MIN_SCORE = 0.8
"""A wrong brand is worse than none. Of 2,208 looks for logos that were not there, none got so far,
and three got to 0.5."""


class LogoFinder:
    """Looks for the logos of a folder. For one thread at a time.

    Raises ConfigError for a folder, a picture or a logo that it cannot use.
    """

    def __init__(self, folder: Path, budget_ms: float | None = None) -> None:
        self._marks = read_marks(folder)
        self.brands = tuple(self._marks)
        self._budget_s = math.inf if budget_ms is None else budget_ms / 1000
        self._next = 0

    def find(self, torso: Image) -> list[Logo]:
        """The logos on ``torso``, shape (height, width, 3), BGR: best first, each brand once.

        With a budget, the next call goes on with the brands that this one did not come to.
        """
        found, tried = self.search(torso, self._next)
        self._next = (self._next + len(tried)) % max(1, len(self.brands))
        return found

    def search(self, torso: Image, first: int) -> tuple[list[Logo], tuple[str, ...]]:
        """The same from the brand number ``first`` on, and the brands that were looked for.

        When the budget is used up, no further brand is begun; one is always looked for.
        """
        if not self.brands or min(torso.shape[:2]) < _MIN_TORSO_PX:
            return [], ()
        lab = np.asarray(cv2.cvtColor(_resized(torso), cv2.COLOR_BGR2LAB), dtype=np.uint8)
        regions, pixels = find_regions(lab), lab.astype(np.float32)
        # The one clock of this stage: a budget is about this machine's time, not the video's.
        # Without a budget, the answer depends on the picture alone.
        until_s = time.perf_counter() + self._budget_s
        found: list[tuple[Logo, Floats]] = []
        tried: list[str] = []
        for number in range(len(self.brands)):
            brand = self.brands[(first + number) % len(self.brands)]
            tried.append(brand)
            for mark in self._marks[brand]:
                place = fit(mark, pixels, regions)
                if place is not None and (score := _score(mark, place)) >= _MIN_SCORE:
                    found.append((Logo(brand, score), place.outline_px))
            if time.perf_counter() >= until_s:
                break
        return _best_at_each_place(found), tuple(tried)


def torso_of(face: Box, image_shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """Where the clothes of the person with this face are, ``xyxy_px``; None if hardly in view.

    Below the chin, three faces wide and four high. ``image_shape`` is (height, width, …).
    """
    left, top, right, bottom = face
    width, height = right - left, bottom - top
    middle = (left + right) / 2
    half = _TORSO_FACES_WIDE / 2 * width
    from_y = bottom + _CHIN * height
    torso = (
        max(0, round(middle - half)),
        max(0, round(from_y)),
        min(image_shape[1], round(middle + half)),
        min(image_shape[0], round(from_y + _TORSO_FACES_HIGH * height)),
    )
    if min(torso[2] - torso[0], torso[3] - torso[1]) < _MIN_TORSO_PX:
        return None
    return torso


def _resized(torso: Image) -> Image:
    longer = max(torso.shape[:2])
    scale = min(_MOST_ENLARGED, max(1.0, _LEAST_PX / longer), _MOST_PX / longer)
    if scale == 1:
        return np.ascontiguousarray(torso)
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(torso, None, fx=scale, fy=scale, interpolation=how), np.uint8)


def _score(mark: Mark, place: LogoAlignment) -> float:
    """The probability that the mark really is there."""
    features = (
        1.0,
        math.atanh(min(0.99, max(0.0, place.agreement))),
        math.log(min(1.0, place.scale)),
        mark.plainness,
    )
    odds = sum(weight * value for weight, value in zip(_WEIGHTS, features, strict=True))
    return 1 / (1 + math.exp(-odds))


def _best_at_each_place(found: list[tuple[Logo, Floats]]) -> list[Logo]:
    """The best match at each place, and at most one per brand."""
    kept: list[tuple[Logo, Floats]] = []
    for logo, outline in sorted(found, key=lambda pair: (-pair[0].score, pair[0].brand)):
        taken = any(
            other.brand == logo.brand
            or _contains(place, outline.mean(axis=0))
            or _contains(outline, place.mean(axis=0))
            for other, place in kept
        )
        if not taken:
            kept.append((logo, outline))
    return [logo for logo, _ in kept]


def _contains(outline: Floats, point: Floats) -> bool:
    """Whether a polygon, shape (n, 2), contains the point, shape (2,)."""
    x, y = point.tolist()
    return cv2.pointPolygonTest(outline.astype(np.float32), (x, y), measureDist=False) >= 0
