"""Recorded pictures of any kind, as the camera they stand in for would deliver them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from signage.capture.picture import upright
from signage.config.camera import CameraConfig
from signage.scenes.file import load_scene
from signage.scenes.footage import Picture, read_reel, read_video, video_duration_s, video_fps
from signage.scenes.scene import read_scene


def read_source(camera: CameraConfig) -> Iterator[Picture]:
    """The recorded source that ``camera`` names: its reel, or else its file; upright."""
    if not camera.reel:
        yield from read_recording(Path(camera.source or ""), camera)
        return
    for t_s, image in read_reel(camera.reel, camera.footage_dir):
        yield t_s, upright(image, camera)


def read_recording(path: Path, camera: CameraConfig) -> Iterator[Picture]:
    """The pictures of a video, or of a scene file, that ``camera`` took; times from 0.

    A video is turned upright; a scene is that already. Raises SourceError when it cannot be
    read, ConfigError for a bad scene file.
    """
    if is_scene(path):
        yield from (picture for picture, _ in read_scene(path))
        return
    for t_s, image in read_video(path):
        yield t_s, upright(image, camera)


def recording_fps(path: Path) -> float:
    """Pictures a second of a video or scene; 25 where a video does not say."""
    return load_scene(path).fps if is_scene(path) else video_fps(path)


def recording_duration_s(path: Path) -> float:
    """Length in seconds of a video or scene; 0 where a video does not say."""
    return load_scene(path).duration_s if is_scene(path) else video_duration_s(path)


def is_scene(path: Path) -> bool:
    """Whether a recording is a scene file (``scenes/file.py``), by its name."""
    return path.suffix.lower() == ".toml"
