"""Bodies, also without a visible face, by MoveNet MultiPose: box, keypoints and where the
shoulders turn. Only its raw heads are used, so that more than six people can be seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from signage.perception.models.detection import best_without_overlap, shrink
from signage.perception.models.inference import load_model
from signage.types.arrays import Floats, Image
from signage.types.vision import Box, Facing

_STRIDE = 4
_MAX_OVERLAP = 0.5
# The regressed place of a keypoint is refined to the peak of its heat map nearby; the
# farther a peak, the less it counts (MoveNet's own decoding, in cells).
_REACH_CELLS = 1.8
_MIN_KEYPOINT = 0.2
_CLEAR_KEYPOINT = 0.3

_HEAD = slice(0, 5)  # nose, eyes, ears
_LEFT_SHOULDER, _RIGHT_SHOULDER, _LEFT_HIP, _RIGHT_HIP = 5, 6, 11, 12
# Heights of a face from shoulder to hip, and from shoulder to shoulder.
_TORSO_FACES = 2.5
_SHOULDER_FACES = 2.5
# Shoulders of an adult are about 0.75 of the way from shoulder to hip apart; seen narrower
# than this share of it, the person stands sideways.
_SIDEWAYS = 0.35


@dataclass(frozen=True, slots=True)
class Body:
    """A body as the detector sees it."""

    box_xyxy_px: Box
    keypoints_px: Floats
    """Shape (17, 2), in the order of COCO; left is the person's own."""
    confidence: Floats
    """Shape (17,), in [0, 1]."""
    score: float

    @property
    def head_px(self) -> tuple[float, float]:
        """Where the middle of the head is, or should be."""
        seen = self.confidence[_HEAD] > _MIN_KEYPOINT
        if seen.any():
            x, y = self.keypoints_px[_HEAD][seen].mean(axis=0)
            return float(x), float(y)
        left, top, right, bottom = self.box_xyxy_px
        return (left + right) / 2, top + 0.08 * (bottom - top)

    @property
    def torso_px(self) -> float | None:
        """From the middle of the shoulders to that of the hips, where they are to be seen."""
        joints = [_LEFT_SHOULDER, _RIGHT_SHOULDER, _LEFT_HIP, _RIGHT_HIP]
        if min(self.confidence[joints]) < _MIN_KEYPOINT:
            return None
        shoulders, hips = self.keypoints_px[joints].reshape(2, 2, 2).mean(axis=1)
        return float(np.linalg.norm(hips - shoulders))

    @property
    def head_size_px(self) -> float:
        """Height that a face of this body has."""
        if (torso_px := self.torso_px) is not None:
            return max(1.0, torso_px / _TORSO_FACES)
        left, _, right, _ = self.box_xyxy_px
        return max(1.0, (right - left) / _SHOULDER_FACES)

    @property
    def head_xyxy_px(self) -> Box:
        """Where the face is, or should be."""
        (x, y), half = self.head_px, self.head_size_px / 2
        return x - 0.8 * half, y - half, x + 0.8 * half, y + half

    @property
    def head_in_body(self) -> Box:
        """The same in shares of the box."""
        left, top, right, bottom = self.box_xyxy_px
        width, height = max(1.0, right - left), max(1.0, bottom - top)
        x0, y0, x1, y1 = self.head_xyxy_px
        return (x0 - left) / width, (y0 - top) / height, (x1 - left) / width, (y1 - top) / height

    @property
    def facing(self) -> Facing | None:
        """Which way the shoulders face; None if unclear."""
        if min(self.confidence[[_LEFT_SHOULDER, _RIGHT_SHOULDER]]) < _MIN_KEYPOINT:
            return None
        across = self.keypoints_px[_LEFT_SHOULDER, 0] - self.keypoints_px[_RIGHT_SHOULDER, 0]
        # Who faces the camera has the left shoulder at the right of the picture.
        if abs(across) < _SIDEWAYS * _TORSO_FACES * self.head_size_px:
            return Facing.SIDEWAYS
        return Facing.TOWARDS if across > 0 else Facing.AWAY

    @property
    def is_clear(self) -> bool:
        """Whether there is enough of a person to believe in one without a face: a table has
        legs, but neither head nor shoulders."""
        shoulders = self.confidence[[_LEFT_SHOULDER, _RIGHT_SHOULDER]]
        return bool(min(shoulders.min(), self.confidence[_HEAD].max()) > _CLEAR_KEYPOINT)


class BodyDetector:
    """Finds the people in a picture by their bodies."""

    def __init__(self, model: Path, min_score: float) -> None:
        self._session = load_model(model)
        self._min_score = min_score

    def detect(self, image: Image, longer_side_px: int) -> list[Body]:
        """Bodies in ``image``, shape (height, width, 3), BGR, best first.

        It is searched at ``longer_side_px``, or at its own size if that is smaller; the
        answer is in pixels of ``image``.
        """
        small, to_picture = shrink(image, longer_side_px)
        rgb = cv2.cvtColor(small, cv2.COLOR_BGR2RGB).astype(np.int32)[np.newaxis]
        names = [
            "centers",
            "box_scale",
            "box_offset",
            "keypoints",
            "keypoint_heat",
            "keypoint_offset",
        ]
        centres, box_scale, box_offset, keypoints, heat, offset = (
            output[0].astype(np.float64) for output in self._session.run(names, {"input": rgb})
        )
        to_picture = to_picture * _STRIDE
        rows, columns = np.nonzero(centres[..., 0] > self._min_score)
        bodies = []
        for row, column in zip(rows, columns, strict=True):
            cells = np.array([row, column]) + keypoints[row, column].reshape(17, 2)
            cells, confidence = _refine(cells, heat, offset)
            middle = np.array([row, column]) + box_offset[row, column]
            half = box_scale[row, column] / 2
            (top, left), (bottom, right) = middle - half, middle + half
            box = np.array([left, top, right, bottom]) * np.tile(to_picture, 2)
            bodies.append(
                Body(
                    (float(box[0]), float(box[1]), float(box[2]), float(box[3])),
                    cells[:, ::-1] * to_picture,
                    confidence,
                    float(centres[row, column, 0]),
                )
            )
        if not bodies:
            return []
        boxes = np.array([body.box_xyxy_px for body in bodies])
        scores = np.array([body.score for body in bodies])
        return [bodies[i] for i in best_without_overlap(boxes, scores, _MAX_OVERLAP)]


def _refine(cells: Floats, heat: Floats, offset: Floats) -> tuple[Floats, Floats]:
    """Keypoints, shape (17, 2) as y, x in cells, at the peaks near them, and their confidence."""
    refined, confidence = cells.copy(), np.zeros(17)
    for k, (y, x) in enumerate(cells):
        reach = 6
        top, left = max(0, int(y) - reach), max(0, int(x) - reach)
        window = heat[top : int(y) + reach + 1, left : int(x) + reach + 1, k]
        if window.size == 0 or y < 0 or x < 0:
            continue
        ys = np.arange(top, top + window.shape[0])[:, np.newaxis]
        xs = np.arange(left, left + window.shape[1])
        weighed = window * _REACH_CELLS / (np.hypot(ys - y, xs - x) + _REACH_CELLS)
        row, column = np.unravel_index(int(weighed.argmax()), window.shape)
        at = top + int(row), left + int(column)
        confidence[k] = heat[at[0], at[1], k]
        refined[k] = np.array(at) + offset[at[0], at[1], 2 * k : 2 * k + 2]
    return refined, confidence
