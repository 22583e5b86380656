"""The command that tells the result of an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signage.cli.options import JsonOption
from signage.cli.output import print_json, progress
from signage.extras import require_extra

if TYPE_CHECKING:
    from rich.table import Table


def experiment(
    journal: Annotated[Path, typer.Argument(help="A journal or its folder.")],
    name: Annotated[
        str | None, typer.Option(help="Name of the experiment.", show_default="the newest")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Also write a report to this HTML file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show the result of an A/B experiment so far. It is safe to look every day."""
    if out is not None:
        require_extra("analysis", "A report")
    from signage.analysis.experiment import result

    record = result(journal, name)
    if out is not None:
        from signage.analysis.report.build import write_report

        with progress("reporting", 1.0) as on_progress:
            write_report(journal, out, experiment=record["experiment"], on_progress=on_progress)
    if as_json:
        print_json(record)
        return
    from signage.text.terminal import Console, grid, line, mark

    console = Console()
    if record["simulated"] is not None:
        console.print(
            f"Simulated audience: these are not a shop's figures ({record['simulated']})."
        )
    by = f"blocks of {record['block_minutes']} min" if record["block_minutes"] else "visits"
    console.print(
        f"{record['experiment']}: by {by}, {record['since_utc'][:10]} to "
        f"{record['until_utc'][:10]}, {record['confidence']:.0%} intervals, valid at any "
        "time"
    )
    console.print(_arms(record))
    checks = grid(3)
    for check in record["checks"]:
        checks.add_row(mark(ok=check["ok"]), check["name"], check["detail"])
    console.print(checks)
    if record["left_out"]:
        left = ", ".join(f"{count} {why}" for why, count in record["left_out"].items())
        console.print(f"Plays not analysed: {left}.")
    console.print(line((record["verdict"], "bold")))
    if out is not None:
        console.print(f"Report: {out}", soft_wrap=True)


def _arms(record: Mapping[str, Any]) -> Table:
    units = "visits" if record["assign"] == "visit" else "blocks"
    from signage.text.terminal import table

    made = table(
        "arm", "mean reward", "lift", "interval", "detectable lift", units, "rewarded plays"
    )
    for arm in record["arms"]:
        lift = ("control", "", "")
        if not arm["control"]:
            ends = arm["lift_interval"] or (None, None)
            lift = (
                _percent(arm["lift"]),
                " to ".join(_percent(end) for end in ends),
                _percent(arm["detectable_lift"]),
            )
        made.add_row(
            arm["arm"], f"{arm['mean']:.3f}", *lift, str(arm["units"]), str(arm["rewarded_plays"])
        )
    return made


def _percent(share: float | None) -> str:
    return "?" if share is None else f"{share:+.1%}"
