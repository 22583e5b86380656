"""Simulated screens are played by the learner and by others, with the same people and luck.

What people like is additive over age, gender, hour, mood and movement; each play brings one reward
or none, 5 to 30 plays late (`benchmarks/learning/world.py`). The numbers are shares of what an
oracle earns that knows every taste. `vw` is the product's learner, called "ours"; "advised" is the
learner that also sees what the rules table advises. The rules table is exactly right at the start,
which no mined one is. SquareCB and epsilon-greedy are Vowpal Wabbit as it comes. Peers are added by
`pip install --target DIR -r benchmarks/learning/peers.txt` and `--peers DIR`. `--sets` plays
classification sets as bandits instead, and `--speed` times decisions.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.common.options import at_least_one, existing_folder
from benchmarks.common.tables import Block, Table, interval
from benchmarks.learning import sets, speed
from benchmarks.learning.contestants import ABLATIONS, CONTESTANTS, MEMBERS, missing
from benchmarks.learning.runs import DAY, Results, Run, Task, run_all
from benchmarks.learning.world import Array
from benchmarks.learning.worlds import DESCRIPTIONS, WORLDS

QUICK: Mapping[str, object] = {"plays": [500], "seeds": 4}

_SMOOTH = 200
_LONG = 10_000
"""From this horizon on the slow peers are left out, unless they are asked for."""
_SLOW = ("MABWiser", "contextualbandits", "river")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    parser.add_argument("--plays", type=at_least_one, nargs="+", default=[500, 2000])
    parser.add_argument("--seeds", type=at_least_one, default=20)
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS), metavar="NAME")
    parser.add_argument("--policies", nargs="+", metavar="NAME", help="how their names begin")
    parser.add_argument("--world-file", type=Path, help="a file with a class Env: worlds S and D")
    parser.add_argument("--jobs", type=at_least_one, default=os.cpu_count() or 1)
    parser.add_argument("--peers", type=existing_folder, help="where pip has installed them")
    parser.add_argument("--ablation", action="store_true", help="also each regression alone")
    parser.add_argument(
        "--json", action="store_true", help="print the shares by seed, and write no page"
    )
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--sets", action="store_true", help="classification sets as bandits")
    other.add_argument("--speed", action="store_true", help="time to decide and to learn")


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Measure the worlds, or the sets, or the speed."""
    if options.peers is not None:
        sys.path.append(str(options.peers))
    if options.sets:
        yield from sets.blocks(options.seeds)
    elif options.speed:
        yield speed.table()
    elif options.json:
        results = {plays: play(options, plays)[0] for plays in options.plays}
        print(json.dumps({plays: _shares(found) for plays, found in results.items()}))
    else:
        for plays in options.plays:
            results_of_plays, left_out = play(options, plays)
            for reason, names in left_out.items():
                yield f"{reason}, and left out: {', '.join(names)}."
            yield from world_blocks(plays, options.seeds, results_of_plays)


def play(options: argparse.Namespace, plays: int) -> tuple[Results, dict[str, list[str]]]:
    """Run every policy in every world; also say which were left out, by the reason why."""
    policies, left_out = chosen_policies(plays, options.policies, ablation=options.ablation)
    tasks = [
        Task(world, policy, plays, seed, options.world_file)
        for world in (["S", "D"] if options.world_file else options.worlds)
        for policy in (*policies, *_matching(ABLATIONS.get(world, ()), options.policies))
        for seed in range(options.seeds)
    ]
    return run_all(tasks, options.jobs), left_out


def chosen_policies(
    plays: int, beginnings: Sequence[str] | None, *, ablation: bool
) -> tuple[list[str], dict[str, list[str]]]:
    """Those that play, and those that do not by the reason why."""
    names = _matching([*CONTESTANTS, *(MEMBERS if ablation else ())], beginnings)
    absent = [name for name in missing() if name in names]
    slow = []
    if plays >= _LONG and not beginnings:
        slow = [name for name in names if name.startswith(_SLOW) and name not in absent]
    left_out = {"Not installed": absent, f"Slow, not asked for at {plays} plays": slow}
    return (
        [name for name in names if name not in absent + slow],
        {reason: names for reason, names in left_out.items() if names},
    )


def _matching(names: Iterable[str], beginnings: Sequence[str] | None) -> list[str]:
    return [name for name in names if beginnings is None or name.startswith(tuple(beginnings))]


def _shares(results: Results) -> dict[str, dict[str, list[float]]]:
    shares: dict[str, dict[str, list[float]]] = {}
    for (world, policy), runs in results.items():
        shares.setdefault(world, {})[policy] = [run.share for run in runs]
    return shares


def world_blocks(plays: int, seeds: int, results: Results) -> Iterator[Block]:
    """Shares of all policies, the lead of the learner by the same seeds, and particulars."""
    policies = list(dict.fromkeys(policy for _, policy in results))
    shares = {key: np.array([run.share for run in runs]) for key, runs in results.items()}
    of_seeds = f"mean and 95 % interval over {seeds} seeds"
    yield _table(f"{plays} plays: share of the oracle, {of_seeds}", policies, shares)
    if "ours" in policies and len(policies) > 1:
        more = {(w, p): shares[w, "ours"] - share for (w, p), share in shares.items()}
        others = [policy for policy in policies if policy != "ours"]
        yield _table(f"{plays} plays: how much more ours has, by the same seeds", others, more)
    if lines := list(particulars(results)):
        yield "\n".join(f"- {line}" for line in lines)


def _table(title: str, policies: Sequence[str], values: Mapping[tuple[str, str], Array]) -> Table:
    worlds = list(dict.fromkeys(world for world, _ in values))
    rows = [
        (
            DESCRIPTIONS.get(world, world),
            *(
                interval(values[world, policy].tolist()) if (world, policy) in values else ""
                for policy in policies
            ),
        )
        for world in worlds
    ]
    return Table(("world", *policies), rows, title)


def particulars(results: Results) -> Iterator[str]:
    """What is asked of single worlds: catching up, recovering, and trying what is new."""
    for (world, policy), runs in results.items():
        ours = policy.startswith("ours")
        if ours and world == "outdated" and (world, "rules table") in results:
            pairs = zip(runs, results[world, "rules table"], strict=True)
            plays = median(_ahead_after(run, table) for run, table in pairs)
            yield f"{policy}: for good ahead of the outdated table after {plays:.0f} plays (median)"
        if world in ("swap", "D"):
            plays = median(map(_regained_after, runs))
            when = f"{plays:.0f} plays after the swap" if math.isfinite(plays) else "never"
            yield f"{policy}: 90 % regained {when} (median)"
        if ours and world == "new" and (counts := [n for run in runs for n in run.trials]):
            yield (
                f"{policy}: plays of a new content within {DAY}: least {min(counts)}, "
                f"median {median(counts):.0f}"
            )


def _ahead_after(run: Run, table: Run) -> float:
    """After how many plays the sum of what was earned is above the table's, and stays there."""
    behind = np.flatnonzero(np.cumsum(run.earned - table.earned) <= 0)
    return float(behind[-1] + 1) if len(behind) else 0.0


def _regained_after(run: Run) -> float:
    """Plays after half of the run until 90 % of the share before it is reached, smoothed."""
    half = len(run.earned) // 2
    window = min(_SMOOTH, half // 2)
    level = 0.9 * run.earned[half - window : half].sum() / run.best[half - window : half].sum()
    ones = np.ones(window)
    earned = np.convolve(run.earned[half:], ones, "valid")
    reached = np.flatnonzero(earned >= level * np.convolve(run.best[half:], ones, "valid"))
    return float(reached[0] + window) if len(reached) else float("inf")
