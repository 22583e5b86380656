"""The real detector on real people, near and far."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from signage.perception.models.face_detector import DetectedFace, FaceDetector
from signage.perception.tracking.boxes import intersection_over_union
from signage.scenes.footage import read_video
from signage.types.arrays import Image
from signage.types.vision import Box
from tests.support.builders import FOOTAGE, ROOT

# Drawn around the five faces of the picture by hand, brow to chin.
FACES: list[Box] = [
    (212, 68, 312, 172), (312, 232, 414, 362), (434, 222, 520, 318), (530, 310, 634, 440),
    (684, 286, 795, 425),
]  # fmt: skip


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(ROOT / "models" / "centerface.onnx", 0.5)


@pytest.fixture(scope="module")
def group() -> Image:
    """Five people: shape (667, 1000, 3)."""
    return np.asarray(cv2.imread(str(FOOTAGE / "multi_face.jpg")), dtype=np.uint8)


def smaller(image: Image, scale: float) -> Image:
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def from_the_left(faces: list[DetectedFace]) -> list[DetectedFace]:
    return sorted(faces, key=lambda face: face.box_xyxy_px[0])


def is_on(face: DetectedFace, box: Box) -> bool:
    return intersection_over_union(face.box_xyxy_px, box) > 0.6


@pytest.mark.parametrize("height_px", [120, 60, 36, 24])
def test_all_five_are_found_where_they_are_however_small(
    height_px: float, detector: FaceDetector, group: Image
) -> None:
    scale = height_px / 121  # their mean height
    found = from_the_left(detector.detect(smaller(group, scale), 4000))
    assert len(found) == 5
    for face, (left, top, right, bottom) in zip(found, FACES, strict=True):
        assert is_on(face, (left * scale, top * scale, right * scale, bottom * scale))


def test_a_picture_searched_at_a_smaller_scale_is_answered_in_its_own_pixels(
    detector: FaceDetector, group: Image
) -> None:
    found = from_the_left(detector.detect(group, 480))
    assert len(found) == 5
    assert all(is_on(face, box) for face, box in zip(found, FACES, strict=True))


def test_a_face_of_a_piece_is_one_of_the_whole(detector: FaceDetector, group: Image) -> None:
    (face,) = detector.detect(np.ascontiguousarray(group[200:400, 250:450]), 1000)[:1]
    moved = face.shifted(250, 200)
    (whole,) = (each for each in detector.detect(group, 1000) if is_on(each, FACES[1]))
    assert moved.box_xyxy_px == pytest.approx(whole.box_xyxy_px, abs=8)


def test_there_is_no_face_where_there_is_none(detector: FaceDetector) -> None:
    nowhere = [image for _, image in read_video(FOOTAGE / "no_face.mp4")][::10]
    noise = np.random.default_rng(1).integers(0, 256, (360, 640, 3), dtype=np.uint8)
    for image in (*nowhere, noise, np.zeros((1, 1, 3), np.uint8), np.zeros((3, 900, 3), np.uint8)):
        assert detector.detect(image, 640) == []
