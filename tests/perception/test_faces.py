"""Head pose: where the nose points, relative to the line from the face to the lens."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signage.capture.recorded import read_video
from signage.perception.faces import Face, FaceFinder, head_pose
from signage.types import Floats, Image
from tests.builders import FOOTAGE, ROOT

GREY = (128, 128, 128)


def find_one(image: Image) -> Face:
    finder = FaceFinder(ROOT / "models" / "face_landmarker.task", 5, 0.5)
    try:
        (face,) = finder.find(image, 0.1)
        return face
    finally:
        finder.close()


@pytest.fixture(scope="module")
def man() -> Image:
    return next(read_video(FOOTAGE / "single_face.mp4"))[1]


@pytest.fixture(scope="module")
def woman() -> Image:
    """Turned a little to the left of the picture."""
    return next(read_video(FOOTAGE / "WolfgangLanger_Pexels.mp4", from_s=8.0))[1]


def tilted(image: Image, angle_deg: float) -> Image:
    """Turned in the plane of the picture, against the clock."""
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 0.8)
    return np.asarray(cv2.warpAffine(image, turn, (width, height)), dtype=np.uint8)


def panned(image: Image, pan_deg: float, tilt_deg: float, fov_deg: float) -> Image:
    """The picture of a camera that turned on its spot: the head still looks into its lens."""
    size, face_px = np.array([640, 480]), 120
    box = find_one(image).box_xyxy_px
    scale = face_px / (box[3] - box[1])
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    middle = size / 2
    placed = np.array([[scale, 0, middle[0] - scale * x], [0, scale, middle[1] - scale * y]])
    focal = middle[1] / math.tan(math.radians(fov_deg / 2))
    lens = np.array([[focal, 0, middle[0]], [0, focal, middle[1]], [0, 0, 1]])
    turn = rotation("y", pan_deg) @ rotation("x", tilt_deg)
    view = lens @ turn @ np.linalg.inv(lens) @ np.vstack([placed, [0, 0, 1]])
    seen = cv2.warpPerspective(image, view, size.tolist(), borderValue=GREY)
    return np.asarray(seen, dtype=np.uint8)


def rotation(axis: str, angle_deg: float) -> Floats:
    """Shape (3, 3), right-handed, about the x, y or z axis."""
    vector = np.zeros(3)
    vector["xyz".index(axis)] = math.radians(angle_deg)
    return np.asarray(cv2.Rodrigues(vector)[0])


def matrix(turn: Floats, position: tuple[float, float, float] = (0, 0, -50)) -> Floats:
    """Shape (4, 4)."""
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = turn, position
    return pose


def test_a_mirrored_picture_flips_yaw_and_roll(woman: Image) -> None:
    plain = find_one(tilted(woman, 20)).head_pose
    mirrored = find_one(tilted(woman, 20)[:, ::-1]).head_pose
    assert plain.yaw_deg < -4
    assert mirrored.yaw_deg == pytest.approx(-plain.yaw_deg, abs=4)
    assert plain.roll_deg == pytest.approx(20, abs=5)
    assert mirrored.roll_deg == pytest.approx(-plain.roll_deg, abs=4)
    assert mirrored.pitch_deg == pytest.approx(plain.pitch_deg, abs=4)


@pytest.mark.parametrize("side", ["left", "middle", "right"])
def test_who_looks_into_the_lens_does_so_at_the_edge_of_a_wide_picture(
    side: str, man: Image
) -> None:
    left, top, right, bottom = (round(edge) for edge in find_one(man).box_xyxy_px)
    head = cv2.resize(man[top - 60 : bottom + 50, left - 60 : right + 60], None, fx=0.5, fy=0.5)
    room_px = 640 - head.shape[1]
    x = {"left": 0, "middle": room_px // 2, "right": room_px}[side]
    wide = np.full((360, 640, 3), GREY, dtype=np.uint8)
    wide[100 : 100 + head.shape[0], x : x + head.shape[1]] = head
    face = find_one(wide)
    assert face.box_xyxy_px[0] == pytest.approx(x + 30, abs=15)
    assert abs(face.head_pose.yaw_deg) < 8
    assert abs(face.head_pose.pitch_deg) < 8


@pytest.mark.parametrize("fov_deg", [40, 63])
@pytest.mark.parametrize(("pan_deg", "tilt_deg"), [(20, 0), (-20, 0), (0, 15), (0, -15)])
def test_turning_the_camera_does_not_turn_the_head(
    pan_deg: float, tilt_deg: float, fov_deg: float, man: Image
) -> None:
    before = find_one(panned(man, 0, 0, fov_deg)).head_pose
    after = find_one(panned(man, pan_deg, tilt_deg, fov_deg)).head_pose
    assert after.yaw_deg == pytest.approx(before.yaw_deg, abs=4)
    assert after.pitch_deg == pytest.approx(before.pitch_deg, abs=4)


def test_a_head_that_looks_straight_has_no_pose() -> None:
    pose = head_pose(matrix(np.eye(3)))
    assert (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) == pytest.approx((0, 0, 0))


@given(st.floats(-80, 80), st.floats(-300, -20), st.floats(0.5, 2))
def test_each_turn_is_read_back_in_the_middle_whatever_the_distance(
    angle_deg: float, depth: float, scale: float
) -> None:
    def read(axis: str, angle: float) -> tuple[float, float, float]:
        pose = head_pose(matrix(scale * rotation(axis, angle), (0, 0, depth)))
        return pose.yaw_deg, pose.pitch_deg, pose.roll_deg

    assert read("y", angle_deg)[:2] == pytest.approx((angle_deg, 0), abs=1e-6)
    assert read("x", -angle_deg)[:2] == pytest.approx((0, angle_deg), abs=1e-6)
    assert read("z", angle_deg) == pytest.approx((0, 0, angle_deg), abs=1e-6)


@given(st.floats(-180, 180), st.floats(-40, 40), st.floats(-40, 40))
def test_angles_are_finite_and_within_bounds(turn_deg: float, x: float, y: float) -> None:
    pose = head_pose(matrix(rotation("y", turn_deg), (x, y, -50)))
    assert -180 <= pose.yaw_deg <= 180
    assert -90 <= pose.pitch_deg <= 90
    assert pose.roll_deg == pytest.approx(0, abs=1e-6) or abs(turn_deg) >= 90
