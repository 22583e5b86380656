"""Holds identity over frames: which sighting is which person."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from signage.types import Sighting

Box = tuple[float, float, float, float]

# A head moves less than its own height between two frames; when it was missed, it may be
# farther away, and its speed is known less and less.
_REACH_FACES = 0.8
_REACH_FACES_PER_S = 1.5
# Between neighbouring frames a face does not grow or shrink by more than this.
_MAX_SIZE_RATIO = 1.8
_VELOCITY_MEMORY_S = 0.3


@dataclass(slots=True)
class Track:
    """The path of one face."""

    number: int
    box_xyxy_px: Box
    last_seen_s: float
    velocity_px_s: tuple[float, float] = (0.0, 0.0)

    def predict_centre_px(self, t_s: float) -> tuple[float, float]:
        x, y = _centre(self.box_xyxy_px)
        # Nobody keeps walking straight on for long: trust the speed for half a second.
        ahead_s = min(t_s - self.last_seen_s, 0.5)
        return x + self.velocity_px_s[0] * ahead_s, y + self.velocity_px_s[1] * ahead_s

    def extend(self, box: Box, t_s: float) -> None:
        step_s = t_s - self.last_seen_s
        if step_s > 0:
            share = 1 - math.exp(-step_s / _VELOCITY_MEMORY_S)
            (x0, y0), (x1, y1) = _centre(self.box_xyxy_px), _centre(box)
            vx, vy = self.velocity_px_s
            self.velocity_px_s = (
                vx + share * ((x1 - x0) / step_s - vx),
                vy + share * ((y1 - y0) / step_s - vy),
            )
        self.box_xyxy_px, self.last_seen_s = box, t_s


class Tracker:
    """Joins the sightings of each frame to the tracks, nearest first."""

    def __init__(self, forget_after_s: float) -> None:
        self._forget_after_s = forget_after_s
        self._tracks: list[Track] = []
        self._next_number = 1

    def update(self, t_s: float, sightings: Sequence[Sighting]) -> list[Track]:
        """The track of each sighting, in the same order. Tracks missed for too long end."""
        self._tracks = [k for k in self._tracks if t_s - k.last_seen_s <= self._forget_after_s]
        pairs = sorted(
            (cost, row, column)
            for row, sighting in enumerate(sightings)
            for column, track in enumerate(self._tracks)
            if (cost := _cost(track, sighting.box_xyxy_px, t_s)) < 1
        )
        matched: dict[int, Track] = {}
        taken: set[int] = set()
        for _, row, column in pairs:
            if row not in matched and column not in taken:
                matched[row] = self._tracks[column]
                taken.add(column)
        return [
            self._extend_or_start(matched.get(row), sighting, t_s)
            for row, sighting in enumerate(sightings)
        ]

    def _extend_or_start(self, track: Track | None, sighting: Sighting, t_s: float) -> Track:
        if track is None:
            track = Track(self._next_number, sighting.box_xyxy_px, t_s)
            self._next_number += 1
            self._tracks.append(track)
        else:
            track.extend(sighting.box_xyxy_px, t_s)
        return track


def _cost(track: Track, box: Box, t_s: float) -> float:
    """How unlikely it is that ``box`` continues ``track``; 1 and more is impossible."""
    (x0, y0), (x1, y1) = track.predict_centre_px(t_s), _centre(box)
    ratio = _height(box) / _height(track.box_xyxy_px)
    missed_s = t_s - track.last_seen_s
    if max(ratio, 1 / ratio) > _MAX_SIZE_RATIO:
        return math.inf
    size_px = max(_height(box), _height(track.box_xyxy_px))
    return math.hypot(x1 - x0, y1 - y0) / (size_px * (_REACH_FACES + _REACH_FACES_PER_S * missed_s))


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _height(box: Box) -> float:
    return max(1.0, box[3] - box[1])
