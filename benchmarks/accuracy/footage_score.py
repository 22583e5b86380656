"""How right the product is on real recordings, as far as their references can tell."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy.tracking import (
    IMPOSSIBLE,
    Moment,
    TrackingScore,
    assign,
    box_costs,
    matches,
    score_tracking,
)
from benchmarks.common.paths import REFERENCES
from benchmarks.common.watch import Watched, watch
from signage.config.config import Config
from signage.scenes.footage import read_video
from signage.types.audience import Viewer
from signage.types.vision import Box

_MIN_FACE_PX = 24.0
_MIN_FACE_OVERLAP = 0.3
# Boxes of a reference without identities are one person's only where there is no doubt.
_SAME_OVERLAP = 0.4
_DOUBT_OVERLAP = 0.1
_MIN_PIECE = 10


@dataclass(frozen=True, slots=True)
class FaceScore:
    """Reference faces of 24 px and more."""

    faces: int
    """Paths of the reference: a person from coming into sight to going."""
    followed: int
    """Of those, how many the product follows for at least half of the time."""
    moments: int
    moments_followed: int
    switches: int
    viewers: int


def score_faces(config: Config, video: Path) -> FaceScore:
    """How many of the faces that ``references`` has of a recording get a track."""
    reference = read_faces(REFERENCES / f"{video.stem}.csv")
    watched = watch(config, read_video(video))
    seen: dict[str, list[bool]] = defaultdict(list)
    moments = []
    for index in range(len(watched.snapshots)):
        faces = reference.get(index, {})
        viewers = [viewer for viewer in watched.in_sight(index) if viewer.face_xyxy_px is not None]
        boxes = [viewer.face_xyxy_px for viewer in viewers if viewer.face_xyxy_px is not None]
        costs = box_costs(list(faces.values()), boxes, _MIN_FACE_OVERLAP)
        moment = Moment(list(faces), [viewer.visit_id for viewer in viewers], costs)
        moments.append(moment)
        found = dict(matches(moment))
        for person, (_, top, _, bottom) in faces.items():
            if bottom - top >= _MIN_FACE_PX:
                seen[person].append(person in found)
    return FaceScore(
        len(seen),
        sum(float(np.mean(looks)) >= 0.5 for looks in seen.values()),
        sum(map(len, seen.values())),
        sum(map(sum, seen.values())),
        score_tracking(moments).switches,
        len(watched.viewers),
    )


def read_faces(path: Path) -> dict[int, dict[str, Box]]:
    """Boxes of a reference by frame and person."""
    frames: dict[int, dict[str, Box]] = defaultdict(dict)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            box = float(row["left"]), float(row["top"]), float(row["right"]), float(row["bottom"])
            frames[int(row["frame"])][row["person"]] = box
    return frames


@dataclass(frozen=True, slots=True)
class BodyScore:
    """Against boxes of bodies that have no identities."""

    by_overlap: Mapping[float, TrackingScore]
    """Recall and precision of boxes, by the least overlap."""
    person_s: float
    """Time of all persons of the reference together."""
    paths: int
    mean_path_s: float
    pieces: int
    """Pieces of the reference's paths that are one person's without a doubt."""
    piece_s: float
    """Time of all of them."""
    switches: int
    """Of identity within those."""


def score_bodies(config: Config, video: Path, reference: Path) -> BodyScore:
    """Compare the bodies seen in ``video`` with detections in the MOT format."""
    frames = read_mot(reference)
    watched = watch(config, read_video(video))
    seen = [_bodies(watched, index) for index in range(len(watched.snapshots))]
    step_s = watched.snapshots[1].t_s - watched.snapshots[0].t_s
    by_overlap = {
        overlap: score_tracking(
            Moment(
                [str(i) for i in range(len(boxes))],
                [viewer.visit_id for viewer, _ in bodies],
                box_costs(boxes, [body for _, body in bodies], overlap),
            )
            for boxes, bodies in zip(frames, seen, strict=False)
        )
        for overlap in (0.5, 0.3)
    }
    pieces = sure_pieces(frames)
    moments = [
        Moment(
            list(piece),
            [viewer.visit_id for viewer, _ in bodies],
            box_costs(list(piece.values()), [body for _, body in bodies], 0.3),
        )
        for piece, bodies in zip(pieces, seen, strict=False)
    ]
    return BodyScore(
        by_overlap,
        sum(map(len, frames)) * step_s,
        len(watched.viewers),
        float(np.mean([viewer.dwell_s for viewer in watched.viewers])) if watched.viewers else 0.0,
        len({name for piece in pieces for name in piece}),
        sum(map(len, pieces)) * step_s,
        score_tracking(moments).switches,
    )


def _bodies(watched: Watched, index: int) -> list[tuple[Viewer, Box]]:
    return [(v, v.body_xyxy_px) for v in watched.in_sight(index) if v.body_xyxy_px is not None]


def read_mot(path: Path) -> list[list[Box]]:
    """Boxes by frame, the first frame first (MOT: frame from 1, id, left, top, width, height)."""
    frames: dict[int, list[Box]] = defaultdict(list)
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            left, top, width, height = map(float, row[2:6])
            frames[int(row[0])].append((left, top, left + width, top + height))
    return [frames[number] for number in range(1, max(frames, default=0) + 1)]


def sure_pieces(frames: Sequence[Sequence[Box]]) -> list[dict[str, Box]]:
    """Boxes without identities, joined where one box alone can go on as one other.

    Wherever two come near each other the pieces of their paths end, so that nobody can be
    mistaken for somebody else within a piece. Pieces of less than ten frames are left out.
    """
    names: list[list[str]] = []
    length: dict[str, int] = defaultdict(int)
    for number, boxes in enumerate(frames):
        before = list(frames[number - 1]) if number else []
        near = np.isfinite(box_costs(before, boxes, _DOUBT_OVERLAP))
        same = box_costs(before, boxes, _SAME_OVERLAP)
        sure = (near.sum(axis=1, keepdims=True) == 1) & (near.sum(axis=0, keepdims=True) == 1)
        goes_on = {
            column: names[-1][row] for row, column in assign(np.where(sure, same, IMPOSSIBLE))
        }
        names.append([goes_on.get(i, f"{number}.{i}") for i in range(len(boxes))])
        for name in names[-1]:
            length[name] += 1
    return [
        {name: box for name, box in zip(row, boxes, strict=True) if length[name] >= _MIN_PIECE}
        for row, boxes in zip(names, frames, strict=True)
    ]
