"""Compares policies over a folder of footage: the same people, the same luck, one report."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

from signage.cli.output import progress
from signage.config.file import load_config
from signage.config.locations import DEMO_CONFIG
from signage.errors import ConfigError, SignageError
from signage.simulation.compare import compare, write_comparison
from signage.simulation.run import Task, new_folder, run
from signage.simulation.viewers.model import load_model
from signage.types.choices import POLICY_NAMES

VIDEOS = {".mp4", ".mov", ".avi", ".mkv", ".webm", ".m4v"}


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="signage: %(message)s")
    try:
        _main()
    except SignageError as error:
        sys.stderr.write(f"scripts/ab_offline: {error}\n")
        sys.exit(error.exit_code)


def _main() -> None:
    chosen = _options()
    task = Task(
        config=load_config(chosen.config),
        videos=_videos(chosen.folder),
        policies=tuple(dict.fromkeys(chosen.policies)),
        seeds=tuple(range(chosen.seeds)),
        plays=chosen.plays,
        model=load_model(chosen.preset),
        workers=chosen.workers,
        cluster=chosen.cluster,
    )
    folders = {
        (policy, seed): chosen.out / policy / f"seed-{seed}"
        for policy in task.policies
        for seed in task.seeds
    }
    new_folder(chosen.out, [str(path.relative_to(chosen.out)) for path in folders.values()])
    summaries = {}
    with progress("watching", 1.0) as watching, progress("playing", 1.0) as playing:
        for which, result in run(task, watching, playing):
            result.write(folders[which])
            summaries[which] = result.summary
    comparison = compare(task, summaries)
    page = write_comparison(comparison, task, chosen.out)
    print(comparison.as_text())
    print(f"Report: {page}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/ab_offline", description=__doc__)
    parser.add_argument("folder", type=Path, help="every video in it is the audience")
    parser.add_argument(
        "--policies",
        nargs="+",
        choices=POLICY_NAMES,
        default=["uniform", "playlist", "rules", "vw"],
        help="the first one is what the others are compared with",
    )
    parser.add_argument("--seeds", type=int, default=10, help="runs of each policy")
    parser.add_argument("--plays", type=int, default=300, help="of each run")
    parser.add_argument("--preset", default="field", help="field, seed, null, or a file of --fit")
    parser.add_argument("--config", type=Path, default=DEMO_CONFIG, help="contents and settings")
    parser.add_argument("--out", type=Path, default=Path("ab_offline"), help="folder of the report")
    parser.add_argument("--workers", type=int, help="processes at most (default: one a core)")
    parser.add_argument("--cluster", metavar="ADDRESS", help="of a Dask scheduler")
    chosen = parser.parse_args()
    if min(chosen.seeds, chosen.plays, chosen.workers or 1) < 1:
        parser.error("--seeds, --plays and --workers must be 1 or more")
    if len(set(chosen.policies)) < 2:
        parser.error("--policies needs two or more to compare")
    return chosen


def _videos(folder: Path) -> tuple[Path, ...]:
    if not folder.is_dir():
        raise ConfigError(f"There is no folder {folder}. Check the path.")
    videos = sorted(path for path in folder.rglob("*") if path.suffix.lower() in VIDEOS)
    if not videos:
        raise ConfigError(f"{folder} has no videos ({', '.join(sorted(VIDEOS))}).")
    return tuple(videos)


if __name__ == "__main__":
    main()
