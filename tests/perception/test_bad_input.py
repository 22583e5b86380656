"""What no camera should deliver, and some do: the perceiver goes on, and sees nobody in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from signage.config.file import load_config
from signage.perception.perceiver import Perceiver
from signage.types.arrays import Image
from signage.types.vision import Frame, Sighting
from tests.support.builders import DEMO, FOOTAGE, utc

pytestmark = pytest.mark.models

STEP_S = 1 / 15
CONFIG = load_config(DEMO)


@pytest.fixture
def perceiver() -> Iterator[Perceiver]:
    made = Perceiver(CONFIG)
    yield made
    made.close()


@pytest.fixture(scope="module")
def group() -> Image:
    """Five people, (667, 1000, 3)."""
    image = cv2.imread(str(FOOTAGE / "multi_face.jpg"))
    assert image is not None
    return np.asarray(image, dtype=np.uint8)


def watch(
    perceiver: Perceiver, images: Iterable[Any], from_s: float = 0.0, step_s: float = STEP_S
) -> list[list[Sighting]]:
    seen = []
    for index, image in enumerate(images):
        t_s = from_s + index * step_s
        seen.append(perceiver.perceive(Frame(t_s, utc(t_s), image)) or [])
    return seen


def grey(height: int, width: int) -> Image:
    return np.full((height, width, 3), 128, dtype=np.uint8)


def within(sighting: Sighting, image: Image) -> bool:
    left, top, right, bottom = sighting.face_xyxy_px or sighting.body_xyxy_px or (0, 0, 0, 0)
    x, y = (left + right) / 2, (top + bottom) / 2
    height, width = image.shape[:2]
    return bool(0 <= x <= width and 0 <= y <= height)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (1, 2000), (2000, 1), (16, 16)])
def test_a_picture_of_a_few_pixels_shows_nobody(
    perceiver: Perceiver, size: tuple[int, int]
) -> None:
    assert watch(perceiver, [grey(*size)] * 8) == [[]] * 8


@pytest.mark.parametrize("value", [0, 255])
def test_a_black_or_white_stream_shows_nobody(perceiver: Perceiver, value: int) -> None:
    picture = np.full((720, 1280, 3), value, dtype=np.uint8)
    assert watch(perceiver, [picture] * 15) == [[]] * 15


def test_noise_shows_nobody(perceiver: Perceiver) -> None:
    rng = np.random.default_rng(1)
    noise = [rng.integers(0, 256, (360, 640, 3), dtype=np.uint8) for _ in range(15)]
    assert watch(perceiver, noise) == [[]] * 15


def test_faces_of_some_pixels_are_nobody(perceiver: Perceiver, group: Image) -> None:
    picture = grey(720, 1280)
    face = group[196:400, 280:440]
    for size in range(1, 6):
        small = cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA)
        for column in range(40):
            picture[100 * size : 101 * size, 30 * column : 30 * column + size] = small[:1]
            picture[100 * size : 100 * size + size, 30 * column : 30 * column + size] = small
    assert watch(perceiver, [picture] * 15) == [[]] * 15


def test_fifty_faces_are_as_many_people_as_are_followed_at_most(
    perceiver: Perceiver, group: Image
) -> None:
    picture = grey(1080, 1920)
    for row in range(5):
        for column in range(10):
            top, left = 20 + 210 * row, 10 + 190 * column
            picture[top : top + 204, left : left + 160] = group[196:400, 280:440]
    for sightings in watch(perceiver, [picture] * 12):
        assert 10 <= len(sightings) <= CONFIG.perception.max_people
        assert len({sighting.track for sighting in sightings}) == len(sightings)


def test_another_resolution_in_mid_stream_shows_the_same_number_of_people(
    perceiver: Perceiver, group: Image
) -> None:
    from_s = 0.0
    for size in ((1000, 667), (500, 333), (1000, 667), (800, 800)):
        picture = np.asarray(cv2.resize(group, size), dtype=np.uint8)
        # Paths from before the change have ended by then.
        seen = watch(perceiver, [picture] * 10, from_s, step_s=0.2)[-1]
        assert len(seen) == 5
        assert all(within(sighting, picture) for sighting in seen)
        from_s += 2.0


def test_a_resolution_that_never_settles_breaks_nothing(perceiver: Perceiver, group: Image) -> None:
    sizes = [(640, 480), (1280, 720), (480, 640), (64, 64), (1, 1), (333, 777)]
    pictures = [cv2.resize(group, sizes[index % len(sizes)]) for index in range(24)]
    for sightings in watch(perceiver, pictures):
        assert len(sightings) <= CONFIG.perception.max_people


@pytest.mark.parametrize(
    "spoil",
    [
        lambda image: image[..., 0],
        lambda image: np.dstack([image, image[..., :1]]),
        lambda image: image[:0],
        lambda image: image.astype(np.uint16),
        lambda image: image.astype(np.float64),
        lambda image: image > 100,
    ],
    ids=["grey", "four channels", "empty", "16 bits", "floats", "booleans"],
)
def test_what_is_no_picture_is_an_error_and_the_next_one_is_seen(
    perceiver: Perceiver, group: Image, spoil: Callable[[Image], Any]
) -> None:
    """The capture stage turns such pictures into good ones before (``as_bgr``)."""
    for index in range(3):
        with pytest.raises(ValueError, match="A picture has shape"):
            perceiver.perceive(Frame(index * STEP_S, utc(index * STEP_S), spoil(group)))
    assert len(watch(perceiver, [group] * 8, from_s=1.0)[-1]) == 5


@pytest.mark.parametrize(
    "laid_out",
    [
        lambda image: np.repeat(image, 2, axis=1)[:, ::2],
        lambda image: image[:, ::-1].copy()[:, ::-1],
        np.asfortranarray,
    ],
    ids=["every other pixel", "backwards", "by columns"],
)
def test_how_a_picture_lies_in_memory_changes_nothing(
    perceiver: Perceiver, group: Image, laid_out: Callable[[Image], Image]
) -> None:
    image = laid_out(group)
    image.setflags(write=False)
    other = Perceiver(CONFIG)
    boxes = [
        [[sighting.face_xyxy_px for sighting in sightings] for sightings in watch(each, [view] * 4)]
        for each, view in ((perceiver, image), (other, group))
    ]
    other.close()
    assert boxes[0] == boxes[1]
    assert len(boxes[0][-1]) == 5


@pytest.mark.parametrize(
    "times_s", [(0, 0, 0), (1, 0.5, 0.2, 2), (-5, -4, -3), (0, 1e9, 1e9 + 0.1)]
)
def test_times_that_stand_jump_or_go_back_break_nothing(
    perceiver: Perceiver, group: Image, times_s: tuple[float, ...]
) -> None:
    for t_s in times_s:
        assert perceiver.perceive(Frame(t_s, utc(0), group))
