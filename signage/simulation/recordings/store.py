"""Recordings of many videos, perceived once and cached by the hash of their content.

What is kept are numbers alone (``file.py``): who was where, when, and what they seemed
to be. The key is the SHA-256 of the video's bytes, of all settings that perception heeds, of the
models' manifest and of the program that perceives; whatever changes, the video is perceived anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from signage import capture, perception, scenes
from signage.capture.source import is_scene, recording_duration_s
from signage.config.camera import is_live
from signage.config.config import Config
from signage.errors import ConfigError, SourceError
from signage.io import replace_file
from signage.simulation.recordings import recording as recording_module
from signage.simulation.recordings.file import dump, load
from signage.simulation.recordings.recording import Recording, joined, watch
from signage.simulation.workers import Tell, each, processes

log = logging.getLogger(__name__)

_LIBRARIES = ("mediapipe", "numpy", "onnxruntime", "opencv-python")


def default_cache() -> Path:
    """The user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "signage" / "recordings"


def record_all(
    config: Config,
    videos: Sequence[Path],
    *,
    folder: Path | None,
    workers: int | None = None,
    on_progress: Tell = lambda _: None,
) -> Recording:
    """The recording of ``videos``, or of the reel of ``config`` if there are none.

    ``folder`` keeps what was perceived; None keeps nothing. Up to ``workers`` processes perceive,
    one for each core where it is None. ``on_progress`` gets the share done, in [0, 1]. Raises
    SourceError when a video cannot be read or nobody is to be seen in any.
    """
    sources: list[Path | None] = [*videos] or [None]
    paths = {video: _cache_path(config, video, folder) for video in sources}
    recordings = {video: part for video, path in paths.items() if (part := _read(path)) is not None}
    for video, part in recordings.items():
        for message in part.messages:
            log.warning("%s", message.replace("{video}", str(video)))
    missing = [video for video in paths if video not in recordings]
    sizes = [float(_size(config, video)) for video in missing]
    jobs = [_Job(config, video, size) for video, size in zip(missing, sizes, strict=True)]
    total = sum(sizes) or 1.0
    with processes(workers, len(jobs)) as executor:
        for index, part in each(
            _watch, jobs, sizes, executor, lambda done: on_progress(done / total)
        ):
            recordings[missing[index]] = part
            _keep(paths[missing[index]], part)
    return joined([recordings[video] for video in sources])


@dataclass(frozen=True, slots=True)
class _Job:
    """One video to perceive; its size in bytes stands for the time that it takes."""

    config: Config
    video: Path | None
    size: float


def _watch(job: _Job, tell: Tell) -> Recording:
    a_second = job.size / _length_s(job.config, job.video)
    return watch(job.config, job.video, lambda t_s: tell(min(job.size, t_s * a_second)))


def _inputs(config: Config, video: Path | None) -> list[Path]:
    """The files that a recording is made of."""
    if video is not None:
        return [video]
    camera = config.camera
    if camera.reel:
        return sorted({camera.footage_dir / segment.clip for segment in camera.reel})
    return [Path(camera.source or "")]


def _size(config: Config, video: Path | None) -> int:
    return sum(path.stat().st_size for path in _inputs(config, video))


def _length_s(config: Config, video: Path | None) -> float:
    """About how long it is, for the progress bar."""
    if video is None and config.camera.reel:
        reel, folder = config.camera.reel, config.camera.footage_dir
        ends = (piece.to_s or recording_duration_s(folder / piece.clip) for piece in reel)
        return sum(ends) - sum(piece.from_s for piece in reel) or 1.0
    return recording_duration_s(_inputs(config, video)[0]) or 1.0


def _cache_path(config: Config, video: Path | None, folder: Path | None) -> Path | None:
    """Where the recording of ``video`` is kept; None where it is not.

    Raises SourceError where a video is missing, ConfigError where there is none.
    """
    if video is None and not config.camera.reel and is_live(config.camera.source or "0"):
        raise ConfigError(
            "This configuration has a live camera. Name a recorded video on the command line."
        )
    inputs = _inputs(config, video)
    for path in inputs:
        if not path.is_file():
            raise SourceError(f"There is no video {path}. Check the path.")
    if folder is None or any(is_scene(path) for path in inputs):
        return None  # a scene is made of further files
    digest = hashlib.sha256(_program())
    for path in [*inputs, config.perception.models_dir / "manifest.toml", *_logos(config)]:
        digest.update(_sha256(path))
    digest.update(json.dumps(_settings(config, of_reel=video is None), sort_keys=True).encode())
    return folder / f"{digest.hexdigest()}.json.gz"


def _settings(config: Config, *, of_reel: bool) -> dict[str, object]:
    """All that perception heeds, and no path."""
    camera = config.camera.model_dump(mode="json", include={"rotate_deg", "mirrored", "fov_deg"})
    if of_reel:
        camera["reel"] = [segment.model_dump(mode="json") for segment in config.camera.reel]
    return {
        "camera": camera,
        "perception": config.perception.model_dump(
            mode="json", exclude={"models_dir", "logos_dir"}
        ),
        "forget_after_s": config.audience.forget_after_s,
        "logos": [path.name for path in _logos(config)],
    }


def _logos(config: Config) -> list[Path]:
    folder = config.perception.logos_dir
    return [] if folder is None else sorted(path for path in folder.rglob("*") if path.is_file())


@cache
def _program() -> bytes:
    """Of the program that perceives: its own text, and what it is built on."""
    digest = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in _LIBRARIES).encode())
    folders = (Path(str(package.__file__)).parent for package in (perception, capture, scenes))
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    for path in [*files, Path(recording_module.__file__)]:
        digest.update(_sha256(path))
    return digest.digest()


def _sha256(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}. Check its path.") from error


def _read(path: Path | None) -> Recording | None:
    """The recording in ``path``; None if it is missing or unusable."""
    if path is None or not path.is_file():
        return None
    try:
        return load(path.read_bytes())
    except (OSError, ValueError) as error:
        log.warning("%s is damaged (%s): the video is processed again.", path, error)
        return None


def _keep(path: Path | None, recording: Recording) -> None:
    """Put ``recording`` into ``path``, whole or not at all."""
    if path is None:
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(path, private=True) as file:
            file.write(dump(recording))
    except OSError as error:
        log.warning(
            "%s cannot be written (%s): the video will be processed again next time. Choose "
            "another --cache.",
            path, error.strerror,
        )  # fmt: skip
