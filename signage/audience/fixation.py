"""Where the eyes rest: the mean of the looks since they last jumped.

Smoothing over a fixed time would smear a saccade over it. Here a look that is farther from the
mean than chance allows begins a new mean: the filter is as slow as the noise asks for, and
follows a jump at once.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from signage.types.audience import ScreenPoint

_MEMORY_S = 0.6
"""The eyes drift, and people move: no mean is over longer than a long fixation."""
_JUMP_SD = 3.0


class Fixation:
    """The looks of one viewer since the last saccade."""

    def __init__(self) -> None:
        self._looks: deque[tuple[float, ScreenPoint]] = deque()

    def add(self, t_s: float, look: ScreenPoint) -> None:
        while self._looks and self._looks[0][0] < t_s - _MEMORY_S:
            self._looks.popleft()
        if (mean := self.point(t_s)) is not None:
            off_x = abs(look.x - mean.x) / np.hypot(look.sd_x, mean.sd_x)
            off_y = abs(look.y - mean.y) / np.hypot(look.sd_y, mean.sd_y)
            if max(off_x, off_y) > _JUMP_SD:
                self._looks.clear()
        self._looks.append((t_s, look))

    def point(self, now_s: float) -> ScreenPoint | None:
        """Where the eyes rest; None where nothing is known of the last moments."""
        if not self._looks:
            return None
        looks = [look for at_s, look in self._looks if at_s >= now_s - _MEMORY_S]
        if not looks:
            return None
        x, y, sd_x, sd_y = np.mean([(p.x, p.y, p.sd_x, p.sd_y) for p in looks], axis=0)
        fewer = len(looks) ** -0.5
        return ScreenPoint(float(x), float(y), float(sd_x * fewer), float(sd_y * fewer))
