"""Draws on a video what was perceived in it, for people to check by eye."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from signage.errors import ConfigError, SourceError
from signage.types import AudienceSnapshot, Image, Viewer

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
    left, top, right, bottom = (round(edge) for edge in viewer.box_xyxy_px)
    colour = _GREEN if viewer.attentive else _GREY
    scale = max(0.35, image.shape[0] / 1100)
    cv2.rectangle(image, (left, top), (right, bottom), colour, max(1, round(2 * scale)))
    lines = [f"#{viewer.viewer_id}  {viewer.attention_s:.1f}/{viewer.dwell_s:.1f} s"]
    if viewer.female_prob is not None and viewer.age_years is not None:
        female = viewer.female_prob
        gender = "woman" if female >= 0.5 else "man"
        lines.append(
            f"{gender} {max(female, 1 - female):.0%}  {viewer.age_years:.0f}+-{viewer.age_sd:.0f}"
        )
    lines.append(" ".join(f"{name} {value:.1f}" for name, value in viewer.expression.items()))
    for index, line in enumerate(lines):
        at = (left, bottom + round((index + 1) * 28 * scale))
        for ink, width in ((_BLACK, 4), (colour, 1)):
            cv2.putText(
                image, line, at, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, max(1, round(width * scale))
            )
