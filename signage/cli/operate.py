"""The operator's commands: orders to a running screen, and rebuilding a model."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signage.cli.options import (
    ConfigOption,
    DataOption,
    HostOption,
    JsonOption,
    PortOption,
    overridden,
)
from signage.cli.output import print_json, progress, warn_on_stderr
from signage.types.choices import Action

if TYPE_CHECKING:
    from signage.types.orders import Order


def order(
    action: Annotated[str, typer.Argument(metavar="|".join([*Action, "show"]))],
    item: Annotated[
        str | None, typer.Argument(help="Content id (pin, emergency) or checkpoint (rollback).")
    ] = None,
    before: Annotated[
        datetime | None,
        typer.Option(help="Roll back to the newest checkpoint before this time (UTC)."),
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    host: HostOption = None,
    port: PortOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give an order to the running screen.

    An order pins a content, plays an emergency content, freezes learning or rolls the model back.
    `show` lists the orders in force, and the checkpoints.
    """
    from signage.config.file import load_config
    from signage.config.locations import find_screen_config
    from signage.kiosk.client import ask_screen

    given = _parsed(action, item, before)
    settings = load_config(find_screen_config(config))
    state = ask_screen(overridden(settings, data_dir=data, host=host, port=port), given)
    if as_json:
        print_json(state)
    else:
        _print_state(state)


def _parsed(action: str, item: str | None, before: datetime | None) -> Order | None:
    """The order; None to look only."""
    from pydantic import ValidationError

    from signage.types.orders import Order

    if action == "show" and item is None and before is None:
        return None
    fields = {
        "action": action,
        "checkpoint" if action == Action.ROLLBACK else "content_id": item,
        "before": before and before.replace(tzinfo=UTC),
    }
    try:
        return Order.model_validate(fields)
    except ValidationError as error:
        raise typer.BadParameter(error.errors()[0]["msg"]) from error


def _print_state(state: dict[str, Any]) -> None:
    from signage.text.terminal import Console, table

    console = Console()
    console.print(f"learning: {'frozen' if state['frozen'] else 'on'}")
    console.print(f"pinned: {state['pinned'] or 'nothing'}")
    console.print(f"emergency: {state['emergency'] or 'none'}")
    rows = table("checkpoint", "made (UTC)", "rewards learned")
    for checkpoint in state["checkpoints"]:
        made_at = checkpoint["t_utc"][:19].replace("T", " ")
        rows.add_row(checkpoint["name"], made_at, str(checkpoint["learned"]))
    if state["checkpoints"]:
        console.print(rows)


def rebuild(
    data_dir: Annotated[Path, typer.Argument(help="Data folder of a screen that is stopped.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn the whole journal again.

    The new model is kept as a checkpoint, and compared with the model that the screen had.
    """
    from signage.config.file import load_config
    from signage.config.locations import find_screen_config
    from signage.engine.rebuild import rebuild as rebuild_model
    from signage.text.terminal import Console

    warn_on_stderr()
    settings = load_config(find_screen_config(config))
    with progress("learning", None) as on_progress:
        result = rebuild_model(settings, data_dir, on_progress)
    if as_json:
        print_json(result)
        return
    console = Console()
    console.print(f"Learned {result['learned']} rewards again in {result['took_s']:.1f} s.")
    if result["same_bytes"] is None:
        console.print("There is no usable checkpoint to compare with.")
    else:
        verdict = "the same, byte for byte" if result["same_bytes"] else "NOT the same"
        console.print(f"Checkpoint {result['compared_with']} and the journal give {verdict}.")
    if result["checkpoint"] is not None:
        console.print(f"Saved as checkpoint {result['checkpoint']}.")
