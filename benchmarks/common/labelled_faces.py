"""Labelled pictures of single faces, looked at the way that the product looks at faces."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from benchmarks.common.paths import MANIFEST
from signage.assets.manifest import require
from signage.perception.models.face_detector import FaceDetector
from signage.perception.models.faces import CropLandmarker, Face
from signage.types.arrays import Image
from signage.types.vision import Box

BANDS = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70")
BAND_YEARS = ((0, 2), (3, 9), (10, 19), (20, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 100))
BAND_MIDDLES = np.array([1.0, 6.0, 14.5, 24.5, 34.5, 44.5, 54.5, 64.5, 75.0])

# Labelled faces fill their pictures; a camera's do not.
_PADDING = 0.5
_SEARCH_PX = 448
# A camera looks many times, and the detector's box is never quite the same.
_LOOKS = (1.0, 0.8, 1.25)


@dataclass(frozen=True, slots=True)
class Labelled:
    """One picture, and what its set says about it."""

    image: Image
    labels: dict[str, str]


def read_folder(folder: Path) -> Iterator[Labelled]:
    """Every picture that ``labels.csv`` in ``folder`` names, in its order."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            image = cv2.imread(str(folder / row["file"]))
            if image is None:
                raise SystemExit(f"Cannot read {folder / row['file']}.")
            yield Labelled(np.asarray(image, dtype=np.uint8), row)


class SingleFaceFinder:
    """Detects the face in the middle of a picture and reads its landmarks, as the product does."""

    def __init__(self) -> None:
        self._detector = FaceDetector(require(MANIFEST, "centerface.onnx"), 0.3)
        self._landmarker = CropLandmarker(require(MANIFEST, "face_landmarker.task"))

    def find_face(self, image: Image) -> Face | None:
        """The face of ``image``, BGR, that is nearest to its middle; None where none is found."""
        pad = round(_PADDING * max(image.shape[:2]))
        padded = np.asarray(
            cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_CONSTANT), dtype=np.uint8
        )
        # The product searches for small faces in enlarged tiles.
        scale = max(1.0, _SEARCH_PX / max(padded.shape[:2]))
        enlarged = np.asarray(cv2.resize(padded, None, fx=scale, fy=scale), dtype=np.uint8)
        middle = np.array(padded.shape[1::-1]) / 2

        def off_middle(box: Box) -> float:
            return float(np.hypot(*(np.reshape(box, (2, 2)).mean(axis=0) - middle)))

        boxes = [
            _shrunk(face.box_xyxy_px, scale) for face in self._detector.detect(enlarged, _SEARCH_PX)
        ]
        for box in sorted(boxes, key=off_middle)[:2]:
            for factor in _LOOKS:
                face = self._landmarker.read(padded, _scaled(box, factor))
                if face is not None:
                    return replace(face, landmarks_px=face.landmarks_px - pad)
        return None

    def close(self) -> None:
        self._landmarker.close()


def _scaled(box: Box, factor: float) -> Box:
    left, top, right, bottom = box
    x, y = (left + right) / 2, (top + bottom) / 2
    w, h = (right - left) / 2 * factor, (bottom - top) / 2 * factor
    return x - w, y - h, x + w, y + h


def _shrunk(box: Box, scale: float) -> Box:
    left, top, right, bottom = box
    return left / scale, top / scale, right / scale, bottom / scale
