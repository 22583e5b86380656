"""Whether what was seen suffices to count somebody, and to say that they came near."""

from __future__ import annotations

import math

from signage.config.audience import AudienceConfig
from signage.types.vision import Sighting

# A face of this height that also shows its features is no mistake of a detector.
_CLEAR_FACE_PX = 48.0
# A small face, or a body without a face, is believed after the first time, both together after the
# second.
_DOUBTFUL_S, _BOTH_S = 1.0, 0.5


class Evidence:
    """How surely there is a person, and how near they came.

    A clear face tells at once. A small face, or a body without a face, may be a flicker: of 184
    visits on real recordings, 20 were shorter than a second, and nearly all of them nobody.
    """

    def __init__(self, config: AudienceConfig) -> None:
        self._config = config
        self._is_clear = self._has_face = self._has_body = False
        self._nearest_m = math.inf
        self._is_placed = False

    def add(self, sighting: Sighting) -> None:
        """Add a moment in which a detector found the person."""
        if (face := sighting.face_xyxy_px) is not None:
            self._has_face = True
            is_large = face[3] - face[1] >= _CLEAR_FACE_PX
            self._is_clear |= is_large and sighting.head_pose is not None
        self._has_body |= sighting.body_xyxy_px is not None

    def note_distance(self, distance_m: float | None) -> None:
        """Add how far from the camera they are."""
        if distance_m is not None:
            self._is_placed = True
            self._nearest_m = min(self._nearest_m, distance_m)

    def is_enough(self, seen_s: float) -> bool:
        """Whether somebody who was seen for ``seen_s`` was there."""
        least_s = self._config.confirm_after_s
        if not self._is_clear:
            least_s = max(least_s, _BOTH_S if self._has_face and self._has_body else _DOUBTFUL_S)
        return seen_s >= least_s

    @property
    def is_in_range(self) -> bool:
        """Whether they ever came within range; nobody whose place is not known is beyond it."""
        range_m = self._config.range_m
        return range_m == 0 or not self._is_placed or self._nearest_m <= range_m

    def join(self, other: Evidence) -> None:
        """Add what is known of another track of the same person."""
        self._is_clear |= other._is_clear
        self._has_face |= other._has_face
        self._has_body |= other._has_body
        self._is_placed |= other._is_placed
        self._nearest_m = min(self._nearest_m, other._nearest_m)
