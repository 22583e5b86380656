"""Draws on a video what was perceived in it, for people to check by eye."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from signage.errors import ConfigError, SourceError
from signage.types.arrays import Image
from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.vision import MOODS

_GREEN, _GREY, _BLACK = (80, 220, 80), (170, 170, 170), (0, 0, 0)


class AnnotatedVideo:
    """Writes frames with their viewers drawn on, as MP4. Raises a SignageError if it cannot."""

    def __init__(self, path: Path, fps: float) -> None:
        if path.suffix.lower() != ".mp4":
            raise ConfigError(f"{path} must end in .mp4.")
        self._path, self._fps = path, fps
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def add(self, image: Image, audience: AudienceSnapshot) -> None:
        drawn = image.copy()
        for viewer in audience.viewers:
            if viewer.last_seen_s == audience.t_s:
                _draw(drawn, viewer)
        if self._writer is None:
            self._size = (drawn.shape[1], drawn.shape[0])
            codec = cv2.VideoWriter.fourcc(*"mp4v")
            self._writer = cv2.VideoWriter(str(self._path), codec, self._fps, self._size)
            if not self._writer.isOpened():
                raise SourceError(f"{self._path} cannot be written. Check that the folder exists.")
        if (drawn.shape[1], drawn.shape[0]) != self._size:
            # The video changed its size in between.
            drawn = np.asarray(cv2.resize(drawn, self._size), dtype=np.uint8)
        self._writer.write(drawn)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.release()


def _draw(image: Image, viewer: Viewer) -> None:
    colour = _GREEN if viewer.attentive else _GREY
    scale = max(0.35, image.shape[0] / 1100)
    for box, width in ((viewer.body_xyxy_px, 1.0), (viewer.face_xyxy_px, 2.0)):
        if box is not None:
            left, top, right, bottom = (round(edge) for edge in box)
            thickness = max(1, round(width * scale))
            cv2.rectangle(image, (left, top), (right, bottom), colour, thickness)
    box = viewer.face_xyxy_px or viewer.body_xyxy_px
    if box is None:
        return
    for index, line in enumerate(_lines(viewer)):
        at = (round(box[0]), round(box[3]) + round((index + 1) * 28 * scale))
        for ink, width in ((_BLACK, 4), (colour, 1)):
            cv2.putText(
                image, line, at, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, max(1, round(width * scale))
            )


def _lines(viewer: Viewer) -> list[str]:
    """What is known, in a few words; what is not is left out."""
    lines = [f"#{viewer.viewer_id}  {viewer.attention_s:.1f}/{viewer.dwell_s:.1f} s"]
    where = [] if viewer.distance_m is None else [f"{viewer.distance_m:.1f} m"]
    where += [
        word.replace("_", " ") for word in (viewer.movement, viewer.facing) if word is not None
    ]
    if viewer.female_prob is not None:
        female = viewer.female_prob
        who = f"{'woman' if female >= 0.5 else 'man'} {max(female, 1 - female):.0%}"
        if viewer.age_years is not None:
            who += f"  {viewer.age_years:.0f}+-{viewer.age_sd:.0f}"
        lines.append(who)
    lines.append(" ".join(where))
    if viewer.gaze is not None:
        looks = f"looks at {viewer.gaze.x:.1f} {viewer.gaze.y:.1f}"
        lines.append(looks + (", reads" if viewer.reading else ""))
    if viewer.returning:
        lines.append("was here before")
    lines += [f"wears {logo.brand}" for logo in viewer.logos or ()]
    if viewer.mood_probs is not None:
        best = int(viewer.mood_probs.argmax())
        lines.append(f"{MOODS[best]} {viewer.mood_probs[best]:.0%}")
    return lines
