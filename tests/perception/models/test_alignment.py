"""The chip that the networks are given, and the transformation that cuts it out."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signage.perception.models.alignment import cut_out, similarity
from signage.types.arrays import Floats

# dlib's mean face, in shares of its chip with a padding of a fifth.
MEAN_FACE = np.array([(75.7, 29.5), (60.4, 30.6), (22.9, 29.5), (38.1, 30.6), (49.3, 59.1)])

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
        chip = cut_out(image, points, MEAN_FACE / 100, 100)
        assert chip.shape == (100, 100, 3)
        y, x = np.rint(MEAN_FACE[index]).astype(int)[::-1]
        assert chip[y, x].min() > 200
    assert chip[y - 15, x].max() < 100
