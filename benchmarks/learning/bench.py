"""Plays simulated screens to the learner and to what else there is, side by side.

Prints each policy's share of what an oracle earns, by world and horizon; then what is asked of the
learner in particular. `--sets`: classification sets turned into bandits. `--speed`: microseconds.
Peers: `pip install --target DIR -r benchmarks/learning/peers.txt`, then `--peers DIR`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.learning.contestants import ABLATIONS, CONTESTANTS, MEMBERS, Contestant, missing
from benchmarks.learning.sets import print_sets
from benchmarks.learning.speed import print_speed
from benchmarks.learning.worlds import WORLDS, Array, FromFile, World
from benchmarks.policies import interval

_SMOOTH = 200
_LONG = 10_000
"""From this horizon on the slow peers are left out, unless they are asked for."""
_SLOW = ("MABWiser", "contextualbandits", "river")
_DAY = 500


@dataclass(frozen=True, slots=True)
class Task:
    world: str
    policy: str
    plays: int
    seed: int
    file: Path | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What one policy earned in one world, play by play, and what the best would have."""

    earned: Array
    best: Array
    trials: tuple[int, ...]
    """Plays of each new content within a day of its coming."""

    @property
    def share(self) -> float:
        return float(self.earned.sum() / self.best.sum())


def run(task: Task) -> tuple[Task, Run]:
    warnings.simplefilter("ignore")  # of peers; ours are errors in the tests
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    world = _world(task)
    policy = (CONTESTANTS | MEMBERS | ABLATIONS.get(task.world, {}))[task.policy]()
    return task, play(world, policy)


def play(world: World | FromFile, policy: Contestant) -> Run:
    earned, best = np.zeros(world.plays), np.zeros(world.plays)
    due: dict[int, list[Callable[[], None]]] = defaultdict(list)
    came: dict[str, int] = {}
    trials: dict[str, int] = defaultdict(int)
    for t in range(world.plays):
        for lesson in due.pop(t, ()):
            lesson()
        turn = world.turn(t)
        index, propensity = policy.choose(turn, world.draw[t])
        earned[t], best[t] = turn.chances[index], turn.chances.max()
        reward = world.reward(turn, index)
        world.shown(turn, index, reward)

        lesson = partial(policy.learn, turn, index, reward, propensity)
        due[t + int(world.delay[t]) + 1].append(lesson)
        for name in turn.actions:
            came.setdefault(name, t)
        shown = list(turn.actions)[index]
        trials[shown] += came[shown] > 0 and t - came[shown] < _DAY
    new = [name for name, t in came.items() if 0 < t <= world.plays - _DAY]
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--worlds", nargs="+", default=list(WORLDS), metavar="NAME")
    parser.add_argument("--policies", nargs="+", metavar="NAME", help="of which it begins")
    parser.add_argument("--world-file", type=Path, help="a file with a class Env: worlds S and D")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--peers", type=Path, help="folder into which pip has installed them")
    parser.add_argument("--ablation", action="store_true", help="also each regression alone")
    parser.add_argument("--json", action="store_true", help="the shares by seed, instead of tables")
    parser.add_argument("--sets", action="store_true")
    parser.add_argument("--speed", action="store_true")
    chosen = parser.parse_args()
    if chosen.json and (chosen.sets or chosen.speed):
        parser.error("--json is of the worlds: not with --sets or --speed")
    if chosen.peers is not None:
        sys.path.append(str(chosen.peers))
    if chosen.sets or chosen.speed:
        if chosen.sets:
            print_sets(chosen.seeds)
        if chosen.speed:
            print_speed()
        return
    worlds = ["S", "D"] if chosen.world_file else chosen.worlds
    shares: dict[int, dict[str, dict[str, list[float]]]] = {}
    for plays in chosen.plays:
        policies, left_out = _policies(plays, chosen.policies, ablation=chosen.ablation)
        tasks = [
            Task(world, policy, plays, seed, chosen.world_file)
            for world in worlds
            for policy in (*policies, *_wanted(ABLATIONS.get(world, ()), chosen.policies))
            for seed in range(chosen.seeds)
        ]
        found = run_all(tasks, chosen.jobs)
        if not chosen.json:
            for reason, names in left_out.items():
                print(f"{reason}, and left out: {', '.join(names)}\n")
            print_worlds(plays, chosen.seeds, worlds, found)
        shares[plays] = {world: {} for world in worlds}
        for (world, policy), runs in found.items():
            shares[plays][world][policy] = [run.share for run in runs]
    if chosen.json:
        print(json.dumps(shares))


def _policies(
    plays: int, beginnings: list[str] | None, *, ablation: bool
) -> tuple[list[str], dict[str, list[str]]]:
    """Those that play, and those that do not by the reason why."""
    wanted = _wanted([*CONTESTANTS, *(MEMBERS if ablation else ())], beginnings)
    absent = [name for name in missing() if name in wanted]
    slow = []
    if plays >= _LONG and not beginnings:
        slow = [name for name in wanted if name.startswith(_SLOW) and name not in absent]
    left_out = {"Not installed": absent, f"Slow, not asked for at {plays} plays": slow}
    return (
        [name for name in wanted if name not in absent + slow],
        {reason: names for reason, names in left_out.items() if names},
    )


def _wanted(names: Iterable[str], beginnings: list[str] | None) -> list[str]:
    return [name for name in names if beginnings is None or name.startswith(tuple(beginnings))]


Results = dict[tuple[str, str], list[Run]]


def run_all(tasks: list[Task], jobs: int) -> Results:
    found: Results = defaultdict(list)
    with get_context("spawn").Pool(jobs) as pool:
        for done, (task, result) in enumerate(pool.imap(run, tasks), 1):
            found[task.world, task.policy].append(result)
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{done} of {len(tasks)} runs ")
            elif 10 * done // len(tasks) > 10 * (done - 1) // len(tasks):
                sys.stderr.write(f"{done} of {len(tasks)} runs\n")
    return found


def print_worlds(plays: int, seeds: int, worlds: list[str], found: Results) -> None:
    policies = list(dict.fromkeys(policy for _, policy in found))
    shares = {key: np.array([run.share for run in runs]) for key, runs in found.items()}
    of_seeds = f"mean and 95 % interval over {seeds} seeds"
    print(f"### {plays} plays, share of the oracle, {of_seeds}\n")
    _print_table(policies, worlds, shares)
    if "ours" in policies:
        print(f"What ours has more than each, by the same seeds, {of_seeds}\n")
        more = {(w, p): shares[w, "ours"] - share for (w, p), share in shares.items()}
        _print_table([p for p in policies if p != "ours"], worlds, more)
    for world in worlds:
        _print_special(world, policies, found)
    print(flush=True)


def _print_table(
    policies: list[str], worlds: list[str], values: Mapping[tuple[str, str], Array]
) -> None:
    print(f"| policy | {' | '.join(worlds)} |")
    print(f"|---|{'---|' * len(worlds)}")
    for policy in policies:
        cells = [
            interval(values[world, policy].tolist()) if (world, policy) in values else ""
            for world in worlds
        ]
        print(f"| {policy} | {' | '.join(cells)} |")
    print()


def _print_special(world: str, policies: list[str], found: Results) -> None:
    ours = [policy for policy in policies if policy.startswith("ours") and (world, policy) in found]
    if world == "outdated" and (world, "rules table") in found:
        for policy in ours:
            pairs = zip(found[world, policy], found[world, "rules table"], strict=True)
            ahead = [_ahead_after(mine, table) for mine, table in pairs]
            print(f"{policy}: for good ahead of the outdated table after {median(ahead):.0f} plays")
    if world in ("swap", "D"):
        for policy in policies:
            if (world, policy) not in found:
                continue
            regained = [_regained_after(result) for result in found[world, policy]]
            print(f"{policy}: 90 % regained {median(regained):.0f} plays after the swap (median)")
    if world == "new":
        for policy in ours:
            counts = [count for result in found[world, policy] for count in result.trials]
            if counts:
                print(
                    f"{policy}: plays of a new content within {_DAY}: least {min(counts)}, "
                    f"median {median(counts):.0f}"
                )


def _ahead_after(mine: Run, table: Run) -> float:
    """After how many plays the sum of what was earned is above the table's, and stays there."""
    behind = np.flatnonzero(np.cumsum(mine.earned - table.earned) <= 0)
    return float(behind[-1] + 1) if len(behind) else 0.0


def _regained_after(result: Run) -> float:
    """Plays after half of the run until 90 % of the share before it is reached, smoothed."""
    half = len(result.earned) // 2
    window = min(_SMOOTH, half // 2)
    level = (
        0.9 * result.earned[half - window : half].sum() / result.best[half - window : half].sum()
    )
    ones = np.ones(window)
    earned = np.convolve(result.earned[half:], ones, "valid")
    reached = np.flatnonzero(earned >= level * np.convolve(result.best[half:], ones, "valid"))
    return float(reached[0] + window) if len(reached) else float("inf")


if __name__ == "__main__":
    main()
