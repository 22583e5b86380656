"""Finds faces that are printed on clothes: they go where their wearer goes, and do not blink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signage.perception.tracking.person import Person
from signage.types.arrays import Floats

# A printed face below another: where it may be, and how much it may shift, in heights of
# the face above, and in share of its size.
_CHEST_X, _CHEST_Y = 1.3, (0.9, 4.0)
_MAX_SHIFT = 0.25
_MAX_GROWTH = 1.2
_BLINK = 0.35
_PASSING_S = 1.5
"""A print stays one for this long while its wearer is not found."""


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


class WornFaces:
    """Knows which faces have kept their place below another for ``worn_after_s``."""

    def __init__(self, worn_after_s: float) -> None:
        self._worn_after_s = worn_after_s
        self._worn: dict[int, _Worn] = {}

    def forget(self, numbers: set[int], t_s: float) -> None:
        """Let go of those who are gone: all but the persons of these ``numbers``."""
        self._worn = {
            number: worn
            for number, worn in self._worn.items()
            if number in numbers or t_s - worn.seen_s <= self._worn_after_s
        }

    def may_hold(self, person: Person, t_s: float) -> bool:
        """Whether the face was below another's a moment ago."""
        worn = self._worn.get(person.number)
        return worn is not None and t_s - worn.seen_s <= _PASSING_S

    def is_worn(self, person: Person, persons: Sequence[Person], t_s: float) -> bool:
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
        worn.is_known = t_s - worn.since_s >= self._worn_after_s
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
