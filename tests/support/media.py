"""Makes real media, whole and broken, and content folders around them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from signage.types.arrays import Image

FPS = 25


def picture(path: Path, width: int = 64, height: int = 48) -> Path:
    """Noise, so that half of the file is half of the picture."""
    assert cv2.imwrite(str(path), _noise(width, height, 1))
    return path


def moving_picture(path: Path, frames: int = 10) -> Path:
    animation = cv2.Animation()
    animation.frames = [_noise(64, 48, seed) for seed in range(frames)]
    animation.durations = [100] * frames
    assert cv2.imwriteanimation(str(path), animation)
    return path


def film(
    path: Path, codec: str = "VP80", seconds: float = 2.0, size: tuple[int, int] = (64, 48)
) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), FPS, size)
    assert writer.isOpened()
    for seed in range(round(seconds * FPS)):
        writer.write(
            _noise(*size, seed) if max(size) < 1000 else np.zeros((size[1], size[0], 3), np.uint8)
        )
    writer.release()
    return path


def cut(path: Path, share: float = 0.5) -> Path:
    """What an interrupted copy leaves."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def _noise(width: int, height: int, seed: int) -> Image:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 255, (height, width, 3), dtype=np.uint8)


def describe(folder: Path, medium: str, file: str, **more: Any) -> Path:
    """Write the TOML of a content; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = {
        "title": folder.name.title(),
        "category": folder.name,
        "medium": medium,
        "file": file,
        "motion": medium != "image",
        "duration_s": 2.0,
    } | more
    lines = [f"{key} = {_toml(value)}" for key, value in keys.items()]
    (folder / "content.toml").write_text("\n".join(lines) + "\n")
    return folder


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_toml(v)}" for k, v in value.items()) + " }"
    return str(value).lower() if isinstance(value, bool) else repr(value)


def page(folder: Path, html: str = "<!doctype html><p>Hello", **more: Any) -> Path:
    """A content that is a page."""
    describe(folder, "html", "index.html", **more)
    (folder / "index.html").write_text(html)
    return folder
