"""Runs py-feat or deepface over raw frames and prints what it took, as JSON.

python peer_python.py py-feat|deepface FRAMES WIDTH HEIGHT, in an environment that has it.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

Look = Callable[[Any], int]
"""Takes a picture, (height, width, 3), RGB; gives the number of faces."""


def py_feat() -> Look:
    """How py-feat looks at a picture."""
    torch, feat = import_module("torch"), import_module("feat")

    detector = feat.Detector(device="cpu")

    def look(picture: Any) -> int:
        tensor = torch.from_numpy(picture.transpose(2, 0, 1).copy())[None]
        return len(detector.detect(tensor, data_type="tensor", progress_bar=False))

    return look


def deepface() -> Look:
    """How deepface looks at a picture."""
    analyze = import_module("deepface.DeepFace").analyze

    def look(picture: Any) -> int:
        return len(
            analyze(
                picture[:, :, ::-1],
                actions=("age", "gender", "emotion"),
                enforce_detection=False,
                silent=True,
            )
        )

    return look


def main() -> None:
    """Look at every frame, and print what it took."""
    name, frames, width, height = sys.argv[1:]
    size = int(height), int(width), 3
    pictures = np.frombuffer(Path(frames).read_bytes(), dtype=np.uint8).reshape(-1, *size)
    look = {"py-feat": py_feat, "deepface": deepface}[name]()
    for picture in pictures[:3]:
        look(picture)
    took_ms, faces = [], 0
    cpu_s = time.process_time()
    for picture in pictures:
        began_s = time.perf_counter()
        faces += look(picture)
        took_ms.append(1e3 * (time.perf_counter() - began_s))
    cpu_ms = 1e3 * (time.process_time() - cpu_s) / len(pictures)
    print(
        json.dumps(
            {"took_ms": took_ms, "cpu_ms": cpu_ms, "faces": faces / len(pictures), "bodies": 0}
        )
    )


if __name__ == "__main__":
    main()
