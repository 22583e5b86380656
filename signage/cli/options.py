"""What the commands share: options, and how they print."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from signage.config.config import Config
from signage.text.terminal import Console, log_warnings

ROOT = Path(__file__).resolve().parents[2]
DEFAULT_CONFIG = ROOT / "configs" / "kiosk.toml"
DEMO_CONFIG = ROOT / "configs" / "demo.toml"


def _config_option(default: Path) -> Any:
    shown = str(default.relative_to(ROOT))
    return typer.Option("--config", help="Configuration file.", show_default=shown)


ConfigOption = Annotated[Path, _config_option(DEFAULT_CONFIG)]
"""Of commands that run a screen: its default is ``DEFAULT_CONFIG``."""
DemoConfigOption = Annotated[Path, _config_option(DEMO_CONFIG)]
"""Of commands that show what can be seen: their default is ``DEMO_CONFIG``."""
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DataOption = Annotated[Path | None, typer.Option(help="The screen's folder of journal and model.")]
HostOption = Annotated[str | None, typer.Option(help="Address that the screen serves on.")]
PortOption = Annotated[
    int | None, typer.Option(min=1, max=65535, help="Port that the screen serves on.")
]


def overridden(
    config: Config,
    *,
    camera_source: str | None,
    data_dir: Path | None,
    host: str | None,
    port: int | None,
) -> Config:
    """``config`` with what the command line says instead."""
    update: dict[str, Any] = {}
    if camera_source is not None:
        update["camera"] = config.camera.model_copy(update={"source": camera_source, "reel": ()})
    if data_dir is not None:
        update["data_dir"] = data_dir
    server = {"host": host, "port": port}
    update["server"] = config.server.model_copy(
        update={name: value for name, value in server.items() if value is not None}
    )
    return config.model_copy(update=update)


def warn_on_stderr() -> None:
    """For commands without a view of their own."""
    log_warnings()


def print_json(document: Any) -> None:
    """One document on stdout. What is no number is null: JSON knows neither NaN nor infinity."""
    sys.stdout.write(json.dumps(_finite(document), indent=2, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value


@contextmanager
def progress(what: str, total: float | None) -> Iterator[Callable[[float], None]]:
    """A progress bar on a terminal, and none otherwise."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(what, total=total or None)
        yield lambda done: progress.update(task, completed=done)
