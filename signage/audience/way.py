"""Where somebody came from and went to, over the whole visit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from statistics import median

import numpy as np

from signage.types.arrays import Floats
from signage.types.audience import Movement

_EVERY_S = 0.1
_MOST_PLACES = 1024
"""Of longer visits every second place goes, but not of the newest half."""
# Where somebody came from is the median of so much of the beginning, or of a third of a short
# visit; where they went to, of the end.
_END_S = 1.0
_MIN_SPAN_S = 0.4
# A face and a body that are seen so soon after each other are in one place.
_SAME_PLACE_S = 0.5
# Who gets no further is standing: people sway, and a distance is known to a tenth or so.
_MIN_ACROSS_M, _MIN_ALONG_M = 0.5, 0.5
_MIN_ACROSS_SHARE, _MIN_ALONG_SHARE = 0.1, 0.2
# Nor does anybody walk who gets further by less than this share of a walking pace on average.
_SLOWEST = 1 / 3


class Way:
    """The places of one person, thinned out."""

    def __init__(self, walking_m_s: float) -> None:
        """Anyone slower than ``walking_m_s`` is standing."""
        self._slowest_m_s = walking_m_s * _SLOWEST
        self._places: list[tuple[float, float, float, bool]] = []

    def add(self, t_s: float, position_m: tuple[float, float], *, by_face: bool) -> None:
        """Go on to ``position_m``: to the right of the camera's axis, and along it."""
        if self._places and t_s - self._places[-1][0] < _EVERY_S:
            return
        self._places.append((t_s, *position_m, by_face))
        if len(self._places) > _MOST_PLACES:
            del self._places[1 : _MOST_PLACES // 2 : 2]

    def join(self, other: Way) -> None:
        """Add the places of another track of the same person."""
        self._places = sorted([*self._places, *other._places])

    def movement(self, moments_s: Mapping[Movement, float]) -> Movement | None:
        """Which way they went; ``moments_s`` says for how long each moment seemed to be what.

        Who ends where they began is standing, or did what they did for the longest time.
        """
        if not self._places or self._places[-1][0] - self._places[0][0] < _MIN_SPAN_S:
            return None
        t_s, places_m = self._on_one_scale()
        end_s = min(_END_S, (t_s[-1] - t_s[0]) / 3)
        first, last = t_s <= t_s[0] + end_s, t_s >= t_s[-1] - end_s
        begin_m, end_m = (np.median(places_m[part], axis=0) for part in (first, last))
        took_s = float(np.mean(t_s[last]) - np.mean(t_s[first]))
        went_m = (end_m - begin_m) * (t_s[-1] - t_s[0]) / took_s
        if self._is_walk(went_m, begin_m, float(t_s[-1] - t_s[0])):
            return _towards(went_m)
        middle = places_m[len(places_m) // 4 : len(places_m) * 3 // 4 + 1]
        if any(self._is_walk(place - begin_m, begin_m, 0.0) for place in middle[::8]):
            return max(moments_s, key=lambda m: moments_s[m], default=None)
        return Movement.STANDING

    def _is_walk(self, went_m: Floats, begin_m: Floats, took_s: float) -> bool:
        """Whether going so far is more than to sway, or to be measured badly."""
        across_m, along_m = np.abs(went_m)
        distance_m = float(np.hypot(*begin_m))
        is_far = across_m >= max(_MIN_ACROSS_M, _MIN_ACROSS_SHARE * distance_m) or (
            along_m >= max(_MIN_ALONG_M, _MIN_ALONG_SHARE * distance_m)
        )
        return bool(is_far and math.hypot(across_m, along_m) >= self._slowest_m_s * took_s)

    def _on_one_scale(self) -> tuple[Floats, Floats]:
        """Times, shape (n,), and places, shape (n, 2), as if the face had told all of them.

        How tall somebody is makes their body tell another distance than their face. Both are
        compared wherever one follows the other.
        """
        ratios = [
            (before[2] / after[2]) if after[3] else (after[2] / before[2])
            for before, after in pairwise(self._places)
            if before[3] != after[3] and after[0] - before[0] <= _SAME_PLACE_S
        ]
        scale = median(ratios) if ratios else 1.0
        rows = np.array([row[:3] for row in self._places])
        rows[[not row[3] for row in self._places], 1:] /= scale
        return rows[:, 0], rows[:, 1:]


def _towards(went_m: Floats) -> Movement:
    across_m, along_m = went_m
    if abs(along_m) >= abs(across_m):
        return Movement.APPROACHING if along_m < 0 else Movement.LEAVING
    return Movement.PASSING_LEFT if across_m < 0 else Movement.PASSING_RIGHT
