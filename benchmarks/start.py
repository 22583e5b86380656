"""Commands are started anew several times, and the packages of an installation are added up.

Each time is the least of all rounds: what else the machine does can only add to it. CPU time is
that of the process and its children. A screen has started when it prints the address of its page;
it then plays the footage of the demo. The size of an installation is that of all files of the
packages which it brings, as they are installed here, with the bytecode.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import metadata
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement

from benchmarks.common.options import at_least_one
from benchmarks.common.paths import DEMO, ROOT
from benchmarks.common.tables import Block, Table

QUICK: Mapping[str, object] = {"rounds": 3}

ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)  # an installation keeps its bytecode
COMMANDS = {
    "bare Python": ("-c", "pass"),
    "`import typer`": ("-c", "import typer"),
    "`signage --version`": ("-m", "signage", "--version"),
    "`signage --help`": ("-m", "signage", "--help"),
    "`signage run --help`": ("-m", "signage", "run", "--help"),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    parser.add_argument("--rounds", type=at_least_one, default=15, help="starts of each command")


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Measure the times, then the sizes."""
    yield Table(("command", "seconds", "CPU seconds"), times(options.rounds), "Time to start")
    yield Table(("installation", "packages", "MB"), sizes(), "Installed size")


def times(rounds: int) -> Iterator[Sequence[str]]:
    """A row for each command, and one for the screen."""
    for name, command in COMMANDS.items():
        yield (name, *least(started(command) for _ in range(rounds)))
    yield ("`signage run`, until its page is served", *least(screen() for _ in range(rounds)))


def least(measured: Iterable[tuple[float, float]]) -> tuple[str, str]:
    """The least of both columns."""
    seconds, cpu_s = zip(*measured, strict=True)
    return f"{min(seconds):.2f}", f"{min(cpu_s):.2f}"


def started(command: Sequence[str]) -> tuple[float, float]:
    """Seconds and CPU seconds of one run of Python to its end."""
    before_s, began_s = children_s(), time.perf_counter()
    subprocess.run(  # noqa: S603 - a constant command
        [sys.executable, *command], check=True, capture_output=True, env=ENVIRONMENT
    )
    return time.perf_counter() - began_s, children_s() - before_s


def screen() -> tuple[float, float]:
    """The same of a screen, until it prints the address of its page."""
    words = ("--config", str(DEMO), "--port", "0", "--stand-in", "--data")
    with tempfile.TemporaryDirectory() as folder:
        began_s = time.perf_counter()
        with subprocess.Popen(  # noqa: S603 - a constant command
            [sys.executable, "-m", "signage", "run", *words, folder],
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT | {"PYTHONUNBUFFERED": "1"},
        ) as process:
            assert process.stdout is not None  # noqa: S101 - it is a pipe
            process.stdout.readline()
            took_s = time.perf_counter() - began_s
            cpu_s = process_s(process.pid)
            process.terminate()
            process.communicate()
    return took_s, cpu_s


def children_s() -> float:
    """CPU seconds of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def process_s(pid: int) -> float:
    """CPU seconds of a running process; not a number where the system does not tell."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return float("nan")
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def sizes() -> Iterator[Sequence[str]]:
    """A row for the packages of the daemon, for each extra beside them, and for all."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    base, extras = project["dependencies"], project["optional-dependencies"]
    installations = {"the daemon": base}
    installations |= {f"with `{name}`": base + packages for name, packages in extras.items()}
    installations["with all extras"] = [*base, *chain(*extras.values())]
    for name, requirements in installations.items():
        packages = closure(requirements)
        yield name, str(len(packages)), f"{sum(map(size_bytes, packages)) / 1e6:.0f}"


def closure(requirements: Iterable[str]) -> set[str]:
    """The names of ``requirements`` and of all that they need here."""
    names: set[str] = set()
    waiting = list(map(Requirement, requirements))
    for requirement in waiting:  # grows
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if wanted and name not in names:
            names.add(name)
            waiting += map(Requirement, metadata.requires(name) or ())
    return names


def size_bytes(name: str) -> int:
    """The size of all files of an installed package."""
    paths = (Path(str(file.locate())) for file in metadata.files(name) or ())
    return sum(path.stat().st_size for path in paths if path.is_file())
