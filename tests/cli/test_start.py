"""How quickly the program answers: a command imports only what it needs."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys

import pytest

from tests.support.builders import ROOT

ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)}
ENVIRONMENT.pop("PYTHONDONTWRITEBYTECODE", None)  # an installation keeps its bytecode
HEAVY = {
    "av", "cv2", "jinja2", "matplotlib", "mediapipe", "numpy", "onnx", "onnxruntime", "PIL",
    "pyarrow", "pydantic", "rich", "sqlite3", "starlette", "uvicorn", "vowpal_wabbit_next",
}  # fmt: skip
_ROUNDS = 5


@pytest.mark.parametrize("words", [["--help"], ["run", "--help"], ["export", "--help"]])
def test_help_loads_no_heavy_package(words: list[str]) -> None:
    program = (
        "import atexit, json, sys\n"
        "atexit.register(lambda: json.dump(sorted(sys.modules), sys.stderr))\n"
        "from signage.cli.app import main\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=True,
        env=ENVIRONMENT,
    )
    assert "Usage:" in done.stdout
    loaded = {name.partition(".")[0] for name in json.loads(done.stderr)}
    # Typer itself reads the options of a command by pydantic.
    by_typer = set() if words == ["--help"] else {"pydantic"}
    assert loaded & HEAVY <= by_typer


def cpu_s(*words: str) -> float:
    """Least CPU time of a run of Python, of several: what else the machine does adds little."""
    times = []
    for _ in range(_ROUNDS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], capture_output=True, check=True, env=ENVIRONMENT)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(times)


def test_help_takes_little_more_than_the_library_that_prints_it() -> None:
    assert cpu_s("-m", "signage", "--help") < 2.5 * cpu_s("-c", "import typer")
