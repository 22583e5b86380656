"""The command that makes the folder of a new screen."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from signage.kiosk.new_screen import NewScreen


def init(
    folder: Annotated[Path, typer.Argument(help="Folder to make, named like the screen.")],
    models: Annotated[
        Path | None,
        typer.Option(help="Folder of models that were fetched before, to copy and not fetch."),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Add the demo: recorded people in place of a camera.")
    ] = False,
) -> None:
    """Make the folder of a new screen.

    It gets a commented configuration, the demo contents and the models. Nothing is asked, and
    nothing is overwritten.
    """
    from signage.kiosk.new_screen import make_screen
    from signage.text.terminal import Console

    screen = make_screen(folder, models=models, demo=demo, on_fetch=Console(stderr=True).print)
    console = Console()
    for line in _summary(folder, screen):
        console.print(line, soft_wrap=True)


def _summary(folder: Path, screen: NewScreen) -> list[str]:
    enter = f"cd {shlex.quote(str(folder))} && "
    lines = [
        f"The screen {screen.screen_id} is ready. Its configuration is {screen.config}.",
        f"Time zone: {screen.timezone or 'that of this machine'}. Port: {screen.port or 'any'}.",
    ]
    if screen.camera is not None:
        lines += [f"Camera: {screen.camera}.", f"Next: {enter}signage run"]
    else:
        lines += [
            "No camera was found. Connect one, or name a recording or a stream with --source.",
            f"Next: {enter}signage run --source VIDEO",
        ]
    if screen.demo is not None:
        lines.append(f"The demo: {enter}signage run --config {screen.demo.name} --stand-in")
    return lines
