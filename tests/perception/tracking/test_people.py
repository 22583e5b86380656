"""Who is who from frame to frame, on detections made by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from signage.perception.models.bodies import Body
from signage.perception.models.face_detector import DetectedFace
from signage.perception.tracking.boxes import intersection_over_union
from signage.perception.tracking.colours import UNSEEN, Colours
from signage.perception.tracking.people import People, is_covered
from signage.perception.tracking.person import Person
from signage.types.vision import Box, Facing

REMEMBER_S, KEEP_S = 3.0, 10.0
FPS = 10
BIRTH_SCORE = 0.5


@dataclass(frozen=True)
class Seen:
    """What the detectors say of somebody: the middle of the face and its height, in pixels."""

    x: float
    y: float = 200.0
    height: float = 80.0
    score: float = 0.95
    shirt: int = 0
    shows_face: bool = True
    shows_body: bool = True

    @property
    def face(self) -> DetectedFace:
        half = self.height / 2
        box = (self.x - 0.8 * half, self.y - half, self.x + 0.8 * half, self.y + half)
        return DetectedFace(box, self.score)

    @property
    def body(self) -> Body:
        return body(self.x, self.y, self.height, score=self.score, back=not self.shows_face)

    @property
    def colours(self) -> Colours:
        return Colours(chest=np.asarray(np.eye(96)[self.shirt]))


def body(
    x: float, y: float, height: float, *, score: float = 0.95, back: bool = False, head: float = 0.0
) -> Body:
    """Of somebody whose face would be ``height`` px high; ``head``: how far it is misjudged."""
    left, right = (-height, height) if back else (height, -height)
    points = np.zeros((17, 2))
    points[0:5] = x + head, y
    points[5], points[6] = (x + left, y + height), (x + right, y + height)
    points[11], points[12] = (x + left / 2, y + 3.5 * height), (x + right / 2, y + 3.5 * height)
    confidence = np.zeros(17)
    confidence[[0, 1, 2, 5, 6, 11, 12]] = 0.9
    box = (x - 1.2 * height, y - 0.6 * height, x + 1.2 * height, y + 7 * height)
    return Body(box, points, confidence, score)


class Room:
    """People as they are followed, and who each number belongs to."""

    def __init__(self, **people: Any) -> None:
        self.people = People(
            **({"remember_s": REMEMBER_S, "max_people": 20, "keep_s": KEEP_S} | people)
        )
        self.frame = 0
        self._before: Mapping[str, Seen] = {}
        self._numbers: dict[str, int] = {}

    @property
    def t_s(self) -> float:
        return self.frame / FPS

    def watch(self, frames: Iterable[Mapping[str, Seen]]) -> list[dict[str, int]]:
        """The number that each name goes by, frame by frame."""
        return [self.look(seen) for seen in frames]

    def look(self, seen: Mapping[str, Seen]) -> dict[str, int]:
        self.frame += 1
        self._follow(seen)
        faces = {name: who for name, who in seen.items() if who.shows_face}
        self.people.see_faces(
            self.t_s,
            [who.face for who in faces.values()],
            [who.colours for who in faces.values()],
            BIRTH_SCORE,
        )
        if self.frame % 4 == 0:
            bodies = {name: who for name, who in seen.items() if who.shows_body}
            self.people.see_bodies(
                self.t_s,
                [who.body for who in bodies.values()],
                [who.colours for who in bodies.values()],
            )
        self.people.forget(self.t_s)
        self._before = dict(seen)
        told = {name: self._number(who) for name, who in seen.items()}
        self._numbers = {name: number for name, number in told.items() if number}
        return {name: number for name, number in told.items() if number}

    @property
    def numbers(self) -> set[int]:
        return {person.number for person in self.people.present(self.t_s) if person.is_sure}

    def _follow(self, seen: Mapping[str, Seen]) -> None:
        """As the perceiver does: a box goes with whoever is to be seen in it, and that may be
        who steps in front of somebody. The covered and the hidden drift."""
        moves = {
            self._numbers[name]: (who.x - self._before[name].x, who.y - self._before[name].y)
            for name, who in seen.items()
            if name in self._before and name in self._numbers
        }
        present = self.people.present(self.t_s - 1 / FPS)
        covered = [person for person in present if is_covered(person, present)]
        for person in self.people.persons:
            if person not in present or person in covered:
                person.drift(self.t_s)
            elif person.number in moves:
                person.move(moves[person.number], 1.0, 1 / FPS)
            elif covering := self._covering(person):
                person.move(moves.get(covering, (0.0, 0.0)), 1.0, 1 / FPS)

    def _covering(self, person: Person) -> int | None:
        others = ((name, who.face.box_xyxy_px) for name, who in self._before.items())
        face = person.face or (0.0, 0.0, 0.0, 0.0)
        overlaps = {name: intersection_over_union(face, box) for name, box in others}
        name = max(overlaps, key=lambda name: overlaps[name], default="")
        return self._numbers.get(name) if overlaps.get(name, 0) > 0.2 else None

    def _number(self, who: Seen) -> int | None:
        """Of the one person who is where ``who`` is."""
        at = [
            person.number
            for person in self.people.present(self.t_s)
            if person.is_sure
            and (
                (person.face_seen_s, person.face) == (self.t_s, who.face.box_xyxy_px)
                if who.shows_face
                else person.body == who.body.box_xyxy_px
            )
        ]
        assert len(at) <= 1, "two paths on one person"
        return at[0] if at else None


def walk(begin: float, end: float, frames: int, **more: Any) -> list[Seen]:
    return [Seen(float(x), **more) for x in np.linspace(begin, end, frames)]


def together(**paths: list[Seen | None]) -> list[dict[str, Seen]]:
    length = max(len(path) for path in paths.values())
    return [
        {
            name: who
            for name, path in paths.items()
            if index < len(path) and (who := path[index]) is not None
        }
        for index in range(length)
    ]


def numbers_of(told: list[dict[str, int]], name: str) -> set[int]:
    return {numbers[name] for numbers in told if name in numbers}


# Coming


def test_a_sure_face_is_somebody_at_once_and_a_doubtful_one_when_it_is_found_again() -> None:
    room = Room()
    assert room.look({"sure": Seen(200)}) == {"sure": 1}
    doubtful = {"sure": Seen(200), "doubtful": Seen(600, score=0.6)}
    assert room.look(doubtful).keys() == {"sure"}
    assert room.look(doubtful).keys() == {"sure", "doubtful"}


def test_what_is_hardly_a_face_is_nobody_but_goes_on_who_was_seen_better() -> None:
    room = Room()
    room.watch([{"ghost": Seen(300, score=0.35, shows_body=False)}] * 10)
    assert not room.numbers
    told = room.watch(
        [{"a": Seen(300)}] * 3 + [{"a": Seen(300, score=0.35)}] * 30 + [{"a": Seen(300)}]
    )
    assert len(numbers_of(told, "a")) == 1
    assert all("a" in numbers for numbers in told)


# Going on


def test_a_walk_across_the_picture_is_one_person() -> None:
    told = Room().watch(together(a=list(walk(50, 1230, 40))))
    assert all(numbers == {"a": 1} for numbers in told)


def test_two_who_pass_each_other_in_sight_of_the_camera_do_not_swap() -> None:
    told = Room().watch(
        together(
            near=list(walk(100, 1100, 40, y=240, height=110)),
            far=list(walk(1100, 100, 40, y=200, height=80)),
        )
    )
    assert numbers_of(told, "near") == {1}
    assert numbers_of(told, "far") == {2}


@pytest.mark.parametrize("height", [88, 100, 120])
def test_who_is_covered_by_someone_who_passes_keeps_the_number(height: float) -> None:
    front = walk(100, 1100, 40, height=height, shirt=1)
    back: list[Seen | None] = [
        None if abs(ahead.x - behind.x) < 0.7 * height else behind
        for ahead, behind in zip(front, walk(1100, 100, 40, shirt=2), strict=True)
    ]
    assert back.count(None) >= 2
    room = Room()
    told = room.watch(together(front=list(front), back=back))
    assert numbers_of(told, "front") == {1}
    assert numbers_of(told, "back") == {2}
    assert room.numbers == {1, 2}


@pytest.mark.parametrize("speed", [0, 12], ids=["standing", "walking"])
def test_who_is_hidden_for_two_seconds_keeps_the_number(speed: float) -> None:
    path: list[Seen | None] = [Seen(300 + speed * index) for index in range(60)]
    path[25:45] = [None] * 20
    room = Room()
    told = room.watch(together(a=path))
    assert numbers_of(told, "a") == {1}
    assert room.numbers == {1}
    assert [bool(numbers) for numbers in told] == [who is not None for who in path]


def test_out_of_two_who_wait_hidden_each_comes_back_as_themselves_by_their_clothes() -> None:
    """They changed places behind a pillar that covers both."""
    before = [{"a": Seen(300, shirt=1), "b": Seen(420, shirt=2)}] * 20
    after = [{"a": Seen(420, shirt=1), "b": Seen(300, shirt=2)}] * 20
    told = Room().watch(before + [{}] * 20 + after)
    assert (numbers_of(told, "a"), numbers_of(told, "b")) == ({1}, {2})


@pytest.mark.parametrize(("shirt", "number"), [(1, 1), (2, 2)])
def test_who_turns_up_nearby_is_the_same_in_the_same_clothes_alone(shirt: int, number: int) -> None:
    gone = [{"a": Seen(300, shirt=1)}] * 20 + [{}] * 15
    told = Room().watch(gone + [{"b": Seen(420, shirt=shirt)}] * 20)
    assert numbers_of(told, "b") == {number}


def test_a_face_of_another_size_in_the_same_place_is_another_person() -> None:
    told = Room().watch([{"a": Seen(300, height=60)}] * 20 + [{"b": Seen(300, height=180)}] * 20)
    assert (numbers_of(told, "a"), numbers_of(told, "b")) == ({1}, {2})


# Face and body


def test_face_and_body_are_one_person() -> None:
    room = Room()
    told = room.watch([{"a": Seen(300), "b": Seen(700)}] * 20)
    assert all(numbers == {"a": 1, "b": 2} for numbers in told)
    assert room.numbers == {1, 2}
    for person, who in zip(room.people.present(room.t_s), (Seen(300), Seen(700)), strict=True):
        assert person.face == who.face.box_xyxy_px
        assert person.body == who.body.box_xyxy_px
        assert person.body_facing is Facing.TOWARDS


def test_two_who_stand_close_keep_each_their_own_body() -> None:
    room = Room()
    told = room.watch(
        [{"a": Seen(300), "b": Seen(390, y=215)}, {"b": Seen(390, y=215), "a": Seen(300)}] * 10
    )
    assert all(numbers == {"a": 1, "b": 2} for numbers in told)
    bodies = [person.body for person in room.people.present(room.t_s)]
    assert bodies == [Seen(300).body.box_xyxy_px, Seen(390, y=215).body.box_xyxy_px]


def test_who_turns_the_back_and_comes_round_again_is_the_same() -> None:
    turned = Seen(300, shows_face=False)
    room = Room()
    told = room.watch([{"a": Seen(300)}] * 12 + [{"a": turned}] * 28 + [{"a": Seen(300)}] * 12)
    assert numbers_of(told, "a") == {1}
    assert room.numbers == {1}
    facing = room.people.present(room.t_s)[0].body_facing
    assert facing is Facing.TOWARDS


def test_who_is_first_seen_from_behind_is_the_same_when_the_face_turns_up() -> None:
    room = Room()
    told = room.watch([{"a": Seen(300, shows_face=False)}] * 12 + [{"a": Seen(300)}] * 12)
    assert told[11] == told[-1] == {"a": 1}
    assert room.numbers == {1}


def test_a_head_misjudged_once_leaves_no_second_person() -> None:
    room = Room()
    room.watch([{"a": Seen(300)}] * 7)
    room.people.see_bodies(room.t_s, [body(300, 200, 80, head=130)], [UNSEEN])
    room.watch([{"a": Seen(300)}] * 20)
    assert room.numbers == {1}


# Leaving


def test_a_person_is_present_for_a_moment_without_a_detection_and_no_longer() -> None:
    room = Room()
    room.watch([{"a": Seen(300, shows_body=False)}] * 10)
    present = []
    for _ in range(20):
        room.look({})
        present.append(room.numbers == {1})
    assert 3 <= present.count(True) <= 10
    assert present == sorted(present, reverse=True)


def test_who_was_away_for_longer_is_somebody_new() -> None:
    away = round(REMEMBER_S * FPS)
    same = Room().watch([{"a": Seen(300)}] * 10 + [{}] * (away - 2) + [{"a": Seen(300)}] * 5)
    assert numbers_of(same, "a") == {1}
    new = Room().watch([{"a": Seen(300)}] * 10 + [{}] * (away + 2) + [{"a": Seen(300)}] * 5)
    assert numbers_of(new, "a") == {1, 2}


def test_after_a_long_time_without_a_picture_whoever_is_there_is_somebody_new() -> None:
    room = Room()
    room.watch([{"a": Seen(300)}] * 10)
    room.frame += 100  # the camera was lost
    assert room.watch([{"a": Seen(300)}] * 5)[-1] == {"a": 2}


# Never


def test_two_paths_on_one_person_are_not_both_in_sight() -> None:
    room = Room()
    room.watch([{"a": Seen(300)}] * 3)
    one, other = Seen(300).face, Seen(312, y=206, height=84).face
    room.people.see_faces(room.t_s, [one, other], [UNSEEN, UNSEEN], BIRTH_SCORE)
    told = room.watch([{"a": Seen(300)}] * 35)
    assert all(numbers == {"a": 1} for numbers in told)
    assert [person.number for person in room.people.persons] == [1]


def test_of_too_many_who_come_at_once_the_nearest_are_followed() -> None:
    room = Room(max_people=3)
    crowd = {
        f"{height}": Seen(150 * index + 100, height=height)
        for index, height in enumerate((60.0, 100.0, 80.0, 120.0, 50.0))
    }
    told = room.watch([crowd] * 10)[-1]
    assert told.keys() == {"100.0", "80.0", "120.0"}


def test_whoever_comes_into_a_full_room_is_counted_and_takes_nobodys_place() -> None:
    room = Room(max_people=3)
    here = {name: Seen(200.0 + 200 * index) for index, name in enumerate("abc")}
    room.watch([here] * 5)
    assert room.people.unfollowed == 0
    crowd = here | {"nearer": Seen(900, height=120), "farther": Seen(1200, height=60)}
    told = room.watch([crowd] * 20)
    assert all(numbers == {"a": 1, "b": 2, "c": 3} for numbers in told)
    assert room.people.unfollowed == 2
    room.watch([here] * 20)
    assert room.people.unfollowed == 0


def test_somebody_is_followed_as_soon_as_somebody_else_has_left() -> None:
    room = Room(max_people=2)
    room.watch([{"a": Seen(200), "b": Seen(400), "c": Seen(600, shirt=1)}] * 10)
    told = room.watch([{"a": Seen(200), "c": Seen(600, shirt=1)}] * 50)
    assert told[0] == {"a": 1}
    assert told[-1] == {"a": 1, "c": 3}
    assert room.people.unfollowed == 0


def test_the_box_is_where_the_picture_moved_it_between_detections() -> None:
    room = Room()
    room.look({"a": Seen(300, height=80)})
    (person,) = room.people.persons
    person.move((10.0, -4.0), 1.1, 1 / FPS)
    box: Box | None = person.face
    assert box == pytest.approx(Seen(310, y=196, height=88).face.box_xyxy_px)


def test_who_was_found_again_by_the_clothes_can_still_turn_out_to_be_another() -> None:
    room = Room()
    room.watch([{"a": Seen(300)}] * 5)
    (lost,) = room.people.persons
    lost.trust(room.t_s)
    where = lost.face
    lost.hide()
    room.watch([{"b": Seen(900, shirt=1)}] * 3)
    found = next(person for person in room.people.persons if person is not lost)
    room.people.join(found, lost)
    assert found.number == 1
    other = room.people.split(found)
    assert (found.number, found.face) == (1, where)
    assert other.number not in (1, 2)
