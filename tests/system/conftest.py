"""Kiosks that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.kiosk import Kiosk


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Kiosk]]:
    started: list[Kiosk] = []

    def run(*more: str, **how: Any) -> Kiosk:
        started.append(Kiosk(tmp_path, *more, **how))
        return started[-1]

    yield run
    for kiosk in started:
        if kiosk.process.poll() is None:
            kiosk.process.kill()
            kiosk.process.wait()
        if kiosk.process.stdout is not None:
            kiosk.process.stdout.close()
