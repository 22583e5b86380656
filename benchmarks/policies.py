"""The recorded audience of the demo meets every policy, with the same people and the same luck.

Who is there is perceived from the footage; how people take what they are shown is simulated
(`signage simulate`). Means are over seeds, with their 95 % intervals.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.common.options import at_least_one
from benchmarks.common.paths import DEMO
from benchmarks.common.tables import Block, Table, interval
from signage.cli.output import progress
from signage.config.file import load_config
from signage.simulation.run import Task, over_seeds
from signage.simulation.run import run as simulate
from signage.simulation.viewers.model import load_model
from signage.types.choices import POLICY_NAMES

QUICK: Mapping[str, object] = {"plays": 100, "seeds": 4}

Summaries = Mapping[str, Mapping[int, dict[str, Any]]]
"""By policy and seed."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    parser.add_argument("--plays", type=at_least_one, default=300, help="of each run")
    parser.add_argument("--seeds", type=at_least_one, default=20, help="runs of each policy")
    parser.add_argument(
        "--policies",
        nargs="+",
        choices=POLICY_NAMES,
        default=POLICY_NAMES,
        help="the first one is what the others are compared with",
    )
    parser.add_argument("--preset", default="field", help="field, seed, null, or a file of --fit")
    parser.add_argument("--cache", type=Path, help="keeps what was perceived (default: the user's)")
    parser.add_argument("--workers", type=at_least_one, help="processes (default: one a core)")


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Simulate every policy and compare what it earned."""
    task = Task(
        config=load_config(DEMO),
        videos=(),
        policies=tuple(options.policies),
        seeds=tuple(range(options.seeds)),
        plays=options.plays,
        model=load_model(options.preset),
        workers=options.workers,
        cache=options.cache,
    )
    summaries: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    with progress("watching", 1.0) as watching, progress("playing", 1.0) as playing:
        for (policy, seed), result in simulate(task, watching, playing):
            summaries[policy][seed] = result.summary
    columns = (
        "policy",
        "mean reward",
        f"more than {task.policies[0]}",
        "share of the oracle",
        "looked / present",
        "broken constraints",
        "× real time",
    )
    title = f"{options.plays} plays, mean and 95 % interval over {options.seeds} seeds"
    yield Table(columns, rows(task, summaries), title)


def rows(task: Task, summaries: Summaries) -> Iterator[Sequence[str]]:
    """One row a policy."""
    first = task.policies[0]
    control = [summaries[first][seed] for seed in task.seeds]
    for policy in task.policies:
        own = [summaries[policy][seed] for seed in task.seeds]
        gains = [a["mean_reward"] - b["mean_reward"] for a, b in zip(own, control, strict=True)]
        yield (
            policy,
            str(over_seeds(own, "mean_reward")),
            "" if policy == first else interval(gains),
            str(over_seeds(own, "reward_share_of_oracle")),
            f"{mean(summary['watchers'] / summary['ots'] for summary in own):.0%}",
            str(sum(summary["constraint_violations"] for summary in own)),
            f"{mean(summary['realtime_factor'] for summary in own):,.0f}",
        )
