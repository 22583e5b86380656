"""The command that corrects the gaze for one installation."""

from __future__ import annotations

import threading

import typer

from signage.cli.options import (
    ConfigOption,
    DataOption,
    HostOption,
    ServePortOption,
    SourceOption,
    overridden,
)
from signage.cli.output import warn_on_stderr
from signage.cli.run import on_stop


def calibrate(
    config: ConfigOption = None,
    source: SourceOption = None,
    data: DataOption = None,
    host: HostOption = None,
    port: ServePortOption = None,
) -> None:
    """Correct the gaze for this installation.

    One person follows nine points with the eyes.
    """
    from signage.config.file import load_config
    from signage.config.locations import find_screen_config
    from signage.kiosk.calibrate import calibrate as run_calibration
    from signage.kiosk.installation import calibration_path
    from signage.text.terminal import Console

    warn_on_stderr()
    settings = load_config(find_screen_config(config))
    settings = overridden(settings, camera_source=source, data_dir=data, host=host, port=port)
    stop = threading.Event()
    on_stop(stop.set)
    console = Console()

    def ready(url: str) -> None:
        console.print(f"Open {url} on the screen and follow the points with your eyes.")

    fit = run_calibration(settings, stop, ready)
    if fit is None:
        raise typer.Exit(1)
    console.print(
        f"The gaze was off by {fit.before_deg:.1f} degrees, and is now off by {fit.after_deg:.1f} "
        f"(median over {fit.points} points, each left out in turn). The correction is in "
        f"{calibration_path(settings)}."
    )
