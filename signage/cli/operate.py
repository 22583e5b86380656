"""The operator's commands: orders to a running screen, and a model learned anew."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError

from signage.cli.options import (
    DEFAULT_CONFIG,
    ConfigOption,
    DataOption,
    HostOption,
    JsonOption,
    PortOption,
    overridden,
    print_json,
    progress,
    warn_on_stderr,
)
from signage.config.file import load_config
from signage.text.terminal import Console, table
from signage.types.orders import Action, Order


def order(
    action: Annotated[str, typer.Argument(metavar="|".join([*Action, "show"]))],
    item: Annotated[
        str | None, typer.Argument(help="The content (pin, emergency) or checkpoint (rollback).")
    ] = None,
    before: Annotated[
        datetime | None, typer.Option(help="rollback: to the newest checkpoint before this, UTC.")
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
    data: DataOption = None,
    host: HostOption = None,
    port: PortOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an order to the running screen: pin a content, freeze learning, roll back, …"""
    from signage.kiosk.client import ask_screen

    wanted = _parsed(action, item, before)
    settings = overridden(
        load_config(config), camera_source=None, data_dir=data, host=host, port=port
    )
    state = ask_screen(settings, wanted)
    if as_json:
        print_json(state)
    else:
        _print_state(state)


def _parsed(action: str, item: str | None, before: datetime | None) -> Order | None:
    """The order; None to look only."""
    if action == "show" and item is None and before is None:
        return None
    told = {
        "action": action,
        "checkpoint" if action == Action.ROLLBACK else "content_id": item,
        "before": before and before.replace(tzinfo=UTC),
    }
    try:
        return Order.model_validate(told)
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"]) from error


def _print_state(state: dict[str, Any]) -> None:
    console = Console()
    console.print(f"learning: {'frozen' if state['frozen'] else 'on'}")
    console.print(f"pinned: {state['pinned'] or 'nothing'}")
    console.print(f"emergency: {state['emergency'] or 'none'}")
    made = table("checkpoint", "made (UTC)", "rewards learned")
    for found in state["checkpoints"]:
        made.add_row(found["name"], found["t_utc"][:19].replace("T", " "), str(found["learned"]))
    if state["checkpoints"]:
        console.print(made)


def rebuild(
    data_dir: Annotated[
        Path, typer.Argument(help="The data folder of a screen that is not running.")
    ],
    config: ConfigOption = DEFAULT_CONFIG,
    as_json: JsonOption = False,
) -> None:
    """Learn everything in the journal again from the beginning, and keep the new model."""
    from signage.engine.rebuild import rebuild as rebuild_model

    warn_on_stderr()
    settings = load_config(config)
    with progress("learning", None) as on_progress:
        result = rebuild_model(settings, data_dir, on_progress)
    if as_json:
        print_json(result)
        return
    console = Console()
    console.print(f"Learned {result['learned']} rewards again in {result['took_s']:.1f} s.")
    if result["same_bytes"] is None:
        console.print("There was no usable checkpoint to compare with.")
    else:
        verdict = "the same, byte for byte" if result["same_bytes"] else "NOT the same"
        console.print(f"Checkpoint {result['compared_with']} and the journal give {verdict}.")
    if result["checkpoint"] is not None:
        console.print(f"Kept as checkpoint {result['checkpoint']}.")
