"""Heads for other trackers: the product's detectors at their best, on a grid of pictures.

They see more than the product has: in each of these pictures the whole at both sizes at which the
product searches it in parts, and bodies as often as faces.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.accuracy.tracking import box_costs
from signage.assets.manifest import require
from signage.config.perception import PerceptionConfig
from signage.perception.models.bodies import BodyDetector
from signage.perception.models.face_detector import FaceDetector
from signage.types.arrays import Image
from signage.types.vision import Box

# The same threshold and overlap as the product's own.
_MIN_SCORE = 0.3
_SAME_OVERLAP = 0.4
_HEAD_WIDTH = 0.75
"""Of its height."""


@dataclass(frozen=True, slots=True)
class Head:
    """A face, or the head of a body that shows none."""

    box: Box
    score: float


class HeadDetector:
    """Finds heads in a picture. Holds no state between pictures."""

    def __init__(self, config: PerceptionConfig) -> None:
        manifest = config.models_dir / "manifest.toml"
        self._config = config
        self._faces = FaceDetector(require(manifest, "centerface.onnx"), _MIN_SCORE)
        self._bodies = BodyDetector(
            require(manifest, "movenet-multipose.onnx"), config.min_confidence
        )

    def detect(self, image: Image) -> list[Head]:
        """The heads of ``image``, shape (height, width, 3), BGR; the surest first."""
        sizes = {self._config.detect_px, min(self._config.far_px, max(image.shape[:2]))}
        heads = [
            Head(face.box_xyxy_px, float(face.score))
            for size in sorted(sizes)
            for face in self._faces.detect(image, size)
        ]
        for body in self._bodies.detect(image, self._config.bodies_px):
            (x, y), half = body.head_px, body.head_size_px / 2
            box = x - _HEAD_WIDTH * half, y - half, x + _HEAD_WIDTH * half, y + half
            # After all faces: a body's head is a guess.
            heads.append(Head(box, float(body.score) * 0.5))
        return _distinct(sorted(heads, key=lambda head: -head.score))


def _distinct(heads: list[Head]) -> list[Head]:
    """Those that no surer one overlaps."""
    kept: list[Head] = []
    for head in heads:
        costs = box_costs([head.box], [other.box for other in kept], _SAME_OVERLAP)
        if not np.isfinite(costs).any():
            kept.append(head)
    return kept
