"""Made scenes place real faces on known paths, so that the truth of every frame is exact.

The scenes are those of `configs/scenes`. With `--data`, recordings of real people and labelled
faces are measured as well; they are not part of the repository. Made scenes are kinder than a
shop: whole figures, clear faces, painted bodies.
"""

from __future__ import annotations

import argparse
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.accuracy.face_rows import labelled_rows
from benchmarks.accuracy.footage_score import (
    BodyScore,
    FaceScore,
    score_bodies,
    score_faces,
)
from benchmarks.accuracy.scene_score import FACE_BANDS_PX, SceneScore, score_scene
from benchmarks.common.options import add_data_option
from benchmarks.common.paths import DEMO, SCENES
from benchmarks.common.progress import note
from benchmarks.common.tables import Block, Row, Table, comparison, share
from signage.config.config import Config
from signage.config.file import load_config

QUICK: Mapping[str, object] = {"scenes": ["crossing", "passing"]}

_DWELL_S = 1.0
_DISTANCE_SHARE = 0.2
_SCENE_COLUMNS = (
    "scene",
    "visits",
    "viewers reported",
    "recall",
    "precision",
    "IDF1",
    "switches",
    "fragments",
    "dwell less the truth, s",
)

_FACES_OF = ("crowd-approach", "face-demographics-walking-and-pause")
"""Recordings whose reference holds faces alone."""
_LIMITS_OF_THE_REFERENCES = """
The references have limits. The boxes of `vtest.avi` are the detections of another program, right
and wrong, without identities. Recall and precision are agreement with that program. How many
persons there were is not known, so neither IDF1 nor the true number of paths can be given.
Switches are counted only where a box can go on as one other alone, which leaves out the moments in
which people meet. The faces of the other recordings are one detector's at its best, checked by eye
(`benchmarks/references/README.md`)."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add_data_option(parser, "videos/ and faces/")
    parser.add_argument(
        "--scenes", nargs="+", metavar="NAME", help="only these, such as `crowd`; none with `-`"
    )


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Measure the made scenes and, where there is data, real people."""
    config = load_config(DEMO)
    scores: dict[str, SceneScore] = {}
    names = scene_names(options.scenes)
    if names:
        yield Table(_SCENE_COLUMNS, scene_rows(config, names, scores), "Made scenes, one by one")
        total = sum(scores.values(), SceneScore())
        yield comparison("Made scenes together", total_rows(total))
    if options.data is None:
        yield "Real people were left out: `--data` names a folder of recordings and faces."
        return
    yield comparison("Recordings", footage_rows(config, options.data / "videos"))
    yield _LIMITS_OF_THE_REFERENCES
    note("labelled faces")
    yield comparison("Labelled faces", labelled_rows(config.perception, options.data / "faces"))


def scene_names(chosen: Sequence[str] | None) -> list[str]:
    """The scenes to measure: those that are ``chosen``, or all."""
    if chosen is not None:
        return [name for name in chosen if name != "-"]
    return sorted(path.stem for path in SCENES.glob("*.toml") if path.stem != "cast")


def scene_rows(
    config: Config, names: Sequence[str], scores: dict[str, SceneScore]
) -> Iterator[Sequence[str]]:
    """One row a scene; keeps its score in ``scores``."""
    for name in names:
        note(f"scene {name}")
        score = scores[name] = score_scene(config, SCENES / f"{name}.toml")
        tracking = score.tracking
        dwell = ", ".join(
            "none" if math.isinf(error) else f"{error:+.1f}" for error in score.dwell_errors_s
        )
        yield (
            name,
            str(score.visits),
            str(score.viewers),
            f"{tracking.recall:.2f}",
            f"{tracking.precision:.2f}",
            f"{tracking.idf1:.2f}",
            str(tracking.switches),
            str(tracking.fragments),
            dwell,
        )


def total_rows(score: SceneScore) -> Iterator[Row]:
    """Rows about all scenes together."""
    tracking = score.tracking
    dwell_s = np.abs(score.dwell_errors_s)
    yield "viewers reported / true visits", f"{score.viewers} / {score.visits}", ""
    yield "persons in view who are followed, of moments", f"{tracking.recall:.1%}", ""
    yield "tracks that follow a person, of moments", f"{tracking.precision:.1%}", ""
    yield "IDF1", f"{tracking.idf1:.3f}", ""
    yield "MOTA", f"{tracking.mota:.3f}", ""
    yield "identity switches, fragments", f"{tracking.switches}, {tracking.fragments}", ""
    yield "dwell within ±1 s", f"{np.mean(dwell_s <= _DWELL_S):.0%}", "95 % (InReality)"
    yield "dwell error, median", f"{np.median(dwell_s):.2f} s", ""
    yield "direction of movement, of moments", right(score.directions), ""
    yield "direction of movement, of visits", right(score.visit_directions), ""
    yield "facing, of moments", right(score.facings), ""
    errors = np.abs(score.distance_errors)
    yield "distance error, median", f"{np.median(errors):.1%}" if len(errors) else "none", ""
    yield "distance within ±20 %", f"{np.mean(errors <= _DISTANCE_SHARE):.0%}", ""
    for low, high in pairwise(FACE_BANDS_PX):
        if faces := score.faces.get(int(low)):
            band = f"{low} px and more" if math.isinf(high) else f"{low} to {high} px"
            yield f"faces of {band} followed, of moments", right(faces), ""


def footage_rows(config: Config, videos: Path) -> Iterator[Row]:
    """Rows about the recordings in ``videos`` that have a reference."""
    for name in _FACES_OF:
        for video in sorted(videos.glob(f"{name}.*")):
            note(video.name)
            yield from face_rows(video.name, score_faces(config, video))
    video, reference = videos / "vtest.avi", videos / "vtest-persons.txt"
    if video.exists() and reference.exists():
        note(video.name)
        yield from body_rows(video.name, score_bodies(config, video, reference))


def face_rows(name: str, score: FaceScore) -> Iterator[Row]:
    """Rows about the faces of one recording."""
    faces = f"{score.followed} of {score.faces}"
    yield f"{name}: faces of 24 px and more with a track for half of their time", faces, ""
    moments = score.moments_followed / score.moments if score.moments else math.nan
    yield f"{name}: the same, of moments", f"{moments:.1%}", ""
    yield f"{name}: identity switches", f"{score.switches}", ""
    yield f"{name}: viewers reported in all", f"{score.viewers}", ""


def body_rows(name: str, score: BodyScore) -> Iterator[Row]:
    """Rows about the bodies of one recording."""
    for overlap, tracking in score.by_overlap.items():
        agreement = f"{tracking.recall:.1%}, {tracking.precision:.1%}"
        yield f"{name}: recall, precision of bodies at IoU {overlap:g}", agreement, ""
    tracks = f"{score.paths} for {score.person_s:.0f} s of persons in the reference"
    yield f"{name}: tracks", tracks, ""
    yield f"{name}: mean length of a track", f"{score.mean_path_s:.1f} s", ""
    switches = f"{score.switches} in {score.piece_s:.0f} s ({score.pieces} pieces of tracks)"
    yield f"{name}: identity switches where the reference leaves no doubt", switches, ""


def right(counts: Counter[bool]) -> str:
    """The share that is right."""
    return share(counts[True], counts.total())
