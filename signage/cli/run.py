"""The command that runs a screen."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signage.analysis.report import LEAST_PERSONS
from signage.cli.options import (
    ConfigOption,
    DataOption,
    HostOption,
    LeastPersonsOption,
    ServePortOption,
    SourceOption,
    overridden,
)
from signage.extras import require_extra

if TYPE_CHECKING:
    from signage.engine.engine import Step
    from signage.kiosk.kiosk import Kiosk


def run(
    config: ConfigOption = None,
    source: SourceOption = None,
    data: DataOption = None,
    host: HostOption = None,
    port: ServePortOption = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.0, help="Stop after this many minutes.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="At the end, write a report to this HTML file.")
    ] = None,
    least_persons: LeastPersonsOption = LEAST_PERSONS,
    stand_in: Annotated[
        bool,
        typer.Option(
            "--stand-in", help="Confirm plays in place of a browser while no browser is open."
        ),
    ] = False,
) -> None:
    """Run the screen until Ctrl-C or SIGTERM."""
    on_stop(lambda: sys.exit(0))  # until the screen is made there is nothing to flush
    if report is not None:
        require_extra("analysis", "A report")
    from signage.cli.console import KioskView
    from signage.config.file import load_config
    from signage.config.locations import find_screen_config
    from signage.kiosk.installation import orders_token_path, with_calibration
    from signage.kiosk.kiosk import run_screen
    from signage.kiosk.process import leave_stuck_threads
    from signage.kiosk.systemd import Supervisor
    from signage.text.streams import lose_what_cannot_be_written

    settings = load_config(find_screen_config(config))
    settings = with_calibration(
        overridden(settings, camera_source=source, data_dir=data, host=host, port=port)
    )
    stop = threading.Event()
    length_s = None if minutes is None else minutes * 60
    supervisor = Supervisor()

    def watch(step: Step) -> None:
        view.watch(step)
        supervisor.notify(step.audience.t_s)

    lose_what_cannot_be_written()
    with KioskView(length_s, orders_token_path(settings.data_dir)) as view:

        def begin(kiosk: Kiosk) -> None:
            on_stop(stop.set)
            view.title = kiosk.title
            kiosk.run(stop, ready=view.ready, watch=watch, stand_in=stand_in, length_s=length_s)

        kiosk = run_screen(settings, begin)
    if report is not None:
        from signage.cli.report import write_journal_report

        write_journal_report(kiosk.journal_path, report, least_persons=least_persons)
    leave_stuck_threads()


def on_stop(act: Callable[[], object]) -> None:
    """Let Ctrl-C and SIGTERM do ``act`` from now on."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: act())
