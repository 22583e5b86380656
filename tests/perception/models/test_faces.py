"""What is read from a face that was found: landmarks, expression, and the head pose, which is
where the nose points, relative to the line from the face to the lens.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signage.perception.models.face_detector import FaceDetector
from signage.perception.models.faces import CropLandmarker, Face, head_pose
from signage.scenes.footage import read_video
from signage.types.arrays import Floats, Image
from signage.types.vision import Box
from tests.support.builders import FOOTAGE, ROOT

GREY = (128, 128, 128)


DETECTOR = FaceDetector(ROOT / "models" / "centerface.onnx", 0.5)
LANDMARKER = CropLandmarker(ROOT / "models" / "face_landmarker.task")


@pytest.fixture(scope="module", autouse=True)
def _close() -> Iterator[None]:
    yield
    LANDMARKER.close()


def find(image: Image) -> Box:
    (face,) = DETECTOR.detect(image, 640)
    return face.box_xyxy_px


def find_one(image: Image) -> Face:
    face = LANDMARKER.read(image, find(image))
    assert face is not None
    return face


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


def far(image: Image, height_px: float) -> tuple[Image, Floats]:
    """With a face of ``height_px`` in an empty room, and how to get there, shape (2, 3)."""
    top, bottom = find(image)[1::2]
    scale = height_px / (bottom - top)
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    room = np.full((360, 640, 3), GREY, dtype=np.uint8)
    room[: small.shape[0], 40 : 40 + small.shape[1]] = small
    return room, np.array([[scale, 0, 40], [0, scale, 0]])


@pytest.mark.parametrize("height_px", [120, 60, 36, 24])
def test_a_face_is_read_the_same_near_and_far(height_px: float, man: Image) -> None:
    room, to = far(man, height_px)
    near, read = find_one(man), find_one(room)
    assert read.landmarks_px.shape == (478, 2)
    error_px = np.linalg.norm(
        read.landmarks_px - near.landmarks_px @ to[:, :2].T - to[:, 2], axis=1
    )
    assert error_px.mean() < 0.06 * height_px
    assert read.head_pose.yaw_deg == pytest.approx(near.head_pose.yaw_deg, abs=6)
    assert read.head_pose.pitch_deg == pytest.approx(near.head_pose.pitch_deg, abs=6)


@pytest.mark.parametrize("height_px", [120, 40])
def test_a_smile_is_told_from_a_straight_face(height_px: float) -> None:
    pictures = [image for _, image in read_video(FOOTAGE / "face_noface.mov")]
    straight, smiling = (
        find_one(far(image, height_px)[0]).expression for image in (pictures[0], pictures[35])
    )
    assert straight.keys() == smiling.keys() == {"smile", "surprise", "frown"}
    assert all(0 <= value <= 1 for face in (straight, smiling) for value in face.values())
    assert smiling["smile"] > straight["smile"] + 0.4


def test_where_there_is_no_face_none_is_read(man: Image) -> None:
    wall = (0.0, 0.0, 90.0, 120.0)
    beyond = (-500.0, -500.0, -400.0, -400.0)
    point = (300.0, 100.0, 300.0, 100.0)
    assert [LANDMARKER.read(man, box) for box in (wall, beyond, point)] == [None] * 3


def test_the_face_of_a_neighbour_is_not_read_in_its_place(man: Image) -> None:
    left, top, right, bottom = find(man)
    beside = (right, top, 2 * right - left, bottom)
    assert LANDMARKER.read(man, beside) is None


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
