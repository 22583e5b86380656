"""Who is who from frame to frame: faces and bodies joined into persons with a path.

Between detections a person is moved on by what the picture shows (``flow.py``); out of
sight, by their last speed. A detection continues the person whom it fits best in place,
size and the colours of head and clothes. It rather begins somebody new than take over
another's path: two paths of one person can be joined by the face (``owners.py``), while one
path of two spoils both.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from signage.perception.models.bodies import Body
from signage.perception.models.face_detector import DetectedFace
from signage.perception.tracking.boxes import (
    distance_px,
    height_px,
    intersection_over_union,
)
from signage.perception.tracking.colours import UNSEEN, Colours
from signage.perception.tracking.matching import (
    HEAD_CHANGED,
    body_cost,
    cheapest,
    face_cost,
    is_dressed_alike,
    is_same,
)
from signage.perception.tracking.owners import MIN_LOOKS
from signage.perception.tracking.person import FACE_HOLD_S, SURE_SCORE, Person
from signage.types.vision import Box

# Share of a face, or body, that somebody else's may cover.
_COVERED = 0.3
# Two paths are one person's from this overlap of their faces, their bodies, or of the face of
# one with where the other, who shows none, must have it.
_TWIN_FACES, _TWIN_BODIES, _TWIN_HEAD = 0.5, 0.7, 0.3
_MAX_COVERED_S = 5.0
"""For longer than this nobody is taken to stand behind somebody: only the face tells them."""
_BESIDE = 0.1
"""Overlap with somebody's head from which on a newcomer may be a part of them."""
_YOUNG_S, _COVERED_FOR_S = 1.0, 3.0
_UNFOLLOWED_S = 1.0
"""Who is not followed is counted for this long after a detection: far faces are searched for
so often."""


class People:
    """Everybody in the picture, and who was there a moment ago."""

    def __init__(self, remember_s: float, max_people: int, keep_s: float) -> None:
        """Who is out of sight, and not covered, for ``remember_s`` has left; who is covered,
        or can be told by the face, is kept for ``keep_s``."""
        self._remember_s, self._keep_s = remember_s, keep_s
        self._max_people = max_people
        self._unfollowed: list[tuple[float, Box]] = []
        self._numbers = itertools.count(1)
        self.persons: list[Person] = []

    def present(self, t_s: float) -> list[Person]:
        return [person for person in self.persons if person.is_present(t_s)]

    def _hidden(self, t_s: float) -> list[Person]:
        """Out of sight, but not for so long that they have left."""
        return [
            person
            for person in self.persons
            if not person.is_present(t_s)
            and t_s - person.last_seen_s <= max(_MAX_COVERED_S, self._remember_s)
            and t_s - max(person.last_seen_s, person.covered_s) <= self._remember_s
        ]

    def lost(self, t_s: float) -> list[Person]:
        """Out of sight, and to be told by the face if they are found elsewhere."""
        return [person for person in self.persons if not person.is_present(t_s)]

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

    def forget_colours(self) -> None:
        """The light has changed: everybody's colours are others from now on."""
        for person in self.persons:
            person.colours = person.usual_colours = UNSEEN

    def nearest(self, face: Box, t_s: float) -> Person | None:
        """Whose face, of those to be seen, ``face`` is nearest to."""
        shown = (p for p in self.persons if p.face is not None and p.shows_face(t_s))
        return min(shown, key=lambda p: distance_px(p.face or face, face), default=None)

    def see_faces(
        self,
        t_s: float,
        faces: Sequence[DetectedFace],
        colours: Sequence[Colours],
        birth_score: float,
    ) -> None:
        """Take in the faces that a detector found, and the ``colours`` of each.

        One with less than ``birth_score`` only continues somebody who is in sight.
        """
        free = set(range(len(faces)))
        for candidates, is_back in self._in_turn(t_s):
            costs = (
                (face_cost(person, faces[i].box_xyxy_px, colours[i], t_s), person, i)
                for person in candidates
                for i in free
                if not is_back or faces[i].score >= birth_score
            )
            for person, i in cheapest(costs):
                free.discard(i)
                _continue_face(person, faces[i], colours[i], t_s)
        for i in sorted(free, key=lambda i: -height_px(faces[i].box_xyxy_px)):
            if faces[i].score < birth_score:
                continue
            if (newcomer := self._newcomer(faces[i].box_xyxy_px, t_s)) is not None:
                _continue_face(newcomer, faces[i], colours[i], t_s)

    def see_bodies(self, t_s: float, bodies: Sequence[Body], colours: Sequence[Colours]) -> None:
        """Take in the bodies that a detector found, and join them with the faces."""
        free = set(range(len(bodies)))
        for candidates, _ in self._in_turn(t_s):
            costs = (
                (body_cost(person, bodies[i], colours[i], t_s), person, i)
                for person in candidates
                for i in free
            )
            for person, i in cheapest(costs):
                free.discard(i)
                _continue_body(person, bodies[i], colours[i], t_s)
        for i in sorted(free, key=lambda i: -bodies[i].head_size_px):
            if not bodies[i].is_clear:
                continue
            if (newcomer := self._newcomer(bodies[i].head_xyxy_px, t_s)) is not None:
                _continue_body(newcomer, bodies[i], colours[i], t_s)

    @property
    def unfollowed(self) -> int:
        """How many more are in view than are followed."""
        return len(self._unfollowed)

    def split(self, person: Person) -> Person:
        """Somebody else is in the place of ``person``: the other is a new person there, and the
        old one is out of sight, where they were last surely seen."""
        newcomer = replace(person, number=next(self._numbers), joined=(), trusted=None, looks=1)
        self.persons.append(newcomer)
        person.step_back()
        return newcomer

    def join(self, person: Person, earlier: Person) -> None:
        """``person``, who was followed since, is ``earlier``, who was lost, and gets the number."""
        self.persons.remove(earlier)
        person.joined = (*earlier.joined, person.number, *person.joined)
        person.number, person.is_sure = earlier.number, True
        # Their colours may have joined them, so that their face was not compared yet.
        person.trusted = person.trusted or earlier.trusted
        person.looks += earlier.looks

    def absorb(self, person: Person, part: Person) -> None:
        """``part`` was followed for a moment, and was ``person``."""
        self.persons.remove(part)
        person.joined = (*person.joined, part.number, *part.joined)

    def forget(self, t_s: float) -> None:
        """Let go of who was out of sight for too long.

        Two who have come to the same place are one before the other, or two paths of one
        person: the one found longer ago is out of sight from now on.
        """
        in_sight = sorted(self.present(t_s), key=lambda p: (-p.last_seen_s, p.number))
        for index, person in enumerate(in_sight):
            twins = (other for other in in_sight[:index] if _is_twin(other, person, t_s))
            if (twin := next(twins, None)) is not None:
                person.hide()
                is_young = twin.born_s < person.born_s and t_s - person.born_s <= _YOUNG_S
                if is_young and is_dressed_alike(twin, person.colours):
                    self.absorb(twin, person)
        self._uncover(t_s)
        in_sight = self.present(t_s)
        for person in self.persons:
            if is_covered(person, in_sight):
                person.covered_s, person.in_doubt = t_s, True
        self.persons = sorted(
            (p for p in self.persons if self._may_return(p, t_s)), key=lambda p: p.number
        )
        self._unfollowed = [
            (at_s, box)
            for at_s, box in self._unfollowed
            if t_s - at_s <= _UNFOLLOWED_S
            and not any(_overlap(box, p.face or p.head) > _TWIN_HEAD for p in in_sight)
        ]

    def _uncover(self, t_s: float) -> None:
        """Half covered, somebody looks like another, who is followed in their place. Once the
        colours are the usual ones again, the other was nobody else."""
        hidden = self._hidden(t_s)
        for person in self.present(t_s):
            if person.looks >= MIN_LOOKS or t_s - person.born_s > _COVERED_FOR_S:
                continue
            for other in hidden:
                if other.last_seen_s <= person.born_s and is_same(other, person, t_s):
                    self.join(person, other)
                    hidden.remove(other)
                    break

    def _may_return(self, person: Person, t_s: float) -> bool:
        since_s = person.last_seen_s
        if person.looks < MIN_LOOKS:  # the face cannot tell them
            since_s = max(since_s, person.covered_s)
            return t_s - since_s <= self._remember_s and t_s - person.last_seen_s <= self._keep_s
        return t_s - since_s <= self._keep_s

    def _in_turn(self, t_s: float) -> Iterator[tuple[list[Person], bool]]:
        """Whom a detection may continue, and whether they come back: those just seen first."""
        in_sight = self.present(t_s)
        just_seen = [p for p in in_sight if p.was_just_seen(t_s)]
        yield just_seen, False
        yield [p for p in in_sight if p not in just_seen], False
        yield self._hidden(t_s), True

    def _is_here(self, person: Person, t_s: float) -> bool:
        """In sight, or behind somebody."""
        return person.is_present(t_s) or t_s - person.covered_s <= FACE_HOLD_S

    def _newcomer(self, head: Box, t_s: float) -> Person | None:
        """Somebody new; None where as many as can be are followed: they are only counted."""
        places = [p for p in self.persons if t_s - p.last_seen_s <= self._remember_s]
        if len(places) >= self._max_people:
            others = (seen for seen in self._unfollowed if _overlap(seen[1], head) <= _TWIN_HEAD)
            self._unfollowed = [*others, (t_s, head)]
            return None
        person = Person(next(self._numbers), born_s=t_s)
        for other in places:
            overlap = _overlap(other.face or other.head, head)
            if not other.is_sure or not self._is_here(other, t_s) or overlap <= _BESIDE:
                continue
            person.is_beside_covered = True
            if overlap > _TWIN_FACES and other.face is not None and other.found_s < t_s:
                person.covers = other.number
                other.hide()  # whoever looks so different stands before them
        self.persons.append(person)
        return person


def _continue_face(person: Person, face: DetectedFace, colours: Colours, t_s: float) -> None:
    head, _ = person.colours.distances(colours)
    person.in_doubt |= not person.was_just_seen(t_s) or (head or 0.0) > HEAD_CHANGED
    person.find(t_s, face=face.box_xyxy_px)
    person.believe(t_s, clearly=face.score >= SURE_SCORE)
    person.note_colours(t_s, colours)


def _continue_body(person: Person, body: Body, colours: Colours, t_s: float) -> None:
    person.in_doubt |= not person.was_just_seen(t_s)
    person.find(t_s, body=body.box_xyxy_px)
    person.body_facing, person.torso_px = body.facing, body.torso_px
    person.head_in_body = body.head_in_body
    person.believe(t_s, clearly=body.score >= SURE_SCORE)
    if not person.shows_face(t_s):
        person.note_colours(t_s, colours)


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
