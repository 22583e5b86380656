"""Journals of experiments that never were."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np

from signage.config.experiment import ExperimentConfig
from signage.experiments.assignment import arm_of_block, arm_of_visit, design_of
from signage.journal.writer import Journal
from signage.types.decisions import Decision, Trigger
from signage.types.experiments import Assignment
from signage.types.plays import PlayEvent, PlayState
from signage.types.rewards import Impression, Reward
from tests.support.builders import NOON, catalogue

CATALOGUE = catalogue({"coffee": {}, "shoes": {}})
AUTUMN = ExperimentConfig(name="autumn", arms=("rules", "vw"), block_minutes=5, washout_minutes=1.0)


@dataclass(frozen=True)
class Told:
    """One play as the journal of a made-up experiment has it."""

    t_s: float
    arm: str
    unit: str
    reward: float | None = 0.5
    absent: str | None = None
    """Why there is no reward, where that is known."""
    washout: bool = False
    forced: bool = False
    length_s: float = 8.0
    set_s: float = 0.0
    """By how much the clock on the wall is ahead then."""
    visits: tuple[str, ...] = ("1.1",)
    design: str = design_of(AUTUMN)


def write(folder: Path, told: Sequence[Told]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "journal.sqlite"
    journal = Journal(path, durable=False)
    run = journal.begin_run(NOON, "screen")
    journal.record_catalogue(CATALOGUE.version, CATALOGUE.as_json())
    for number, play in enumerate(told, 1):
        utc = NOON + timedelta(seconds=play.t_s + play.set_s)
        decision = Decision(
            decision_id=f"screen-{number}",
            t_s=play.t_s,
            utc=utc,
            trigger=Trigger.PLAY_ENDS,
            content_id="coffee",
            propensity=0.5,
            eligible={"coffee": 0.5, "shoes": 0.5},
            masked={},
            context={},
            policy=play.arm,
            policy_version="1",
            catalogue_version=CATALOGUE.version,
            actions={},
            forced=play.forced,
            assignment=Assignment(
                json.loads(play.design)["name"], play.arm, play.unit, play.washout, play.design
            )
            if play.arm
            else None,
        )
        journal.record_decision(number, run, decision)
        journal.record_start(PlayEvent(f"screen-{number}", PlayState.STARTED, play.t_s, "p"), utc)
        ended_s = play.t_s + play.length_s
        parts = {} if play.absent is None else {"absent": play.absent}
        seen = tuple(
            Impression(visit, visit, 8.0, 4.0, True, None, None, 0.0, {}) for visit in play.visits
        )
        reward = Reward(f"screen-{number}", ended_s, utc, play.reward, parts, seen)
        end = PlayEvent(f"screen-{number}", PlayState.FINISHED, ended_s, "p")
        journal.record_end(end, utc + timedelta(seconds=play.length_s), reward)
    journal.close()
    return path


def blocks(count: int, value: Callable[[str, int], float]) -> list[Told]:
    """Four plays in each of so many blocks, beside one in the washout, from noon on."""
    first = int(NOON.timestamp() // 300)
    told = []
    for n in range(count):
        arm = arm_of_block(0, "autumn", AUTUMN.arms, first + n)
        visits = (f"1.{n}",)
        unit = str(first + n)
        told.append(Told(300 * n + 30, arm, unit, 1.0, washout=True, visits=visits))
        told += [
            Told(300 * n + 70 + 55 * k, arm, unit, value(arm, n), visits=visits) for k in range(4)
        ]
    return told


def clear(arm: str, n: int) -> float:
    """vw is better by a quarter, beside what hours and chance do."""
    return 0.4 * (1.25 if arm == "vw" else 1) * float(1 + 0.1 * np.sin(n) + 0.02 * np.cos(3 * n))


def like(arm: str, n: int) -> float:
    return 0.4 * float(1 + 0.1 * np.sin(n))


def visits(count: int, better: float) -> list[Told]:
    rng = np.random.default_rng(4)
    told = []
    design = design_of(AUTUMN.model_copy(update={"assign": "visit"}))
    for n in range(count):
        arm = arm_of_visit(0, "autumn", AUTUMN.arms, f"1.{n}")
        value = float(min(1.0, rng.beta(2, 4) * (better if arm == "vw" else 1)))
        beside = (f"1.{n}", f"1.{n + 1}") if n % 10 == 0 else (f"1.{n}",)
        told.append(Told(20.0 * n, arm, f"1.{n}", value, visits=beside, design=design))
    return told
