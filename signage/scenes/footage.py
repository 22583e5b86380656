"""Recorded video: every frame at its own time, as fast as it is asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from signage.config.camera import ReelSegment
from signage.content.media import is_whole
from signage.errors import SourceError
from signage.types.arrays import Image

log = logging.getLogger(__name__)

Picture = tuple[float, Image]
"""Media time in seconds, and the picture."""

_STILLS = {".jpg", ".jpeg", ".png"}
_STILL_FPS = 10.0
# Containers often promise a few frames more than they hold, and some many: frames that are cut
# away, or as many as the longest track would have at the same rate.
_COMPLETE_SHARE = 0.95


def read_video(path: Path, from_s: float = 0.0, to_s: float | None = None) -> Iterator[Picture]:
    """Yield the frames of ``path`` between two media times; times start at 0.

    A truncated video plays what it has, and says so in the log. Raises SourceError when
    there is no such file, it is no video, or it has no frames.
    """
    if not path.is_file():
        raise SourceError(f"There is no video {path}. Check the path.")
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened():
            raise SourceError(
                f"{path} cannot be read as a video. It may be damaged, cut off before its index, "
                "or of a kind that OpenCV does not know; convert it to MP4 (H.264)."
            )
        promised = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        if from_s > 0:
            capture.set(cv2.CAP_PROP_POS_MSEC, from_s * 1000)
        decoded, start_s, last_s = 0, None, 0.0
        while True:
            ok, image = capture.read()
            if not ok:
                break
            decoded += 1
            time_s = capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
            if to_s is not None and time_s >= to_s:
                return
            if time_s < from_s:
                continue  # the seek landed on the key frame before
            start_s = time_s if start_s is None else start_s
            last_s = max(last_s, time_s - start_s)  # never backwards, even in a broken index
            yield last_s, np.asarray(image, dtype=np.uint8)
        if start_s is None:
            raise SourceError(f"{path} has no frames{f' after {from_s:g} s' if from_s else ''}.")
        if from_s == 0 and decoded < promised * _COMPLETE_SHARE and not is_whole(path):
            log.warning(
                "%s is cut off: only %d of %d frames can be decoded. These are used.",
                path, decoded, promised,
            )  # fmt: skip
    finally:
        capture.release()


def video_fps(path: Path) -> float:
    """Frames a second that the container speaks of; 25 where it does not say."""
    return _properties(path)[0] or 25.0


def video_duration_s(path: Path) -> float:
    """Length in seconds that the container speaks of; 0 where it does not say."""
    fps, frames = _properties(path)
    return frames / fps if fps > 0 else 0.0


def _properties(path: Path) -> tuple[float, float]:
    capture = cv2.VideoCapture(str(path))
    fps, frames = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    capture.release()
    return max(0.0, fps), max(0.0, frames)


def read_reel(segments: Sequence[ReelSegment], folder: Path) -> Iterator[Picture]:
    """Yield the segments one after the other, once, on one running media time."""
    offset_s = 0.0
    for segment in segments:
        last_s, step_s = 0.0, 0.0
        for time_s, image in _read_segment(segment, folder):
            step_s, last_s = time_s - last_s or step_s, time_s
            yield offset_s + time_s, image
        offset_s += last_s + step_s


def _read_segment(segment: ReelSegment, folder: Path) -> Iterator[Picture]:
    path = folder / segment.clip
    if not is_still(path):
        yield from read_video(path, segment.from_s, segment.to_s)
        return
    image = read_still(path)
    length_s = (segment.to_s or segment.from_s + 1.0) - segment.from_s
    for index in range(max(1, round(length_s * _STILL_FPS))):
        yield index / _STILL_FPS, image


def is_still(path: Path) -> bool:
    """Whether a file is a still picture, by its name."""
    return path.suffix.lower() in _STILLS


def read_still(path: Path) -> Image:
    """A still picture, (height, width, 3) BGR. Raises SourceError when it cannot be read."""
    image = cv2.imread(str(path))
    if image is None:
        raise SourceError(f"{path} cannot be read as a picture. Run `signage models pull`.")
    return np.asarray(image, dtype=np.uint8)
