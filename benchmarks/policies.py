"""Plays the demo's reel to every policy and prints what each earned, as a Markdown table."""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from statistics import mean
from typing import Any

from signage.cli.options import DEMO_CONFIG, progress
from signage.config.base import POLICY_NAMES
from signage.config.file import load_config
from signage.simulation.intervals import estimate, over_seeds
from signage.simulation.model import load_model
from signage.simulation.run import Order, run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument(
        "--policies",
        nargs="+",
        choices=POLICY_NAMES,
        default=POLICY_NAMES,
        help="the first one is what the others are compared with",
    )
    parser.add_argument("--preset", default="field", help="field, seed, null, or a file of --fit")
    parser.add_argument("--cache", type=Path, help="keeps what was perceived (default: the user's)")
    parser.add_argument("--workers", type=int, help="processes at most (default: one a core)")
    chosen = parser.parse_args()
    order = Order(
        config=load_config(DEMO_CONFIG),
        videos=(),
        policies=tuple(chosen.policies),
        seeds=tuple(range(chosen.seeds)),
        plays=chosen.plays,
        model=load_model(chosen.preset),
        workers=chosen.workers,
        cache=chosen.cache,
    )
    summaries: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    with progress("watching", 1.0) as watching, progress("playing", 1.0) as playing:
        for (policy, seed), result in run(order, watching, playing):
            summaries[policy][seed] = result.summary
    first = order.policies[0]
    print(f"{chosen.plays} plays, mean and 95 % interval over {chosen.seeds} seeds\n")
    print(
        f"| policy | mean reward | over {first} | share of the oracle | looked / present "
        "| broken constraints | × real time |"
    )
    print("|---|---|---|---|---|---|---|")
    for policy in order.policies:
        mine = [summaries[policy][seed] for seed in order.seeds]
        control = [summaries[first][seed] for seed in order.seeds]
        gained = estimate(
            [
                own["mean_reward"] - its["mean_reward"]
                for own, its in zip(mine, control, strict=True)
            ]
        )
        looked = mean(summary["watchers"] / summary["ots"] for summary in mine)
        broken = sum(summary["constraint_violations"] for summary in mine)
        speed = mean(summary["realtime_factor"] for summary in mine)
        print(
            f"| {policy} | {over_seeds(mine, 'mean_reward')} | {'' if policy == first else gained} "
            f"| {over_seeds(mine, 'reward_share_of_oracle')} | {looked:.0%} | {broken} "
            f"| {speed:,.0f} |"
        )


def interval(values: list[Any]) -> str:
    """Mean and half of its 95 % interval, over the seeds."""
    return str(estimate(values))


if __name__ == "__main__":
    main()
