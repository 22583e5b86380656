"""Where somebody's eyes rest on the screen, and whether they read there."""

from __future__ import annotations

import math
from collections import deque

from signage.audience.fixation import Fixation
from signage.audience.reading import ReadingDetector, ReadingModel
from signage.audience.reading_time import ReadingTime
from signage.audience.screen_plane import ScreenPlane
from signage.config.audience import AudienceConfig
from signage.types.audience import ScreenPoint
from signage.types.vision import Box, Sighting

_MAX_GAP_S = 1.0
# Who reads keeps the head still; while it turns farther than this within such a time, what the eyes
# seem to do is the head's doing. A woman who laughs and looks about was told to read otherwise.
_STILL_HEAD_DEG, _STILL_HEAD_S = 8.0, 1.5


class Eyes:
    """The eyes of one person, look by look."""

    def __init__(
        self, config: AudienceConfig, screen: ScreenPlane, reading: ReadingModel | None
    ) -> None:
        """Without the ``reading`` model, nobody counts as reading."""
        self._screen = screen
        self._fixation = Fixation()
        self._detector = (
            None if reading is None else ReadingDetector(reading, config.script, screen.aspect)
        )
        self._time = ReadingTime()
        self._gaze_s = self._last_s = -math.inf
        self._head: deque[tuple[float, float, float]] = deque()

    def point(self, now_s: float) -> ScreenPoint | None:
        """Where they rest; None where nothing is known of the last moments."""
        return self._fixation.point(now_s)

    @property
    def is_reading(self) -> bool | None:
        """Whether they move as in reading; None where that cannot be told."""
        return None if self._detector is None else self._detector.is_reading

    @property
    def region(self) -> Box | None:
        """Where they read: left, top, right, bottom in shares of the screen."""
        return None if self._detector is None else self._detector.region

    @property
    def reading_s(self) -> float | None:
        """Time spent reading; None where it could not be told for any of the time."""
        return self._time.total_s

    def add(self, t_s: float, sighting: Sighting, *, attentive: bool) -> None:
        """Add a moment in which the person was, or was not, ``attentive``."""
        step_s = 0.0 if self._last_s == -math.inf else t_s - self._last_s
        self._last_s = t_s
        # A look at the plane of the screen, and not one that is told again.
        look = None
        if sighting.gaze is not None and sighting.gaze.t_s == t_s:
            look = self._screen.point(sighting)
        if look is not None:
            self._fixation.add(t_s, look)
        if (detector := self._detector) is None:
            return
        if not attentive and sighting.head_pose is not None:
            # What is read beside the screen, on a telephone, is none of its contents.
            detector.add(t_s, None, (0.0, 0.0))
        elif not self._keeps_head_still(t_s, sighting):
            detector.forget()
        elif look is not None:
            detector.add(t_s, (look.x, look.y), (look.sd_x, look.sd_y))
            self._gaze_s = t_s
        elif t_s - self._gaze_s > _MAX_GAP_S:
            detector.forget()
        counts = sighting.missed_s == 0 and step_s <= _MAX_GAP_S
        self._time.add(step_s if counts else 0.0, is_reading=detector.is_reading)

    def _keeps_head_still(self, t_s: float, sighting: Sighting) -> bool:
        if (pose := sighting.head_pose) is not None:
            self._head.append((t_s, pose.yaw_deg, pose.pitch_deg))
        while self._head and self._head[0][0] < t_s - _STILL_HEAD_S:
            self._head.popleft()
        if not self._head:
            return True
        _, yaws_deg, pitches_deg = zip(*self._head, strict=True)
        turned_deg = max(yaws_deg) - min(yaws_deg), max(pitches_deg) - min(pitches_deg)
        return bool(max(turned_deg) <= _STILL_HEAD_DEG)

    def join(self, other: Eyes) -> None:
        """Add the reading of another track of the same person, and go on where it is newer."""
        self._time.join(other._time)
        if other._last_s >= self._last_s:
            self._fixation, self._detector = other._fixation, other._detector
            self._gaze_s, self._last_s, self._head = other._gaze_s, other._last_s, other._head
