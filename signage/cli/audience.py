"""The command that shows who appears in a video."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from signage.cli.options import DemoConfigOption, JsonOption
from signage.cli.output import print_json, progress, warn_on_stderr


def audience(
    video: Annotated[Path, typer.Argument(help="A recorded video or a scene file.")],
    config: DemoConfigOption = None,
    as_json: JsonOption = False,
    annotate: Annotated[
        Path | None,
        typer.Option(
            help="Write a copy of the video with everything that was detected drawn on it (MP4)."
        ),
    ] = None,
) -> None:
    """Show who appears in a video.

    The result has one record for each person.
    """
    from signage.capture.source import recording_duration_s
    from signage.config.file import load_config
    from signage.config.locations import find_demo_config
    from signage.kiosk.installation import with_calibration
    from signage.simulation.observe import observe

    warn_on_stderr()
    settings = with_calibration(load_config(find_demo_config(config)))
    began_s = time.perf_counter()
    with progress("watching", recording_duration_s(video)) as on_progress:
        result = observe(settings, video, annotate, on_progress)
    fps = result["frames"] / (time.perf_counter() - began_s)
    viewers = result.pop("viewers")
    result |= {"processed_fps": round(fps, 1), "viewers": viewers}
    if as_json:
        print_json(result)
    else:
        _print(result)


def _print(result: Mapping[str, Any]) -> None:
    from signage.text.terminal import Console, table

    viewers = result["viewers"]
    rows = table("viewer", "seen", "looked", "gender", "age", "mood", "moves", "faces", "where")
    for viewer in viewers:
        rows.add_row(*_viewer_row(viewer))
    console = Console()
    console.print(rows)
    for viewer in viewers:
        if behaviour := ", ".join(_behaviour(viewer)):
            console.print(f"Viewer {viewer['visit_id']} {behaviour}.")
    console.print(
        f"Opportunities to see: {result['ots']}, watchers: {result['watchers']}; "
        f"{result['frames']} frames of {result['duration_s']:.1f} s at "
        f"{result['processed_fps']:.0f} a second."
    )
    if result["passed"]:
        console.print(f"Beyond range: {result['passed']} people, who are no opportunity to see.")
    if result["most_unfollowed"]:
        console.print(
            f"Up to {result['most_unfollowed']} more people were in view than are followed."
        )
    if result["blind_s"]:
        console.print(
            f"For {result['blind_s']:.1f} s the camera could not see, so the audience is unknown."
        )


def _viewer_row(viewer: Mapping[str, Any]) -> list[str]:
    """One record of `signage audience`, for people; a question mark where nothing is known."""
    gender, age, mood = viewer["gender"], viewer["age_years"], viewer["mood"]
    likeliest = max(mood, key=lambda name: mood[name]) if mood else ""
    face_px, distance_m = viewer["face_px"], viewer["distance_m"]
    return [
        viewer["viewer_id"],
        f"{viewer['first_seen_s']:.1f} to {viewer['last_seen_s']:.1f} s",
        _looked(viewer),
        "?" if gender is None else " ".join(f"{k} {v:.0%}" for k, v in gender.items()),
        "?" if age is None else f"{age:.0f} ± {viewer['age_sd']:.0f}",
        "?" if not mood else f"{likeliest} {mood[likeliest]:.0%}",
        (viewer["movement"] or "?").replace("_", " "),
        f"the screen {viewer['facing_share']:.0%}",
        f"{'?' if distance_m is None else f'{distance_m:.1f} m'}, "
        f"{'no face' if face_px is None else f'face {face_px:.0f} px'}",
    ]


def _looked(viewer: Mapping[str, Any]) -> str:
    attention_s = viewer["attention_s"]
    return f"{'?' if attention_s is None else f'{attention_s:.1f}'} of {viewer['dwell_s']:.1f} s"


def _behaviour(viewer: Mapping[str, Any]) -> Iterator[str]:
    if viewer["returning"]:
        yield f"was here before as {viewer['viewer_id']}"
    if viewer["reading_s"]:
        yield f"read for {viewer['reading_s']:.1f} s"
    for logo in viewer["logos"] or ():
        yield f"wears {logo['brand']}"
