"""The perception stage: every model that looks at pictures, called as often as it pays."""

from __future__ import annotations

from signage.assets import require
from signage.config import PerceptionConfig
from signage.perception.attributes import AttributeEstimator
from signage.perception.faces import Face, FaceFinder
from signage.types import Frame, Image, Sighting


class Perceiver:
    """Finds the people in a frame. Frames must come in order of time.

    Raises AssetError when a model is missing or is not what the manifest says.
    """

    def __init__(self, config: PerceptionConfig) -> None:
        manifest = config.models_dir / "manifest.toml"
        self._config = config
        self._attributes = (
            AttributeEstimator(
                require(manifest, "age-v1.onnx"), require(manifest, "gender-v1.onnx")
            )
            if config.demographics
            else None
        )
        self._faces = FaceFinder(
            require(manifest, "face_landmarker.task"), config.max_faces, config.min_confidence
        )
        self._attributes_due_s = float("-inf")
        self._face_count = 0

    def perceive(self, frame: Frame) -> list[Sighting] | None:
        """What ``frame`` tells; None when it has no picture to tell from."""
        if frame.image is None:
            return None
        faces = self._faces.find(frame.image, frame.t_s)
        # Age and gender do not change: now and then is enough, and when someone new is there.
        is_due = frame.t_s >= self._attributes_due_s or len(faces) > self._face_count
        self._face_count = len(faces)
        if is_due and faces:
            self._attributes_due_s = frame.t_s + self._config.attributes_every_s
        return [self._sighting(frame.image, face, with_attributes=is_due) for face in faces]

    def close(self) -> None:
        self._faces.close()

    def _sighting(self, image: Image, face: Face, *, with_attributes: bool) -> Sighting:
        age_probs, female_prob = None, None
        if with_attributes and self._attributes is not None and self._is_clear(face):
            age_probs, female_prob = self._attributes.estimate(image, face.landmarks_px)
        return Sighting(
            box_xyxy_px=face.box_xyxy_px,
            head_pose=face.head_pose,
            age_probs=age_probs,
            female_prob=female_prob,
            expression=face.expression,
        )

    def _is_clear(self, face: Face) -> bool:
        _, top, _, bottom = face.box_xyxy_px
        return (
            bottom - top >= self._config.min_face_px
            and abs(face.head_pose.yaw_deg) <= self._config.max_yaw_deg
        )
