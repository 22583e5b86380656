"""A covered, a hanging and a noisy camera are told; no good picture ever is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice, pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from signage.capture.faults import Fault, FaultWatch, blur, brightest, even_share, noise_sd
from signage.scenes.footage import Picture, read_video
from signage.types.arrays import Image
from tests.support.builders import FOOTAGE

CLIPS = sorted(path.name for path in FOOTAGE.iterdir() if path.suffix in {".mp4", ".mov"})
STILL = FOOTAGE / "multi_face.jpg"
WINDOWS = 64
"""Noise begins at one of so many rows, and of so many columns."""


def faults(pictures: Iterator[Picture], frozen_after_s: float = 10.0) -> list[Fault | None]:
    watch = FaultWatch(frozen_after_s)
    return [watch.look(t_s, image) for t_s, image in pictures]


@cache
def field(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Unit noise somewhat larger than a picture: each window of it is the noise of one."""
    height, width, channels = shape
    larger = (height + WINDOWS, width + WINDOWS, channels)
    return np.random.default_rng(0).standard_normal(larger, dtype=np.float32)


def noisy(image: Image, sd: float, seed: int = 0) -> Image:
    height, width = image.shape[:2]
    down, across = np.random.default_rng(seed).integers(WINDOWS, size=2)
    noise = field(image.shape)[down : down + height, across : across + width]
    return np.asarray(cv2.add(image, np.float32(sd) * noise, dtype=cv2.CV_8U), dtype=np.uint8)


def dimmed(image: Image, gain: float) -> Image:
    return np.asarray(image * gain, dtype=np.uint8)


def first(clip: str) -> Image:
    return next(read_video(FOOTAGE / clip))[1]


def still() -> Image:
    image = cv2.imread(str(STILL))
    assert image is not None
    return np.asarray(image, dtype=np.uint8)


def lasting(image: Image, length_s: float, begin_s: float = 0.0, sd: float = 1.0) -> list[Picture]:
    """What a living camera sees of an unchanging view, five times a second."""
    return [
        (begin_s + index / 5, noisy(image, sd, seed=index)) for index in range(round(5 * length_s))
    ]


@pytest.mark.parametrize("clip", CLIPS)
def test_real_clips_raise_no_alarm(clip: str) -> None:
    assert set(faults(islice(read_video(FOOTAGE / clip), 500))) == {None}


@pytest.mark.parametrize("clip", CLIPS)
def test_the_noise_of_real_clips_is_far_below_the_threshold_and_added_noise_is_measured(
    clip: str,
) -> None:
    image = list(islice(read_video(FOOTAGE / clip), 70))[-1][1]
    assert noise_sd(image) < 1.5
    # A grey value is a weighted mean of three channels: 0.67 of their independent noise.
    assert noise_sd(noisy(image, 9.0)) == pytest.approx(6.0, rel=0.15)
    assert noise_sd(noisy(image, 15.0)) > 8.0


def test_a_dark_room_is_not_black_but_a_covered_lens_is() -> None:
    for clip in ("WolfgangLanger_Pexels.mp4", "franck.mp4", "single_face.mp4"):
        assert brightest(dimmed(first(clip), 0.2)) > 30
        assert brightest(dimmed(first(clip), 0.07)) < 20
    covered = np.full((360, 640, 3), 4, dtype=np.uint8)
    assert brightest(noisy(covered, 10.0)) < 20


def test_a_fault_is_told_when_it_has_lasted_and_until_it_is_over() -> None:
    view, covered = still(), np.zeros_like(still())
    pictures = [*lasting(view, 3.0), *lasting(covered, 3.0, 3.0), *lasting(view, 3.0, 6.0)]
    told = faults(iter(pictures))
    times = [t_s for (t_s, _), fault in zip(pictures, told, strict=True) if fault is Fault.BLACK]
    assert times[0] == pytest.approx(5.0, abs=0.25)
    assert times[-1] == pytest.approx(6.9, abs=0.25)
    assert set(told) == {None, Fault.BLACK}


def written(image: Image, second: int) -> Image:
    """With the time and a name, as cameras write them into their pictures."""
    height, width = image.shape[:2]
    marked = image.copy()
    for text, across, down in ((f"2026-11-30 20:07:{second:02d}", 2, 7), ("ENTRANCE 1", 65, 96)):
        place = (width * across // 100, height * down // 100)
        cv2.putText(marked, text, place, cv2.FONT_HERSHEY_SIMPLEX, width / 1000, (255,) * 3, 2)
    return marked


@pytest.mark.parametrize(
    ("grey", "fault"), [(4, Fault.BLACK), (120, Fault.BLANK), (None, Fault.FROZEN)]
)
def test_what_a_camera_writes_into_its_pictures_hides_no_fault(
    grey: int | None, fault: Fault
) -> None:
    view = still() if grey is None else np.full_like(still(), grey)
    pictures = [
        (index / 5, written(view if grey is None else noisy(view, 2.0, index), index // 5))
        for index in range(60)
    ]
    assert faults(iter(pictures), 4.0)[-1] is fault


def test_what_a_camera_writes_into_its_pictures_is_no_fault() -> None:
    pictures = [(t_s, written(image, int(t_s))) for t_s, image in lasting(still(), 12.0)]
    assert set(faults(iter(pictures), 4.0)) == {None}


def test_a_hand_that_passes_is_no_fault() -> None:
    view, covered = still(), np.zeros_like(still())
    pictures = [*lasting(view, 1.0), *lasting(covered, 1.8, 1.0), *lasting(view, 2.0, 2.8)]
    assert set(faults(iter(pictures))) == {None}


def test_noise_that_goes_up_and_down_about_the_threshold_does_not_flicker() -> None:
    view = still()
    pictures = lasting(view, 3.0, sd=16.0)
    for index in range(15):
        pictures += lasting(view, 0.4, 3.0 + 0.4 * index, sd=11.0 if index % 2 else 16.0)
    told = faults(iter(pictures))
    assert told[-1] is Fault.NOISY
    changes = sum(one is not other for one, other in pairwise(told))
    assert changes == 1


def test_the_very_same_picture_is_frozen_and_a_still_room_is_not() -> None:
    view = still()
    same = [(index / 10, view) for index in range(60)]
    told = faults(iter([*same, (6.0, noisy(view, 1.0)), (6.2, noisy(view, 1.0, 1))]), 4.0)
    times = [index / 10 for index, fault in enumerate(told) if fault is Fault.FROZEN]
    assert times[0] == pytest.approx(4.2, abs=0.3)
    assert told[-1] is None
    assert set(faults(iter(lasting(view, 10.0, sd=0.5)), 4.0)) == {None}


def test_a_camera_that_reuses_its_picture_is_not_called_frozen() -> None:
    watch, buffer = FaultWatch(1.0), still()
    for index in range(30):
        buffer[:] = noisy(buffer, 2.0, seed=index)
        assert watch.look(index / 5, buffer) is None


def test_a_change_of_resolution_is_no_fault() -> None:
    view = still()
    small = np.asarray(cv2.resize(view, (320, 240)), dtype=np.uint8)
    watch = FaultWatch(1.0)
    for index in range(40):
        assert watch.look(index / 5, noisy(small if index // 3 % 2 else view, 1.0, index)) is None


def test_every_fault_says_what_it_is_and_what_to_do() -> None:
    for fault in Fault:
        assert fault.reason
        assert fault.remedy.endswith(".")


def at_720p() -> Image:
    return np.asarray(cv2.resize(still(), (1280, 720), interpolation=cv2.INTER_AREA), np.uint8)


def out_of_focus(image: Image) -> Image:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), 0.02 * image.shape[1]), np.uint8)


def mostly_covered(image: Image, level: int) -> Image:
    covered = image.copy()
    covered[:, : round(0.86 * image.shape[1])] = level
    return covered


@pytest.mark.parametrize(
    ("spoilt", "fault"),
    [
        (out_of_focus(at_720p()), Fault.BLURRED),
        (mostly_covered(at_720p(), 5), Fault.BLANK),
        (mostly_covered(at_720p(), 120), Fault.BLANK),
        (dimmed(at_720p(), 0.1), Fault.DARK),
    ],
    ids=["out of focus", "a hand over most of it", "tape over most of it", "too little light"],
)
def test_who_could_not_be_seen_is_not_taken_for_nobody(spoilt: Image, fault: Fault) -> None:
    watch = FaultWatch(10.0)
    noise = 9.0 if fault is Fault.DARK else 2.0
    for t_s, image in lasting(spoilt, 3.0, sd=noise):
        watch.look(t_s, image)
        assert watch.symptom is not None
    assert watch.fault is fault


def test_the_plainest_walls_of_real_clips_are_far_from_a_cover_and_from_a_blur() -> None:
    for clip in CLIPS:
        # Some begin with a blurred transition.
        pictures = list(islice(read_video(FOOTAGE / clip), 20, 200, 40))
        assert max(even_share(image) for _, image in pictures) < 0.6
        assert max(blur(image) for _, image in pictures) < 0.8
