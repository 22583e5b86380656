"""How well detections fit the persons who are followed: by place, size and colours."""

from __future__ import annotations

import math
from collections.abc import Iterable

from signage.perception.models.bodies import Body
from signage.perception.tracking.boxes import (
    centre,
    distance_px,
    height_px,
    intersection_over_union,
)
from signage.perception.tracking.colours import Colours
from signage.perception.tracking.person import FACE_HOLD_S, Person
from signage.types.vision import Box

# A head moves less than this many of its own heights between two detections; out of sight it
# may be farther from where it was expected, the longer the farther.
_REACH_FACES = 0.7
_REACH_FACES_PER_S = 0.3
_MAX_REACH_FACES = 1.2
# Whoever comes back with the same hair and clothes may have walked on behind the other.
_REACH_ALIKE_PER_S, _MAX_REACH_ALIKE = 3.0, 4.0
_MAX_SIZE_RATIO = 1.35
# Who was found once comes into the picture, at an unknown speed.
_REACH_NEW_PER_S, _MAX_REACH_NEW, _MAX_NEW_RATIO = 5.0, 2.0, 1.7
# The size of a face that was not seen yet is a guess.
_MAX_GUESS_RATIO = 2.5
_REACH_HEAD = 0.75
_REACH_BODIES = 0.25
_MIN_BODY_OVERLAP = 0.3
# Distances of colours (``colours.py``) from one detection to the next: of one person's heads 1 in
# 100 is over 0.25, of two people's 1 in 100 is under 0.25, of a crowd by telephoto lens. Clothes
# are often covered. The first number costs nothing, the second costs as much as the whole reach.
_HEAD_NEXT, _CHEST_NEXT = (0.25, 0.40), (0.50, 0.90)
_HEAD_LATER, _CHEST_LATER = (0.35, 0.60), (0.50, 0.80)
_HEAD_ALIKE, _CHEST_ALIKE, _CHEST_SAME = 0.33, 0.35, 0.15
_LONG_S = 1.5
"""Whoever was out of sight for longer is taken for somebody else unless hair and clothes agree."""
HEAD_CHANGED = 0.20
"""1 in 50 of one person's heads: reason to compare the faces, no more."""


def cheapest(costs: Iterable[tuple[float, Person, int]]) -> list[tuple[Person, int]]:
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


def face_cost(person: Person, box: Box, colours: Colours, t_s: float) -> float:
    """How unlikely it is that ``box`` is the face of ``person``; 1 and more is impossible."""
    known = person.face or person.head
    if known is None:
        return math.inf
    missed_s = t_s - person.last_seen_s
    if missed_s > _LONG_S and not _looks_alike(person, colours):
        return math.inf
    max_ratio = _MAX_SIZE_RATIO if person.hits > 1 else _MAX_NEW_RATIO
    max_ratio = (max_ratio if person.face else _MAX_GUESS_RATIO) + 0.2 * min(1.0, missed_s)
    ratio = height_px(box) / height_px(known)
    if max(ratio, 1 / ratio) > max_ratio:
        return math.inf
    size_px = max(height_px(box), height_px(known))
    reach = _reach(person, colours, missed_s)
    is_covered = t_s - person.covered_s <= FACE_HOLD_S
    is_next = missed_s <= FACE_HOLD_S and not is_covered
    dressed = _cost_of_colours(person, colours, is_next=is_next)
    return distance_px(known, box) / (size_px * reach) + dressed


def _reach(person: Person, colours: Colours, missed_s: float) -> float:
    """How far from where it is expected a face may be, in its heights."""
    if missed_s > FACE_HOLD_S and is_dressed_alike(person, colours):
        return min(_MAX_REACH_ALIKE, _REACH_FACES + _REACH_ALIKE_PER_S * missed_s)
    if person.hits == 1:
        return min(_MAX_REACH_NEW, _REACH_FACES + _REACH_NEW_PER_S * missed_s)
    return min(_MAX_REACH_FACES, _REACH_FACES + _REACH_FACES_PER_S * missed_s)


def is_same(lost: Person, found: Person, t_s: float) -> bool:
    """Whether somebody who was just found is surely ``lost``, by colours and place."""
    if found.face is None or not is_dressed_alike(lost, found.colours):
        return False
    return found.covers == lost.number or face_cost(lost, found.face, found.colours, t_s) < 1


def body_cost(person: Person, body: Body, colours: Colours, t_s: float) -> float:
    """The same for a body, which belongs to the face that is where it has its head."""
    missed_s = t_s - person.last_seen_s
    if missed_s > _LONG_S and not _looks_alike(person, colours):
        return math.inf
    dressed = _cost_of_clothes(person, colours)
    place = math.inf
    if person.face is not None and person.shows_face(t_s):
        (x0, y0), (x1, y1) = centre(person.face), body.head_px
        size_px = max(height_px(person.face), body.head_size_px)
        place = math.hypot(x1 - x0, y1 - y0) / (size_px * _REACH_HEAD)
        if person.was_just_seen(t_s):
            return place
    if person.body is None:
        return place + dressed
    if (overlap := intersection_over_union(person.body, body.box_xyxy_px)) >= _MIN_BODY_OVERLAP:
        return min(place, 1 - overlap) + dressed
    ratio = height_px(person.body) / height_px(body.box_xyxy_px)
    if max(ratio, 1 / ratio) > _MAX_SIZE_RATIO:
        return place + dressed
    reach_px = _REACH_BODIES * height_px(person.body) * (1 + min(2.0, missed_s))
    return min(place, distance_px(person.body, body.box_xyxy_px) / reach_px) + dressed


def _cost_of_clothes(person: Person, colours: Colours) -> float:
    """Of clothes alone: where a body has its head is a guess."""
    _, chest = person.colours.distances(colours)
    return _over(chest, _CHEST_LATER)


def _cost_of_colours(person: Person, colours: Colours, *, is_next: bool) -> float:
    """The cost of other hair and other clothes than the person's; less strict for whoever was
    out of sight or half covered."""
    head, chest = person.colours.distances(colours)
    if is_next:
        return _over(head, _HEAD_NEXT) + _over(chest, _CHEST_NEXT)
    last = _over(head, _HEAD_LATER) + _over(chest, _CHEST_LATER)
    head, chest = person.usual_colours.distances(colours)
    return min(last, _over(head, _HEAD_LATER) + _over(chest, _CHEST_LATER))


def _looks_alike(person: Person, colours: Colours) -> bool:
    """Whether hair and clothes agree with the usual ones or the last ones, as far as seen.

    A head that comes out from behind something looks different for a moment: then clothes that
    are quite the same will do.
    """
    return any(
        (head is None or head <= _HEAD_ALIKE or (chest is not None and chest <= _CHEST_SAME))
        and (chest is None or chest <= _CHEST_ALIKE)
        for head, chest in (
            person.usual_colours.distances(colours),
            person.colours.distances(colours),
        )
    )


def is_dressed_alike(person: Person, colours: Colours) -> bool:
    """Whether clothes were seen both times, and agree, as does the hair."""
    known = person.colours.chest is not None and colours.chest is not None
    return known and _looks_alike(person, colours)


def _over(distance: float | None, limits: tuple[float, float]) -> float:
    free, whole = limits
    return 0.0 if distance is None else max(0.0, distance - free) / (whole - free)
