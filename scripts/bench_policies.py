"""Plays the demo's reel to every policy and prints what each earned, as a Markdown table."""

from __future__ import annotations

import argparse
import math
import tempfile
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from signage.config_file import load_config
from signage.config_section import POLICY_NAMES
from signage.recommend.catalogue import load_catalogue
from signage.simulation.recording import record
from signage.simulation.simulate import Simulation

CONFIG = Path(__file__).resolve().parents[1] / "configs" / "demo.toml"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=20)
    chosen = parser.parse_args()
    config = load_config(CONFIG)
    catalogue = load_catalogue(config.content)
    recording = record(config, [])
    print(f"{chosen.plays} plays, mean and 95 % interval over {chosen.seeds} seeds\n")
    print("| policy | share of the oracle | mean reward | looked / present | broken constraints |")
    print("|---|---|---|---|---|")
    for policy in POLICY_NAMES:
        decision = config.decision.model_copy(update={"policy": policy})
        summaries = []
        for seed in range(chosen.seeds):
            seeded = config.model_copy(update={"decision": decision, "seed": seed})
            with tempfile.TemporaryDirectory() as out:
                simulation = Simulation(seeded, catalogue, recording, Path(out))
                summaries.append(simulation.run(chosen.plays))
        share, reward = (
            interval([summary[key] for summary in summaries])
            for key in ("reward_share_of_oracle", "mean_reward")
        )
        looked = mean(summary["watchers"] / summary["ots"] for summary in summaries)
        broken = sum(summary["constraint_violations"] for summary in summaries)
        print(f"| {policy} | {share} | {reward} | {looked:.0%} | {broken} |")


def interval(values: list[Any]) -> str:
    """Mean and half of its 95 % interval (normal, over the seeds)."""
    half = 1.96 * stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{mean(values):.3f} ± {half:.3f}"


if __name__ == "__main__":
    main()
