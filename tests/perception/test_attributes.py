"""The chip that the models are given, and the transformation that cuts it out."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signage.capture.recorded import read_video
from signage.perception.attributes import AttributeEstimator, face_chip, similarity
from signage.perception.faces import FaceFinder
from signage.types import Floats, Image
from tests.builders import FOOTAGE, ROOT

# dlib's mean face, as the chip of 100 pixels with its padding of a fifth has it.
MEAN_FACE = np.array([(75.7, 29.5), (60.4, 30.6), (22.9, 29.5), (38.1, 30.6), (49.3, 59.1)])
MODELS = ROOT / "models"

angles = st.floats(-math.pi, math.pi)
shifts = st.tuples(st.floats(-1000, 1000), st.floats(-1000, 1000))


def turned(points: Floats, angle: float, scale: float, shift: tuple[float, float]) -> Floats:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.asarray(scale * points @ np.array([[cos, sin], [-sin, cos]]) + shift)


def applied(transform: Floats, points: Floats) -> Floats:
    return np.asarray(points @ transform[:, :2].T + transform[:, 2])


@given(angles, st.floats(0.1, 20), shifts)
def test_a_similarity_is_found_again(
    angle: float, scale: float, shift: tuple[float, float]
) -> None:
    target = turned(MEAN_FACE, angle, scale, shift)
    found = similarity(MEAN_FACE, target)
    assert found.shape == (2, 3)
    assert applied(found, MEAN_FACE) == pytest.approx(target, abs=1e-6)
    assert math.sqrt(np.linalg.det(found[:, :2])) == pytest.approx(scale)


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=5, max_size=5), angles)
def test_noise_and_mirroring_never_flip_a_face(
    noise: list[tuple[float, float]], angle: float
) -> None:
    for points in (MEAN_FACE, MEAN_FACE * (-1, 1)):
        found = similarity(points, turned(MEAN_FACE, angle, 1.0, (0, 0)) + noise)
        linear = found[:, :2]
        assert np.linalg.det(linear) >= 0
        # Rotation and scale alone: the columns are at right angles and equally long.
        assert linear[:, 0] @ linear[:, 1] == pytest.approx(0, abs=1e-9)
        assert linear[:, 0] @ linear[:, 0] == pytest.approx(linear[:, 1] @ linear[:, 1])


@given(angles, st.floats(0.6, 3), st.tuples(st.floats(150, 250), st.floats(150, 250)))
def test_a_chip_is_upright_whatever_way_the_face_lies(
    angle: float, scale: float, middle: tuple[float, float]
) -> None:
    points = turned(MEAN_FACE - MEAN_FACE.mean(axis=0), angle, scale, middle)
    image = np.zeros((400, 400, 3), dtype=np.uint8)
    radius = round(5 * scale)
    for index, point in enumerate(points):
        cv2.circle(image, np.rint(point).astype(int).tolist(), radius, (255, 255, 255), -1)
        chip = face_chip(image, points, 100)
        assert chip.shape == (100, 100, 3)
        y, x = np.rint(MEAN_FACE[index]).astype(int)[::-1]
        assert chip[y, x].min() > 200
    assert chip[y - 15, x].max() < 100


@pytest.fixture(scope="module")
def estimator() -> AttributeEstimator:
    return AttributeEstimator(MODELS / "age-v1.onnx", MODELS / "gender-v1.onnx")


@pytest.fixture(scope="module")
def face() -> tuple[Image, Floats]:
    image = next(read_video(FOOTAGE / "single_face.mp4"))[1]
    finder = FaceFinder(MODELS / "face_landmarker.task", 1, 0.5)
    (found,) = finder.find(image, 0.1)
    finder.close()
    return image, found.landmarks_px


def test_the_estimate_does_not_hang_on_size_or_tilt(
    estimator: AttributeEstimator, face: tuple[Image, Floats]
) -> None:
    image, landmarks = face
    years = np.arange(101)
    plain, female = estimator.estimate(image, landmarks)
    for angle_deg, scale in ((0, 0.5), (0, 2.0), (25, 1.0), (-25, 0.7)):
        transform = cv2.getRotationMatrix2D((300, 180), angle_deg, scale)
        other = np.asarray(cv2.warpAffine(image, transform, (900, 500)), dtype=np.uint8)
        ages, female_again = estimator.estimate(
            other, applied(np.asarray(transform, dtype=np.float64), landmarks)
        )
        assert ages @ years == pytest.approx(plain @ years, abs=5)
        assert female_again == pytest.approx(female, abs=0.05)


def test_landmarks_outside_the_picture_still_give_a_distribution(
    estimator: AttributeEstimator, face: tuple[Image, Floats]
) -> None:
    image, landmarks = face
    ages, female = estimator.estimate(image, landmarks - 400)
    assert ages.shape == (101,)
    assert ages.min() >= 0
    assert ages.sum() == pytest.approx(1)
    assert 0 <= female <= 1
