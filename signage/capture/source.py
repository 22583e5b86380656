"""Recorded pictures of any kind, as the camera they stand in for would deliver them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from signage.capture.picture import upright
from signage.capture.recorded import Picture, read_reel, read_video
from signage.config import CameraConfig


def read_source(camera: CameraConfig) -> Iterator[Picture]:
    """The recorded source that ``camera`` names: its reel, or else its file; upright."""
    if not camera.reel:
        yield from read_recording(Path(camera.source or ""), camera)
        return
    for t_s, image in read_reel(camera.reel, camera.footage_dir):
        yield t_s, upright(image, camera)


def read_recording(path: Path, camera: CameraConfig) -> Iterator[Picture]:
    """The pictures of a recording that ``camera`` took: turned upright, times from 0.

    Raises SourceError when it cannot be read.
    """
    for t_s, image in read_video(path):
        yield t_s, upright(image, camera)
