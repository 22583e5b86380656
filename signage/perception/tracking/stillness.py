"""Finds faces that belong to nobody: on a poster or a T-shirt.

Nobody keeps so still that the picture of their face stays the same for five seconds: of
three people sitting before a webcam the correlation with itself fell below 0.97 in every
five seconds, also at 18 px; of still pictures with strong noise it stayed above 0.99. A
face on a T-shirt moves, but only with the one who wears it, and it does not blink.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.perception.tracking.boxes import intersection_over_union
from signage.perception.tracking.person import Person
from signage.types.arrays import Floats
from signage.types.vision import Box

_PATCH_PX = 24
_MIN_PATCH_PX = 6
_SAME = 0.98
_SAME_POSTER = 0.95
"""Of a picture known before: the light may have changed."""
_MAX_POSTERS = 20
_SAME_PLACE = 0.5
_PASSING_S = 1.5
# A printed face below another: where it may be, and how much it may shift, in heights of
# the face above, and in share of its size.
_CHEST_X, _CHEST_Y = 1.3, (0.9, 4.0)
_MAX_SHIFT = 0.25
_MAX_GROWTH = 1.2
_BLINK = 0.35


@dataclass(slots=True)
class _Still:
    """Since when a face has looked the same, and what it looked like."""

    since_s: float
    box: Box
    patch: Floats


@dataclass(slots=True)
class _Worn:
    """How long a face has kept its place below another face."""

    since_s: float
    wearer: int
    low: Floats
    """Shape (4,): to the right of and below the face above, in its heights, the share of its
    size, and how far the eyes were shut: the least of each so far."""
    high: Floats
    """The same, the most of each."""
    seen_s: float
    is_known: bool = False
    """It has kept its place for long enough."""


class PictureFilter:
    """Tells which of the persons are pictures. ``still_after_s``: how long that takes."""

    def __init__(self, still_after_s: float) -> None:
        self._still_after_s = still_after_s
        self._still: dict[int, _Still] = {}
        self._worn: dict[int, _Worn] = {}
        self._poster_s: dict[int, float] = {}
        """When each path was last seen to be a poster."""
        self._posters: list[tuple[Box, Floats]] = []

    def judge(
        self, persons: Sequence[Person], grey: NDArray[np.uint8], scale: float, t_s: float
    ) -> None:
        """Set ``is_picture`` of those ``persons`` who show a face.

        ``grey``, shape (height, width), is the picture made smaller by ``scale``.
        """
        numbers = {person.number for person in persons}
        self._still = {n: still for n, still in self._still.items() if n in numbers}
        self._poster_s = {n: at_s for n, at_s in self._poster_s.items() if n in numbers}
        self._worn = {
            n: worn
            for n, worn in self._worn.items()
            if n in numbers or t_s - worn.seen_s <= self._still_after_s
        }
        for person in persons:
            if person.face is not None and person.shows_face(t_s):
                is_poster = self._is_poster(person, person.face, grey, scale, t_s)
                is_worn = self._is_worn(person, persons, t_s)
                person.is_picture = is_poster or is_worn

    def _is_poster(
        self, person: Person, face: Box, grey: NDArray[np.uint8], scale: float, t_s: float
    ) -> bool:
        for box, poster in self._posters:
            if intersection_over_union(face, box) > _SAME_PLACE:
                now = _patch(grey, scale, box)
                if now is not None and float((now * poster).sum()) > _SAME_POSTER:
                    self._poster_s[person.number] = t_s
                    return True
        still = self._still.get(person.number)
        if still is not None and intersection_over_union(face, still.box) > _SAME_PLACE:
            now = _patch(grey, scale, still.box)
            if now is not None and float((now * still.patch).sum()) > _SAME:
                if t_s - still.since_s < self._still_after_s:
                    return self._is_passed(person, t_s)
                self._posters = [*self._posters[1 - _MAX_POSTERS :], (still.box, still.patch)]
                self._poster_s[person.number] = t_s
                return True
        if (patch := _patch(grey, scale, face)) is not None:
            self._still[person.number] = _Still(t_s, face, patch)
        return self._is_passed(person, t_s)

    def _is_passed(self, person: Person, t_s: float) -> bool:
        """Whether a person may be passing in front of a known poster."""
        return t_s - self._poster_s.get(person.number, -math.inf) <= _PASSING_S

    def _is_worn(self, person: Person, persons: Sequence[Person], t_s: float) -> bool:
        """Whether the face has stayed on a person's chest for long without a blink."""
        worn = self._worn.get(person.number)
        wearers = _wearers(person, persons, t_s)
        if not wearers:
            # Not found in this frame; or the wearer turned away, or they are two.
            return worn is not None and worn.is_known and t_s - worn.seen_s <= _PASSING_S
        if worn is None or worn.wearer not in wearers:
            wearer, place = next(iter(wearers.items()))
            self._worn[person.number] = _Worn(t_s, wearer, place, place, t_s)
            return False
        place = wearers[worn.wearer]
        worn.seen_s = t_s
        worn.low, worn.high = np.fmin(worn.low, place), np.fmax(worn.high, place)
        moved = (worn.high - worn.low)[:2].max() > _MAX_SHIFT
        grown = worn.high[2] > _MAX_GROWTH * worn.low[2]
        blinked = worn.high[3] - worn.low[3] > _BLINK
        if moved or grown or blinked:
            self._worn[person.number] = _Worn(t_s, worn.wearer, place, place, t_s)
            return False
        worn.is_known = t_s - worn.since_s >= self._still_after_s
        return worn.is_known


def _wearers(person: Person, persons: Sequence[Person], t_s: float) -> dict[int, Floats]:
    """Above whose chest the face is, and where on it (``_Worn.low``); of eyes that were not
    looked at NaN is told. Only where both were found in this frame: the rest is a guess."""
    assert person.face is not None  # noqa: S101 - asked only of those with a face
    left, top, right, bottom = person.face
    is_read = person.details is not None and person.details_s == t_s
    shut = person.details.blendshapes["eyeBlinkLeft"] if person.details and is_read else np.nan
    wearers = {}
    for other in persons:
        if other is person or other.face is None:
            continue
        if min(person.face_seen_s, other.face_seen_s) < t_s:
            continue
        above = other.face
        size = max(1.0, above[3] - above[1])
        across = ((left + right) - (above[0] + above[2])) / 2 / size
        below = ((top + bottom) - (above[1] + above[3])) / 2 / size
        if abs(across) < _CHEST_X and _CHEST_Y[0] < below < _CHEST_Y[1]:
            wearers[other.number] = np.array([across, below, (bottom - top) / size, shut])
    return wearers


def _patch(grey: NDArray[np.uint8], scale: float, box: Box) -> Floats | None:
    """What is to be seen in ``box``, shape (24, 24), without its brightness and contrast.

    None where the box leaves the picture, is too small, or all is of one grey.
    """
    left, top, right, bottom = (round(edge * scale) for edge in box)
    region = grey[max(0, top) : bottom, max(0, left) : right]
    if left < 0 or top < 0 or min(region.shape) < _MIN_PATCH_PX:
        return None
    small = cv2.resize(region, (_PATCH_PX, _PATCH_PX), interpolation=cv2.INTER_AREA)
    values = small.astype(np.float64) - small.mean()
    size = float(np.linalg.norm(values))
    return values / size if size > 0 else None
