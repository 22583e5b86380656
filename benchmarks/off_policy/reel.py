"""Off-policy estimates against what really happens, where what people saw before counts.

In the simulation over the demo's reel people tire of what they were shown. A log's decisions are
judged by themselves, with what had been shown before them; a policy that plays from the start
makes another history. What it earns then is the truth here.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.common.paths import DEMO
from benchmarks.common.tables import Table
from signage.analysis.evaluate import EvaluationRequest, evaluated
from signage.config.file import load_config
from signage.simulation.run import Task, run
from signage.simulation.viewers.model import PRESETS

LOGGED = ("vw", "uniform")
JUDGED = ("uniform", "playlist", "rules")
Judged = tuple[dict[str, Any], float]
"""What `signage evaluate` says of a policy, and what it earned."""


def table(seeds: int, plays: int) -> Table:
    """What a log says that policies earn, beside what they earn."""
    columns = (
        "logged by",
        "policy",
        "earned, played from the start",
        "doubly robust, from the log",
        "in the interval",
        "ESS",
        "not believed",
    )
    title = f"The demo's reel, {plays} plays, {seeds} seeds"
    return Table(columns, rows(seeds, plays), title)


def rows(seeds: int, plays: int) -> Iterator[Sequence[str]]:
    """One row for each policy that logs and each that is judged."""
    config = load_config(DEMO)
    task = Task(
        config=config,
        videos=(),
        policies=tuple(dict.fromkeys(LOGGED + JUDGED)),
        seeds=tuple(range(seeds)),
        plays=plays,
        model=PRESETS["field"],
    )
    judged: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        earned: dict[tuple[str, int], float] = {}
        for (policy, seed), result in run(task):
            result.write(folder / f"{policy}-{seed}")
            earned[policy, seed] = result.summary["mean_reward"]
        for logged in LOGGED:
            for seed in task.seeds:
                others = [policy for policy in JUDGED if policy != logged]
                request = EvaluationRequest(policies=others)
                answer = evaluated(folder / f"{logged}-{seed}", request, config)
                for one in answer["policies"]:
                    judged[logged, one["policy"]].append((one, earned[one["policy"], seed]))
    for (logged, policy), several in judged.items():
        yield (logged, policy, *_cells(several))


def _cells(rows: list[Judged]) -> list[str]:
    estimates = [(one["dr"], truth) for one, truth in rows if one["dr"] is not None]
    inside = sum(dr["low"] <= truth <= dr["high"] for dr, truth in estimates)
    sizes: list[Mapping[str, Any]] = [one for one, _ in rows]
    return [
        f"{mean(truth for _, truth in rows):.3f}",
        f"{mean(dr['value'] for dr, _ in estimates):.3f}" if estimates else "–",
        f"{inside} of {len(estimates)}",
        f"{mean(one['effective_sample_size'] for one in sizes):.0f}",
        f"{sum(not one['believable'] for one in sizes)} of {len(sizes)}",
    ]
