"""Faces on posters and T-shirts are told from people who only keep still."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import cv2
import numpy as np
import pytest

from signage.perception.models.face_detector import FaceDetector
from signage.perception.models.faces import Face
from signage.perception.tracking.flow import small_grey
from signage.perception.tracking.person import Person
from signage.perception.tracking.stillness import PictureFilter
from signage.scenes.footage import read_video
from signage.types.arrays import Image
from signage.types.vision import Box, HeadPose
from tests.support.builders import FOOTAGE, ROOT

pytestmark = pytest.mark.models

STILL_AFTER_S = 5.0
FPS = 5
RNG = np.random.default_rng(1)


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(ROOT / "models" / "centerface.onnx", 0.5)


@pytest.fixture(scope="module")
def portrait() -> Image:
    return next(read_video(FOOTAGE / "single_face.mp4"))[1]


def smaller(image: Image, scale: float) -> Image:
    if scale == 1:
        return image
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def noisy(image: Image, sd: float, light: float = 1.0) -> Image:
    """As a sensor sees it, in this light."""
    seen = image * light + RNG.normal(0, sd, image.shape)
    return np.asarray(seen.clip(0, 255), dtype=np.uint8)


def at(person: Person, box: Box, t_s: float) -> Person:
    person.find(t_s, face=box)
    return person


def is_nobody(person: Person) -> bool:
    """A picture, or not yet told from one."""
    return person.is_picture or person.may_be_picture


def judge(
    pictures: Iterable[Image],
    detector: FaceDetector,
    person: Person,
    out_of: PictureFilter,
    begin_s: float = 0.0,
    fps: float = FPS,
) -> list[bool]:
    """Whether the one face of each picture is nobody's, ``fps`` a second."""
    judged = []
    for index, image in enumerate(pictures):
        t_s = begin_s + index / fps
        found = detector.detect(image, 640)
        if found:
            at(person, found[0].box_xyxy_px, t_s)
        out_of.judge([person], *small_grey(image), t_s)
        judged.append(is_nobody(person))
    return judged


def clip(
    name: str, *, from_s: float = 0.0, seconds: float = 12.0, fps: float = FPS
) -> Iterator[Image]:
    pictures = (image for _, image in read_video(FOOTAGE / name, from_s=from_s))
    return islice(pictures, 0, round(seconds * 25), round(25 / fps))


def shaken(image: Image, index: int) -> Image:
    """As a camera sees it that shakes by some pixels and turns a little."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 0.15 * np.sin(index), 1.0)
    turn[:, 2] += 2.0 * np.sin(1.3 * index), 1.5 * np.cos(1.7 * index)
    moved = cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, dtype=np.uint8)


def coded(image: Image, quality: int) -> Image:
    """As a stream of JPEG pictures brings it."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)


@pytest.fixture(scope="module")
def room() -> Image:
    """A room with a poster on its wall, shape (480, 640, 3)."""
    room = np.asarray(
        cv2.resize(next(read_video(FOOTAGE / "cap13_edit2.mp4"))[1], (640, 480)), dtype=np.uint8
    )
    poster = next(read_video(FOOTAGE / "franck.mp4", from_s=20.0))[1][:, 60:330]
    room[90:480, 150:520] = cv2.resize(poster, (370, 390))
    return room


SEEN: dict[str, Callable[[Image, int], Image]] = {
    "noise": lambda image, _: noisy(image, 5.0),
    "coding": lambda image, _: coded(noisy(image, 3.0), 50),
    "light that changes": lambda image, i: noisy(image, 2.0, light=0.8 + 0.2 * np.sin(i / 5)),
    "light that jumps": lambda image, i: noisy(image, 2.0, light=1.0 if i % 20 < 8 else 0.5),
    "a camera that shakes": lambda image, i: noisy(shaken(image, i), 2.0),
}


@pytest.mark.parametrize("seen", SEEN.values(), ids=SEEN.keys())
def test_a_poster_is_nobody_from_the_first_picture_on(
    seen: Callable[[Image, int], Image], room: Image, detector: FaceDetector
) -> None:
    pictures = (seen(room, index) for index in range(40))
    poster = Person(1)
    assert all(judge(pictures, detector, poster, PictureFilter(STILL_AFTER_S)))
    assert not poster.is_alive


@pytest.mark.parametrize("scale", [1.0, 0.15])
def test_a_face_that_stays_the_same_is_a_picture_in_the_end(
    scale: float, portrait: Image, detector: FaceDetector
) -> None:
    poster, person = smaller(portrait, scale), Person(1)
    pictures = PictureFilter(STILL_AFTER_S)
    judge(
        (noisy(poster, 4.0) for _ in range(round(STILL_AFTER_S * FPS))), detector, person, pictures
    )
    assert not person.is_picture
    judge((noisy(poster, 4.0) for _ in range(5)), detector, person, pictures, STILL_AFTER_S)
    assert person.is_picture


def test_a_poster_that_is_known_is_one_at_once_also_in_other_light(
    portrait: Image, detector: FaceDetector
) -> None:
    pictures = PictureFilter(STILL_AFTER_S)
    judge((noisy(portrait, 4.0) for _ in range(30)), detector, Person(1), pictures)
    dark = (noisy(portrait, 4.0, light=0.5) for _ in range(5))
    assert all(judge(dark, detector, Person(2), pictures, begin_s=60.0))


def test_somebody_who_steps_in_front_of_a_poster_is_a_person(
    portrait: Image, detector: FaceDetector
) -> None:
    pictures = PictureFilter(STILL_AFTER_S)
    assert judge((noisy(portrait, 4.0) for _ in range(30)), detector, Person(1), pictures)[-1]
    in_front = (
        np.asarray(cv2.resize(image, (640, 360)), dtype=np.uint8)
        for image in clip("franck.mp4", from_s=60.0, seconds=2.0)
    )
    assert not any(judge(in_front, detector, Person(2), pictures, begin_s=7.0)[2:])


def test_a_poster_stays_one_while_somebody_passes_in_front(portrait: Image) -> None:
    pictures, poster = PictureFilter(STILL_AFTER_S), Person(1)
    face = (218.0, 80.0, 378.0, 300.0)
    judged = []
    for index in range(50):
        image = noisy(portrait, 4.0)
        if 35 <= index < 39:  # a head, for 0.8 s
            image[60:320, 120 + 40 * (index - 35) : 300 + 40 * (index - 35)] = 90
        t_s = index / FPS
        pictures.judge([at(poster, face, t_s)], *small_grey(image), t_s)
        judged.append(poster.is_picture)
    assert judged == [index >= round(STILL_AFTER_S * FPS) for index in range(50)]


def test_who_walks_past_what_stays_the_same_is_a_person(portrait: Image) -> None:
    """The wall beside them keeps still, and they do not."""
    pictures, walker = PictureFilter(STILL_AFTER_S), Person(1)
    for index in range(50):
        x, t_s = 20.0 + 8 * index, index / FPS
        pictures.judge([at(walker, (x, 80, x + 90, 200), t_s)], *small_grey(portrait), t_s)
        assert not walker.is_picture
        assert index < 8 or not is_nobody(walker)


@pytest.mark.parametrize("scale", [1.0, 0.3])
@pytest.mark.parametrize(
    ("name", "from_s"),
    [("cap13_edit2.mp4", 0.0), ("franck.mp4", 60.0), ("WolfgangLanger_Pexels.mp4", 0.0)],
)
def test_a_living_face_is_somebody_soon_and_ever_after(
    name: str, from_s: float, scale: float, detector: FaceDetector
) -> None:
    images = [smaller(image, scale) for image in clip(name, from_s=from_s)]
    assert len(images) > 2 * STILL_AFTER_S * FPS
    judged = judge(images, detector, Person(1), PictureFilter(STILL_AFTER_S))
    assert not any(judged[round(1.5 * FPS) :])


def test_who_comes_walking_is_somebody_within_a_fifth_of_a_second(
    portrait: Image, room: Image, detector: FaceDetector
) -> None:
    head, fps = smaller(portrait[60:320, 200:400], 0.4), 15
    pictures = []
    for index in range(8):
        picture, left = room.copy(), 160 + 6 * index
        picture[90:480, 150:520] = 128  # no poster here
        picture[150 : 150 + head.shape[0], left : left + head.shape[1]] = head
        pictures.append(noisy(picture, 3.0))
    judged = judge(pictures, detector, Person(1), PictureFilter(STILL_AFTER_S), fps=fps)
    assert not any(judged[round(0.2 * fps) :])


def face_with(*, eyes: float = 0.1, jaw: float = 0.0, smile: float = 0.0) -> Face:
    """A face of which the landmarker says how far the eyes are shut and the jaw is open."""
    shapes = {"eyeBlinkLeft": eyes, "eyeBlinkRight": eyes, "jawOpen": jaw}
    shapes |= {"mouthSmileLeft": smile, "mouthSmileRight": smile}
    return Face(np.zeros((478, 2)), HeadPose(0, 0, 0), shapes)


@pytest.mark.parametrize("sign", [{"eyes": 0.6}, {"jaw": 0.4}, {"smile": 0.6}])
def test_one_blink_or_word_tells_a_person_who_keeps_perfectly_still(
    sign: dict[str, float], portrait: Image
) -> None:
    pictures, person = PictureFilter(STILL_AFTER_S), Person(1)
    for index in range(80):
        t_s = index / FPS
        person.details = face_with(**(sign if index == 12 else {}))
        person.details_s = t_s
        at(person, (218.0, 80.0, 378.0, 300.0), t_s)
        pictures.judge([person], *small_grey(noisy(portrait, 4.0)), t_s)
        assert is_nobody(person) is (index < 12)
        assert person.is_alive is (index >= 12)


def test_who_was_taken_for_a_picture_is_a_person_after_two_blinks(portrait: Image) -> None:
    pictures, person = PictureFilter(STILL_AFTER_S), Person(1)
    judged = []
    for index in range(80):
        t_s = index / FPS
        person.details = face_with(eyes=0.6 if index in (40, 60) else 0.1)
        person.details_s = t_s
        at(person, (218.0, 80.0, 378.0, 300.0), t_s)
        pictures.judge([person], *small_grey(noisy(portrait, 4.0)), t_s)
        judged.append(is_nobody(person))
    assert judged == [index < 41 for index in range(80)]


# What is printed on clothes


def wear(
    places: Iterable[tuple[float, float]],
    eyes: Iterable[float] = (),
    *,
    size: float = 0.8,
    seconds: float = 8.0,
) -> tuple[bool, bool]:
    """Whether the two are pictures in the end: somebody who walks, and a face of ``size``
    of theirs at ``places``, in heights of their face, from it; ``eyes`` tell how far shut.
    """
    pictures = PictureFilter(STILL_AFTER_S)
    wearer, worn = Person(1), Person(2)
    looks, shut = list(places), list(eyes)
    for index in range(round(seconds * FPS)):
        t_s = index / FPS
        x, y, height = 150.0 + 8 * index, 120.0, 60.0
        across, below = looks[index % len(looks)]
        at(wearer, (x - 24, y - 30, x + 24, y + 30), t_s)
        x, y, half = x + across * height, y + below * height, size * height / 2
        at(worn, (x - 0.8 * half, y - half, x + 0.8 * half, y + half), t_s)
        if shut:
            worn.details, worn.details_s = face_with(eyes=shut[index % len(shut)]), t_s
        # What is behind them is never the same.
        grey = RNG.integers(0, 256, (360, 640), dtype=np.uint8)
        pictures.judge([wearer, worn], grey, 1.0, t_s)
    return wearer.is_picture, worn.is_picture


def test_a_face_that_goes_where_the_chest_below_another_goes_is_printed_on_it() -> None:
    on_the_chest = [(0.02, 2.2), (-0.03, 2.25), (0.0, 2.18)]  # as detections jitter
    assert wear(on_the_chest) == (False, True)
    assert wear(on_the_chest, eyes=[0.2, 0.3, 0.25]) == (False, True)
    assert wear(on_the_chest, seconds=4.5) == (False, False)


@pytest.mark.parametrize("away", [2, 4])
def test_a_print_stays_one_while_its_wearer_turns_or_steps_behind_somebody(away: int) -> None:
    pictures, wearer, worn = PictureFilter(STILL_AFTER_S), Person(1), Person(2)
    for index in range(50):
        t_s = index / FPS
        grey = RNG.integers(0, 256, (360, 640), dtype=np.uint8)
        there = [at(wearer, (200.0, 60.0, 248.0, 120.0), t_s)] if index % 10 >= away else []
        if there or away == 2:  # turned: only the print is to be seen
            there.append(at(worn, (204.0, 190.0, 244.0, 240.0), t_s))
        pictures.judge(there, grey, 1.0, t_s)
        assert not wearer.is_picture
        assert worn.is_picture or index < 30
    assert worn.is_picture


def test_a_child_in_front_of_a_parent_is_a_person() -> None:
    fidgeting = [(0.3 * np.sin(index / 4), 2.2) for index in range(40)]
    assert wear(fidgeting) == (False, False)
    coming_nearer = [(0.0, 1.8 + 0.05 * (index % 12)) for index in range(40)]
    assert wear(coming_nearer) == (False, False)


def test_a_child_who_keeps_its_place_blinks() -> None:
    assert wear([(0.0, 2.2)], eyes=[0.1] * 19 + [0.7]) == (False, False)


@pytest.mark.parametrize("place", [(0.0, 0.5), (2.5, 2.0), (0.0, 6.0)])
def test_whoever_is_not_before_a_chest_is_a_person(place: tuple[float, float]) -> None:
    assert wear([place]) == (False, False)
