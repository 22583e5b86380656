"""Blank frames and late switches of the page."""

from __future__ import annotations

import base64
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Page

from benchmarks.player.screen import Screen, chromium
from signage.config.player import PlayerConfig
from signage.types.arrays import Floats, Image
from signage.types.plays import Cue, PlayState

# Bright, so that a mix of two is bright, too, and what is dark is no content.
_COLOURS = {"html": "#e8a020", "image": "#40c8e0", "video": "#60d060"}
_DARK, _WHITE = 70.0, 245.0
_PLAY_S, _LEAD_S = 0.9, 0.5
_LATE_MS = 100.0

Line = tuple[str, str]
"""What was measured, and its value."""


def rows(folder: Path, switches: int) -> Iterator[Line]:
    """Play so many contents and look at every frame that Chromium paints."""
    contents = {name: folder / name for name in _COLOURS}
    for name, path in contents.items():
        path.mkdir()
        _MAKERS[name](path, _COLOURS[name])
    screen = Screen(contents)
    url = screen.server.start()
    # Where no content covers the page it is black.
    screen.server.set_up(PlayerConfig(background="#000000"), [])
    with chromium(url, 640, 360) as page:
        frames = _play_all(screen, page, switches)
    screen.server.stop()
    blank = [t for t, image in frames if not _DARK < _centre(image) < _WHITE]
    gaps_ms, taken_ms = _times_ms(screen, switches)
    late = int(np.sum(gaps_ms > _LATE_MS))
    yield "switches", str(switches)
    yield "painted frames that are black or blank", f"{len(blank)} of {len(frames)}"
    gap = f"median {np.median(gaps_ms):.0f} ms, p99 {np.quantile(gaps_ms, 0.99):.0f} ms"
    yield "from the end of a play to the next on screen", gap
    yield f"the same, later than {_LATE_MS:.0f} ms", f"{late} of {len(gaps_ms)}"
    yield (
        "from an interrupt to a content that is loaded, on screen",
        f"median {np.median(taken_ms):.0f} ms, p95 {np.quantile(taken_ms, 0.95):.0f} ms "
        f"({np.median(taken_ms) * 60 / 1000:.1f} display frames)",
    )


def _play_all(screen: Screen, page: Page, switches: int) -> list[tuple[float, Image]]:
    cast = page.context.new_cdp_session(page)
    frames: list[tuple[float, Image]] = []

    def keep(event: dict[str, Any]) -> None:
        jpeg = np.frombuffer(base64.b64decode(event["data"]), np.uint8)
        image = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
        frames.append((event["metadata"]["timestamp"], np.asarray(image, np.uint8)))
        cast.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    names = itertools.cycle(_COLOURS)
    screen.server.show(_cue(next(names), 0, now=True))
    screen.await_state(page, "d0", PlayState.STARTED)
    page.wait_for_timeout(1500)  # the boot screen is below until then
    cast.on("Page.screencastFrame", keep)
    cast.send("Page.startScreencast", {"format": "jpeg", "quality": 60, "maxWidth": 64})
    for number in range(1, switches + 1):
        page.wait_for_timeout(1000 * (_PLAY_S - _LEAD_S))
        cue = _cue(next(names), number, now=False)
        screen.server.show(cue)
        if number % 2:
            page.wait_for_timeout(1000 * _LEAD_S / 2)
            screen.reached[f"d{number}", PlayState.SUPERSEDED] = time.monotonic()  # asked to hurry
            screen.server.show(replace(cue, now=True))
        screen.await_state(page, f"d{number}", PlayState.STARTED)
    cast.remove_listener("Page.screencastFrame", keep)
    cast.send("Page.stopScreencast")
    return frames


def _times_ms(screen: Screen, switches: int) -> tuple[Floats, Floats]:
    reached = screen.reached
    gaps, taken = [], []
    for number in range(1, switches + 1):
        started_s = reached[f"d{number}", PlayState.STARTED]
        if (hurried_s := reached.get((f"d{number}", PlayState.SUPERSEDED))) is not None:
            taken.append(started_s - hurried_s)
        elif (over_s := reached.get((f"d{number - 1}", PlayState.FINISHED))) is not None:
            gaps.append(started_s - over_s)
    return 1000 * np.array(gaps), 1000 * np.array(taken)


def _cue(name: str, number: int, *, now: bool) -> Cue:
    files = {"html": "index.html", "image": "still.svg", "video": "clip.webm"}
    return Cue(f"d{number}", name, name, name, files[name], "0", _PLAY_S, now)


def _centre(image: Image) -> float:
    height, width = image.shape[:2]
    middle = image[height // 4 : -(height // 4), width // 4 : -(width // 4)]
    return float(cv2.cvtColor(middle, cv2.COLOR_BGR2GRAY).mean())


def _make_html(folder: Path, colour: str) -> None:
    style = f"html, body {{ margin: 0; height: 100%; background: {colour}; }}"
    (folder / "index.html").write_text(f"<!doctype html><style>{style}</style>")


def _make_image(folder: Path, colour: str) -> None:
    (folder / "still.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9">'
        f'<rect width="16" height="9" fill="{colour}"/></svg>'
    )


def _make_video(folder: Path, colour: str) -> None:
    bgr = [int(colour[at : at + 2], 16) for at in (5, 3, 1)]
    fourcc = cv2.VideoWriter.fourcc(*"VP80")
    writer = cv2.VideoWriter(str(folder / "clip.webm"), fourcc, 30, (640, 360))
    if not writer.isOpened():
        raise SystemExit("This OpenCV cannot write WebM.")
    for _ in range(60):
        writer.write(np.full((360, 640, 3), bgr, np.uint8))
    writer.release()


_MAKERS: dict[str, Callable[[Path, str], None]] = {
    "html": _make_html,
    "image": _make_image,
    "video": _make_video,
}
