"""Age, gender and mood of a face, each with how sure they are, or nothing at all.

Three networks look at the face in their own ways; our own small head (``traits.onnx``, made by
``training/traits.py``) reads age and gender from what they make of it. The mood is told by
two networks and MediaPipe's blendshapes together.
"""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np

from signage.assets.manifest import require
from signage.config.perception import PerceptionConfig
from signage.perception.models.alignment import arcface_chip, dlib_chip
from signage.perception.models.faces import Face
from signage.perception.models.inference import load_model
from signage.perception.models.mood import MoodEstimator
from signage.types.arrays import Floats, Image
from signage.types.vision import Traits

# A face this high, in pixels, is as good as a larger one.
_CLEAR_FACE_PX = 80.0
_SHARPNESS_CHIP_PX = 64

# How much of the face's surroundings faceres sees: hair and chin, tight at the sides.
_FACERES_ZOOM, _FACERES_CENTRE = 1.25, (0.5, 0.54)
_FACERES_MEANS_BGR = np.array((103.939, 116.779, 123.68), dtype=np.float32)


class TraitEstimator:
    """What single looks at faces tell. Holds no state between them: any thread may ask.

    Raises AssetError when a model that is switched on is missing.
    """

    def __init__(self, config: PerceptionConfig) -> None:
        manifest = config.models_dir / "manifest.toml"
        self._config = config
        self._demographics = DemographicsEstimator(manifest) if config.demographics else None
        self._mood = MoodEstimator(manifest) if config.mood else None

    def estimate(self, image: Image, face: Face) -> Traits:
        """The traits of ``face`` in ``image``, shape (height, width, 3), BGR.

        Nothing is told of a face that is too small, turned away or blurred, and its weight is 0.
        """
        weight = self.weight(image, face)
        if weight == 0:
            return Traits(weight=0.0)
        age_probs, female_prob = (
            (None, None)
            if self._demographics is None
            else self._demographics.estimate(image, face.landmarks_px)
        )
        mood_probs = None if self._mood is None else self._mood.estimate(image, face)
        return Traits(weight, age_probs, female_prob, mood_probs)

    def weight(self, image: Image, face: Face) -> float:
        """How much the look counts, from 0 (not at all) to 1."""
        _, top, _, bottom = face.box_xyxy_px
        yaw_deg = abs(face.head_pose.yaw_deg)
        if bottom - top < self._config.min_face_px or yaw_deg > self._config.max_yaw_deg:
            return 0.0
        sharp = sharpness(image, face.landmarks_px)
        if sharp < self._config.min_sharpness:
            return 0.0
        size = min(1.0, (bottom - top) / _CLEAR_FACE_PX)
        return size * math.cos(math.radians(min(yaw_deg, 80.0))) ** 2


class FaceFeatures:
    """What three networks make of a face: the input of our own head."""

    def __init__(self, manifest: Path) -> None:
        self._faceres, self._age, self._gender = (
            load_model(require(manifest, name))
            for name in ("faceres.onnx", "age-v1.onnx", "gender-v1.onnx")
        )

    def describe(self, image: Image, landmarks_px: Floats) -> Floats:
        """Shape (1206,): faceres' embedding (1024) and ages (100), dlib's ages (81) and gender.

        ``image`` is BGR; ``landmarks_px``, shape (478, 2), are MediaPipe's. Gender is the
        logarithm of the odds of a woman.
        """
        wide = arcface_chip(image, landmarks_px, 224, _FACERES_ZOOM, _FACERES_CENTRE)
        embedding, years = self._faceres.run(
            ["embedding", "age"], {"input_1": (wide.astype(np.float32) - _FACERES_MEANS_BGR)[None]}
        )
        (ages,) = self._age.run(None, {"images": _dlib_input(image, landmarks_px, 64)})
        (sexes,) = self._gender.run(None, {"images": _dlib_input(image, landmarks_px, 32)})
        female, male = np.clip(sexes[0], 1e-6, 1.0)
        return np.concatenate([embedding[0], years[0], ages[0], [np.log(female / male)]])


class DemographicsEstimator:
    """Age as a distribution over whole years, gender as a probability."""

    def __init__(self, manifest: Path) -> None:
        self._features = FaceFeatures(manifest)
        self._head = load_model(require(manifest, "traits.onnx"))

    def estimate(self, image: Image, landmarks_px: Floats) -> tuple[Floats, float]:
        """Age probabilities, shape (101,), and the probability of a woman.

        ``image`` is BGR; ``landmarks_px``, shape (478, 2), are MediaPipe's.
        """
        features = self._features.describe(image, landmarks_px).astype(np.float32)
        ages, female = self._head.run(["age_probs", "female_prob"], {"features": features[None]})
        probs = np.asarray(ages[0], dtype=np.float64)
        return probs / probs.sum(), float(female[0])


def sharpness(image: Image, landmarks_px: Floats) -> float:
    """How sharp the face is: spread of its Laplacian over spread of its brightness.

    Of the face brought to one size, so that one enlarged from few pixels counts as blurred.
    """
    grey = cv2.cvtColor(
        dlib_chip(image, landmarks_px, _SHARPNESS_CHIP_PX), cv2.COLOR_BGR2GRAY
    ).astype(np.float32)
    return float(cv2.Laplacian(grey, cv2.CV_32F).std() / (grey.std() + 1.0))


def _dlib_input(image: Image, landmarks_px: Floats, size_px: int) -> Floats:
    chip = dlib_chip(image, landmarks_px, size_px)[:, :, ::-1].astype(np.float32)
    scaled = (chip - np.array((122.782, 117.001, 104.298), dtype=np.float32)) / 256
    return np.ascontiguousarray(scaled.transpose(2, 0, 1)[None])
