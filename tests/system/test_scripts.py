"""The scripts and the locks: what a newcomer meets first."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME, DEVELOPMENT = (
    (ROOT / name).read_text(encoding="utf-8")
    for name in ("requirements.lock", "requirements-dev.lock")
)


def pins(lock: str) -> list[Requirement]:
    return [
        Requirement(line.removesuffix("\\").strip())
        for line in lock.splitlines()
        if line and not line.startswith((" ", "#"))
    ]


def group(name: str) -> list[str]:
    wanted = []
    for entry in PROJECT["dependency-groups"][name]:
        wanted += [entry] if isinstance(entry, str) else group(entry["include-group"])
    return wanted


EXTRAS = PROJECT["project"]["optional-dependencies"]
PACKAGES = PROJECT["project"]["dependencies"] + EXTRAS["analysis"] + EXTRAS["convert"]


def run(*command: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = dict(os.environ) if path is None else dict(os.environ, PATH=str(path))
    return subprocess.run(
        command, capture_output=True, text=True, check=False, cwd="/", env=environment
    )


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=["runtime", "development"])
def test_a_lock_holds_names_versions_and_hashes_alone(lock: str) -> None:
    assert not re.search(r"://|^-|\bfile:|\b[a-z]+\.(org|com|net|io)\b", lock, re.MULTILINE)
    for requirement in pins(lock):
        assert re.fullmatch(r"==[^*,]+", str(requirement.specifier)), requirement
    entries = re.split(r"^(?=\w)", lock, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("python", ["3.11", "3.12"])
@pytest.mark.parametrize(
    ("lock", "wanted"),
    [
        (RUNTIME, PACKAGES + group("build")),
        (DEVELOPMENT, PACKAGES + group("dev")),
    ],
    ids=["runtime", "development"],
)
def test_a_lock_agrees_with_the_project(lock: str, wanted: list[str], python: str) -> None:
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    locked = {
        canonicalize_name(pin.name): next(iter(pin.specifier)).version
        for pin in pins(lock)
        if pin.marker is None or pin.marker.evaluate(environment)
    }
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])


def test_the_development_lock_holds_the_runtime_lock() -> None:
    # A tool may need everywhere what the program needs on one platform alone.
    held = set(map(str, pins(DEVELOPMENT)))
    assert [
        pin for pin in pins(RUNTIME) if not {str(pin), f"{pin.name}{pin.specifier}"} & held
    ] == []


@pytest.mark.parametrize("lock", [RUNTIME, DEVELOPMENT], ids=["runtime", "development"])
def test_one_opencv_and_a_mediapipe_that_keeps_silent(lock: str) -> None:
    versions = {pin.name: str(pin.specifier) for pin in pins(lock)}

    assert [name for name in versions if name.startswith("opencv")] == ["opencv-python"]
    assert versions["mediapipe"] == "==0.10.31"


def bare_system(folder: Path, python: str) -> Path:
    """A PATH with the shell's own tools, ``python`` as python3.11, no apt-get, and no root."""
    folder.mkdir()
    for tool in ("bash", "cat", "dirname", "env", "sha256sum"):
        source = next(
            path
            for entry in os.environ["PATH"].split(os.pathsep)
            if (path := Path(entry, tool)).exists()
        )
        (folder / tool).symlink_to(source)
    for name, text in {"python3.11": python, "id": "echo 1000"}.items():
        (folder / name).write_text(f"#!{folder}/bash\n{text}\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    return folder


def test_setup_names_the_debian_packages_of_missing_libraries(tmp_path: Path) -> None:
    # The real check, in a process where nothing can be loaded.
    blind = tmp_path / "blind"
    blind.mkdir()
    (blind / "sitecustomize.py").write_text(
        "import ctypes\ndef refuse(name):\n    raise OSError(name)\nctypes.CDLL = refuse\n",
        encoding="utf-8",
    )
    path = bare_system(tmp_path / "bin", f'PYTHONPATH={blind} exec {sys.executable} "$@"')

    done = run(str(ROOT / "scripts/setup"), path=path)

    assert done.returncode == 1
    assert "`sudo apt install libgl1 libglib2.0-0 libxcb1`" in done.stderr
    assert "Traceback" not in done.stderr


def test_setup_names_the_debian_packages_of_a_missing_python(tmp_path: Path) -> None:
    done = run(str(ROOT / "scripts/setup"), path=bare_system(tmp_path / "bin", "exit 1"))

    assert done.returncode == 1
    assert "`sudo apt install python3 python3-venv`" in done.stderr


def test_demo_tells_its_options() -> None:
    done = run(str(ROOT / "scripts/demo"), "--help")

    assert done.returncode == 0
    for option in ("--minutes", "--forever", "--camera", "--port"):
        assert option in done.stdout


@pytest.mark.parametrize("arguments", [["--port"], ["--minutes", "soon"], ["--fast"]])
def test_demo_called_the_wrong_way_says_so(arguments: list[str]) -> None:
    done = run(str(ROOT / "scripts/demo"), *arguments)

    assert done.returncode == 2
    assert done.stderr.startswith("scripts/demo: ")
    assert done.stderr.count("\n") == 1
