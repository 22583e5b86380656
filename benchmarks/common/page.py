"""The page of results that a benchmark leaves behind."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.common.paths import ROOT

RESULTS = ROOT / "benchmarks" / "results"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the numbers of a page come from, noted when the run begins."""

    command: str
    commit: str
    machine: str
    load: float
    python: str
    date: str


def origin(arguments: Sequence[str], options: Namespace) -> Origin:
    """Describe this run: the program, the machine, and the command without its paths."""
    return Origin(
        command=" ".join(["python -m benchmarks", *without_paths(arguments, options)]),
        commit=_commit(),
        machine=f"{_processor()}, {os.cpu_count()} cores",
        load=os.getloadavg()[0],
        python=platform.python_version(),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
    )


def write_page(path: Path, title: str, question: str, method: str, body: str, made: str) -> None:
    """Write the page whole; an interrupted run leaves the earlier page as it was."""
    text = f"# {title}\n\n**{question}**\n\n{method}\n\n{body.strip()}\n\n{made}"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".tmp")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def how_made(run: Origin, took_s: float) -> str:
    """The section that says how the numbers of a page were made."""
    minutes, seconds = divmod(round(took_s), 60)
    return (
        "## How these numbers were made\n\n"
        f"    {run.command}\n\n"
        f"- Commit: {run.commit}\n"
        f"- Machine: {run.machine}; load average at the start {run.load:.1f}\n"
        f"- Python: {run.python}\n"
        f"- Date: {run.date}, in {minutes} min {seconds} s\n"
    )


def without_paths(arguments: Sequence[str], options: Namespace) -> list[str]:
    """The arguments of a command, with ``PATH`` in place of every path."""
    paths = {value for value in vars(options).values() if isinstance(value, Path)}
    shown = []
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if equals and Path(value) in paths:
            shown.append(f"{name}=PATH")
        elif Path(argument) in paths or os.sep in argument:
            shown.append("PATH")
        else:
            shown.append(f'"{argument}"' if " " in argument else argument)
    return shown


def _commit() -> str:
    """The short hash of the commit, and whether the program differs from it."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return "not known"

    def ask(*arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - a fixed program with fixed arguments
            [git, "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    changed = ask(
        "status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/results"
    )
    return ask("rev-parse", "--short=10", "HEAD") + (" with local changes" if changed else "")


def _processor() -> str:
    """The processor's name, as Linux gives it or else as Python does."""
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()
