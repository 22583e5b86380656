"""The tables of this benchmark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.common.tables import Block, Table, share
from benchmarks.tracking.clips import Clip
from benchmarks.tracking.figures import Figures
from benchmarks.tracking.ownership import Ownership
from benchmarks.tracking.peers import PEERS
from benchmarks.tracking.recording import Recording

SCENE_COLUMNS = (
    "scene",
    "people",
    "visits",
    "visits of traffic",
    "people without a visit",
    "mixed visits",
    "looks at the owner",
    "IDF1",
    "watchers who do not look",
    "lookers missed",
    "direction right",
    "returning: false; true",
)
CLIP_COLUMNS = (
    "clip",
    "people",
    "visits",
    "of people with a name",
    "people without a visit",
    "mixed visits",
    "looks at the owner",
    "IDF1",
    "watchers; true",
    "returning",
)
PEER_TITLES = {"found": "on the heads that the product found", "every": "on all heads"}
BAD_INPUT = "bad_"
"""How the names of scenes with bad input begin."""
COST_COLUMNS = ("scene", "this, ms", "before, ms", "ratio", "goal")


def scene_row(name: str, figures: Figures) -> Sequence[str]:
    """The row of a made scene."""
    return (
        name,
        str(figures.people),
        str(figures.visits),
        str(figures.visits_of_others),
        str(figures.missed),
        str(figures.mixed),
        _percent(figures.own_looks, figures.looks),
        f"{figures.tracking.idf1:.2f}",
        f"{figures.others_watching} of {figures.others}",
        f"{figures.lookers_missed} of {figures.lookers}",
        f"{figures.directions[True]} of {figures.directions.total()}",
        f"{figures.returns_false}; {figures.returns_told} of {figures.returns_true}",
    )


def clip_row(clip: Clip, recording: Recording, figures: Figures) -> Sequence[str]:
    """The row of a recording; what needs names is left out where there are none."""
    viewers = recording.watched.viewers
    labelled = (
        str(figures.visits_of_people),
        str(figures.missed),
        str(figures.mixed),
        _percent(figures.own_looks, figures.looks),
        f"{figures.tracking.idf1:.2f}",
    )
    watchers = sum(viewer.is_watcher for viewer in viewers)
    return (
        clip.file,
        str(clip.people),
        str(len(viewers)),
        *(labelled if clip.is_labelled else ("",) * len(labelled)),
        f"{watchers}; {'not known' if clip.watchers is None else clip.watchers}",
        str(sum(bool(viewer.returning) for viewer in viewers)),
    )


def goals(scenes: Mapping[str, Figures], clips: Mapping[str, Figures]) -> Table:
    """What is wanted of all recordings together, beside what was measured."""
    usual = {name: each for name, each in scenes.items() if not name.startswith(BAD_INPUT)}
    total = sum(usual.values(), Figures())
    by_eye = sum(clips.values(), Figures())

    def rows() -> Iterator[Sequence[str]]:
        yield "visits a person, in the worst scene", _worst(usual), "1.05"
        bad = {name: each for name, each in scenes.items() if name not in usual}
        yield "the same, in the worst of those with bad input", _worst(bad), ""
        yield "mixed visits in scenes", str(total.mixed), "0"
        if by_eye.people:
            ids = by_eye.visits_of_people / by_eye.people
            yield "visits a person, in clips with names", f"{ids:.2f}", "1.2"
            mixed = f"{by_eye.mixed} for {by_eye.people} people"
            yield "mixed visits in clips with names", mixed, "1 for 20 people"
        yield (
            "watchers among visits of those who do not look",
            share(total.others_watching, total.others),
            "2 %",
        )
        yield "lookers who are no watchers", share(total.lookers_missed, total.lookers), "3 %"
        right = share(total.directions[True], total.directions.total())
        yield "directions right", right, "95 %"
        yield "returning, but never away", str(total.returns_false), "0"

    return Table(("goal", "measured", "wanted"), rows(), "Goals")


def _looks_at(owned: Ownership) -> str:
    counts = ", ".join(f"{who} {count}" for who, count in owned.counts.most_common())
    return counts or ("nobody" if owned.owner is None else f"{owned.owner}, never detected")


def _worst(scenes: Mapping[str, Figures]) -> str:
    worst = max(scenes, key=lambda name: scenes[name].ids_per_person)
    return f"{scenes[worst].ids_per_person:.2f} ({worst})"


def visit_table(recording: Recording, owned: Sequence[Ownership]) -> Table:
    """Every visit, whose it is, and when its owner changes."""
    viewers = {viewer.visit_id: viewer for viewer in recording.watched.viewers}

    def rows() -> Iterator[Sequence[str]]:
        for each in owned:
            viewer = viewers[each.visit_id]
            yield (
                each.visit_id,
                f"{viewer.first_seen_s:.1f} to {viewer.last_seen_s:.1f}",
                _looks_at(each),
                ", ".join(f"{t_s:.2f}: {old} → {new}" for t_s, old, new in each.changes()),
                "unknown" if viewer.attention_s is None else f"{viewer.attention_s:.1f}",
                str(viewer.movement),
                {None: "unknown", True: "yes", False: "no"}[viewer.returning],
            )

    columns = (
        "visit",
        "from, to, s",
        "looks at",
        "owner changes, s",
        "attention, s",
        "movement",
        "returning",
    )
    return Table(columns, rows(), f"Visits of {recording.name}")


def peer_tables(results: Mapping[str, Any], scenes: Mapping[str, Figures]) -> Iterator[Block]:
    """HOTA and IDF1 by recording, and what each tracker gives in all."""
    for heads, title in PEER_TITLES.items():
        yield from _peers_on(results[heads], title, scenes)


def _peers_on(
    results: Mapping[str, Any], title: str, scenes: Mapping[str, Figures]
) -> Iterator[Block]:
    own = results["signage"]["scores"]

    def by_recording() -> Iterator[Sequence[str]]:
        for name, score in own.items():
            peers = [results[peer]["scores"][name] for peer in PEERS]
            best = max(peer["IDF1"] for peer in peers)
            ahead = "" if name not in scenes else "yes" if score["IDF1"] >= best else "no"
            yield name, *(f"{s['HOTA']:.2f}; {s['IDF1']:.2f}" for s in (score, *peers)), ahead

    columns = ("recording", "signage", *PEERS.values(), "ahead of all")
    yield Table(columns, by_recording(), f"HOTA; IDF1, {title}")

    def in_all() -> Iterator[Sequence[str]]:
        for name, result in results.items():
            scores = result["scores"].values()
            chosen = ", ".join(f"{key} {value}" for key, value in result["options"].items())
            yield (
                PEERS.get(name, name),
                f"{sum(s['HOTA'] for s in scores) / len(scores):.3f}",
                f"{sum(s['IDF1'] for s in scores) / len(scores):.3f}",
                str(sum(s["tracks"] for s in scores)),
                str(sum(s["mixed"] for s in scores)),
                chosen or "as it is",
            )

    columns = ("tracker", "mean HOTA", "mean IDF1", "tracks of 1 s", "mixed", "best options")
    yield Table(columns, in_all(), f"All recordings together, {title}")


def _percent(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "none"
