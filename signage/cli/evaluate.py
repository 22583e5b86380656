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
    wanted = EvaluationRequest(policies, without or (), cap or (), add or ())
    with progress("evaluating", 1.0) as on_progress:
        told = evaluated(journal, wanted, load_config(find_any_config(config)), on_progress)
    if as_json:
        print_json(told)
    else:
        _print(told)


def _print(told: Mapping[str, Any]) -> None:
    from signage.text.terminal import Console, table

    console = Console()
    if told["simulated"] is not None:
        console.print(f"Simulated audience: these are not a shop's figures ({told['simulated']}).")
    made = table(
        "policy", "IPS", "SNIPS", "direct", "doubly robust", "compared with the log", "ESS"
    )
    made.add_row("as logged", "", "", "", _value(told["logged"]), "", str(told["plays"]))
    for one in told["policies"]:
        size = one["effective_sample_size"]
        made.add_row(
            one["policy"],
            *(_value(one[name]) for name in ("ips", "snips", "dm", "dr")),
            _value(one["difference"], sign="+"),
            "" if size is None else f"{size:.0f}",
        )
    console.print(made)
    console.print(
        f"Mean reward of a play with an audience, with {told['confidence']:.0%} "
        f"intervals. {told['plays']} of {told['decisions']} decisions, "
        f"{told['visitors']} visitors. Not counted: {told['left_out']}. The interval "
        "of the direct method holds only if its reward model is right."
    )
    for one in told["policies"]:
        console.print(f"{one['policy']}: {one['verdict']}.", *one["warnings"])
    for note in told["notes"]:
        console.print(note)


def _value(estimate: Mapping[str, Any] | None, sign: str = "") -> str:
    if estimate is None:
        return "–"
    value, low, high = (
        None if estimate[name] is None else format(estimate[name], f"{sign}.3f")
        for name in ("value", "low", "high")
    )
    return f"{value or '–'}" if low is None else f"{value} ({low} to {high})"
