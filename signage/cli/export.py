"""The command that writes a journal for other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from signage.cli.output import progress
from signage.types.choices import ExportFormat


def export(
    journal: Annotated[Path, typer.Argument(help="A journal or its folder.")],
    form: Annotated[
        ExportFormat,
        typer.Option(
            "--format",
            help="csv, parquet: proof of play. decisions: Parquet for `signage evaluate`. "
            "dsjson: for Vowpal Wabbit.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="The file to write.")],
) -> None:
    """Write the journal for other tools.

    An export holds the proof of play with its audience, or the decisions.
    """
    from signage.journal.exports.export import export as write
    from signage.text.terminal import Console

    with progress("exporting", 1.0) as on_progress:
        written, what = write(journal, form, out, on_progress)
    Console().print(f"{written} {what}: {out}", soft_wrap=True)
