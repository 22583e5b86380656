"""The command that writes the page about a journal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signage.analysis.report import LEAST_PERSONS
from signage.cli.options import LeastPersonsOption
from signage.cli.output import progress
from signage.extras import require_extra


def report(
    journal: Annotated[Path, typer.Argument(help="A journal or its folder.")],
    out: Annotated[Path, typer.Option("--out", help="The HTML file to write.")],
    experiment: Annotated[
        str | None, typer.Option(help="Name of the experiment.", show_default="the newest, if any")
    ] = None,
    least_persons: LeastPersonsOption = LEAST_PERSONS,
) -> None:
    """Write a report on audience and contents.

    The report is one HTML page about audience, contents, learning and lift.
    """
    write_journal_report(journal, out, experiment=experiment, least_persons=least_persons)


def write_journal_report(
    journal: Path, out: Path, *, experiment: str | None = None, least_persons: int = LEAST_PERSONS
) -> None:
    """Write the page, and say where it is."""
    require_extra("analysis", "A report")
    from signage.analysis.report.build import write_report
    from signage.io import journal_path
    from signage.journal.reader import JournalReader
    from signage.text.terminal import Console

    with progress("reporting", 1.0) as on_progress:
        write_report(
            journal,
            out,
            experiment=experiment,
            least_persons=least_persons,
            on_progress=on_progress,
        )
    path = journal_path(journal)
    console = Console()
    if (made := JournalReader(path).simulated) is not None:
        console.print(f"Simulated audience: these are not a shop's figures ({made}).")
    console.print(f"Report: {out}", soft_wrap=True)
