"""Who is who from frame to frame: faces and bodies joined into persons with a path.

Between detections a person is moved on by what the picture shows (``flow.py``); out of
sight, by their last speed. A detection continues the person whom it fits best in place,
size and, after a time out of sight, in the colours of the clothes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

import numpy as np

from signage.perception.models.bodies import Body
from signage.perception.models.face_detector import DetectedFace
from signage.perception.tracking.boxes import (
    centre,
    distance_px,
    height_px,
    intersection_over_union,
)
from signage.perception.tracking.person import FACE_HOLD_S, Person
from signage.types.arrays import Floats
from signage.types.vision import Box

# A head moves less than this many of its own heights between two detections; out of sight it
# may be farther from where it was expected, the longer the farther.
_REACH_FACES = 0.7
_REACH_FACES_PER_S = 1.2
_MAX_REACH_FACES = 4.0
_MAX_SIZE_RATIO = 1.7
_REACH_BODIES = 0.25
_MIN_BODY_OVERLAP = 0.3
# Share of a face, or body, that somebody else's may cover.
_COVERED = 0.3
# Two paths are one person's from this overlap of their faces, their bodies, or of the face of
# one with where the other, who shows none, must have it.
_TWIN_FACES, _TWIN_BODIES, _TWIN_HEAD = 0.5, 0.7, 0.3
# Distance of colour histograms (Bhattacharyya) from which on two persons are dressed differently.
_OTHER_CLOTHES = 0.5
_WEIGHT_OF_CLOTHES = 1.5
# A detection surer than this needs no second one.
_SURE_SCORE = 0.8


class People:
    """Everybody in the picture, and who was there a moment ago."""

    def __init__(self, remember_s: float, max_people: int) -> None:
        self._remember_s = remember_s
        self._max_people = max_people
        self._numbers = itertools.count(1)
        self.persons: list[Person] = []

    def present(self, t_s: float) -> list[Person]:
        return [person for person in self.persons if person.is_present(t_s)]

    def _hidden(self, t_s: float) -> list[Person]:
        """Out of sight, but not for so long that they have left."""
        return [
            person
            for person in self.persons
            if not person.is_present(t_s) and t_s - person.last_seen_s <= self._remember_s
        ]

    def rescale(self, across: float, down: float) -> None:
        """The picture changed its size: it is so many times wider and higher."""
        for person in self.persons:
            for name in ("face", "body", "found_face", "found_body"):
                if (box := getattr(person, name)) is not None:
                    left, top, right, bottom = box
                    setattr(
                        person, name, (left * across, top * down, right * across, bottom * down)
                    )
            vx, vy = person.velocity_px_s
            person.velocity_px_s = (vx * across, vy * down)

    def nearest(self, face: Box, t_s: float) -> Person | None:
        """Whose face, of those to be seen, ``face`` is nearest to."""
        shown = (p for p in self.persons if p.face is not None and p.shows_face(t_s))
        return min(shown, key=lambda p: distance_px(p.face or face, face), default=None)

    def see_faces(
        self,
        t_s: float,
        faces: Sequence[DetectedFace],
        clothes: Sequence[Floats | None],
        birth_score: float,
    ) -> None:
        """Take in the faces that a detector found, and the ``clothes`` below each.

        One with less than ``birth_score`` only continues somebody who is in sight.
        """
        free = set(range(len(faces)))
        in_sight, hidden = self.present(t_s), self._hidden(t_s)
        for candidates, strong in ((in_sight, False), (hidden, True)):
            eligible = [i for i in free if not strong or faces[i].score >= birth_score]
            costs = (
                (_face_cost(person, faces[i].box_xyxy_px, clothes[i], t_s), person, i)
                for person in candidates
                for i in eligible
            )
            for person, i in _cheapest(costs):
                free.discard(i)
                _continue_face(person, faces[i], clothes[i], t_s)
        for i in sorted(free):
            if faces[i].score >= birth_score:
                person = Person(next(self._numbers))
                self.persons.append(person)
                _continue_face(person, faces[i], clothes[i], t_s)

    def see_bodies(
        self, t_s: float, bodies: Sequence[Body], clothes: Sequence[Floats | None]
    ) -> None:
        """Take in the bodies that a detector found, and join them with the faces."""
        free = set(range(len(bodies)))
        in_sight, hidden = self.present(t_s), self._hidden(t_s)
        for candidates in (in_sight, hidden):
            costs = (
                (_body_cost(person, bodies[i], clothes[i], t_s), person, i)
                for person in candidates
                for i in free
            )
            for person, i in _cheapest(costs):
                free.discard(i)
                _continue_body(person, bodies[i], clothes[i], t_s)
        for i in sorted(free):
            if bodies[i].is_clear:
                person = Person(next(self._numbers))
                self.persons.append(person)
                _continue_body(person, bodies[i], clothes[i], t_s)

    def forget(self, t_s: float) -> None:
        """Let go of who was out of sight for too long, and of those farthest away where there
        are too many.

        Two who have come to the same place are one before the other, or two paths of one
        person: the one found longer ago is out of sight from now on.
        """
        in_sight = sorted(self.present(t_s), key=lambda p: (-p.last_seen_s, p.number))
        for index, person in enumerate(in_sight):
            if any(_is_twin(other, person, t_s) for other in in_sight[:index]):
                person.hide()
        kept = [*self.present(t_s), *self._hidden(t_s)]
        nearest = sorted(kept, key=_nearness_px, reverse=True)[: self._max_people]
        self.persons = sorted(nearest, key=lambda p: p.number)


def _continue_face(person: Person, face: DetectedFace, clothes: Floats | None, t_s: float) -> None:
    person.find(t_s, face=face.box_xyxy_px)
    person.is_sure |= person.hits > 1 or face.score >= _SURE_SCORE
    person.note_clothes(clothes)


def _continue_body(person: Person, body: Body, clothes: Floats | None, t_s: float) -> None:
    person.find(t_s, body=body.box_xyxy_px)
    person.body_facing, person.torso_px = body.facing, body.torso_px
    person.head_in_body = body.head_in_body
    person.is_sure |= person.hits > 1 or body.score >= _SURE_SCORE
    person.note_clothes(clothes)


def _cheapest(costs: Iterable[tuple[float, Person, int]]) -> list[tuple[Person, int]]:
    """Pairs of a person and a detection, each at most once, cheapest first; 1 is too much."""
    ranked = sorted(
        ((cost, person.number, i, person) for cost, person, i in costs if cost < 1),
        key=lambda row: row[:3],
    )
    pairs: list[tuple[Person, int]] = []
    taken_persons: set[int] = set()
    taken: set[int] = set()
    for _, number, i, person in ranked:
        if number not in taken_persons and i not in taken:
            pairs.append((person, i))
            taken_persons.add(number)
            taken.add(i)
    return pairs


def _face_cost(person: Person, box: Box, clothes: Floats | None, t_s: float) -> float:
    """How unlikely it is that ``box`` is the face of ``person``; 1 and more is impossible."""
    known = person.face or person.head
    if known is None:
        return math.inf
    missed_s = t_s - person.last_seen_s
    # The size of a face that was not seen yet is a guess.
    max_ratio = (_MAX_SIZE_RATIO if person.face else 2.5) + 0.2 * missed_s
    ratio = height_px(box) / height_px(known)
    if max(ratio, 1 / ratio) > max_ratio:
        return math.inf
    size_px = max(height_px(box), height_px(known))
    reach = min(_MAX_REACH_FACES, _REACH_FACES + _REACH_FACES_PER_S * missed_s)
    return distance_px(known, box) / (size_px * reach) + _cost_of_clothes(person, clothes, missed_s)


def _body_cost(person: Person, body: Body, clothes: Floats | None, t_s: float) -> float:
    if person.face is not None and person.shows_face(t_s):
        (x0, y0), (x1, y1) = centre(person.face), body.head_px
        size_px = max(height_px(person.face), body.head_size_px)
        return math.hypot(x1 - x0, y1 - y0) / size_px
    if person.body is None:
        return math.inf
    missed_s = t_s - person.last_seen_s
    dressed = _cost_of_clothes(person, clothes, missed_s)
    if (overlap := intersection_over_union(person.body, body.box_xyxy_px)) >= _MIN_BODY_OVERLAP:
        return 1 - overlap + dressed
    ratio = height_px(person.body) / height_px(body.box_xyxy_px)
    if max(ratio, 1 / ratio) > _MAX_SIZE_RATIO:
        return math.inf
    reach_px = _REACH_BODIES * height_px(person.body) * (1 + min(2.0, missed_s))
    return distance_px(person.body, body.box_xyxy_px) / reach_px + dressed


def _cost_of_clothes(person: Person, clothes: Floats | None, missed_s: float) -> float:
    """The cost of differing clothes for a person who was out of sight."""
    if missed_s <= FACE_HOLD_S or clothes is None or person.clothes is None:
        return 0.0
    # Bhattacharyya's distance of two histograms: 0 the same, 1 nothing in common.
    common = float(np.sqrt(person.clothes * clothes).sum())
    return _WEIGHT_OF_CLOTHES * (math.sqrt(max(0.0, 1 - common)) - _OTHER_CLOTHES)


def _is_twin(a: Person, b: Person, t_s: float) -> bool:
    """Whether two paths have come to follow one person."""
    if not (a.is_present(t_s) and b.is_present(t_s)):
        return False
    faces = [person.face for person in (a, b) if person.shows_face(t_s)]
    if len(faces) == 2:
        return _overlap(*faces) > _TWIN_FACES
    if len(faces) == 1:
        other = b if a.shows_face(t_s) else a
        return other.head is not None and _overlap(faces[0], other.head) > _TWIN_HEAD
    return _overlap(a.body, b.body) > _TWIN_BODIES


def _overlap(a: Box | None, b: Box | None) -> float:
    return 0.0 if a is None or b is None else intersection_over_union(a, b)


def is_covered(person: Person, others: Iterable[Person]) -> bool:
    """Whether a larger, so nearer, person covers ``person``."""
    left, top, right, bottom = person.box
    area = max(1.0, (right - left) * (bottom - top))
    for other in others:
        if other is person or _nearness_px(other) <= _nearness_px(person):
            continue
        for box in (other.face, other.body):
            if box is not None:
                width = min(right, box[2]) - max(left, box[0])
                height = min(bottom, box[3]) - max(top, box[1])
                if width > 0 and height > 0 and width * height > _COVERED * area:
                    return True
    return False


def _nearness_px(person: Person) -> float:
    """Height of the face, or that it must have."""
    known = person.face or person.head
    return 0.0 if known is None else height_px(known)
