"""Draws on a video what was perceived in it, for people to check by eye."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from signage.errors import ConfigError, SourceError
from signage.perception.tracking.boxes import height_px, overlap_px
from signage.types.arrays import Image
from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.vision import MOODS, Box

_GREEN, _GREY = (80, 220, 80), (200, 200, 200)
_FONT = cv2.FONT_HERSHEY_SIMPLEX
# The scale of the font is 1 in a picture of this height. Below a scale of 0.4 letters run together.
_HEIGHT_OF_SCALE_1_PX, _MIN_SCALE = 1100, 0.4
_LINE_PX, _MARGIN_PX = 30, 8
"""From line to line, and around the lines of a label, at scale 1."""
_SHADE = 0.35
"""Share of the picture's brightness that is left behind a label."""
_MOST_TRIES = 12
"""Places further down, and further up, that are tried for a label."""


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
        _draw(drawn, [v for v in audience.viewers if v.last_seen_s == audience.t_s])
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


def _draw(image: Image, viewers: Sequence[Viewer]) -> None:
    """Draw the boxes of all ``viewers``, then a label for each, the nearest first."""
    scale = max(_MIN_SCALE, image.shape[0] / _HEIGHT_OF_SCALE_1_PX)
    shown = {v.visit_id: box for v in viewers if (box := v.face_xyxy_px or v.body_xyxy_px)}
    for viewer in viewers:
        for box, width in ((viewer.body_xyxy_px, 1.0), (viewer.face_xyxy_px, 2.0)):
            if box is not None:
                left, top, right, bottom = (round(edge) for edge in box)
                thickness = max(1, round(width * scale))
                cv2.rectangle(image, (left, top), (right, bottom), _colour(viewer), thickness)
    labels: list[Box] = []
    by_size = sorted(viewers, key=lambda v: -height_px(shown.get(v.visit_id, (0, 0, 0, 0))))
    for viewer in by_size:
        if (box := shown.get(viewer.visit_id)) is not None:
            others = [*labels, *(b for name, b in shown.items() if name != viewer.visit_id)]
            labels.append(_label(image, viewer, box, others, scale))


def _label(image: Image, viewer: Viewer, box: Box, others: Sequence[Box], scale: float) -> Box:
    """Write what is known of ``viewer`` beside ``box`` and return where.

    Where the whole label would cover one of ``others``, only its first line is written.
    """
    lines = _lines(viewer)
    place = _place(_size(lines, scale), box, others, image)
    if _covered_px(place, others) > 0:
        lines = lines[:1]
        place = _place(_size(lines, scale), box, others, image)
    left, top, right, bottom = (round(edge) for edge in place)
    behind = image[max(0, top) : bottom, max(0, left) : right]
    behind[:] = np.asarray(behind * _SHADE, dtype=np.uint8)
    for index, line in enumerate(lines):
        at = left + round(_MARGIN_PX * scale), top + round((index + 0.9) * _LINE_PX * scale)
        width = max(1, round(1.3 * scale))
        cv2.putText(image, line, at, _FONT, scale, _colour(viewer), width, cv2.LINE_AA)
    return place


def _size(lines: Sequence[str], scale: float) -> tuple[float, float]:
    """Width and height of a label, in pixels."""
    widest = max(cv2.getTextSize(line, _FONT, scale, 1)[0][0] for line in lines)
    return widest + 2 * _MARGIN_PX * scale, len(lines) * _LINE_PX * scale + _MARGIN_PX * scale


def _place(size: tuple[float, float], box: Box, others: Sequence[Box], image: Image) -> Box:
    """Where a label of ``size`` covers least: below ``box``, beside, above, or farther away."""
    width, height = size
    left, top, right, bottom = box
    starts = [(left, bottom), (right, top), (left - width, top), (left, top - height)]
    step = height / 2
    starts += [
        (x, y + sign * index * step)
        for index in range(1, _MOST_TRIES)
        for x, y in starts[:3]
        for sign in (1, -1)
    ]
    most_x, most_y = max(0.0, image.shape[1] - width), max(0.0, image.shape[0] - height)
    inside = [(min(max(0.0, x), most_x), min(max(0.0, y), most_y)) for x, y in starts]
    places = [(x, y, x + width, y + height) for x, y in inside]
    return min(places, key=lambda place: _covered_px(place, others) + 0.5 * overlap_px(place, box))


def _covered_px(place: Box, others: Sequence[Box]) -> float:
    return sum(overlap_px(place, other) for other in others)


def _colour(viewer: Viewer) -> tuple[int, int, int]:
    return _GREEN if viewer.attentive else _GREY


def _lines(viewer: Viewer) -> list[str]:
    """What is known, in a few words; what is not is left out."""
    looked = "?" if viewer.attention_s is None else f"{viewer.attention_s:.1f}"
    lines = [f"#{viewer.viewer_id}  {looked}/{viewer.dwell_s:.1f} s"]
    who: list[str] = [] if viewer.gender is None else [viewer.gender]
    if viewer.age_years is not None:
        who.append(f"{viewer.age_years:.0f}+-{viewer.age_sd:.0f}")
    where = [] if viewer.distance_m is None else [f"{viewer.distance_m:.1f} m"]
    where += [
        word.replace("_", " ") for word in (viewer.movement, viewer.facing) if word is not None
    ]
    lines += [" ".join(words) for words in (who, where) if words]
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
