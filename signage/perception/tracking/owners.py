"""Whose face each track shows: told by comparing its looks with each other.

A track can be taken over by somebody who steps in front of its owner. One look that differs may
be a bad one; two in a row that differ from all before, and are alike, are another person's face.
A path that broke goes on where a new one shows surely the same face.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from itertools import product
from statistics import median

import numpy as np

from signage.perception.models.identity import NeverStored, Vector, fresh_key, turned
from signage.types.arrays import Floats

# Chosen on labelled faces of crowds (`python -m benchmarks tracking`): of one track's looks, no two
# in a row that score less against all before, and this much with each other, are its owner's.
_OTHER, _ALIKE = 0.845, 0.86
_SURELY_OTHER = 0.78
"""One look is enough. Of nine recordings no look at the owner scored below 0.81."""
_SAME = 0.886
"""Two strangers score this high once in a thousand times."""
_ABOVE_STRANGERS = 0.02
"""Where faces are blurred, strangers are alike: a pair must score so much higher than nine in ten
pairs of people who are seen at the same time."""
_STRANGERS_SHARE = 0.9
MIN_LOOKS = 2
"""Of a track that is compared with others."""
_MAX_LOOKS, _MAX_DOUBTS = 10, 3
_MIN_SCORES, _MAX_SCORES = 5, 200
_SAME_MOMENT_S = 0.7


class Verdict(Enum):
    """What a look says of the track."""

    OWNER = "owner"
    DOUBT = "doubt"
    OTHER = "other"
    """Somebody else's face, for the second time."""


@dataclass(slots=True)
class _Track:
    looks: list[tuple[float, Vector]] = field(default_factory=list)
    """When, and the face: the first ones, and the last."""
    doubts: list[tuple[float, Vector]] = field(default_factory=list)
    is_relit: bool = False
    """The light changed since the last look: the next may differ."""


class Owners(NeverStored):
    """The last looks at the face of each track, in memory only."""

    __slots__ = ("_key", "_scores", "_tracks")

    def __init__(self) -> None:
        self._key = fresh_key()
        self._tracks: dict[int, _Track] = {}
        self._scores: deque[float] = deque(maxlen=_MAX_SCORES)
        """How alike people are who were seen at the same time."""

    def see(self, track: int, t_s: float, embedding: Floats) -> Verdict:
        """Compare one look with those before: shape (1152,), as ``FaceEncoder`` makes it."""
        known = self._tracks.setdefault(track, _Track())
        look = turned(embedding, self._key)
        score = _best(look, known.looks)
        if score >= _OTHER or known.is_relit:
            known.is_relit = False
            known.doubts.clear()
            known.looks.append((t_s, look))
            del known.looks[_MAX_LOOKS // 2 : -_MAX_LOOKS // 2]
            self._note_strangers(track, t_s, look)
            return Verdict.OWNER
        is_another = score < _SURELY_OTHER or (
            bool(known.doubts) and _best(look, known.doubts) >= _ALIKE
        )
        known.doubts = [*known.doubts[1 - _MAX_DOUBTS :], (t_s, look)]
        return Verdict.OTHER if is_another else Verdict.DOUBT

    def relight(self) -> None:
        """The light has changed, and with it every face."""
        for known in self._tracks.values():
            known.is_relit = True

    def split(self, track: int, newcomer: int) -> None:
        """The looks in doubt are those of another person, who is a track of their own."""
        known = self._tracks[track]
        last = known.doubts[-1][1]
        alike = [(at_s, look) for at_s, look in known.doubts if float(look @ last) >= _ALIKE]
        self._tracks[newcomer] = _Track(looks=alike)
        known.doubts = []

    def join(self, track: int, earlier: int) -> None:
        """``track`` goes on as ``earlier``, whose face it shows."""
        mine = self._tracks.pop(track)
        looks = [*self._tracks[earlier].looks, *mine.looks]
        self._tracks[earlier] = _Track(looks[:_MAX_LOOKS], mine.doubts)

    def same(self, track: int, lost: Iterable[int]) -> int | None:
        """Which of the ``lost`` tracks shows surely the same face as ``track``; None if none."""
        mine = self._tracks.get(track)
        if mine is None or len(mine.looks) < MIN_LOOKS:
            return None
        scores = {
            other: median(float(a @ b) for (_, a), (_, b) in product(mine.looks, theirs.looks))
            for other in lost
            if (theirs := self._tracks.get(other)) is not None
            and len(theirs.looks) >= MIN_LOOKS
            and theirs.looks[-1][0] < mine.looks[0][0]
        }
        best = max(scores, key=lambda other: scores[other], default=None)
        return best if best is not None and scores[best] >= max(_SAME, self.least) else None

    @property
    def least(self) -> float:
        """How alike two faces must be here to be one person's, as people in view tell."""
        if len(self._scores) < _MIN_SCORES:
            return 0.0
        return float(np.quantile(self._scores, _STRANGERS_SHARE)) + _ABOVE_STRANGERS

    def forget(self, tracks: Iterable[int]) -> None:
        """Keep only what is known of ``tracks``."""
        kept = set(tracks)
        self._tracks = {number: known for number, known in self._tracks.items() if number in kept}

    def __repr__(self) -> str:
        return f"{type(self).__name__}(tracks={len(self._tracks)})"

    def _note_strangers(self, track: int, t_s: float, look: Vector) -> None:
        """Two tracks that were both seen before are two people."""
        first_s = self._tracks[track].looks[0][0]
        for number, other in self._tracks.items():
            if number == track or not other.looks:
                continue
            last_s, last = other.looks[-1]
            if t_s - last_s <= _SAME_MOMENT_S and last_s > first_s and other.looks[0][0] < t_s:
                self._scores.append(float(look @ last))


def _best(look: Vector, looks: list[tuple[float, Vector]]) -> float:
    """Of a first look, 1."""
    return max((float(look @ other) for _, other in looks), default=1.0)
