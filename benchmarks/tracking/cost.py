"""What a picture costs in CPU, beside an earlier commit, in turns in one run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from statistics import median

import cv2

from benchmarks.common.paths import MODELS, ROOT, SCENES
from benchmarks.common.progress import note
from signage.scenes.scene import read_scene

_SCENES = {
    "three people": ROOT / "benchmarks" / "tracking" / "scenes" / "slow_approach.toml",
    "ten people": SCENES / "crowd.toml",
}
_PICTURES = 225
_FROM_PICTURE = {"three people": 0, "ten people": 75}
"""In the crowd, the last one has come after 8 s."""
_ROUNDS = 3
_LIMIT_S = 900
_GOAL = 1.15


def cost_rows(commit: str) -> Iterator[Sequence[str]]:
    """The rows of a comparison with ``commit``: each tree in turn, the median of the rounds."""
    with _worktree(commit) as before, tempfile.TemporaryDirectory() as made:
        for name, path in _SCENES.items():
            folder = Path(made, name)
            _paint(path, folder, _FROM_PICTURE[name])
            now_ms, before_ms = [], []
            for number in range(_ROUNDS):
                note(f"{name}, round {number + 1} of {_ROUNDS}")
                now_ms.append(_cost_ms(ROOT, folder))
                before_ms.append(_cost_ms(before, folder))
            ratio = median(a / b for a, b in zip(now_ms, before_ms, strict=True))
            yield (
                name,
                f"{median(now_ms):.1f}",
                f"{median(before_ms):.1f}",
                f"{ratio:.2f}",
                f"{_GOAL}",
            )


def _paint(scene: Path, folder: Path, first: int) -> None:
    """Write the pictures of a scene from one on; both trees see the same."""
    folder.mkdir()
    for index, ((_, image), _) in enumerate(islice(read_scene(scene), first, first + _PICTURES)):
        cv2.imwrite(str(folder / f"{index:05}.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 95])


def _cost_ms(tree: Path, pictures: Path) -> float:
    program = Path(__file__).with_name("cost_probe.py")
    command = [sys.executable, str(program), str(pictures), str(tree / "configs" / "demo.toml")]
    done = subprocess.run(  # noqa: S603 - a program of this folder
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=_LIMIT_S,
        cwd=tree,
        env=dict(os.environ, PYTHONPATH=str(tree)),
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["It printed nothing."])[-1]
        raise SystemExit(f"The product of {tree} could not be measured: {last[:300]}")
    return float(done.stdout.splitlines()[-1])


@contextmanager
def _worktree(commit: str) -> Iterator[Path]:
    """The source tree of ``commit`` in a folder that goes away, with this tree's models."""
    git = shutil.which("git")
    if git is None:
        raise SystemExit("`--against` needs git.")
    with tempfile.TemporaryDirectory() as made:
        tree = Path(made, "tree")
        done = subprocess.run(  # noqa: S603 - a fixed program; the commit is an argument of its own
            [git, "-C", str(ROOT), "worktree", "add", "--quiet", "--detach", str(tree), commit],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SystemExit(f"There is no commit {commit}: {done.stderr.strip()[:200]}")
        try:
            for model in MODELS.iterdir():
                link = tree / "models" / model.name
                if not link.exists():
                    link.symlink_to(model)
            yield tree
        finally:
            subprocess.run(  # noqa: S603 - a fixed program with fixed arguments
                [git, "-C", str(ROOT), "worktree", "remove", "--force", str(tree)], check=False
            )
