"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from signage.config.config import Config

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Configuration file.",
        show_default="signage.toml or kiosk.toml in this folder, else configs/kiosk.toml",
    ),
]
"""Of commands about a screen (``config/locations.py``)."""
DemoConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Configuration file.",
        show_default="demo.toml, signage.toml or kiosk.toml in this folder, else configs/demo.toml",
    ),
]
"""Of commands that show what can be seen."""
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
DataOption = Annotated[Path | None, typer.Option(help="Folder of the screen's journal and model.")]
SourceOption = Annotated[
    str | None,
    typer.Option(help="Camera index, video or scene file (looped), or stream URL."),
]
HostOption = Annotated[str | None, typer.Option(help="Network address of the screen.")]
PortOption = Annotated[int | None, typer.Option(min=1, max=65535, help="Port of the screen.")]
ServePortOption = Annotated[
    int | None, typer.Option(min=0, max=65535, help="Port to serve on; 0 takes any free port.")
]
LeastPersonsOption = Annotated[
    int, typer.Option(min=1, help="Hide figures about fewer people than this.")
]


def overridden(
    config: Config,
    *,
    camera_source: str | None = None,
    data_dir: Path | None = None,
    host: str | None = None,
    port: int | None = None,
) -> Config:
    """``config`` with the values of the command line in place of its own."""
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
