"""Other programs that tell age, gender and mood, run over the same pictures.

They are installed by their registry's own client into a folder that goes away again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from signage.types.arrays import Image

HERE = Path(__file__).resolve().parent
_INSTALL_LIMIT_S = 1200
_RUN_LIMIT_S = 900
_HUMAN = ["@vladmandic/human@3.3.6"]
_TENSORFLOW = [*_HUMAN, "@tensorflow/tfjs-node@4.22.0"]
_WASM = [*_HUMAN, "@tensorflow/tfjs@4.22.0", "@tensorflow/tfjs-backend-wasm@4.22.0"]


class PeerError(Exception):
    """A peer could not be installed or run; says why."""


@dataclass(frozen=True, slots=True)
class PeerResult:
    """What one way of running a peer took, or why it could not."""

    name: str
    failure: str = ""
    took_ms: list[float] = field(default_factory=list)
    """Of each frame, by the clock."""
    cpu_ms: float = 0.0
    """Of the mean frame."""
    faces: float = 0.0
    bodies: float = 0.0


@dataclass(frozen=True, slots=True)
class Peer:
    """A program, and how to run it in a folder over a file of RGB frames, 3 bytes a pixel."""

    name: str
    attempt: Callable[[Path, Path, tuple[int, int]], Iterator[PeerResult]]

    def run(self, images: Sequence[Image]) -> Iterator[PeerResult]:
        """Yield a result for each way to run it. ``images``: (height, width, 3), BGR."""
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            pictures = folder / "pictures.rgb"
            with pictures.open("wb") as out:
                for image in images:
                    out.write(image[:, :, ::-1].tobytes())
            height, width = images[0].shape[:2]
            try:
                yield from self.attempt(folder, pictures, (width, height))
            except PeerError as error:
                yield PeerResult(self.name, str(error))


def _human(folder: Path, pictures: Path, size: tuple[int, int]) -> Iterator[PeerResult]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise PeerError("It needs Node.js and npm.")
    install = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]
    backends = {"tensorflow": _TENSORFLOW, "wasm": _WASM}
    for backend, packages in backends.items():
        place = folder / backend
        place.mkdir()
        try:
            _call([*install, str(place), *packages], _INSTALL_LIMIT_S)
        except PeerError as error:
            yield PeerResult(f"human ({backend})", f"Its packages do not install: {error}")
            continue
        program = [node, str(HERE / "peer_human.cjs"), str(place), backend, str(pictures)]
        for how, options in (("as set by its authors", []), ("every frame", ["--every-frame"])):
            name = f"human ({backend}, {how})"
            yield _timed(name, [*program, *map(str, size), *options])


def _python(
    package: str, folder: Path, pictures: Path, size: tuple[int, int]
) -> Iterator[PeerResult]:
    place = folder / package
    _call([sys.executable, "-m", "venv", str(place)], _INSTALL_LIMIT_S)
    python = str(place / "bin" / "python")
    _call([python, "-m", "pip", "install", "--quiet", package], _INSTALL_LIMIT_S)
    program = [python, str(HERE / "peer_python.py"), package, str(pictures), *map(str, size)]
    yield _timed(package, program)


def _py_feat(folder: Path, pictures: Path, size: tuple[int, int]) -> Iterator[PeerResult]:
    return _python("py-feat", folder, pictures, size)


def _deepface(folder: Path, pictures: Path, size: tuple[int, int]) -> Iterator[PeerResult]:
    return _python("deepface", folder, pictures, size)


PEERS = {
    peer.name: peer
    for peer in (Peer("human", _human), Peer("py-feat", _py_feat), Peer("deepface", _deepface))
}


def _timed(name: str, program: list[str]) -> PeerResult:
    try:
        answer = json.loads(_call(program, _RUN_LIMIT_S).splitlines()[-1])
    except PeerError as error:
        return PeerResult(name, str(error))
    return PeerResult(
        name, "", answer["took_ms"], answer["cpu_ms"], answer["faces"], answer["bodies"]
    )


def _call(command: list[str], limit_s: float) -> str:
    """What a command prints. Raises PeerError with its last line."""
    # Weights and caches go where the rest goes, and go away with it.
    home = tempfile.mkdtemp()
    try:
        done = subprocess.run(  # noqa: S603 - the commands are those above
            command,
            capture_output=True,
            text=True,
            check=False,
            timeout=limit_s,
            env=dict(os.environ, HF_HOME=home, DEEPFACE_HOME=home),
        )
    except subprocess.TimeoutExpired as error:
        raise PeerError(f"It was not done after {limit_s:.0f} s.") from error
    finally:
        shutil.rmtree(home, ignore_errors=True)
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if "Error: " in line or "ERROR: " in line]
        raise PeerError((errors or lines or ["It failed and printed nothing."])[-1][:300])
    return done.stdout
