"""Networks that all tests of perception share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import onnxruntime as ort
import pytest

from tests.support.faces import ANOTHER, HE, OTHERS, Eyes, Look


@pytest.fixture(scope="session", autouse=True)
def _each_network_is_loaded_once() -> Iterator[None]:
    """A network keeps nothing of what it ran, so all tests of a worker run the same one."""
    load = ort.InferenceSession
    loaded: dict[tuple[Path, int], Any] = {}

    def shared(path: Any, options: ort.SessionOptions | None = None, **more: Any) -> Any:
        if options is None:  # no network of the product
            return load(path, **more)
        real = Path(path).resolve()
        key = real, real.stat().st_mtime_ns
        if key not in loaded:
            loaded[key] = load(path, options, **more)
        return loaded[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ort, "InferenceSession", shared)
        yield


@pytest.fixture(scope="session")
def face_eyes() -> Iterator[Eyes]:
    found = Eyes()
    yield found
    found.landmarker.close()


@pytest.fixture(scope="session")
def visits(face_eyes: Eyes) -> dict[str, list[Look]]:
    return {clip: face_eyes.visit(clip) for clip in (*HE, *ANOTHER, *OTHERS)}
