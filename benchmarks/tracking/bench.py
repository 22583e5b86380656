"""Made scenes put real faces on known paths; the product watches them as a whole.

There is one scene for each way in which people are mixed up, counted twice, or said to look when
they do not. Scenes whose names begin with `bad_` have bad input. With `--data`, recordings follow:
their people are counted by eye, and in three of them every head has a name.

A visit is its owner's: the person at whom most of its looks were. A look is a picture in which a
detector found the visit. A visit with at least four looks each at two people is mixed. Watchers,
directions and returns are compared for made scenes alone. Whoever goes one way most of the time,
and as a whole, is asked for the direction. `--only NAME` prints every visit, too, whose it is, and
when its owner changes. `--peers` runs SORT, ByteTrack, OC-SORT and BoT-SORT, each tuned for all
recordings together, and scores them and the product by TrackEval: on the heads that the product
found, and on all heads that its detectors find every 0.12 s. Gaps of up to a second in their tracks
are filled by straight lines. `--against COMMIT` compares what a frame costs.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from benchmarks.common.options import add_data_option
from benchmarks.common.paths import DEMO, ROOT, SCENES
from benchmarks.common.progress import note
from benchmarks.common.tables import Block, Table
from benchmarks.tracking import report
from benchmarks.tracking.clips import CLIPS, Clip, show_clip
from benchmarks.tracking.cost import cost_rows
from benchmarks.tracking.detections import HeadDetector, found_by_the_product
from benchmarks.tracking.figures import Figures, measure
from benchmarks.tracking.peers import HeadRecorder, exchange, scores
from benchmarks.tracking.recording import OnPicture, Recording, ignore, show_scene
from signage.assets.install import pull
from signage.config.config import Config
from signage.config.file import load_config

QUICK: Mapping[str, object] = {"only": ["back_crosses", "queue4", "swap"]}

OWN_SCENES = ROOT / "benchmarks" / "tracking" / "scenes"
OWN_FOOTAGE = ROOT / "benchmarks" / "tracking" / "footage" / "manifest.toml"
SHARED_SCENES = ("return",)
"""Scenes of the product that belong to the subject, too."""
TRAFFIC_BEYOND_M = {"street": 6.0}
"""Whoever stays beyond is no audience: may be followed, but is nobody's opportunity to see."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add_data_option(parser, "videos/")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", help="only these scenes and clips, visit by visit"
    )
    parser.add_argument(
        "--peers", action="store_true", help="other trackers, too; downloads some 200 MB"
    )
    parser.add_argument(
        "--against", metavar="COMMIT", help="only what a frame costs, beside that commit"
    )


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Measure the made scenes and, where there is data, recordings."""
    pull(OWN_FOOTAGE, note)
    if options.against is not None:
        yield Table(report.COST_COLUMNS, cost_rows(options.against), "CPU of a frame")
        return
    paths, clips = chosen(options.only, options.data)
    yield from _Run(load_config(DEMO), options).measure(paths, clips)


class _Run:
    """One run: keeps what the later tables need."""

    def __init__(self, config: Config, options: argparse.Namespace) -> None:
        self._config, self._options = config, options
        self._scenes: dict[str, Figures] = {}
        self._clips: dict[str, Figures] = {}
        self._details: list[Block] = []
        self._exchanged: list[dict[str, Any]] = []
        self._detector = HeadDetector(config.perception) if options.peers else None

    def measure(self, paths: Sequence[Path], clips: Sequence[Clip]) -> Iterator[Block]:
        """The tables of scenes and clips, the goals, and what was asked for beside them."""
        if paths:
            yield Table(report.SCENE_COLUMNS, self._scene_rows(paths), "Made scenes")
        if clips:
            yield Table(report.CLIP_COLUMNS, self._clip_rows(clips), "Recordings")
        if self._options.only is None:
            yield report.goals(self._scenes, self._clips)
        else:
            yield from self._details
        if self._exchanged:
            note("other trackers")
            yield from report.peer_tables(scores(self._exchanged), self._scenes)

    def _scene_rows(self, paths: Sequence[Path]) -> Iterator[Sequence[str]]:
        for path in paths:
            note(f"scene {path.stem}")
            limit_m = TRAFFIC_BEYOND_M.get(path.stem, math.inf)
            recorder = self._recorder()
            with self._noting(recorder):
                recording = show_scene(self._config, path, limit_m, self._see(recorder))
            self._scenes[path.stem] = figures = self._take_in(recording, recorder)
            yield report.scene_row(path.stem, figures)

    def _clip_rows(self, clips: Sequence[Clip]) -> Iterator[Sequence[str]]:
        for clip in clips:
            note(f"clip {clip.file}")
            recorder = self._recorder() if clip.is_labelled else None
            videos = self._options.data / "videos"
            with self._noting(recorder):
                recording = show_clip(self._config, videos, clip, self._see(recorder))
            figures = self._take_in(recording, recorder)
            if clip.is_labelled:
                self._clips[clip.file] = figures
            yield report.clip_row(clip, recording, figures)

    def _take_in(self, recording: Recording, recorder: HeadRecorder | None) -> Figures:
        figures, owned = measure(recording)
        self._details.append(report.visit_table(recording, owned))
        if recorder is not None:
            self._exchanged.append(exchange(recording, recorder))
        return figures

    def _recorder(self) -> HeadRecorder | None:
        return None if self._detector is None else HeadRecorder(self._detector)

    @staticmethod
    def _noting(recorder: HeadRecorder | None) -> AbstractContextManager[None]:
        return nullcontext() if recorder is None else found_by_the_product(recorder.found)

    @staticmethod
    def _see(recorder: HeadRecorder | None) -> OnPicture:
        return ignore if recorder is None else recorder.see


def chosen(only: Sequence[str] | None, data: Path | None) -> tuple[list[Path], list[Clip]]:
    """The scenes and clips to measure: those that ``only`` names, or all that are there."""
    paths = {path.stem: path for path in sorted(OWN_SCENES.glob("*.toml")) if path.stem != "cast"}
    paths |= {name: SCENES / f"{name}.toml" for name in SHARED_SCENES}
    clips = {
        Path(clip.file).stem: clip
        for clip in CLIPS
        if data is not None and (data / "videos" / clip.file).exists()
    }
    if only is None:
        return list(paths.values()), list(clips.values())
    known = [*paths, *clips]
    if unknown := [name for name in only if name not in known]:
        raise SystemExit(f"There is no scene or clip {unknown[0]}. There are: {', '.join(known)}.")
    return [paths[n] for n in only if n in paths], [clips[n] for n in only if n in clips]
