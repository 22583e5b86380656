"""Made scenes put real faces on known paths; the product watches them as a whole.

One scene for each way in which people are mixed up, counted twice, or said to look when they do
not; more of them with bad input. A visit is its owner's: the person at whom most of its looks were.
A look is a picture in which a detector found the visit. A visit with at least four looks each at
two people is mixed. Watchers, directions and returns are compared for made scenes alone.
`--only NAME` also prints every visit, whose it is, and when its owner changes.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.common.options import add_data_option
from benchmarks.common.paths import DEMO, ROOT, SCENES
from benchmarks.common.progress import note
from benchmarks.common.tables import Block, Table
from benchmarks.tracking.clips import CLIPS, Clip, show_clip
from benchmarks.tracking.figures import Figures, measure
from benchmarks.tracking.ownership import Ownership
from benchmarks.tracking.recording import Recording, show_scene
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


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Measure the made scenes and, where there is data, recordings."""
    pull(OWN_FOOTAGE, note)
    config = load_config(DEMO)
    figures: dict[str, Figures] = {}
    details: list[Block] = []

    def rows() -> Iterator[Sequence[str]]:
        for path in scene_paths(options.only):
            note(f"scene {path.stem}")
            limit_m = TRAFFIC_BEYOND_M.get(path.stem, math.inf)
            recording = show_scene(config, path, limit_m)
            figures[path.stem], owned = measure(recording)
            yield _row(path.stem, figures[path.stem])
            details.append(visit_table(recording, owned))

    if scene_paths(options.only):
        yield Table(_COLUMNS, rows(), "Made scenes")
    if options.data is not None:
        yield Table(_CLIP_COLUMNS, clip_rows(config, options, details), "Recordings")
    if options.only is not None:
        yield from details


def clip_rows(
    config: Config, options: argparse.Namespace, details: list[Block]
) -> Iterator[Sequence[str]]:
    """One row a recording; adds its visits to ``details``."""
    for clip in CLIPS:
        name = Path(clip.file).stem
        is_chosen = options.only is None or name in options.only
        if not is_chosen or not (options.data / "videos" / clip.file).exists():
            continue
        note(f"clip {clip.file}")
        recording = show_clip(config, options.data / "videos", clip)
        figures, owned = measure(recording)
        yield _clip_row(clip, recording, figures, owned)
        details.append(visit_table(recording, owned))


def scene_paths(chosen: Sequence[str] | None) -> list[Path]:
    """The files of the scenes to measure: those that are ``chosen``, or all."""
    paths = {path.stem: path for path in sorted(OWN_SCENES.glob("*.toml")) if path.stem != "cast"}
    paths |= {name: SCENES / f"{name}.toml" for name in SHARED_SCENES}
    if chosen is None:
        return list(paths.values())
    known = [*paths, *(Path(clip.file).stem for clip in CLIPS)]
    if unknown := [name for name in chosen if name not in known]:
        raise SystemExit(f"There is no scene or clip {unknown[0]}. There are: {', '.join(known)}.")
    return [paths[name] for name in chosen if name in paths]


_COLUMNS = (
    "scene",
    "people",
    "visits",
    "missed",
    "mixed",
    "own looks",
    "IDF1",
    "watchers false",
    "watchers missed",
    "direction right",
    "returning false, true",
)


def _row(name: str, figures: Figures) -> Sequence[str]:
    return (
        name,
        str(figures.people),
        str(figures.visits),
        str(figures.missed),
        str(figures.mixed),
        f"{figures.own_looks / figures.looks:.1%}" if figures.looks else "none",
        f"{figures.tracking.idf1:.2f}",
        f"{figures.others_watching} of {figures.others}",
        f"{figures.lookers_missed} of {figures.lookers}",
        f"{figures.directions[True]} of {figures.directions.total()}",
        f"{figures.returns_false}, {figures.returns_told} of {figures.returns_true}",
    )


_CLIP_COLUMNS = (
    "clip",
    "people",
    "visits",
    "of them named people's",
    "missed",
    "mixed",
    "own looks",
    "IDF1",
    "watchers, true",
    "returning",
)


def _clip_row(
    clip: Clip, recording: Recording, figures: Figures, owned: Sequence[Ownership]
) -> Sequence[str]:
    viewers = recording.watched.viewers
    named = sum(each.owner is not None for each in owned)
    labelled = clip.is_labelled
    watchers = sum(viewer.is_watcher for viewer in viewers)
    return (
        clip.file,
        str(clip.people),
        str(len(viewers)),
        str(named) if labelled else "",
        str(figures.missed) if labelled else "",
        str(figures.mixed) if labelled else "",
        f"{figures.own_looks / figures.looks:.1%}" if figures.looks else "",
        f"{figures.tracking.idf1:.2f}" if labelled else "",
        f"{watchers}, {'not known' if clip.watchers is None else clip.watchers}",
        str(sum(bool(viewer.returning) for viewer in viewers)),
    )


def visit_table(recording: Recording, owned: Sequence[Ownership]) -> Table:
    """Every visit, whose it is, and when its owner changes."""
    viewers = {viewer.visit_id: viewer for viewer in recording.watched.viewers}

    def rows() -> Iterator[Sequence[str]]:
        for each in owned:
            viewer = viewers[each.visit_id]
            yield (
                each.visit_id,
                f"{viewer.first_seen_s:.1f} to {viewer.last_seen_s:.1f}",
                ", ".join(f"{who} {count}" for who, count in each.counts.most_common()) or "nobody",
                ", ".join(f"{t_s:.2f}: {old} → {new}" for t_s, old, new in each.changes()),
                f"{viewer.attention_s:.1f}",
                str(viewer.movement),
                {None: "unknown", True: "yes", False: "no"}[viewer.returning],
            )

    columns = ("visit", "from, to, s", "looks at", "owner changes, s", "attention, s", "movement",
               "returning")  # fmt: skip
    return Table(columns, rows(), f"Visits of {recording.name}")
