"""The real body detector on a real person, and what is read from keypoints."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest

from signage.perception.models.bodies import Body, BodyDetector
from signage.perception.models.face_detector import FaceDetector
from signage.scenes.footage import read_video
from signage.types.arrays import Image
from signage.types.vision import Facing
from tests.support.builders import FOOTAGE, ROOT

NOSE, LEFT_SHOULDER, RIGHT_SHOULDER, LEFT_HIP, RIGHT_HIP = 0, 5, 6, 11, 12


@pytest.fixture(scope="module")
def detector() -> BodyDetector:
    return BodyDetector(ROOT / "models" / "movenet-multipose.onnx", 0.5)


@pytest.fixture(scope="module")
def captain() -> Image:
    """A man down to his chest, shape (210, 280, 3)."""
    image = next(read_video(FOOTAGE / "cap13_edit2.mp4", from_s=1.6))[1]
    return np.asarray(cv2.resize(image, (280, 210), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def room(*at_px: int, who: Image) -> Image:
    """``who`` at the lower edge of an empty room, once for each left edge."""
    image = np.full((300, 700, 3), 60, dtype=np.uint8)
    for left in at_px:
        image[300 - who.shape[0] :, left : left + who.shape[1]] = who
    return image


def body(**points: tuple[float, float]) -> Body:
    """With the named keypoints seen, and no others."""
    names: dict[str, int] = {
        "nose": NOSE, "left_shoulder": LEFT_SHOULDER, "right_shoulder": RIGHT_SHOULDER,
        "left_hip": LEFT_HIP, "right_hip": RIGHT_HIP,
    }  # fmt: skip
    places, confidence = np.zeros((17, 2)), np.zeros(17)
    for name, point in points.items():
        places[names[name]], confidence[names[name]] = point, 0.9
    return Body((0.0, 0.0, 200.0, 600.0), places, confidence, 0.9)


def torso(half_width: float, **more: Any) -> Body:
    """The left shoulder ``half_width`` to the right of the middle; 200 px to the hips."""
    return body(
        left_shoulder=(100 + half_width, 100),
        right_shoulder=(100 - half_width, 100),
        left_hip=(100 + half_width / 2, 300),
        right_hip=(100 - half_width / 2, 300),
        **more,
    )


def test_a_body_is_found_around_its_face_and_turned_to_the_camera(
    detector: BodyDetector, captain: Image
) -> None:
    image = room(210, who=captain)
    (found,) = detector.detect(image, 512)
    (face,) = FaceDetector(ROOT / "models" / "centerface.onnx", 0.5).detect(image, 700)
    (left, top, right, bottom), box = found.box_xyxy_px, face.box_xyxy_px
    assert left < box[0] < box[2] < right
    assert top < box[3] < bottom
    x, y = found.head_px
    assert box[0] < x < box[2]
    assert box[1] < y < box[3]
    assert found.facing is Facing.TOWARDS
    assert found.is_clear
    assert found.torso_px is None  # the hips are not in the picture
    assert found.head_size_px == pytest.approx(box[3] - box[1], rel=0.35)


def test_two_are_two_and_each_where_they_are(detector: BodyDetector, captain: Image) -> None:
    image = room(30, 390, who=captain)
    left, right = sorted(detector.detect(image, 512), key=lambda found: found.box_xyxy_px[0])
    assert right.head_px[0] - left.head_px[0] == pytest.approx(360, abs=12)
    assert right.head_px[1] == pytest.approx(left.head_px[1], abs=12)


def test_a_larger_picture_is_answered_in_its_own_pixels(
    detector: BodyDetector, captain: Image
) -> None:
    image = room(210, who=captain)
    (plain,) = detector.detect(image, 512)
    large = np.asarray(cv2.resize(image, None, fx=3, fy=3), dtype=np.uint8)
    (found,) = detector.detect(large, 512)
    assert np.array(found.box_xyxy_px) / 3 == pytest.approx(np.array(plain.box_xyxy_px), abs=12)


def test_there_is_no_clear_body_where_there_is_none(detector: BodyDetector) -> None:
    nowhere = [image for _, image in read_video(FOOTAGE / "no_face.mp4")][::20]
    for image in (*nowhere, np.zeros((1, 1, 3), np.uint8), np.zeros((2, 900, 3), np.uint8)):
        assert not [found for found in detector.detect(image, 512) if found.is_clear]


@pytest.mark.parametrize(
    ("half_width", "facing"),
    [
        (75, Facing.TOWARDS),
        (50, Facing.TOWARDS),
        (20, Facing.SIDEWAYS),
        (-20, Facing.SIDEWAYS),
        (-50, Facing.AWAY),
        (-75, Facing.AWAY),
    ],
)
def test_the_shoulders_tell_which_way_somebody_stands(half_width: float, facing: Facing) -> None:
    assert torso(half_width).facing is facing


def test_without_both_shoulders_nobody_knows_which_way() -> None:
    assert body(left_shoulder=(160, 100), nose=(100, 40)).facing is None


def test_the_torso_is_as_long_as_it_is_and_a_head_two_fifths_of_it() -> None:
    upright = torso(60)
    assert upright.torso_px == pytest.approx(200)
    assert upright.head_size_px == pytest.approx(80)
    leaning = body(
        left_shoulder=(160, 100),
        right_shoulder=(40, 100),
        left_hip=(310, 300),
        right_hip=(190, 300),
    )
    assert leaning.torso_px == pytest.approx(math.hypot(150, 200))
    assert body(nose=(100, 40)).torso_px is None


def test_the_head_is_where_it_is_seen_or_else_at_the_top() -> None:
    assert torso(60, nose=(120.0, 44.0)).head_px == (120, 44)
    x, y = torso(60).head_px
    assert x == 100
    assert 0 < y < 100


def test_a_person_without_a_face_needs_a_head_and_shoulders() -> None:
    assert torso(60, nose=(100.0, 40.0)).is_clear
    assert not torso(60).is_clear
    assert not body(nose=(100, 40), left_hip=(120, 300), right_hip=(80, 300)).is_clear
