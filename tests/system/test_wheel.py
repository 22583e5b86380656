"""The wheel, installed away from the repository, without the extras."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.builders import FOOTAGE, ROOT

EXTRAS = ("matplotlib", "onnx", "pyarrow", "distributed")
PARTS = ("signage", "configs", "models", "pyproject.toml", "setup.py", "README.md", "LICENSE")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from what is committed: files that lie beside it must not get in."""
    source, out = (tmp_path_factory.mktemp(name) for name in ("source", "wheel"))
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *PARTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.strip("\0").split("\0"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(out), str(source))
    (path,) = out.iterdir()
    return path


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of an environment that has the wheel, and of ours the packages."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip("--python", str(python), "install", "--no-deps", "--no-index", str(wheel))
    (packages,) = folder.glob("lib/*/site-packages")
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    blocked = f"import sys\nsys.modules.update(dict.fromkeys({EXTRAS}))\n"
    (packages / "sitecustomize.py").write_text(blocked)
    return folder / "bin"


def pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*command, *arguments], check=True, env=outside(), capture_output=True)


def outside() -> dict[str, str]:
    """The environment of somebody who does not know the repository."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def signage(programs: Path, cwd: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [programs / "signage", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env=outside(),
    )


@pytest.fixture(scope="module")
def screen(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `signage init` makes."""
    folder = tmp_path_factory.mktemp("empty")
    made = signage(programs, folder, "init", "my-screen", "--models", ROOT / "models")
    assert (made.returncode, made.stderr) == (0, "")
    assert "cd my-screen && signage run" in made.stdout
    return folder / "my-screen"


@pytest.fixture
def running(programs: Path, screen: Path) -> Iterator[subprocess.Popen[str]]:
    source = FOOTAGE / "single_face.mp4"
    with subprocess.Popen(
        [programs / "signage", "run", "--source", source, "--port", "0", "--stand-in"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=screen,
        env=outside() | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        yield process
        process.kill()


def test_the_wheel_holds_what_is_committed_of_configs_and_models(programs: Path) -> None:
    program = "from signage.config import locations as at; print(at.CONFIGS.parent)"
    done = subprocess.run(
        [programs / "python", "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        env=outside(),
    )
    defaults = Path(done.stdout.strip())
    assert defaults.is_relative_to(programs.parent)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "configs", "models"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    packed = {str(p.relative_to(defaults)) for p in defaults.rglob("*") if p.is_file()}
    assert packed == set(listed.stdout.strip("\0").split("\0"))


def test_a_screen_from_the_wheel_runs_and_decides(
    running: subprocess.Popen[str], screen: Path
) -> None:
    assert running.stdout is not None
    player = running.stdout.readline()
    assert player.startswith("Player: "), running.communicate()
    while "decision" not in (line := running.stdout.readline()):
        assert line, running.communicate()
    with urlopen(player.removeprefix("Player: ").strip() + "health") as answer:
        health = json.load(answer)
    assert health["status"] in {"ok", "degraded"}
    assert health["last_decision_age_s"] is not None
    running.send_signal(signal.SIGTERM)
    _, complaints = running.communicate(timeout=60)
    assert (running.returncode, complaints) == (0, "")
    assert (screen / "data" / "journal.sqlite").is_file()


def test_without_a_configuration_a_command_says_how_to_make_one(
    programs: Path, tmp_path: Path
) -> None:
    done = signage(programs, tmp_path, "run")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Make a screen with `signage init my-screen`" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (("report", "journal.sqlite", "--out", "page.html"), "analysis"),
        (("run", "--report", "page.html"), "analysis"),
        (("simulate", "clip.mp4", "--out", "out"), "analysis"),
        (("init", "another"), "convert"),
    ],
)
def test_a_command_names_the_extra_that_it_lacks(
    programs: Path, tmp_path: Path, words: tuple[str, ...], extra: str
) -> None:
    done = signage(programs, tmp_path, *words)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert f'pip install "signage[{extra}]"' in done.stderr
    assert list(tmp_path.iterdir()) == []
