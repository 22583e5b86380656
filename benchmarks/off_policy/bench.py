"""Logs are made of which the truth is known, and `signage evaluate` estimates policies from them.

There are five ways to explore, two target policies and two kinds of reward. The direct method is
wrong here on purpose: no reward model is right, and nothing in its interval shows that. `--reel
SEEDS` compares with what policies earn in the simulation over the demo's reel, where people tire of
what they were shown. `--obp-python PYTHON --obd DIR` compares with the package obp on the Open
Bandit Dataset. `--scale PLAYS` measures time and memory on a log of that many plays.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.common.options import at_least_one, existing_folder
from benchmarks.common.tables import Block, Table
from benchmarks.off_policy import coverage, open_bandit, reel, scale

QUICK: Mapping[str, object] = {"logs": 100, "plays": [500]}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    parser.add_argument("--logs", type=at_least_one, default=500, help="of each kind")
    parser.add_argument("--plays", type=at_least_one, nargs="+", default=[500, 2000])
    parser.add_argument("--jobs", type=at_least_one, default=os.cpu_count() or 1)
    parser.add_argument("--obp-python", type=Path, help="of an environment with obp 0.5.7")
    parser.add_argument(
        "--obd", type=existing_folder, help="the data set's folder, with random/ and bts/"
    )
    parser.add_argument("--reel", type=at_least_one, metavar="SEEDS")
    parser.add_argument("--scale", type=at_least_one, metavar="PLAYS")
    parser.add_argument("--policy", default="uniform", help="one of the questions of --scale")


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Measure coverage, or what the options ask for."""
    if (options.obp_python is None) != (options.obd is None):
        raise SystemExit("--obp-python and --obd go together.")
    if options.scale is not None:
        title = f"{options.scale:,} plays, 16 contents, 30 features, three questions"
        with tempfile.TemporaryDirectory() as folder:
            rows = scale.rows(options.scale, options.policy, Path(folder))
            yield Table(("measured", "signage"), rows, title)
        return
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if options.obp_python is not None:
        yield open_bandit.table(options.obp_python, options.obd)
    for plays in options.plays if options.obp_python is None else ():
        if options.reel is not None:
            yield reel.table(options.reel, plays)
        else:
            yield coverage.table(options.logs, plays, options.jobs)
