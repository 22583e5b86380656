"""Plays a policy through a world, play by play, in as many processes as there are cores."""

from __future__ import annotations

import importlib.util
import os
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from benchmarks.learning.contestants import ABLATIONS, CONTESTANTS, MEMBERS, Contestant
from benchmarks.learning.world import Array, World
from benchmarks.learning.worlds import WORLDS, FromFile

DAY = 500
"""Plays within which a new content should have been tried."""


@dataclass(frozen=True, slots=True)
class Task:
    """One run to be made."""

    world: str
    policy: str
    plays: int
    seed: int
    file: Path | None = None
    """With a class ``Env``, from which the worlds S and D are made."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one policy earned in one world, play by play, and what the best would have."""

    earned: Array
    best: Array
    trials: tuple[int, ...]
    """Plays of each new content within a day of its coming."""

    @property
    def share(self) -> float:
        """The share of what the oracle earns."""
        return float(self.earned.sum() / self.best.sum())


Results = dict[tuple[str, str], list[Run]]
"""By world and policy, one run a seed."""


def run_all(tasks: Sequence[Task], jobs: int) -> Results:
    """Make every run; says on stderr how far it is."""
    results: Results = defaultdict(list)
    with get_context("spawn").Pool(jobs) as pool:
        for done, (task, result) in enumerate(pool.imap(run_task, tasks), 1):
            results[task.world, task.policy].append(result)
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{done} of {len(tasks)} runs ")
            elif 10 * done // len(tasks) > 10 * (done - 1) // len(tasks):
                sys.stderr.write(f"{done} of {len(tasks)} runs\n")
    return results


def run_task(task: Task) -> tuple[Task, Run]:
    """Make one run, in a process of its own."""
    warnings.simplefilter("ignore")  # of peers; the product's own are errors in the tests
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    policy = (CONTESTANTS | MEMBERS | ABLATIONS.get(task.world, {}))[task.policy]()
    return task, play(_world(task), policy)


def play(world: World | FromFile, policy: Contestant) -> Run:
    """Play ``world`` from begin to end; rewards arrive as late as the world says."""
    earned, best = np.zeros(world.plays), np.zeros(world.plays)
    due: dict[int, list[Callable[[], None]]] = defaultdict(list)
    came: dict[str, int] = {}
    trials: dict[str, int] = defaultdict(int)
    for t in range(world.plays):
        for learn in due.pop(t, ()):
            learn()
        turn = world.turn(t)
        index, propensity = policy.choose(turn, world.draw[t])
        earned[t], best[t] = turn.chances[index], turn.chances.max()
        reward = world.reward(turn, index)
        world.shown(turn, index, reward)
        learn = partial(policy.learn, turn, index, reward, propensity)
        due[t + int(world.delay[t]) + 1].append(learn)
        for name in turn.actions:
            came.setdefault(name, t)
        shown = list(turn.actions)[index]
        trials[shown] += came[shown] > 0 and t - came[shown] < DAY
    new = [name for name, t in came.items() if 0 < t <= world.plays - DAY]
    return Run(earned, best, tuple(trials[name] for name in new))


def _world(task: Task) -> World | FromFile:
    if task.file is None:
        kind, items = WORLDS[task.world]
        return kind(task.seed, task.plays, items)
    spec = importlib.util.spec_from_file_location("world_file", task.file)
    assert spec is not None  # noqa: S101
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    changes = task.world == "D"
    return FromFile(module.Env(task.seed, task.plays, drift=changes, new=changes), task.seed)
