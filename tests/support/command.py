"""The command ``signage``, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.builders import FOOTAGE, ROOT

Done = subprocess.CompletedProcess[str]

MAN = FOOTAGE / "single_face.mp4"
COMMAND = (sys.executable, "-W", "error", "-m", "signage")
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"}


def signage(*arguments: str | Path) -> Done:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT,
        timeout=120,
    )


def succeed(*arguments: str | Path) -> str:
    done = signage(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def fail(exit_code: int, *arguments: str | Path) -> str:
    """What it says: one readable paragraph on stderr, and nothing on stdout."""
    done = signage(*arguments)
    assert (done.returncode, done.stdout) == (exit_code, "")
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("signage: ")
    assert done.stderr.count("\n") == 1
    assert done.stderr.rstrip().endswith((".", ")."))
    return done.stderr


def configure(
    folder: Path,
    *,
    reel: str = '{ clip = "single_face.mp4" }',
    models: Path = ROOT / "models",
    content: Path = ROOT / "configs" / "content",
    more: str = "",
) -> Path:
    """A configuration of its own; the paths of what is shipped are written as TOML strings."""
    path = folder / "screen.toml"
    paths = {name: json.dumps(str(p)) for name, p in locals().items() if isinstance(p, Path)}
    path.write_text(
        f"""
        [camera]
        footage_dir = {json.dumps(str(FOOTAGE))}
        reel = [{reel}]
        [perception]
        models_dir = {paths["models"]}
        [content]
        dir = {paths["content"]}
        {more}
        """,
        encoding="utf-8",
    )
    return path
