"""The program `signage`: its commands, one file for each group of verbs.

What a command works with is imported when it runs. So `signage --help` answers at once, and
`signage models` works where the vision libraries do not.
"""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import typer

from signage import __version__
from signage.cli.audience import audience
from signage.cli.calibrate import calibrate
from signage.cli.content import content
from signage.cli.doctor import doctor
from signage.cli.evaluate import evaluate
from signage.cli.experiment import experiment
from signage.cli.export import export
from signage.cli.init import init
from signage.cli.models import models
from signage.cli.operate import order, rebuild
from signage.cli.report import report
from signage.cli.run import run
from signage.cli.simulate import simulate
from signage.errors import SignageError
from signage.text import streams

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Help in plain text: the boxes would cost as much time as all the rest.
    rich_markup_mode=None,
)
app.command()(init)
app.command()(run)
app.command()(doctor)
app.command()(calibrate)
app.command()(order)
app.command()(rebuild)
app.command()(audience)
app.command()(simulate)
app.command()(evaluate)
app.command()(experiment)
app.command()(report)
app.command()(export)
app.add_typer(content, name="content")
app.add_typer(models, name="models")


def main() -> None:
    """Run the command line: exit code 0, 1 on a failed run, 2 on bad usage or configuration."""
    streams.prepare_streams()
    # So that what was begun is cleared away: temporary folders, files half written.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        app()
    except SignageError as error:
        streams.say_error(error)
        streams.leave(error.exit_code)
    except SystemExit as end:
        streams.leave(end.code)


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"signage {__version__}\n")
        raise typer.Exit


@app.callback()
def _signage(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """A screen that watches its audience, decides what to show, and learns from the reaction."""
