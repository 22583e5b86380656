"""What is told of a face, and when nothing is. Real models, real faces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from signage.config.perception import PerceptionConfig
from signage.perception.models.attributes import TraitEstimator, sharpness
from signage.perception.models.face_detector import FaceDetector
from signage.perception.models.faces import SHUT, CropLandmarker, Face
from signage.scenes.footage import read_video
from signage.types.arrays import Image
from signage.types.vision import MOODS, HeadPose
from tests.support.builders import FOOTAGE, ROOT

MODELS = ROOT / "models"
CONFIG = PerceptionConfig(models_dir=MODELS, mood=True, min_face_px=36, max_yaw_deg=45)
YEARS = np.arange(101)


@pytest.fixture(scope="module")
def estimator() -> TraitEstimator:
    return TraitEstimator(CONFIG)


class Eyes:
    """Detector and landmarker, as the product joins them."""

    def __init__(self) -> None:
        self.detector = FaceDetector(MODELS / "centerface.onnx", 0.5)
        self.landmarker = CropLandmarker(MODELS / "face_landmarker.task")

    def look(self, clip: str, frame: int = 0) -> tuple[Image, Face]:
        for number, (_, image) in enumerate(read_video(FOOTAGE / clip)):
            if number == frame:
                box = self.detector.detect(image, 640)[0].box_xyxy_px
                face = self.landmarker.read(image, box)
                assert face is not None
                return image, face
        raise AssertionError(f"{clip} has no frame {frame}")


@pytest.fixture(scope="module")
def eyes() -> Iterator[Eyes]:
    found = Eyes()
    yield found
    found.landmarker.close()


def turned_to(face: Face, yaw_deg: float) -> Face:
    return replace(face, head_pose=HeadPose(yaw_deg, 0.0, 0.0))


@pytest.mark.parametrize(
    ("clip", "is_woman"),
    [
        ("single_face.mp4", False),
        ("cap13_edit2.mp4", False),
        ("franck.mp4", False),
        ("WolfgangLanger_Pexels.mp4", True),
    ],
)
def test_clear_faces_are_told(
    estimator: TraitEstimator, eyes: Eyes, clip: str, *, is_woman: bool
) -> None:
    traits = estimator.estimate(*eyes.look(clip, 5))
    assert traits.weight > 0.8
    assert traits.female_prob is not None
    assert (traits.female_prob > 0.5) is is_woman
    assert traits.age_probs is not None
    assert traits.age_probs.shape == (101,)
    assert traits.age_probs.min() >= 0
    assert traits.age_probs.sum() == pytest.approx(1)
    assert 20 <= traits.age_probs @ YEARS <= 45


def test_no_mood_is_read_from_a_face_with_shut_eyes(estimator: TraitEstimator, eyes: Eyes) -> None:
    image, face = eyes.look("WolfgangLanger_Pexels.mp4", 5)
    assert face.eyes_shut > SHUT
    traits = estimator.estimate(image, face)
    assert traits.female_prob is not None
    assert traits.mood_probs is None


def test_a_smile_is_happy_and_a_blank_face_neutral(estimator: TraitEstimator, eyes: Eyes) -> None:
    for frame, mood in ((5, "neutral"), (65, "happy")):
        probs = estimator.estimate(*eyes.look("single_face.mp4", frame)).mood_probs
        assert probs is not None
        assert probs.shape == (len(MOODS),)
        assert probs.sum() == pytest.approx(1)
        assert MOODS[int(probs.argmax())] == mood


def test_a_small_a_turned_and_a_blurred_face_are_unknown(eyes: Eyes) -> None:
    image, face = eyes.look("single_face.mp4", 5)
    strict = TraitEstimator(
        CONFIG.model_copy(update={"min_sharpness": sharpness(image, face.landmarks_px) / 2})
    )
    assert strict.estimate(image, face).female_prob is not None
    tiny = replace(face, landmarks_px=face.landmarks_px * 0.1)
    small = np.asarray(cv2.resize(image, None, fx=0.1, fy=0.1), dtype=np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(image, (0, 0), 12), dtype=np.uint8)
    for picture, doubtful in (
        (small, tiny),
        (image, turned_to(face, 60)),
        (image, turned_to(face, -60)),
        (blurred, face),
    ):
        traits = strict.estimate(picture, doubtful)
        assert (traits.age_probs, traits.female_prob, traits.mood_probs) == (None, None, None)
        assert traits.weight == 0


def test_a_turned_face_weighs_less(estimator: TraitEstimator, eyes: Eyes) -> None:
    image, face = eyes.look("single_face.mp4", 5)
    weights = [estimator.estimate(image, turned_to(face, yaw)).weight for yaw in (0, 20, 40)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 1


def test_what_is_switched_off_is_not_told(eyes: Eyes) -> None:
    image, face = eyes.look("single_face.mp4", 5)
    off = TraitEstimator(CONFIG.model_copy(update={"demographics": False, "mood": False}))
    traits = off.estimate(image, face)
    assert (traits.age_probs, traits.female_prob, traits.mood_probs) == (None, None, None)


def test_the_estimate_does_not_hang_on_size_or_tilt(estimator: TraitEstimator, eyes: Eyes) -> None:
    image, face = eyes.look("single_face.mp4", 5)
    plain = estimator.estimate(image, face)
    assert plain.age_probs is not None
    assert plain.female_prob is not None
    for angle_deg, scale in ((0, 0.6), (0, 2.0), (20, 1.0), (-20, 0.8)):
        transform = np.asarray(cv2.getRotationMatrix2D((300, 180), angle_deg, scale))
        other = np.asarray(cv2.warpAffine(image, transform, (1200, 800)), dtype=np.uint8)
        landmarks = face.landmarks_px @ transform[:, :2].T + transform[:, 2]
        again = estimator.estimate(other, replace(face, landmarks_px=landmarks))
        assert again.age_probs is not None
        assert again.female_prob is not None
        assert again.age_probs @ YEARS == pytest.approx(plain.age_probs @ YEARS, abs=5)
        assert again.female_prob == pytest.approx(plain.female_prob, abs=0.1)


def test_landmarks_outside_the_picture_give_no_nan(eyes: Eyes) -> None:
    image, face = eyes.look("single_face.mp4", 5)
    estimator = TraitEstimator(CONFIG.model_copy(update={"min_sharpness": 0.0}))
    for picture in (image, np.zeros_like(image), np.full_like(image, 255)):
        lost = replace(face, landmarks_px=face.landmarks_px - 400)
        traits = estimator.estimate(picture, lost)
        assert np.isfinite(traits.weight)
        assert traits.female_prob is not None
        assert 0 <= traits.female_prob <= 1
        for probs in (traits.age_probs, traits.mood_probs):
            assert probs is not None
            assert probs.min() >= 0
            assert probs.sum() == pytest.approx(1)
