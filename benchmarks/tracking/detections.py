"""Heads for other trackers: those that the product found, and all that its detectors can find.

The latter are more than the product has: in each picture of a grid the whole at both sizes at which
the product searches it in parts, and bodies as often as faces.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.accuracy.tracking import box_costs
from signage.assets.manifest import require
from signage.config.perception import PerceptionConfig
from signage.perception.models.bodies import Body, BodyDetector
from signage.perception.models.face_detector import DetectedFace, FaceDetector
from signage.perception.tracking.people import People
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
        bodies = self._bodies.detect(image, self._config.bodies_px)
        return distinct([*heads, *map(_head_of, bodies)])


@contextmanager
def found_by_the_product(heads: list[tuple[float, Head]]) -> Iterator[None]:
    """Keep every head that the product finds from now on, with its time in seconds."""
    see_faces, see_bodies = People.see_faces, People.see_bodies

    def note_faces(
        people: People, t_s: float, faces: Sequence[DetectedFace], *more: Any, **named: Any
    ) -> Any:
        heads.extend((t_s, Head(face.box_xyxy_px, float(face.score))) for face in faces)
        return see_faces(people, t_s, faces, *more, **named)

    def note_bodies(
        people: People, t_s: float, bodies: Sequence[Body], *more: Any, **named: Any
    ) -> Any:
        heads.extend((t_s, _head_of(body)) for body in bodies)
        return see_bodies(people, t_s, bodies, *more, **named)

    with (
        patch.object(People, "see_faces", note_faces),
        patch.object(People, "see_bodies", note_bodies),
    ):
        yield


def _head_of(body: Body) -> Head:
    """Where the head of a body must be. A guess, so that any face is surer."""
    (x, y), half = body.head_px, body.head_size_px / 2
    box = x - _HEAD_WIDTH * half, y - half, x + _HEAD_WIDTH * half, y + half
    return Head(box, float(body.score) * 0.5)


def distinct(heads: Sequence[Head]) -> list[Head]:
    """Those that no surer one overlaps, the surest first."""
    kept: list[Head] = []
    for head in sorted(heads, key=lambda head: -head.score):
        costs = box_costs([head.box], [other.box for other in kept], _SAME_OVERLAP)
        if not np.isfinite(costs).any():
            kept.append(head)
    return kept
