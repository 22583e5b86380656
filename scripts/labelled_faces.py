"""Labelled pictures of single faces, looked at the way that the product looks at faces."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from signage.assets import require
from signage.perception.face_detector import FaceDetector
from signage.perception.faces import CropLandmarker, Face
from signage.types import Image

MODELS = Path(__file__).resolve().parents[1] / "models"
MANIFEST = MODELS / "manifest.toml"

BANDS = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70")
BAND_YEARS = ((0, 2), (3, 9), (10, 19), (20, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 100))
BAND_MIDDLES = np.array([1.0, 6.0, 14.5, 24.5, 34.5, 44.5, 54.5, 64.5, 75.0])

# Labelled faces fill their pictures; a camera's do not.
_PADDING = 0.5


@dataclass(frozen=True, slots=True)
class Labelled:
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

    def find_face(self, image: Image) -> tuple[Image, Face] | None:
        """The face with the picture that its coordinates are of; None where none is found."""
        pad = round(_PADDING * max(image.shape[:2]))
        padded = np.asarray(
            cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_REPLICATE), dtype=np.uint8
        )
        middle = np.array(padded.shape[1::-1]) / 2
        search_px = min(480, max(256, *padded.shape[:2]))
        found = sorted(
            self._detector.detect(padded, search_px),
            key=lambda f: float(np.hypot(*(np.reshape(f.box_xyxy_px, (2, 2)).mean(0) - middle))),
        )
        for detected in found[:2]:
            face = self._landmarker.read(padded, detected.box_xyxy_px)
            if face is not None:
                return padded, face
        return None
