"""Age and gender of a face, by the two ONNX models of the dlib family."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import onnxruntime as ort

from signage.types import Floats, Image

# dlib's mean five-point face (its `get_face_chip_details`) and the points of MediaPipe's
# mesh that stand where dlib's do: outer and inner corner of each eye, base of the nose.
_MEAN_FACE = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
_MESH_POINTS = [263, 362, 33, 133, 2]
_CHIP_PADDING = 0.2
_CHANNEL_MEANS_RGB = np.array([122.782, 117.001, 104.298])
_OVERSAMPLING = 4

_AGES = 101
# The age model is too sure of itself: widened by this much, in years, its distribution is
# as likely as it can be on labelled faces that were not used to report accuracy.
_AGE_SPREAD_YEARS = 8.0
# Logits of the gender model divided by this, for the same reason.
_GENDER_TEMPERATURE = 2.0


class AttributeEstimator:
    """Age as a distribution over whole years, gender as a probability."""

    def __init__(self, age_model: Path, gender_model: Path) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1  # tiny networks: threads cost more than they give
        options.log_severity_level = 3
        self._age, self._gender = (
            ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            for path in (age_model, gender_model)
        )
        years = np.arange(_AGES)
        kernel = np.exp(-0.5 * ((years[:, None] - years) / _AGE_SPREAD_YEARS) ** 2)
        self._widen: Floats = kernel / kernel.sum(axis=1, keepdims=True)

    def estimate(self, image: Image, landmarks_px: Floats) -> tuple[Floats, float]:
        """Age probabilities, shape (101,), and the probability of a woman.

        ``image`` is BGR; ``landmarks_px``, shape (478, 2), are MediaPipe's.
        """
        points = landmarks_px[_MESH_POINTS]
        ages: Floats = _run(self._age, face_chip(image, points, 64)).astype(np.float64)
        padded = np.zeros(_AGES)
        padded[: len(ages)] = ages / ages.sum()
        female, male = _run(self._gender, face_chip(image, points, 32)).astype(np.float64)
        logit = np.log(max(female, 1e-6) / max(male, 1e-6)) / _GENDER_TEMPERATURE
        return padded @ self._widen, float(1 / (1 + np.exp(-logit)))


def face_chip(image: Image, points_px: Floats, size_px: int) -> Image:
    """Cut out a face upright, as dlib does, shape (size_px, size_px, 3), BGR.

    ``points_px``, shape (5, 2), in dlib's order.
    """
    # Drawn larger and shrunk by area, so that a big face does not alias.
    drawn_px = size_px * _OVERSAMPLING
    target = (_MEAN_FACE + _CHIP_PADDING) / (1 + 2 * _CHIP_PADDING) * drawn_px
    chip = cv2.warpAffine(
        image, similarity(points_px, target), (drawn_px, drawn_px), borderMode=cv2.BORDER_REPLICATE
    )
    shrunk = cv2.resize(chip, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return np.asarray(shrunk, dtype=np.uint8)


def similarity(source: Floats, target: Floats) -> Floats:
    """Least-squares rotation, scale and shift from ``source`` to ``target``, shape (2, 3).

    Both shape (n, 2). Umeyama, "Least-squares estimation of transformation parameters
    between two point patterns", IEEE TPAMI 1991.
    """
    source_mean, target_mean = source.mean(axis=0), target.mean(axis=0)
    centred, aimed = source - source_mean, target - target_mean
    u, s, vt = np.linalg.svd(aimed.T @ centred)
    flip = np.array([1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u @ np.diag(flip) @ vt
    scale = (s * flip).sum() / (centred**2).sum()
    return np.column_stack([scale * rotation, target_mean - scale * rotation @ source_mean])


def _run(session: ort.InferenceSession, chip: Image) -> Floats:
    values = (chip[:, :, ::-1].astype(np.float64) - _CHANNEL_MEANS_RGB) / 256
    batch = values.transpose(2, 0, 1)[np.newaxis].astype(np.float32)
    (output,) = session.run(None, {session.get_inputs()[0].name: batch})
    return np.asarray(output[0])
