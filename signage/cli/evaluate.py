"""The command that judges other policies by the log."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from signage.cli.options import ConfigOption, JsonOption
from signage.cli.output import print_json, progress, warn_on_stderr


def evaluate(
    journal: Annotated[
        Path,
        typer.Argument(help="A journal, its folder, or its decisions exported as Parquet."),
    ],
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help="A policy to value: uniform, playlist, rules, vw, apprentice or "
            "package.module:Name. May be repeated. Default: uniform and playlist, unless "
            "another question is asked."
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="CONTENT", help="Value the log without this content."),
    ] = None,
    cap: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONTENT=SHARE",
            help="Value the log with a cap on this content's share of voice.",
        ),
    ] = None,
    add: Annotated[
        list[str] | None,
        typer.Option(
            metavar="category=…,tag=…", help="Guess what a new content of this kind would earn."
        ),
    ] = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Estimate what other policies would have earned."""
    from signage.analysis.evaluate import EvaluationRequest, evaluated
    from signage.config.file import load_config
    from signage.config.locations import find_any_config

    warn_on_stderr()
    asked = policy or without or cap or add
    policies = policy or ([] if asked else ["uniform", "playlist"])
    request = EvaluationRequest(policies, without or (), cap or (), add or ())
    with progress("evaluating", 1.0) as on_progress:
        record = evaluated(journal, request, load_config(find_any_config(config)), on_progress)
    if as_json:
        print_json(record)
    else:
        _print(record)


def _print(record: Mapping[str, Any]) -> None:
    from signage.text.terminal import Console, table

    console = Console()
    if record["simulated"] is not None:
        console.print(
            f"Simulated audience: these are not a shop's figures ({record['simulated']})."
        )
    made = table(
        "policy", "IPS", "SNIPS", "direct", "doubly robust", "compared with the log", "ESS"
    )
    made.add_row("as logged", "", "", "", _value(record["logged"]), "", str(record["plays"]))
    for one in record["policies"]:
        size = one["effective_sample_size"]
        made.add_row(
            one["policy"],
            *(_value(one[name]) for name in ("ips", "snips", "dm", "dr")),
            _value(one["difference"], sign="+"),
            "" if size is None else f"{size:.0f}",
        )
    console.print(made)
    console.print(
        f"Mean reward of a play with an audience, with {record['confidence']:.0%} "
        f"intervals. {record['plays']} of {record['decisions']} decisions, "
        f"{record['visitors']} visitors. Not counted: {record['left_out']}. The interval "
        "of the direct method holds only if its reward model is right."
    )
    for one in record["policies"]:
        console.print(f"{one['policy']}: {one['verdict']}.", *one["warnings"])
    for note in record["notes"]:
        console.print(note)


def _value(estimate: Mapping[str, Any] | None, sign: str = "") -> str:
    if estimate is None:
        return "–"
    value, low, high = (
        None if estimate[name] is None else format(estimate[name], f"{sign}.3f")
        for name in ("value", "low", "high")
    )
    return f"{value or '–'}" if low is None else f"{value} ({low} to {high})"
