"""Time and memory of `signage evaluate` on a large log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.off_policy.worlds import MadeLog, World
from signage.journal.exports.columns import write_blocks

_BLOCK = 200_000


def rows(plays: int, policy: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Write a log of so many plays into ``folder`` and ask three questions of it."""
    path = folder / "decisions.parquet"
    world = World(16, "softmax", 6.0, binary=False, seed=7, moods=26)
    log = MadeLog(world, plays, 0)
    with path.open("wb") as file:
        write_blocks(log, "made", log.blocks(_BLOCK), file)
    yield "Parquet file", f"{path.stat().st_size / 1e9:.2f} GB"
    questions = ["--policy", policy, "--without", "item1", "--cap", "item2=0.02", "--json"]
    command = [sys.executable, "-m", "signage", "evaluate", str(path), *questions]
    began_s = time.perf_counter()
    with (folder / "answers.json").open("w+b") as answers:
        process = subprocess.Popen(command, stdout=answers)  # noqa: S603 - our own
        _, status, used = os.wait4(process.pid, 0)
        took_s = time.perf_counter() - began_s
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(process.returncode)
        answers.seek(0)
        document: dict[str, Any] = json.load(answers)
    yield "time", f"{took_s:.1f} s"
    yield "memory at most", f"{used.ru_maxrss / 1e6:.2f} GB"
    doubly_robust = document["policies"][0]["dr"]
    yield (
        f"{policy}, doubly robust",
        f"{doubly_robust['value']:.4f} ({doubly_robust['low']:.4f} to {doubly_robust['high']:.4f})",
    )
    if policy == "uniform":
        yield "uniform, truth", f"{world.truth('uniform'):.4f}"
