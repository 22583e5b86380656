"""Boxes that follow a real picture as it shifts and grows."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from signage.perception.tracking.flow import Flow, Move, small_grey
from signage.scenes.footage import read_video
from signage.types.arrays import Image
from signage.types.vision import Box
from tests.support.builders import FOOTAGE

FACE: Box = (218.0, 80.0, 378.0, 300.0)


@pytest.fixture(scope="module")
def man() -> Image:
    """Shape (360, 640, 3)."""
    return next(read_video(FOOTAGE / "single_face.mp4"))[1]


def moved(image: Image, shift_px: tuple[float, float], growth: float = 1.0) -> Image:
    """Shifted, and grown about the middle of the face."""
    x, y = (FACE[0] + FACE[2]) / 2, (FACE[1] + FACE[3]) / 2
    to = np.array(
        [[growth, 0, x + shift_px[0] - growth * x], [0, growth, y + shift_px[1] - growth * y]]
    )
    seen = cv2.warpAffine(image, to, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    return np.asarray(seen, dtype=np.uint8)


def follow(before: Image, after: Image, *boxes: Box) -> list[Move | None]:
    flow = Flow()
    flow.follow(*small_grey(before), boxes)
    return flow.follow(*small_grey(after), boxes)


@pytest.mark.parametrize("shift_px", [(0, 0), (12, -5), (-20, 8), (0.5, 0.5)])
@pytest.mark.parametrize("growth", [1.0, 1.06, 0.94])
def test_a_box_follows_the_face_that_moves_and_comes_nearer(
    shift_px: tuple[float, float], growth: float, man: Image
) -> None:
    (move,) = follow(man, moved(man, shift_px, growth), FACE)
    assert move is not None
    assert move.shift_px == pytest.approx(shift_px, abs=2.0)  # 1 % of the face
    assert move.growth == pytest.approx(growth, abs=0.02)


def test_a_large_picture_is_followed_in_its_own_pixels(man: Image) -> None:
    large, after = (
        np.asarray(cv2.resize(image, None, fx=3, fy=3), dtype=np.uint8)
        for image in (man, moved(man, (10, 4)))
    )
    box = (FACE[0] * 3, FACE[1] * 3, FACE[2] * 3, FACE[3] * 3)
    (move,) = follow(large, after, box)
    assert move is not None
    assert move.shift_px == pytest.approx((30, 12), abs=3)


def test_everyone_is_followed_on_their_own(man: Image) -> None:
    """One of two goes to the right, the other stays."""
    still = np.hstack([man, man])
    walked = np.hstack([moved(man, (9, 0)), man])
    second = (FACE[0] + 640, FACE[1], FACE[2] + 640, FACE[3])
    walker, stander = follow(still, walked, FACE, second)
    assert walker is not None
    assert stander is not None
    assert walker.shift_px == pytest.approx((9, 0), abs=1.5)
    assert stander.shift_px == pytest.approx((0, 0), abs=0.5)


def test_a_long_walk_stays_on_the_face(man: Image) -> None:
    flow, box = Flow(), FACE
    flow.follow(*small_grey(man), [box])
    for step in range(1, 31):
        (move,) = flow.follow(*small_grey(moved(man, (4.0 * step, 0.0))), [box])
        assert move is not None
        dx, dy = move.shift_px
        box = (box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy)
    assert box == pytest.approx((FACE[0] + 120, FACE[1], FACE[2] + 120, FACE[3]), abs=6)


def test_nothing_is_known_after_a_cut_a_change_of_size_or_at_first(man: Image) -> None:
    other = np.asarray(
        cv2.resize(next(read_video(FOOTAGE / "franck.mp4"))[1], (640, 360)), dtype=np.uint8
    )
    noise = np.random.default_rng(1).integers(0, 256, man.shape, dtype=np.uint8)
    assert Flow().follow(*small_grey(man), [FACE]) == [None]
    assert follow(man, noise, FACE) == [None]
    assert follow(man, other, FACE) == [None]
    assert follow(man, np.ascontiguousarray(man[:180]), FACE) == [None]


def test_nobody_to_follow_is_no_error(man: Image) -> None:
    assert follow(man, man) == []


def test_a_box_beyond_the_edge_or_of_no_size_does_no_harm(man: Image) -> None:
    for box in ((-500.0, -500.0, -400.0, -400.0), (100.0, 100.0, 100.0, 100.0)):
        (move,) = follow(man, moved(man, (3, 0)), box)
        assert move is None or abs(move.shift_px[0]) < 50


def test_another_scene_is_a_cut_and_other_light_is_none() -> None:
    rng = np.random.default_rng(3)
    scenes = [cv2.resize(rng.integers(0, 256, (30, 40), dtype=np.uint8), (320, 240)) for _ in "ab"]
    flow = Flow()
    answers = []
    for picture in (scenes[0], scenes[0] // 2, scenes[1], scenes[1], np.full_like(scenes[1], 8)):
        grey = np.asarray(picture, dtype=np.uint8)
        answers.append(flow.is_cut(grey))
        flow.follow(grey, 1.0, [])
    assert answers == [False, False, True, False, False]
