"""What no camera should deliver, and some do: the perceiver goes on, and sees nobody in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cv2
import numpy as np
import pytest

from signage.audience.audience import open_audience
from signage.config.file import load_config
from signage.perception.perceiver import Perceiver
from signage.scenes.footage import read_video
from signage.types.arrays import Image
from signage.types.audience import Viewer
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


# What a camera on a shaky pole, in changing light, or at the end of a slow line delivers


def clip(name: str, seconds: float, fps: float, from_s: float = 0.0) -> list[Image]:
    """Pictures of a clip, ``fps`` a second."""
    pictures, next_s = [], 0.0
    for t_s, image in read_video(FOOTAGE / name, from_s=from_s, to_s=from_s + seconds):
        if t_s >= next_s - 1e-6:
            pictures.append(image)
            next_s += 1 / fps
    return pictures


def visits(images: Iterable[Image], fps: float) -> list[Viewer]:
    """Who was there, as they had left."""
    plain = CONFIG.perception.model_copy(
        update={"demographics": False, "mood": False, "returning": False, "logos_dir": None}
    )
    config = CONFIG.model_copy(update={"perception": plain})
    perceiver, audience = Perceiver(config), open_audience(config)
    left: list[Viewer] = []
    for index, image in enumerate(images):
        frame = Frame(index / fps, utc(index / fps), image)
        audience.update(frame, perceiver.perceive(frame))
        left += audience.take_departed()
    perceiver.close()
    return left + audience.close()


def shaken(image: Image, index: int) -> Image:
    """The same, some pixels and parts of a degree aside."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 0.3 * np.sin(2.1 * index), 1.0)
    turn[:, 2] += 4.0 * np.sin(1.3 * index), 3.0 * np.cos(1.7 * index)
    moved = cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, dtype=np.uint8)


SPOILT: dict[str, Callable[[Image, int], Image]] = {
    "shakes": shaken,
    "exposure jumps": lambda image, i: (image * (1.0 if i % 20 < 8 else 0.4)).astype(np.uint8),
    "is lit by a flicker": lambda image, i: (image * (0.85 + 0.15 * np.sin(2 * i))).astype(
        np.uint8
    ),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT.keys())
def test_who_sits_before_a_camera_that_misbehaves_is_one_visitor(
    spoil: Callable[[Image, int], Image],
) -> None:
    images = clip("franck.mp4", seconds=5.0, fps=12.0, from_s=60.0)
    (visit,) = visits([spoil(image, index) for index, image in enumerate(images)], 12.0)
    assert visit.dwell_s > 4.5
    assert visit.attention_s is not None
    assert visit.attention_s <= visit.dwell_s


def test_five_pictures_a_second_are_enough_for_who_sits_and_looks() -> None:
    (visit,) = visits(clip("cap13_edit2.mp4", seconds=8.0, fps=5.0), 5.0)
    assert visit.dwell_s > 7.0


def test_a_lift_door_ends_a_visit_and_a_poster_behind_it_begins_none() -> None:
    """The door is shut for longer than `forget_after_s`; what it opens on does not move."""
    man = clip("franck.mp4", seconds=3.0, fps=10.0, from_s=60.0)
    rng = np.random.default_rng(1)

    def noisy(image: Image) -> Image:
        return np.asarray((image + rng.normal(0, 2, image.shape)).clip(0, 255), dtype=np.uint8)

    door = np.full_like(man[0], 110)
    poster = np.asarray(clip("cap13_edit2.mp4", seconds=0.2, fps=10.0)[0], dtype=np.uint8)
    poster = np.asarray(cv2.resize(poster, (man[0].shape[1], man[0].shape[0])), dtype=np.uint8)
    shut = [noisy(door) for _ in range(40)]
    (visit,) = visits([*man, *shut, *(noisy(poster) for _ in range(40))], 10.0)
    assert 2.5 < visit.dwell_s < 3.5


def test_nobody_goes_on_into_another_scene_after_a_hard_cut() -> None:
    """Two people, whose faces are at one place: neither inherits the other's visit."""
    first = clip("franck.mp4", seconds=3.0, fps=10.0, from_s=60.0)
    second = [
        np.asarray(cv2.resize(image, (first[0].shape[1], first[0].shape[0])), dtype=np.uint8)
        for image in clip("WolfgangLanger_Pexels.mp4", seconds=3.0, fps=10.0, from_s=10.0)
    ]
    man, woman = sorted(visits([*first, *second], 10.0), key=lambda visit: visit.first_seen_s)
    assert man.dwell_s == pytest.approx(2.9, abs=0.3)
    assert woman.first_seen_s == pytest.approx(3.0, abs=0.3)
