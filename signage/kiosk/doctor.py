"""Is this machine fit to run the screen? One check for each thing that tends to be missing."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import TYPE_CHECKING

from signage.assets.manifest import verify
from signage.config.clock import local_time
from signage.config.locations import IS_WHEEL
from signage.errors import JournalError, SignageError
from signage.journal.growth import growth
from signage.kiosk import libraries
from signage.kiosk.health import FIRST_YEAR
from signage.text.plain import host_only

if TYPE_CHECKING:
    from pathlib import Path

    from signage.config.camera import CameraConfig
    from signage.config.config import Config

Probe = Callable[["CameraConfig"], tuple[str, str] | None]
"""Looks through a camera: None when it sees, else what is wrong and what to do."""

_FREE_BYTES = 1_000_000_000
"""A journal of years, and the room that SQLite wants for its log."""
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_IMPORT_TIMEOUT_S = 60
_PULL = "Run `signage models pull`."
_REINSTALL = (
    "Install signage again in a new environment."
    if IS_WHEEL
    else "Delete .venv and run `scripts/setup`."
)


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check. ``remedy`` is empty when there is nothing to do."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def run_checks(config: Config, config_path: Path, probe: Probe) -> list[Check]:
    """Check everything that ``signage run`` with this configuration needs.

    ``config_path`` is the file that ``config`` was read from; remedies name it. Takes some
    seconds, as it loads the vision libraries in a process of their own. A failed check is
    a result; nothing is raised.
    """
    native = _libraries()
    folder = config.perception.logos_dir
    return [
        _packages(),
        native,
        _models(config),
        *([_logos(folder)] if folder is not None and native.ok else []),
        _camera(config, config_path, probe),
        _disk(config, config_path),
        _display(),
        _port(config, config_path),
        _clock(datetime.now(UTC), config.timezone),
    ]


def _packages() -> Check:
    """Whether the Python and the packages are of versions that work, and keep to themselves."""
    name = "packages"
    python = ".".join(str(part) for part in sys.version_info[:3])
    if not (3, 11) <= sys.version_info[:2] <= (3, 12):
        return Check(name, ok=False, detail=f"Python {python}", remedy="Use Python 3.11 or 3.12.")
    openers = sorted(set(metadata.packages_distributions().get("cv2", ())))
    if len(openers) != 1:
        return Check(
            name,
            ok=False,
            detail=f"cv2 comes from {' and '.join(openers) or 'no package'}",
            remedy=_REINSTALL,
        )
    try:
        mediapipe = metadata.version("mediapipe")
    except metadata.PackageNotFoundError:
        return Check(name, ok=False, detail="mediapipe is missing", remedy=_REINSTALL)
    if _numbers(mediapipe) >= (0, 10, 34):
        return Check(
            name,
            ok=False,
            detail=f"mediapipe {mediapipe} reports usage to its maker over the network",
            remedy=_REINSTALL,
        )
    versions = (
        f"Python {python}, mediapipe {mediapipe}, {openers[0]} {metadata.version(openers[0])}"
    )
    return Check(name, ok=True, detail=versions)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:3] if part.isdigit())


def _libraries() -> Check:
    """Whether the native libraries load. In another process: a broken one can end it."""
    name = "libraries"
    if missing := libraries.missing():
        packages = " ".join(sorted(set(missing.values())))
        return Check(
            name,
            ok=False,
            detail=f"missing: {', '.join(sorted(missing))}",
            remedy=f"On Debian: `sudo apt install {packages}`.",
        )
    program = "import cv2, mediapipe, onnxruntime, vowpal_wabbit_next"
    try:
        done = subprocess.run(  # noqa: S603  our own interpreter, a constant program
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=False,
            timeout=_IMPORT_TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        detail = f"loading them took more than {_IMPORT_TIMEOUT_S} s"
        return Check(
            name, ok=False, detail=detail, remedy="Check what else keeps the machine busy."
        )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        return Check(
            name,
            ok=False,
            detail=lines[-1],
            remedy=f"Install the library it names. If it names none: {_REINSTALL}",
        )
    return Check(name, ok=True, detail="OpenCV, MediaPipe, ONNX Runtime and Vowpal Wabbit load")


def _models(config: Config) -> Check:
    return _files("models", config.perception.models_dir / "manifest.toml")


def _files(name: str, manifest: Path) -> Check:
    """Whether every file of a manifest is there and has its SHA-256."""
    try:
        states = verify(manifest)
    except SignageError as error:
        return Check(name, ok=False, detail=str(error), remedy="Restore the manifest.")
    if wrong := [f"{asset.name} is {state}" for asset, state in states if state != "ok"]:
        return Check(name, ok=False, detail=", ".join(wrong), remedy=_PULL)
    return Check(name, ok=True, detail=f"{len(states)} files, each with its SHA-256")


def _logos(folder: Path) -> Check:
    """Whether every logo that is to be looked for can be used."""
    from signage.perception.logos.detector import LogoFinder  # noqa: PLC0415 - loads OpenCV

    try:
        brands = LogoFinder(folder).brands
    except SignageError as error:
        return Check("logos", ok=False, detail=str(error), remedy="Correct it and try again.")
    return Check("logos", ok=True, detail=f"{len(brands)} brands: {', '.join(brands) or 'none'}")


def _camera(config: Config, config_path: Path, probe: Probe) -> Check:
    """Whether the source gives pictures that show something, or the reel's clips are there."""
    name, camera = "camera", config.camera
    if camera.reel:
        clips = {segment.clip for segment in camera.reel}
        if lacking := sorted(clip for clip in clips if not (camera.footage_dir / clip).is_file()):
            where = f"{camera.footage_dir} lacks {', '.join(lacking)}"
            remedy = f"{_PULL} Put your own clips into that folder."
            return Check(name, ok=False, detail=where, remedy=remedy)
        manifest = camera.footage_dir / "manifest.toml"
        if manifest.is_file() and not (found := _files(name, manifest)).ok:
            return found
        return Check(name, ok=True, detail=f"a reel of {len(clips)} clips in {camera.footage_dir}")
    if camera.source is None:
        remedy = f"Set `source` in [camera] of {config_path}."
        return Check(name, ok=False, detail="no source and no reel is configured", remedy=remedy)
    if (problem := probe(camera)) is not None:
        detail, remedy = problem
        remedy += f" The `source` is set in [camera] of {config_path}."
        return Check(name, ok=False, detail=detail, remedy=remedy)
    return Check(name, ok=True, detail=f"{host_only(camera.source)} sends pictures")


def _disk(config: Config, config_path: Path) -> Check:
    """Whether the data folder, or the nearest one above it that exists, takes data."""
    name, folder = "disk", config.data_dir.resolve()
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        return Check(
            name,
            ok=False,
            detail=f"cannot write to {folder}: {error.strerror}",
            remedy=f"Give write access to it, or set another `data_dir` in {config_path}.",
        )
    detail = f"{free / 1e9:.1f} GB free in {folder}{_journal_size(config.data_dir)}"
    if free < _FREE_BYTES:
        return Check(name, ok=False, detail=detail, remedy="Free at least 1 GB.")
    return Check(name, ok=True, detail=detail)


def _journal_size(data_dir: Path) -> str:
    """What the journal takes, and a year of it would."""
    path = data_dir / "journal.sqlite"
    if not path.exists():
        return ""
    try:
        found = growth(path)
    except JournalError:  # another version, or damaged: the start of the screen says so
        return ""
    size = f"; the journal takes {found.size_bytes / 1e6:,.0f} MB"
    if found.bytes_a_year is None:
        return size
    return f"{size}, and grows by {found.bytes_a_year / 1e9:.1f} GB a year"


def _display() -> Check:
    """Whether a browser can show the page here; a machine without a display is no failure."""
    browser = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    display = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if not display:
        detail = "none on this machine: open the player page in a browser on another machine"
        return Check("display", ok=True, detail=detail)
    if browser is None:
        return Check(
            "display",
            ok=False,
            detail=f"display {display}, but no Chromium to show the player page",
            remedy="On Debian: `sudo apt install chromium`.",
        )
    return Check("display", ok=True, detail=f"{browser} on display {display}")


def _port(config: Config, config_path: Path) -> Check:
    """Whether the server can listen where the configuration says."""
    host, port = config.server.host, config.server.port
    where = f"port {port} of {host}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as listener:
            if os.name == "posix":
                # As the server does: a port that was closed a moment ago is free.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        return Check(
            "port",
            ok=False,
            detail=f"{where}: {error.strerror}",
            remedy="Stop what uses it (perhaps `signage run` itself), or set another `port` in "
            f"[server] of {config_path}.",
        )
    return Check("port", ok=True, detail=f"{where} is free" if port else f"any free port of {host}")


def _clock(now: datetime, zone: str | None = None) -> Check:
    """Whether the clock was ever set; dayparts and campaign dates go by it."""
    local = local_time(now, zone)
    detail = f"{now:%Y-%m-%d %H:%M} UTC, {local:%H:%M} here ({local.tzname()})"
    if now.year < FIRST_YEAR:
        remedy = "Set the clock, preferably by network time: `timedatectl set-ntp true`."
        return Check("clock", ok=False, detail=detail, remedy=remedy)
    return Check("clock", ok=True, detail=detail)
