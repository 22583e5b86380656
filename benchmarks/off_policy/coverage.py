"""Bias, error and coverage of the estimators on made logs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from multiprocessing import get_context

import numpy as np

from benchmarks.common.tables import Table
from benchmarks.off_policy.worlds import MadeLog, World
from signage.evaluation.evaluation import evaluate
from signage.evaluation.overlap import LEAST_EFFECTIVE
from signage.evaluation.valuation import Valuation
from signage.evaluation.what_if import Target

WORLDS = {
    "greedy, half explored": ("greedy", 0.5),
    "greedy, a fifth explored": ("greedy", 0.8),
    "greedy, a tenth explored": ("greedy", 0.9),
    "softmax, flat": ("softmax", 4.0),
    "softmax, sharp": ("softmax", 12.0),
}
TARGETS = ("uniform", "taste")
ESTIMATORS = ("ips", "snips", "dm", "dr")
_ITEMS = 8

Task = tuple[str, bool, int, int]
"""Name of a world, whether rewards are binary, plays, seed of the log."""


def table(logs: int, plays: int, jobs: int) -> Table:
    """The estimates of so many logs of each kind, of so many plays each."""
    columns = ("logged by", "reward", "policy", "truth", "ESS", *ESTIMATORS)
    title = f"{plays} plays, {logs} logs of each kind: bias, RMSE, coverage"
    return Table(columns, rows(logs, plays, jobs), title)


def rows(logs: int, plays: int, jobs: int) -> Iterator[Sequence[str]]:
    """One row for each way to explore, kind of reward and target policy."""
    tasks = [
        (name, binary, plays, seed)
        for name in WORLDS
        for binary in (True, False)
        for seed in range(logs)
    ]
    valuations: dict[tuple[str, bool, str], list[Valuation]] = defaultdict(list)
    with get_context("spawn").Pool(jobs) as pool:
        for (name, binary, _, _), judged in pool.imap_unordered(judge, tasks, chunksize=20):
            for one in judged:
                valuations[name, binary, one.policy].append(one)
    for (name, binary, kind), several in sorted(valuations.items()):
        truth = world_of(name, binary=binary).truth(kind)
        size = np.mean([one.overlap.effective_sample_size for one in several if one.overlap])
        thin = " (thin)" if size < LEAST_EFFECTIVE else ""
        yield (
            name,
            "0 or 1" if binary else "between",
            kind,
            f"{truth:.3f}",
            f"{size:.0f}{thin}",
            *(_cell(estimator, truth, several) for estimator in ESTIMATORS),
        )


def judge(task: Task) -> tuple[Task, tuple[Valuation, ...]]:
    """Estimate both targets from one log."""
    name, binary, plays, seed = task
    world = world_of(name, binary=binary)
    targets = [Target(kind, world.target(kind)) for kind in TARGETS]
    return task, evaluate(MadeLog(world, plays, seed), targets).valuations


def world_of(name: str, *, binary: bool) -> World:
    """The screen whose policy explores as ``name`` says."""
    logging, sharpness = WORLDS[name]
    return World(_ITEMS, logging, sharpness, binary, seed=7)  # type: ignore[arg-type]


def _cell(name: str, truth: float, several: Sequence[Valuation]) -> str:
    estimates = [one for one in (getattr(each, name) for each in several) if one is not None]
    error = np.array([estimate.value - truth for estimate in estimates])
    covered = np.mean([estimate.low <= truth <= estimate.high for estimate in estimates])
    return f"{error.mean():+.4f}, {np.sqrt(np.mean(error**2)):.4f}, {covered:.1%}"
