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
from benchmarks.tracking.figures import Figures, measure
from benchmarks.tracking.ownership import Ownership
from benchmarks.tracking.recording import Recording, show_scene
from signage.assets.install import pull
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
        "--only", nargs="+", metavar="NAME", help="only these scenes, visit by visit"
    )


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Measure the made scenes."""
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

    yield Table(_COLUMNS, rows(), "Made scenes")
    if options.only is not None:
        yield from details


def scene_paths(chosen: Sequence[str] | None) -> list[Path]:
    """The files of the scenes to measure: those that are ``chosen``, or all."""
    paths = {path.stem: path for path in sorted(OWN_SCENES.glob("*.toml")) if path.stem != "cast"}
    paths |= {name: SCENES / f"{name}.toml" for name in SHARED_SCENES}
    if chosen is None:
        return list(paths.values())
    if unknown := [name for name in chosen if name not in paths]:
        raise SystemExit(f"There is no scene {unknown[0]}. There are: {', '.join(paths)}.")
    return [paths[name] for name in chosen]


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
