"""Off-policy estimates against what really happens, where what people saw before counts.

In the simulation over the demo's reel people tire of what they were shown. A log's decisions are
judged by themselves, with what had been shown before them; a policy that plays from the start
makes another history. What it earns then is the truth here.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import mean
from typing import Any

from signage.analysis.evaluate import Wanted, evaluated
from signage.cli.options import DEMO_CONFIG
from signage.config.file import load_config
from signage.simulation.model import PRESETS
from signage.simulation.run import Order, run

LOGGED = ("vw", "uniform")
JUDGED = ("uniform", "playlist", "rules")
Row = tuple[dict[str, Any], float]
"""What `signage evaluate` says of a policy, and what it earned."""


def print_reel(seeds: int, plays: int) -> None:
    config = load_config(DEMO_CONFIG)
    order = Order(
        config=config,
        videos=(),
        policies=tuple(dict.fromkeys(LOGGED + JUDGED)),
        seeds=tuple(range(seeds)),
        plays=plays,
        model=PRESETS["field"],
    )
    found: dict[tuple[str, str], list[Row]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        earned: dict[tuple[str, int], float] = {}
        for (policy, seed), result in run(order):
            result.write(folder / f"{policy}-{seed}")
            earned[policy, seed] = result.summary["mean_reward"]
        for logged in LOGGED:
            for seed in order.seeds:
                wanted = Wanted(policies=[policy for policy in JUDGED if policy != logged])
                told = evaluated(folder / f"{logged}-{seed}", wanted, config)
                for one in told["policies"]:
                    found[logged, one["policy"]].append((one, earned[one["policy"], seed]))
    print(f"### The demo's reel, {plays} plays, {seeds} seeds\n")
    print("| logged by | policy | earned | doubly robust | in the interval | ESS | not believed |")
    print("|---|---|---|---|---|---|---|")
    for (logged, policy), rows in found.items():
        print(f"| {logged} | {policy} | {' | '.join(_cells(rows))} |")


def _cells(rows: list[Row]) -> list[str]:
    told = [(one["dr"], truth) for one, truth in rows if one["dr"] is not None]
    inside = sum(dr["low"] <= truth <= dr["high"] for dr, truth in told)
    sizes: list[Mapping[str, Any]] = [one for one, _ in rows]
    return [
        f"{mean(truth for _, truth in rows):.3f}",
        f"{mean(dr['value'] for dr, _ in told):.3f}" if told else "–",
        f"{inside} of {len(told)}",
        f"{mean(one['effective_sample_size'] for one in sizes):.0f}",
        f"{sum(not one['believable'] for one in sizes)} of {len(sizes)}",
    ]
