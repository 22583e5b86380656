"""Where a person goes, from the places where they were seen."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from math import fsum
from statistics import fmean, median

from signage.types.audience import Movement

# Long enough for a few steps, short enough to notice that somebody stopped.
_WINDOW_S = 1.2
_MIN_SPAN_S = 0.4
_NOW_S = 0.4
# The error of a distance grows with it: slower than this share of it a second is standing.
_MIN_RATE_HZ = 0.06


class Path:
    """The recent path of a person. Anyone slower than ``walking_m_s`` is standing."""

    def __init__(self, walking_m_s: float) -> None:
        self._walking_m_s = walking_m_s
        self._places: deque[tuple[float, float, float]] = deque()
        self._by_face = True
        self._movement: Movement | None = None

    def add(self, t_s: float, position_m: tuple[float, float], *, by_face: bool) -> None:
        """Go on to ``position_m``: to the right of the camera's axis, and along it.

        The place of a face and that of a body differ by a constant error, which is no step.
        """
        if by_face != self._by_face:
            self._places.clear()
            self._by_face = by_face
        self._places.append((t_s, *position_m))
        while self._places[0][0] < t_s - _WINDOW_S:
            self._places.popleft()
        self._movement = self._move()

    @property
    def distance_m(self) -> float | None:
        """Distance from the camera: the median of the most recent moments."""
        if not self._places:
            return None
        since_s = self._places[-1][0] - _NOW_S
        return median(
            math.hypot(right, along) for t_s, right, along in self._places if t_s >= since_s
        )

    @property
    def movement(self) -> Movement | None:
        """What the last moments say; None before there are enough of them."""
        return self._movement

    def _move(self) -> Movement | None:
        if self._places[-1][0] - self._places[0][0] < _MIN_SPAN_S:
            return None
        t_s, right_m, along_m = zip(*self._places, strict=True)
        across_m_s, away_m_s = _speeds_m_s(t_s, right_m, along_m)
        slow_m_s = max(self._walking_m_s, _MIN_RATE_HZ * fmean(along_m))
        if max(abs(across_m_s), abs(away_m_s)) < slow_m_s:
            return Movement.STANDING
        if abs(away_m_s) >= abs(across_m_s):
            return Movement.APPROACHING if away_m_s < 0 else Movement.LEAVING
        return Movement.PASSING_LEFT if across_m_s < 0 else Movement.PASSING_RIGHT


def _speeds_m_s(
    t_s: Sequence[float], right_m: Sequence[float], along_m: Sequence[float]
) -> tuple[float, float]:
    """Slopes of the least-squares lines through both over time.

    As `statistics.linear_regression` has them; this is asked for everybody in every frame.
    """
    middle_s, middle_right_m, middle_along_m = fmean(t_s), fmean(right_m), fmean(along_m)
    since_s = [t - middle_s for t in t_s]
    spread_s2 = fsum([since * since for since in since_s])
    right = fsum([since * (x - middle_right_m) for since, x in zip(since_s, right_m, strict=True)])
    along = fsum([since * (x - middle_along_m) for since, x in zip(since_s, along_m, strict=True)])
    return right / spread_s2, along / spread_s2
