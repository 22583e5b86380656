"""Faces at any distance, by CenterFace (Xu et al., "CenterFace: Joint Face Detection and
Alignment Using Face as Point", 2019): a heat map of face centres, with sizes and five points.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from signage.perception.inference import load_model
from signage.types import Box, Floats, Image

_STRIDE = 4
_MULTIPLE = 32
_MAX_OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """A face as the detector sees it."""

    box_xyxy_px: Box
    points_px: Floats
    """Shape (5, 2): the eye on the left of the picture, the other, nose, mouth corners."""
    score: float

    def shifted(self, x_px: float, y_px: float) -> DetectedFace:
        """The same face in a picture that begins so much farther to the left and up."""
        left, top, right, bottom = self.box_xyxy_px
        box = (left + x_px, top + y_px, right + x_px, bottom + y_px)
        return DetectedFace(box, self.points_px + np.array([x_px, y_px]), self.score)


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
        height, width = image.shape[:2]
        scale = min(1.0, longer_side_px / max(height, width))
        shape = [
            max(_MULTIPLE, round(side * scale / _MULTIPLE) * _MULTIPLE) for side in (height, width)
        ]
        small = cv2.resize(image, (shape[1], shape[0]))
        # RGB, channels first; several times faster than cv2.dnn.blobFromImage.
        blob = np.ascontiguousarray(small[:, :, ::-1].transpose(2, 0, 1)[np.newaxis], np.float32)
        heat, log_size, offset, points = (
            output[0]
            for output in self._session.run(None, {self._session.get_inputs()[0].name: blob})
        )
        rows, columns = np.nonzero(heat[0] > self._min_score)
        scores = heat[0, rows, columns].astype(np.float64)
        sizes = np.exp(log_size[:, rows, columns].astype(np.float64)) * _STRIDE
        shift = offset[:, rows, columns]
        left = (columns + shift[1] + 0.5) * _STRIDE - sizes[1] / 2
        top = (rows + shift[0] + 0.5) * _STRIDE - sizes[0] / 2
        # Back to the picture, which was stretched a little to fit the multiple.
        to_picture = np.array([width / shape[1], height / shape[0]])
        boxes = np.stack([left, top, left + sizes[1], top + sizes[0]], axis=1) * np.tile(
            to_picture, 2
        )
        relative = points[:, rows, columns].reshape(5, 2, -1)
        xs = (left + relative[:, 1] * sizes[1]) * to_picture[0]
        ys = (top + relative[:, 0] * sizes[0]) * to_picture[1]
        return [
            DetectedFace(
                (float(boxes[i, 0]), float(boxes[i, 1]), float(boxes[i, 2]), float(boxes[i, 3])),
                np.stack([xs[:, i], ys[:, i]], axis=1),
                float(scores[i]),
            )
            for i in best_without_overlap(boxes, scores)
        ]


def best_without_overlap(
    boxes: Floats, scores: Floats, max_overlap: float = _MAX_OVERLAP
) -> list[int]:
    """Indices of ``boxes``, shape (n, 4), that no better one overlaps by more, best first."""
    sizes = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
    kept = cv2.dnn.NMSBoxes(sizes.tolist(), scores.tolist(), 0.0, max_overlap)
    return [int(index) for index in np.asarray(kept).reshape(-1)]
