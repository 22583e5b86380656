"""Which way somebody stands to the screen, now and for most of the visit."""

from __future__ import annotations

import math
from collections import defaultdict

from signage.types.vision import Facing, Sighting

# A head turned further than this from the screen shows its back.
_AWAY_YAW_DEG = 110.0
_MAX_GAP_S = 1.0


def facing_of(sighting: Sighting, *, headed: bool) -> Facing | None:
    """Which way a person faces: by the head if known, else by the shoulders."""
    pose = sighting.head_pose
    if pose is None:
        # Shoulders to the screen and yet no face: the head is turned.
        is_turned = sighting.body_facing is Facing.TOWARDS and sighting.face_xyxy_px is None
        return Facing.SIDEWAYS if is_turned else sighting.body_facing
    if headed:
        return Facing.TOWARDS
    return Facing.AWAY if abs(pose.yaw_deg) > _AWAY_YAW_DEG else Facing.SIDEWAYS


class FacingTimes:
    """For how long somebody stood which way."""

    def __init__(self) -> None:
        self._times_s: defaultdict[Facing | None, float] = defaultdict(float)
        self._found_s = -math.inf
        self._then: Facing | None = None
        self.now: Facing | None = None

    def add(self, t_s: float, facing: Facing | None, *, is_found: bool) -> None:
        """Add a moment. Time counts only between two in which the person was found.

        Half of it belongs to each of them.
        """
        self.now = facing
        if not is_found:
            return
        if (step_s := t_s - self._found_s) <= _MAX_GAP_S:
            self._times_s[self._then] += step_s / 2
            self._times_s[facing] += step_s / 2
        self._found_s, self._then = t_s, facing

    @property
    def towards_s(self) -> float:
        """Time turned towards the screen."""
        return self._times_s.get(Facing.TOWARDS, 0.0)

    @property
    def most(self) -> Facing | None:
        """How they stood for the longest time; None where that was never known."""
        known_s = {f: time_s for f, time_s in self._times_s.items() if f is not None}
        return max(known_s, key=lambda f: known_s[f], default=self.now)

    def join(self, other: FacingTimes) -> None:
        """Add the times of another track of the same person."""
        for facing, time_s in other._times_s.items():
            self._times_s[facing] += time_s
        if other._found_s >= self._found_s:
            self._found_s, self._then, self.now = other._found_s, other._then, other.now
