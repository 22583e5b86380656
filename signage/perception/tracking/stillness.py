"""Tells faces of people from faces that belong to nobody: on a poster or a T-shirt.

A face is taken for a person's once it has moved by more than the camera and its noise can do
(``motion.py``). Until then it may be a picture; after ``still_after_s`` without any movement it is
one. A blink or a movement of the mouth tells a person for the whole of their path.

The thresholds come from 27 pieces of eight recordings of people who sit or stand before a camera,
and from posters of seven faces with the noise of sensors (up to 5 grey levels), coded by H.264,
in light that grows, flickers and jumps to the half. In a picture of 640 px:

====================================  =======  =======  =======  =======
movement in pixels                    0.5 s    1 s      2 s      3.5 s
====================================  =======  =======  =======  =======
shift of people: median, a tenth      4.0 0.5  5.0 1.0  6.6 2.5  12  2.9
shift of small noisy ones             0.8 0.1  1.6 0.3  3.1 0.4  3.5 0.6
shift of posters: median, most        .02 .09  .02 .09  .02 .09  .03 .12
bend of people: median, a tenth       1.0 0.4  1.5 0.5  2.3 1.1  2.9 1.4
bend of posters: median, most         .05 .30  .05 .30  .05 .30  .05 .31
====================================  =======  =======  =======  =======

Where coding ruins the picture (H.264 at a rate factor of 36) posters reach a shift of 0.31 and a
bend of 0.42 at a key picture. A camera that shakes is measured by its background. Where that has no
structure, as a bare wall or the sky, its shaking looks like a movement of the poster.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.perception.models.faces import Face
from signage.perception.tracking.boxes import (
    height_px,
    intersection_over_union,
)
from signage.perception.tracking.motion import CameraMotion, Change, Portrait
from signage.perception.tracking.person import Person
from signage.perception.tracking.worn import WornFaces
from signage.types.arrays import Floats
from signage.types.vision import Box

_SHIFT_PX, _BEND_PX = 0.25, 0.4
_SHIFT_A_SHAKE, _BEND_A_SHAKE = 0.5, 0.15
"""What is added to both for each pixel that the camera has moved."""
_CLEAR_PX = 20.0
"""Height in the small picture from which on a face shows within a second that it moves."""
_WALKED = 0.35
"""Who was found farther than this from where they were, in heights of the face, has walked."""
_TWICE = 2
"""A single measurement may be wrong: a movement must show in so many of them, one after another."""
_MUCH = 4.0
"""A movement of so many times the least one is no error."""
_FRESH_S = 0.15
"""A face that was found longer ago may be covered."""
_AGAIN_S = 0.5
"""How often is asked whether somebody who has moved still does."""
_LIFE: tuple[tuple[tuple[str, ...], float], ...] = (
    (("eyeBlinkLeft", "eyeBlinkRight"), 0.4),
    (("jawOpen",), 0.25),
    (("mouthSmileLeft", "mouthSmileRight"), 0.5),
)
"""Blendshapes, and by how much their mean changes on a living face only. On posters they change
by 0.31, 0.15 and 0.36 at most in 4 s; eyes of people by 0.55 in the median."""
_MIN_LIFE_PX = 40.0
"""Blendshapes of lower faces are too noisy."""
_ONCE_MOVED = 1.6
"""Whoever has moved before must keep still for so many times as long."""
_NO_LIFE_SEEN = 4.0
"""So must a face that is too small for a blink to be seen."""
_SIGNS_ON_POSTER, _SIGNS_WITHIN_S = 2, 60.0
"""A known picture is a person after so many signs of life within such a time."""
_BODY_ALONE_S = 0.3
"""A body that was followed for this long before its face was found is no poster's."""

_PATCH_PX = 24
_MIN_PATCH_PX = 6
_SAME_POSTER = 0.95
"""Correlation with a picture known before: the light may have changed."""
_MAX_POSTERS = 20
_SAME_PLACE = 0.5
_PASSING_S = 1.5
"""Somebody may pass in front of a known picture for this long."""


@dataclass(slots=True)
class _Track:
    """What is known of the life of one person's face."""

    first_s: float
    portrait: Portrait | None = None
    since_s: float = math.inf
    """Since when the face has not moved from its ``portrait``."""
    measured_s: float = -math.inf
    moves: int = 0
    """Measurements in a row that say it has."""
    walks: int = 0
    found_s: float = -math.inf
    """When the detector last found the face; ``walks`` counts what it found elsewhere."""
    has_moved: bool = False
    has_shown_life: bool = False
    """It has blinked or moved the mouth."""
    life_box: Box | None = None
    """Where the face was when ``low`` and ``high`` began."""
    low: Floats = field(default_factory=lambda: np.full(len(_LIFE), math.inf))
    """Least value of each of ``_LIFE``."""
    high: Floats = field(default_factory=lambda: np.full(len(_LIFE), -math.inf))
    signs_s: list[float] = field(default_factory=list)
    """When a known picture showed a sign of life."""
    poster_s: float = -math.inf
    """When it was last seen to be a known picture."""


class PictureFilter:
    """Decides which of the persons are pictures. ``still_after_s``: how long that takes."""

    def __init__(self, still_after_s: float) -> None:
        self._still_after_s = still_after_s
        self._camera = CameraMotion()
        self._worn = WornFaces(still_after_s)
        self._tracks: dict[int, _Track] = {}
        self._posters: list[tuple[Box, Floats]] = []

    def judge(
        self, persons: Sequence[Person], grey: NDArray[np.uint8], scale: float, t_s: float
    ) -> None:
        """Set ``is_picture``, ``may_be_picture`` and ``is_alive`` of those who show a face.

        ``persons`` are all who are remembered, in sight or not. ``grey``, shape (height, width),
        is the picture made smaller by ``scale``.
        """
        numbers = {person.number for person in persons}
        self._tracks = {n: self._tracks.get(n) or _Track(t_s) for n in numbers}
        for person in persons:
            if not person.is_present(t_s):  # nobody knows whether they keep still
                track = self._tracks[person.number]
                track.portrait, track.since_s = None, math.inf
        persons = [person for person in persons if person.is_present(t_s)]
        self._worn.forget(numbers, t_s)
        shown = [p for p in persons if p.face is not None and p.shows_face(t_s)]
        for person in persons:
            track = self._tracks[person.number]
            if person not in shown and track.portrait is None:
                track.has_moved |= t_s - track.first_s >= _BODY_ALONE_S
        moving = [p for p in shown if self._is_due(p, t_s)]
        if moving:
            self._camera.look(grey, [_scaled(p.face, scale) for p in shown if p.face], t_s)
        for person in shown:
            assert person.face is not None  # noqa: S101 - of those shown
            is_worn = self._worn.is_worn(person, persons, t_s)
            is_poster = self._is_poster(person, person.face, grey, scale, t_s)
            person.is_picture = is_poster or is_worn
            track = self._tracks[person.number]
            person.may_be_picture = not (person.is_picture or track.has_moved or person.is_alive)

    def _is_due(self, person: Person, t_s: float) -> bool:
        """Whether to measure how far the face has moved."""
        track = self._tracks[person.number]
        wait_s = _AGAIN_S if track.has_moved and not track.moves else 0.0
        return not track.has_shown_life and t_s - track.measured_s >= wait_s

    def _is_poster(
        self, person: Person, face: Box, grey: NDArray[np.uint8], scale: float, t_s: float
    ) -> bool:
        track = self._tracks[person.number]
        shows_sign = self._shows_sign(person, track, t_s)
        if self._is_known(face, grey, scale):
            if shows_sign:
                track.signs_s = [s for s in track.signs_s if t_s - s < _SIGNS_WITHIN_S] + [t_s]
            if len(track.signs_s) < _SIGNS_ON_POSTER:
                track.poster_s, person.is_alive = t_s, False
                return True
            self._posters = [p for p in self._posters if not _is_near(face, p[0])]
        elif t_s - track.poster_s <= _PASSING_S:
            track.life_box = None
            return True  # somebody may be passing in front of it
        if track.poster_s > -math.inf:
            # Somebody else than the picture, or no picture at all.
            self._tracks[person.number] = track = _Track(t_s)
        track.has_shown_life |= shows_sign
        person.is_alive |= track.has_shown_life
        self._measure(person, track, face, grey, scale, t_s)
        still_s = self._still_after_s
        if track.has_moved:
            still_s *= _NO_LIFE_SEEN if height_px(face) < _MIN_LIFE_PX else _ONCE_MOVED
        if track.has_shown_life or t_s - track.since_s < still_s:
            return False
        if (patch := _patch(grey, scale, face)) is not None:
            self._posters = [*self._posters[1 - _MAX_POSTERS :], (face, patch)]
        track.poster_s, person.is_alive = t_s, False
        return True

    def _is_known(self, face: Box, grey: NDArray[np.uint8], scale: float) -> bool:
        """Whether a known picture is to be seen at the place of ``face``."""
        for box, poster in self._posters:
            if _is_near(face, box):
                now = _patch(grey, scale, box)
                if now is not None and float((now * poster).sum()) > _SAME_POSTER:
                    return True
        return False

    def _shows_sign(self, person: Person, track: _Track, t_s: float) -> bool:
        """Whether the face has blinked or moved the mouth since it last did."""
        if person.details is None or person.details_s < t_s or person.face is None:
            return False
        if height_px(person.face) < _MIN_LIFE_PX or self._worn.may_hold(person, t_s):
            return False
        values = _life(person.details)
        if track.life_box is None or not _is_near(person.face, track.life_box):
            # Somebody else's face, perhaps, or the same from elsewhere.
            track.life_box, track.low, track.high = person.face, values, values
        track.low, track.high = np.fmin(track.low, values), np.fmax(track.high, values)
        if not (track.high - track.low >= [change for _, change in _LIFE]).any():
            return False
        track.low = track.high = values
        return True

    def _measure(
        self,
        person: Person,
        track: _Track,
        face: Box,
        grey: NDArray[np.uint8],
        scale: float,
        t_s: float,
    ) -> None:
        """Note whether the face has moved from its portrait, and whether the person walked."""
        if not self._is_due(person, t_s):
            return
        track.measured_s = t_s
        camera, now = self._camera.moved, _scaled(face, scale)
        if track.portrait is None:
            track.portrait = Portrait(grey, now, camera)
            # Small faces hardly move in half a second: they are somebody until they never do.
            track.has_moved |= height_px(now) < _CLEAR_PX
            track.since_s = t_s if track.portrait.is_clear else math.inf
            return
        if t_s - person.face_seen_s > _FRESH_S:
            return
        if person.found_face is not None and person.found_s > track.found_s:
            track.found_s = person.found_s
            way_px = track.portrait.way_px(_scaled(person.found_face, scale), camera)
            track.walks = track.walks + 1 if way_px > _WALKED * height_px(now) else 0
        moves = _moves(track.portrait.change(grey, camera), height_px(now))
        track.moves = track.moves + moves if moves else 0
        if track.walks >= _TWICE or track.moves >= _TWICE:
            person.is_alive |= track.walks >= _TWICE and not self._worn.may_hold(person, t_s)
            track.has_moved, track.moves, track.walks = True, 0, 0
            track.portrait = Portrait(grey, now, camera)
            track.since_s = t_s if track.portrait.is_clear else math.inf


def _moves(change: Change | None, face_px: float) -> int:
    """How many measurements a ``change`` counts for: 0 where the face has kept still.

    ``face_px``: the height of the face in the small picture. Small faces move by fewer pixels.
    """
    if change is None:
        return 1  # it has turned, or is another
    small = min(1.0, face_px / _CLEAR_PX)
    shift = change.shift_px / (small * _SHIFT_PX + _SHIFT_A_SHAKE * change.camera_px)
    bend = change.bend_px / (small * _BEND_PX + _BEND_A_SHAKE * change.camera_px)
    return (max(shift, bend) > 1) + (max(shift, bend) > _MUCH)


def _is_near(face: Box, box: Box) -> bool:
    return intersection_over_union(face, box) > _SAME_PLACE


def _scaled(box: Box, scale: float) -> Box:
    left, top, right, bottom = box
    return left * scale, top * scale, right * scale, bottom * scale


def _life(face: Face) -> Floats:
    """Mean of each group of blendshapes in ``_LIFE``."""
    return np.array([np.mean([face.blendshapes[name] for name in names]) for names, _ in _LIFE])


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
