"""Faces at any distance, by CenterFace (Xu et al., "CenterFace: Joint Face Detection and
Alignment Using Face as Point", 2019): a heat map of face centres, with sizes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signage.perception.models.detection import best_without_overlap, shrink
from signage.perception.models.inference import load_model
from signage.types.arrays import Image
from signage.types.vision import Box

_STRIDE = 4
_MAX_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """A face as the detector sees it."""

    box_xyxy_px: Box
    score: float

    def shifted(self, x_px: float, y_px: float) -> DetectedFace:
        """The same face in a picture that begins so much farther to the left and up."""
        left, top, right, bottom = self.box_xyxy_px
        box = (left + x_px, top + y_px, right + x_px, bottom + y_px)
        return DetectedFace(box, self.score)


class FaceDetector:
    """Finds faces from about 16 px of height, at the scale at which it is shown the picture."""

    def __init__(self, model: Path, min_score: float) -> None:
        self._session = load_model(model)
        self._min_score = min_score

    def detect(self, image: Image, longer_side_px: int) -> list[DetectedFace]:
        """Faces of ``image``, shape (height, width, 3), BGR, best first.

        It is searched at ``longer_side_px``, or at its own size if that is smaller; the
        answer is in pixels of ``image``.
        """
        small, to_picture = shrink(image, longer_side_px)
        # RGB, channels first; several times faster than cv2.dnn.blobFromImage.
        blob = np.ascontiguousarray(small[:, :, ::-1].transpose(2, 0, 1)[np.newaxis], np.float32)
        heat, log_size, offset = (
            output[0] for output in self._session.run(["537", "538", "539"], {"input.1": blob})
        )
        rows, columns = np.nonzero(heat[0] > self._min_score)
        scores = heat[0, rows, columns].astype(np.float64)
        sizes = np.exp(log_size[:, rows, columns].astype(np.float64)) * _STRIDE
        shift = offset[:, rows, columns]
        left = (columns + shift[1] + 0.5) * _STRIDE - sizes[1] / 2
        top = (rows + shift[0] + 0.5) * _STRIDE - sizes[0] / 2
        boxes = np.stack([left, top, left + sizes[1], top + sizes[0]], axis=1) * np.tile(
            to_picture, 2
        )
        return [
            DetectedFace(
                (float(boxes[i, 0]), float(boxes[i, 1]), float(boxes[i, 2]), float(boxes[i, 3])),
                float(scores[i]),
            )
            for i in best_without_overlap(boxes, scores, _MAX_OVERLAP)
        ]
