"""How right `signage evaluate` is, and how fast.

Prints bias, error and coverage of every estimator on made logs of which the truth is known
(`--logs`, `--plays`). `--obp-python PYTHON --obd DIR`: the same estimates by obp on the Open Bandit
Dataset. `--reel SEEDS`: against what policies earn in the simulation over the demo's reel. `--scale
PLAYS`: seconds and memory on a log of that many plays, in a folder of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.off_policy.reel import print_reel
from benchmarks.off_policy.worlds import MadeLog, World
from signage.evaluation import off_policy
from signage.evaluation.evaluation import Valuation, evaluate
from signage.evaluation.overlap import LEAST_EFFECTIVE
from signage.evaluation.what_if import Target
from signage.journal.exports.columns import write_blocks

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


def world_of(name: str, *, binary: bool) -> World:
    logging, sharpness = WORLDS[name]
    return World(_ITEMS, logging, sharpness, binary, seed=7)  # type: ignore[arg-type]


def judge(task: Task) -> tuple[Task, tuple[Valuation, ...]]:
    name, binary, plays, seed = task
    world = world_of(name, binary=binary)
    targets = [Target(kind, world.target(kind)) for kind in TARGETS]
    return task, evaluate(MadeLog(world, plays, seed), targets).valuations


def print_coverage(logs: int, plays: int, jobs: int) -> None:
    tasks = [
        (name, binary, plays, seed)
        for name in WORLDS
        for binary in (True, False)
        for seed in range(logs)
    ]
    found: dict[tuple[str, bool, str], list[Valuation]] = defaultdict(list)
    with get_context("spawn").Pool(jobs) as pool:
        for (name, binary, _, _), valuations in pool.imap_unordered(judge, tasks, chunksize=20):
            for one in valuations:
                found[name, binary, one.policy].append(one)
    print(f"### {plays} plays, {logs} logs each\n")
    head = "| logged by | reward | policy | truth | ESS | estimator: bias, RMSE, coverage |"
    print(head + " |" * 3)
    print("|---|---|---|---|---|" + "---|" * 4)
    for (name, binary, kind), several in sorted(found.items()):
        world = world_of(name, binary=binary)
        truth = world.truth(kind)
        size = np.mean([one.overlap.effective_sample_size for one in several if one.overlap])
        cells = [_cell(estimator, truth, several) for estimator in ESTIMATORS]
        thin = " (thin)" if size < LEAST_EFFECTIVE else ""
        reward = "0 or 1" if binary else "between"
        what = f"| {name} | {reward} | {kind} | {truth:.3f} | {size:.0f}{thin} |"
        print(f"{what} {' | '.join(cells)} |")
    print()


def _cell(name: str, truth: float, several: list[Valuation]) -> str:
    estimates = [getattr(one, name) for one in several]
    told = [estimate for estimate in estimates if estimate is not None]
    error = np.array([estimate.value - truth for estimate in told])
    covered = np.mean([estimate.low <= truth <= estimate.high for estimate in told])
    return f"{name} {error.mean():+.4f}, {np.sqrt(np.mean(error**2)):.4f}, {covered:.1%}"


def print_obp(python: Path, data: Path) -> None:
    """BTS judged by the log of the random policy, by obp and by us, with one reward model."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "arrays.npz"
        script = Path(__file__).with_name("obp.py")
        command = [python, script, data, out]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603
        theirs: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        with np.load(out) as file:
            arrays = dict(file)
    rows, action = np.arange(len(arrays["action"])), arrays["action"]
    target, modelled, reward = arrays["target"], arrays["modelled"], arrays["reward"].astype(float)
    weight = target[rows, action] / arrays["propensity"]
    expected = np.sum(target * modelled, axis=1)
    ours = {
        "ips": off_policy.ips(weight, reward),
        "snips": off_policy.snips(weight, reward),
        "dm": off_policy.direct(expected),
        "dr": off_policy.doubly_robust(weight, reward, modelled[rows, action], expected),
    }
    print(f"### Open Bandit Dataset, campaign men: BTS by {len(rows)} rows of the random policy\n")
    print("| estimator | signage | obp | difference |\n|---|---|---|---|")
    for name, value in ours.items():
        print(f"| {name} | {value:.15f} | {theirs[name]:.15f} | {abs(value - theirs[name]):.0e} |")
    print()


def print_scale(plays: int, policy: str, folder: Path) -> None:
    path = folder / "decisions.parquet"
    world = World(16, "softmax", 6.0, binary=False, seed=7, moods=26)
    log = MadeLog(world, plays, 0)
    with path.open("wb") as file:
        write_blocks(log, "made", log.blocks(200_000), file)
    asked = ["--policy", policy, "--without", "item1", "--cap", "item2=0.02", "--json"]
    command = [sys.executable, "-m", "signage", "evaluate", str(path), *asked]
    began_s = time.perf_counter()
    with (folder / "told.json").open("w+b") as told:
        process = subprocess.Popen(command, stdout=told)  # noqa: S603 - our own
        _, status, used = os.wait4(process.pid, 0)
        took_s = time.perf_counter() - began_s
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(process.returncode)
        told.seek(0)
        document: dict[str, Any] = json.load(told)
    print(f"### {plays} plays, 16 contents, 30 features, three questions\n")
    print(
        f"{path.stat().st_size / 1e9:.2f} GB of Parquet: {took_s:.1f} s, "
        f"{used.ru_maxrss / 1e6:.2f} GB of memory at most"
    )
    print(f"{policy}: {document['policies'][0]['dr']}", end="")
    print(f" (truth {world.truth('uniform'):.4f})" if policy == "uniform" else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logs", type=int, default=500)
    parser.add_argument("--plays", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--obp-python", type=Path, help="of an environment with obp 0.5.7")
    parser.add_argument("--obd", type=Path, help="the data set's folder, with random/ and bts/")
    parser.add_argument("--reel", type=int, metavar="SEEDS")
    parser.add_argument("--scale", type=int, metavar="PLAYS")
    parser.add_argument("--policy", default="uniform", help="one of the questions of --scale")
    chosen = parser.parse_args()
    if (chosen.obp_python is None) != (chosen.obd is None):
        parser.error("--obp-python and --obd go together")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if chosen.obp_python is not None:
        print_obp(chosen.obp_python, chosen.obd)
    elif chosen.reel is not None:
        for plays in chosen.plays:
            print_reel(chosen.reel, plays)
    elif chosen.scale is not None:
        del os.environ["OMP_NUM_THREADS"]
        with tempfile.TemporaryDirectory() as folder:
            print_scale(chosen.scale, chosen.policy, Path(folder))
    else:
        for plays in chosen.plays:
            print_coverage(chosen.logs, plays, chosen.jobs)


if __name__ == "__main__":
    main()
