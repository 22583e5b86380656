"""A journal in which everything happens that happens to a screen, written by the real engine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from signage.config.config import Config
from signage.config.decision import DecisionConfig
from signage.config.experiment import ExperimentConfig
from signage.config.policies import PoliciesConfig, VwConfig
from signage.engine.engine import Engine
from signage.journal.writer import Journal
from signage.recommend.policies.make import make_policy
from signage.simulation.screen import SimulatedScreen
from signage.types.choices import Action
from signage.types.orders import Order
from signage.types.plays import Cue, PagePlay, PlayEvent, PlayState
from signage.types.vision import Sighting
from tests.support.builders import AWAY, catalogue, defaults, frame, reader, sighting, traits

STEP_S = 0.1
LENGTH_S = 1320.0
CONTENTS = catalogue(
    {
        "coffee": {
            "duration_s": 7.137,
            "title": '=HYPERLINK("x")',
            "more": {"text": "From Huila", "on": ("reading", "dwell")},
        },
        "shoes": {"duration_s": 5.011},
        "wine": {"duration_s": 9.503, "adults_only": True},
    }
)
EXPERIMENT = ExperimentConfig(
    name="autumn", arms=("uniform", "vw"), block_minutes=5, washout_minutes=0.5
)


class ScriptedScreen(SimulatedScreen):
    """Fails, starts late and is alone when the test says so; never tells a time that is not true.

    Its plays begin and end between two frames.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fails_next = self.late = self.alone = False
        self._failed: Cue | None = None
        self._held: list[PlayEvent] = []
        self._told: list[PagePlay] = []

    def show(self, cue: Cue) -> None:
        if self.fails_next:
            self.fails_next, self._failed = False, cue
            self._say(cue, PlayState.FAILED, self._now_s)
            return
        super().show(cue)

    def events(self) -> list[PlayEvent]:
        held, self._held = self._held, []
        if self.late:  # what it says arrives with the frames after
            self._held = super().events()
            return held
        return held + super().events()

    def go_alone(self, t_s: float) -> None:
        """The connection is lost: of what is on, the server knows an interruption."""
        self.alone, self.connected = True, False
        self.events()
        if self.showing is not None:
            self._say(self.showing, PlayState.INTERRUPTED, t_s - 0.05)

    def come_back(self, t_s: float, *, cut_s: float) -> None:
        """It tells what it showed meanwhile: the play of before, one that the server had given up,
        and two of its own.

        ``cut_s``: how much earlier than the server took it to be the first one had ended.
        """
        if self.showing is not None:
            began_s = self.started_s
            ended_s = began_s + self.showing.duration_s - cut_s
            self._tell(self.showing.decision_id, self.showing.content_id, began_s, ended_s)
            next_s = max(ended_s, t_s - 30)
        else:
            next_s = t_s - 30
        if self._failed is not None:
            self._tell(self._failed.decision_id, self._failed.content_id, next_s, next_s + 4.321)
            next_s, self._failed = next_s + 4.4, None
        self._tell(f"page-{t_s:.0f}-1", "shoes", next_s + 0.1, next_s + 5.111)
        self._tell(f"page-{t_s:.0f}-2", "coffee", next_s + 5.2, next_s + 12.337)
        self.showing = self._next = None
        self.alone, self.connected = False, True

    def _tell(self, play_id: str, content_id: str, from_s: float, to_s: float) -> None:
        state = PlayState.FINISHED
        self._told.append(PagePlay(play_id, content_id, state, from_s, to_s, "page"))

    def page_plays(self) -> list[PagePlay]:
        told, self._told = self._told, []
        return told


def people(t_s: float) -> Sequence[Sighting] | None:
    """Who stands there: None while the camera does not see.

    By the minute: a reader; two who look and one with her back turned; passers-by of half a second
    to two; nobody.
    """
    if 400 < t_s < 470 or 801.3 < t_s < 803.9 or (540 < t_s < 600 and t_s % 14 < 8):
        return None
    minute, second = int(t_s // 60), t_s % 60
    adult: dict[str, Any] = {"traits": traits(45, 0.9)}
    if second > 55:
        return []
    match minute % 4:
        case 0:
            return [reader(t_s, track=10 * minute, **adult)]
        case 1:
            away = sighting(x=150, track=10 * minute + 2, pose=AWAY, **adult)
            one = sighting(x=500, track=10 * minute, **adult)
            return [one, away, *([sighting(x=320, track=10 * minute + 1)] * (second < 21.7))]
        case 2:
            number, there_s = int(second // 3), 0.5 + 0.11 * (int(second // 3) % 15)
            walker = sighting(track=1000 * minute + number, **adult)
            return [walker] if second % 3 < there_s else []
    return []


def write(folder: Path, config: Config | None = None) -> Path:
    """22 minutes of two runs, the first of which is killed; returns the journal's path."""
    path = folder / "journal.sqlite"
    vw = VwConfig(checkpoint_every=7)
    config = config or defaults(
        screen_id="lobby-7",
        timezone="UTC",
        policies=PoliciesConfig(vw=vw),
        decision=DecisionConfig(policy="vw", min_play_s=2.0),
        experiment=EXPERIMENT,
    )
    begin_s = 0.0
    for end_s in (760.0, LENGTH_S):
        _run(path, config, begin_s, end_s)
        begin_s = end_s + 12.0
    return path


def _run(path: Path, config: Config, begin_s: float, end_s: float) -> None:
    journal, screen = Journal(path, durable=False), ScriptedScreen()
    policy = make_policy(config.decision.policy, config)
    engine = Engine(config, CONTENTS, policy, journal, lambda f: people(f.t_s), screen)
    engine.begin(frame(begin_s), path.with_name("checkpoints"))
    for t_s in _times(begin_s, end_s):
        _happen(screen, engine, t_s)
        if not screen.alone:
            screen.advance(t_s)
        now = frame(t_s)
        engine.step(replace(now, fault="black") if people(t_s) is None else now)
    if end_s >= LENGTH_S:
        screen.advance(t_s + STEP_S)
        engine.end(frame(t_s + STEP_S))
    journal.close()  # of the first run without its end, as a kill leaves it


def _times(begin_s: float, end_s: float) -> Iterator[float]:
    for number in range(1, round((end_s - begin_s) / STEP_S) + 1):
        yield round(begin_s + number * STEP_S, 6)


def _happen(screen: ScriptedScreen, engine: Engine, t_s: float) -> None:
    """What goes wrong at ``t_s``, by the second."""
    at = round(t_s, 3)
    screen.late = any(begin <= at < begin + 2.6 for begin in (64.0, 190.4, 850.2))
    screen.fails_next = screen.fails_next or at in (77.0, 309.2, 910.0)
    if at in (250.0, 310.4, 950.2):
        screen.go_alone(t_s)
    if at in (292.0, 345.2, 985.4):
        screen.come_back(t_s, cut_s=3.3 if at == 345.2 else 0.0)
    if at == 640.0:
        done = engine.order(Order(action=Action.ROLLBACK))
        done.add_done_callback(lambda future: future.result())
