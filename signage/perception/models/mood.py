"""The mood of a face, from two networks and two of MediaPipe's blendshapes.

Every network votes with the logarithm of its probabilities (a log-linear pool); the smile speaks
for happy, the open jaw for surprised. The eleven parameters below were fitted to 408 faces of
FER2013; by ten-fold cross-validation that is right for 58 of 100, see models/README.md.

In FER2013 every mood is as frequent as the others, while most people before a screen show none.
So neutral is given an advantage that costs less than a point on FER2013: resting faces of elderly
or serious people were taken for angry or sad otherwise.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.assets.manifest import require
from signage.perception.models.alignment import arcface_chip
from signage.perception.models.faces import SHUT, Face
from signage.perception.models.inference import load_model
from signage.types.arrays import Floats, Image
from signage.types.vision import MOODS

_EXPRESSION_WEIGHT, _EMOTION_WEIGHT = 0.20, 0.39
_BIAS = np.array((-0.57, -0.25, -0.49, -0.15, 0.30, 1.11, 0.05))
_FOR_NEUTRAL = 0.6
"""Of the faces found in FER2013, 58.8 % are right without it, 58.0 % with it, 55.6 % with 0.8. Of
its neutral faces, 61 % are called neutral without it, and 74 % with it."""
_SMILE_FOR_HAPPY, _JAW_FOR_SURPRISED = 0.70, 1.05
_FLOOR = 1e-3
"""No network is surer than this that a mood is not shown."""

# What each network is shown, as zoom and centre of ArcFace's chip.
_EXPRESSION_CROPS = ((0.93, (0.5, 0.5)), (1.0, (0.5, 0.54)))
_EMOTION_CROP = (0.9, (0.5, 0.52))
# emotion.onnx has angry, disgusted, fearful, happy, sad, surprised, neutral.
_EMOTION_ORDER = [6, 3, 4, 0, 2, 1, 5]


class MoodEstimator:
    """Probabilities of ``MOODS``. Holds no state: any thread may ask."""

    def __init__(self, manifest: Path) -> None:
        self._expression, self._emotion = (
            load_model(require(manifest, name)) for name in ("face_expression.onnx", "emotion.onnx")
        )

    def estimate(self, image: Image, face: Face) -> Floats | None:
        """Probability of each of ``MOODS``, shape (7,), in ``image``, (height, width, 3), BGR.

        None while the lids are down: they look sad, whatever the mood.
        """
        if face.eyes_shut > SHUT:
            return None
        logits = (
            _EXPRESSION_WEIGHT * self._expression_votes(image, face.landmarks_px)
            + _EMOTION_WEIGHT * self._emotion_votes(image, face.landmarks_px)
            + _BIAS
        )
        smile = (face.blendshapes["mouthSmileLeft"] + face.blendshapes["mouthSmileRight"]) / 2
        logits[MOODS.index("neutral")] += _FOR_NEUTRAL
        logits[MOODS.index("happy")] += _SMILE_FOR_HAPPY * smile
        logits[MOODS.index("surprised")] += _JAW_FOR_SURPRISED * face.blendshapes["jawOpen"]
        odds = np.exp(logits - logits.max())
        return np.asarray(odds / odds.sum())

    def _expression_votes(self, image: Image, landmarks_px: Floats) -> Floats:
        chips = [arcface_chip(image, landmarks_px, 112, *crop) for crop in _EXPRESSION_CROPS]
        batch = _with_mirrored(np.stack(chips)[..., ::-1]).transpose(0, 3, 1, 2)
        (probs,) = self._expression.run(None, {"image": np.ascontiguousarray(batch)})
        # The mirrored ones come last; each crop votes with the mean over both.
        crops: Floats = probs.astype(np.float64).reshape(2, len(chips), -1).mean(axis=0)
        return np.asarray(np.log(crops.clip(_FLOOR)).mean(axis=0))

    def _emotion_votes(self, image: Image, landmarks_px: Floats) -> Floats:
        grey = cv2.cvtColor(
            arcface_chip(image, landmarks_px, 64, *_EMOTION_CROP), cv2.COLOR_BGR2GRAY
        )
        batch = _with_mirrored(grey[None, :, :, None]) / np.float32(127.5) - np.float32(1)
        (probs,) = self._emotion.run(None, {"input_1": batch})
        mean: Floats = probs.astype(np.float64).mean(axis=0)[_EMOTION_ORDER]
        return np.asarray(np.log(mean.clip(_FLOOR)))


def _with_mirrored(chips: NDArray[Any]) -> Floats:
    """``chips``, shape (n, h, w, c), and behind them the same from right to left; float32."""
    return np.concatenate([chips, chips[:, :, ::-1]]).astype(np.float32)
