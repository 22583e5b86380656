"""The command that plays to a recorded audience."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signage.cli.fit import fit_model
from signage.cli.options import DemoConfigOption, JsonOption
from signage.cli.output import print_json, progress, warn_on_stderr
from signage.errors import ConfigError
from signage.extras import require_extra
from signage.types.choices import POLICY_NAMES

if TYPE_CHECKING:
    from rich.table import Table

    from signage.simulation.run import Task


def simulate(
    out: Annotated[Path, typer.Option("--out", help="Folder for the journal, summary and report.")],
    videos: Annotated[
        list[Path] | None,
        typer.Argument(help="Recorded videos; the reel of the configuration if none."),
    ] = None,
    config: DemoConfigOption = None,
    policy: Annotated[
        str | None,
        typer.Option(
            help=f"One of {', '.join(POLICY_NAMES)}.",
            show_default="vw, or the [experiment] of the configuration",
        ),
    ] = None,
    plays: Annotated[int, typer.Option(min=1, help="Stop after this many plays.")] = 300,
    seed: Annotated[int, typer.Option(min=0, help="Seed of every random draw.")] = 0,
    seeds: Annotated[
        int | None,
        typer.Option(min=1, help="Run this many seeds from --seed on, each in its own folder."),
    ] = None,
    preset: Annotated[
        str, typer.Option(help="Simulated response: field, seed, null, or a file from --fit.")
    ] = "field",
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Most processes at a time.", show_default="one for each core"),
    ] = None,
    cluster: Annotated[
        str | None,
        typer.Option(help="Simulate on the Dask scheduler at this address.", metavar="ADDRESS"),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            help="Folder for cached perception results.", show_default="the user's cache folder"
        ),
    ] = None,
    fit: Annotated[
        Path | None,
        typer.Option(
            help="Play nothing: fit the simulated response to this journal.", metavar="JOURNAL"
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Play to an audience with simulated response.

    The audience is recorded; a model says how it responds.
    """
    require_extra("analysis", "The report of a simulation")
    warn_on_stderr()
    if fit is not None:
        from signage.io import journal_path

        fit_model(journal_path(fit), out, as_json=as_json)
        return
    from signage.config.file import load_config
    from signage.config.locations import find_demo_config
    from signage.simulation.run import EXPERIMENT, Task, new_folder
    from signage.simulation.viewers.model import load_model

    if policy is not None and policy not in POLICY_NAMES:
        raise ConfigError(f"There is no policy {policy!r}; choose from {', '.join(POLICY_NAMES)}.")
    settings = load_config(find_demo_config(config))
    task = Task(
        config=settings,
        videos=tuple(videos or ()),
        policies=(policy or ("vw" if settings.experiment is None else EXPERIMENT),),
        seeds=tuple(range(seed, seed + (seeds or 1))),
        plays=plays,
        model=load_model(preset),
        workers=workers,
        cluster=cluster,
        cache=cache,
    )
    new_folder(out, [f"seed-{number}" for number in task.seeds] if seeds else ["."])
    summary = _one(task, out) if seeds is None else _many(task, out)
    if as_json:
        print_json(summary)
        return
    from signage.text.terminal import Console

    console = Console()
    console.print("Simulated audience: the people were recorded and their response is simulated.")
    console.print(_table(summary))
    console.print(f"Report: {out / 'report.html'}", soft_wrap=True)


def _one(task: Task, out: Path) -> dict[str, Any]:
    from signage.analysis.report.build import write_report
    from signage.simulation.run import run

    with progress("watching", 1.0) as watching, progress("playing", 1.0) as playing:
        ((_, result),) = run(task, watching, playing)
    result.write(out)
    write_report(out, out / "report.html", simulated=result.summary)
    return result.summary


def _many(task: Task, out: Path) -> dict[str, Any]:
    from signage.simulation.batch import write_summary
    from signage.simulation.compare import compare, write_seeds_report
    from signage.simulation.run import run

    summaries = {}
    with progress("watching", 1.0) as watching, progress("playing", 1.0) as playing:
        for which, result in run(task, watching, playing):
            result.write(out / f"seed-{which[1]}")
            summaries[which] = result.summary
    comparison = compare(task, summaries)
    write_seeds_report(comparison, task, out)
    (summary,) = comparison.summaries
    write_summary(summary, out)
    return summary


def _table(summary: dict[str, Any]) -> Table:
    from signage.text.terminal import grid

    table = grid(2)
    for name, value in summary.items():
        if name == "learning_curve":
            continue
        shown = value
        if isinstance(value, dict):
            shown = f"{value['mean']:.4g}"
            if value["low"] is not None:
                shown += f" ({value['low']:.4g} to {value['high']:.4g})"
        table.add_row(name.replace("_", " "), str(shown))
    return table
