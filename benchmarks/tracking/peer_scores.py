"""Runs other trackers over heads, and scores them and the product with TrackEval, as JSON.

python peer_scores.py RECORDINGS, in an environment that has `trackers` and `trackeval`, with this
repository in PYTHONPATH.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.accuracy.tracking import IMPOSSIBLE, assign

_MIN_OVERLAP = 0.3
"""Heads are small, and their boxes wobble."""
_MIN_LOOKS = 4
_MIN_TRACK_S = 1.0
_MAX_GAP_S = 1.0
Json = dict[str, Any]
# Seconds that a lost track is kept, detections in a row that make one, and overlaps: what their
# authors let a user choose and what matters for heads at eight pictures a second.
_SHARED = {"kept_s": (1.0, 3.0), "minimum_consecutive_frames": (1, 2)}
_GRIDS: dict[str, Json] = {
    "SORTTracker": {
        "minimum_iou_threshold": (0.1, 0.2),
        "track_activation_threshold": (0.25, 0.5),
    },
    "ByteTrackTracker": {
        "minimum_iou_threshold": (0.1, 0.2),
        "track_activation_threshold": (0.4, 0.7),
    },
    "OCSORTTracker": {
        "minimum_iou_threshold": (0.1, 0.2),
        "high_conf_det_threshold": (0.4, 0.6),
    },
    "BoTSORTTracker": {
        "minimum_iou_threshold_first_assoc": (0.1, 0.2),
        "track_activation_threshold": (0.4, 0.7),
        "enable_cmc": (False,),
    },
}


def main() -> None:
    """Print the scores of the product and of each tracker at its best."""
    recordings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    product = {"options": {}, "scores": _score_all(recordings, _tracks_of_product)}
    results: Json = {}
    for heads in ("found", "every"):
        peers = {name: _best(name, recordings, heads) for name in _GRIDS}
        results[heads] = {"signage": product} | peers
    print(json.dumps(results))


def _best(name: str, recordings: Sequence[Json], heads: str) -> Json:
    """What a tracker gives with the options that are best for all recordings together."""
    best: Json = {}
    for options in _choices(name):
        scores = _score_all(recordings, _runner(name, options, heads))
        mean = float(np.mean([score["IDF1"] for score in scores.values()]))
        if not best or mean > best["mean"]:
            best = {"mean": mean, "options": options, "scores": scores}
    return best


def _choices(name: str) -> Iterator[Json]:
    grid = _SHARED | _GRIDS[name]
    for values in itertools.product(*grid.values()):
        yield dict(zip(grid, values, strict=True))


Tracks = Iterator[tuple[Sequence[str], Sequence[Any], Sequence[bool]]]
"""Of each picture: ids, boxes, and whether each box is that of a head."""


def _tracks_of_product(recording: Json) -> Tracks:
    for frame in recording["frames"]:
        rows = frame["product"]
        yield [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]


def _runner(name: str, options: Json, heads: str) -> Callable[[Json], Tracks]:
    trackers, supervision = import_module("trackers"), import_module("supervision")

    def run(recording: Json) -> Tracks:
        rate_hz = recording["rate_hz"]
        given = {key: value for key, value in options.items() if key != "kept_s"}
        # Their buffer is in pictures at 30 a second.
        tracker = getattr(trackers, name)(
            frame_rate=rate_hz, lost_track_buffer=round(30 * options["kept_s"]), **given
        )
        pictures: list[dict[str, Any]] = []
        for frame in recording["frames"]:
            rows = np.array(frame[heads], dtype=float).reshape(-1, 5)
            detections = supervision.Detections(
                xyxy=rows[:, :4], confidence=rows[:, 4], class_id=np.zeros(len(rows), dtype=int)
            )
            tracked = tracker.update(detections)
            ids = tracked.tracker_id if tracked.tracker_id is not None else []
            pictures.append({str(ids[i]): tracked.xyxy[i] for i in range(len(ids)) if ids[i] >= 0})
        _fill(pictures, round(_MAX_GAP_S * rate_hz))
        for boxes in pictures:
            yield list(boxes), list(boxes.values()), [True] * len(boxes)

    return run


def _fill(pictures: Sequence[dict[str, Any]], longest: int) -> None:
    """Fill gaps of tracks by straight lines, as the product follows people in between, too."""
    last: dict[str, int] = {}
    for index, boxes in enumerate(pictures):
        for name in list(boxes):
            before = last.get(name, index)
            last[name] = index
            if index - before > longest:
                continue
            for between in range(before + 1, index):
                share = (between - before) / (index - before)
                box = (1 - share) * pictures[before][name] + share * boxes[name]
                pictures[between][name] = box


def _score_all(recordings: Sequence[Json], run: Callable[[Json], Tracks]) -> dict[str, Json]:
    return {recording["name"]: _score(recording, run(recording)) for recording in recordings}


def _score(recording: Json, tracks: Tracks) -> Json:
    """HOTA and IDF1 by TrackEval, tracks and those of two people."""
    metrics = import_module("trackeval.metrics")
    pictures = [
        _compare(frame, *track) for frame, track in zip(recording["frames"], tracks, strict=True)
    ]
    data = _for_trackeval(pictures)
    hota = metrics.HOTA().eval_sequence(data)
    identity = metrics.Identity({"THRESHOLD": _MIN_OVERLAP, "PRINT_CONFIG": False})
    looks: dict[str, Counter[str]] = defaultdict(Counter)
    shown: Counter[str] = Counter()
    for people, ids, overlap in pictures:
        shown.update(ids)
        for row, column in _pairs(overlap):
            looks[ids[column]][people[row]] += 1
    long = _MIN_TRACK_S * recording["rate_hz"]
    return {
        "HOTA": float(np.mean(hota["HOTA"])),
        "IDF1": float(identity.eval_sequence(data)["IDF1"]),
        "tracks": sum(count >= long for count in shown.values()),
        "mixed": sum(
            sum(n >= _MIN_LOOKS for n in counts.values()) > 1 for counts in looks.values()
        ),
    }


Picture = tuple[list[str], list[str], Any]
"""Those who count, the tracks that follow nobody else, and their overlaps, (people, tracks)."""


def _compare(
    frame: Json, ids: Sequence[str], boxes: Sequence[Any], is_head: Sequence[bool]
) -> Picture:
    people = frame["people"]
    overlap = np.zeros((len(people), len(ids)))
    for row, person in enumerate(people):
        for column, box in enumerate(boxes):
            overlap[row, column] = _overlap(person, box, is_head=is_head[column])
    excused = {column for row, column in _pairs(overlap) if not people[row]["counts"]}
    rows = [i for i, person in enumerate(people) if person["counts"]]
    columns = [i for i in range(len(ids)) if i not in excused]
    return (
        [people[i]["name"] for i in rows],
        [ids[i] for i in columns],
        overlap[np.ix_(rows, columns)],
    )


def _overlap(person: Json, box: Any, *, is_head: bool) -> float:
    """Intersection over union of heads, or of bodies where a track has no head."""
    known = person["head"] if is_head else person["body"]
    if known is not None:
        return _iou(known, box)
    # A head that is where a body's head must be, and no more is known.
    x, y = (person["head"][0] + person["head"][2]) / 2, (person["head"][1] + person["head"][3]) / 2
    size = person["head"][3] - person["head"][1]
    return 0.5 if box[0] <= x <= box[2] and box[1] - size <= y <= box[1] + 1.2 * size else 0.0


def _iou(a: Any, b: Any) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(0.0, width) * max(0.0, height)
    areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return float(common / (areas - common))


def _pairs(overlap: Any) -> list[tuple[int, int]]:
    """The best one-to-one pairs that overlap enough."""
    return assign(np.where(overlap >= _MIN_OVERLAP, 1 - overlap, IMPOSSIBLE))


def _for_trackeval(pictures: Sequence[Picture]) -> Json:
    """What its metrics take: whole numbers from 0 in place of names."""
    people = {name: i for i, name in enumerate(sorted({n for p in pictures for n in p[0]}))}
    tracks = {name: i for i, name in enumerate(sorted({n for p in pictures for n in p[1]}))}
    gt_ids = [np.array([people[name] for name in names], dtype=int) for names, _, _ in pictures]
    ids = [np.array([tracks[name] for name in names], dtype=int) for _, names, _ in pictures]
    return {
        "num_timesteps": len(pictures),
        "num_gt_ids": len(people),
        "num_tracker_ids": len(tracks),
        "num_gt_dets": sum(map(len, gt_ids)),
        "num_tracker_dets": sum(map(len, ids)),
        "gt_ids": gt_ids,
        "tracker_ids": ids,
        "similarity_scores": [overlap for _, _, overlap in pictures],
    }


if __name__ == "__main__":
    main()
