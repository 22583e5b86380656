"""Measures how right the product is, and prints Markdown tables.

The made scenes of configs/scenes/ need nothing else: their truth is exact. With --data, a
folder of recordings and labelled faces, real people are measured, too.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.accuracy.face_rows import Row, labelled_rows
from benchmarks.accuracy.footage_score import (
    REFERENCES,
    BodyScore,
    FaceScore,
    score_bodies,
    score_faces,
)
from benchmarks.accuracy.scene_score import FACE_BANDS_PX, SceneScore, score_scene
from benchmarks.common.paths import DEMO, SCENES
from signage.config.config import Config
from signage.config.file import load_config

_DWELL_S = 1.0
_DISTANCE_SHARE = 0.2

_WHAT_CANNOT_BE_TOLD = """
What these cannot tell: the boxes of vtest.avi are another program's detections, right and wrong,
without identities. Recall and precision are agreement with that program. How many persons there
were is not known, so neither IDF1 nor the true number of paths; switches are counted only where
a box can go on as one other alone, which leaves out the very moments in which people meet. The
faces of the other recordings are one detector's at its best, checked by eye
(references/README.md)."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench accuracy", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder with videos/ and faces/")
    parser.add_argument(
        "--scenes", nargs="+", metavar="NAME", help="only these, as `crowd`; none with `-`"
    )
    chosen = parser.parse_args()
    if chosen.data is not None and not chosen.data.is_dir():
        parser.error(f"There is no folder {chosen.data}.")
    config = load_config(DEMO)
    scores = dict(scene_scores(config, chosen.scenes))
    if scores:
        print_scenes(scores)
        print_table("Made scenes", scene_rows(sum(scores.values(), SceneScore())))
    if chosen.data is None:
        print("\nReal people were left out: `--data DIR` names a folder of recordings and faces.")
        return
    print_table("Recordings", footage_rows(config, chosen.data / "videos"))
    print(_WHAT_CANNOT_BE_TOLD)
    progress("labelled faces")
    print_table("Labelled faces", labelled_rows(config.perception, chosen.data / "faces"))


def scene_scores(config: Config, names: Sequence[str] | None) -> Iterator[tuple[str, SceneScore]]:
    folder = SCENES
    known = sorted(path.stem for path in folder.glob("*.toml") if path.stem != "cast")
    for name in known if names is None else [name for name in names if name != "-"]:
        progress(f"scene {name}")
        yield name, score_scene(config, folder / f"{name}.toml")


def print_scenes(scores: dict[str, SceneScore]) -> None:
    print("| scene | visits | OTS | recall | precision | IDF1 | switches | fragments | "
          "dwell less truth, s |")  # fmt: skip
    print("|---" * 9 + "|")
    for name, score in scores.items():
        told = score.tracking
        dwell = ", ".join(
            "none" if math.isinf(error) else f"{error:+.1f}" for error in score.dwell_errors_s
        )
        print(
            f"| {name} | {score.visits} | {score.viewers} | {told.recall:.2f} "
            f"| {told.precision:.2f} | {told.idf1:.2f} | {told.switches} | {told.fragments} "
            f"| {dwell} |"
        )


def scene_rows(score: SceneScore) -> Iterator[Row]:
    told = score.tracking
    dwell_s = np.abs(score.dwell_errors_s)
    yield "OTS (viewers told / visits)", f"{score.viewers} / {score.visits}", ""
    yield "persons in view who are followed", f"{told.recall:.1%} of moments", ""
    yield "paths that follow a person", f"{told.precision:.1%} of moments", ""
    yield "IDF1", f"{told.idf1:.3f}", ""
    yield "MOTA", f"{told.mota:.3f}", ""
    yield "identity switches, fragments", f"{told.switches}, {told.fragments}", ""
    yield "dwell within ±1 s", f"{np.mean(dwell_s <= _DWELL_S):.0%}", "95 % (InReality)"
    yield "dwell error, median", f"{np.median(dwell_s):.2f} s", ""
    yield "direction, of moments", share(score.directions), ""
    yield "direction, of visits", share(score.visit_directions), ""
    yield "facing", share(score.facings), ""
    off = np.abs(score.distance_errors)
    yield "distance error, median", f"{np.median(off):.1%}" if len(off) else "none told", ""
    yield "distance within ±20 %", f"{np.mean(off <= _DISTANCE_SHARE):.0%}", ""
    for low, high in pairwise(FACE_BANDS_PX):
        if faces := score.faces.get(int(low)):
            band = f"{low} px and more" if math.isinf(high) else f"{low} to {high} px"
            yield f"faces of {band} followed", share(faces), ""


def footage_rows(config: Config, videos: Path) -> Iterator[Row]:
    for reference in sorted(REFERENCES.glob("*.csv")):
        for video in sorted(videos.glob(f"{reference.stem}.*")):
            progress(video.name)
            yield from face_rows(video.name, score_faces(config, video))
    video, reference = videos / "vtest.avi", videos / "vtest-persons.txt"
    if video.exists() and reference.exists():
        progress(video.name)
        yield from body_rows(video.name, score_bodies(config, video, reference))


def face_rows(name: str, score: FaceScore) -> Iterator[Row]:
    faces = f"{score.followed} of {score.faces}"
    yield f"{name}: faces of 24 px and more with a track for half of their time", faces, ""
    moments = score.moments_followed / score.moments if score.moments else math.nan
    yield f"{name}: the same, of moments", f"{moments:.1%}", ""
    yield f"{name}: identity switches", f"{score.switches}", ""
    yield f"{name}: viewers told in all", f"{score.viewers}", ""


def body_rows(name: str, score: BodyScore) -> Iterator[Row]:
    for overlap, told in score.by_overlap.items():
        found = f"{told.recall:.1%}, {told.precision:.1%}"
        yield f"{name}: recall, precision of bodies at IoU {overlap:g}", found, ""
    paths = f"{score.paths} for {score.person_s:.0f} s of persons in the reference"
    yield f"{name}: paths", paths, ""
    yield f"{name}: mean length of a path", f"{score.mean_path_s:.1f} s", ""
    switches = f"{score.switches} in {score.piece_s:.0f} s ({score.pieces} pieces of paths)"
    yield f"{name}: identity switches where the reference leaves no doubt", switches, ""


def print_table(title: str, rows: Iterator[Row]) -> None:
    print(f"\n| {title} | signage | published by others |")
    print("|---|---|---|")
    for what, here, published in rows:
        print(f"| {what} | {here} | {published} |", flush=True)


def share(counts: Counter[bool]) -> str:
    return f"{counts[True] / counts.total():.1%} of {counts.total()}" if counts else "none told"


def progress(what: str) -> None:
    """Long work says where it is, on a terminal."""
    if sys.stderr.isatty():
        print(f"… {what}", file=sys.stderr)


if __name__ == "__main__":
    main()
