"""Whose a visit is, and what follows from it, on truths and answers made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from benchmarks.common.paths import MODELS, REFERENCES, SCENES
from benchmarks.common.watch import Watched
from benchmarks.tracking.bench import OWN_SCENES, TRAFFIC_BEYOND_M, chosen
from benchmarks.tracking.clips import CLIPS
from benchmarks.tracking.detections import Head, HeadDetector
from benchmarks.tracking.figures import Figures, measure
from benchmarks.tracking.peer_scores import _compare, _fill, _pairs
from benchmarks.tracking.peers import HeadRecorder, exchange
from benchmarks.tracking.recording import Person, Recording
from benchmarks.tracking.report import goals, visit_table
from signage.config.perception import PerceptionConfig
from signage.scenes.file import load_scene
from signage.scenes.truth import ActorTruth, SceneTruth
from signage.types.audience import Movement, Viewer
from signage.types.vision import Box
from tests.support.builders import sighting, snapshot, viewer

pytestmark = pytest.mark.bench

FPS = 10.0
PLACES = {"ann": 100.0, "bob": 300.0, "eve": 500.0}
OWN = sorted(path.stem for path in OWN_SCENES.glob("*.toml") if path.stem != "cast")


def head(name: str) -> Box:
    x = PLACES[name]
    return x, 100.0, x + 40, 150.0


def actor(name: str, t_s: float, **more: Any) -> ActorTruth:
    values: dict[str, Any] = {
        "actor_id": name,
        "kind": "person",
        "visit": 0,
        "box_xyxy_px": None,
        "face_xyxy_px": head(name),
        "visible_share": 1.0,
        "face_visible_share": 1.0,
        "x_m": 0.0,
        "z_m": 5.0 - 0.3 * t_s,
        "distance_m": 5.0 - 0.3 * t_s,
        "direction": "approaching",
        "facing": "towards",
        "looks": True,
    }
    return ActorTruth(**(values | more))


def recording(
    paths: dict[str, Sequence[str | None]], people: Sequence[str] = ("ann", "bob"), **more: Any
) -> Recording:
    """Each visit of ``paths`` with the person on whom it is in each picture."""
    length = len(next(iter(paths.values())))
    times_s = [index / FPS for index in range(length)]
    shown: list[list[Viewer]] = []
    for index, t_s in enumerate(times_s):
        places = {visit: path[index] for visit, path in paths.items()}
        shown.append(
            [
                viewer(visit, last_seen_s=t_s, face_xyxy_px=head(name))
                for visit, name in places.items()
                if name is not None
            ]
        )
    sightings = [
        [
            sighting(*middle(each.face_xyxy_px), height=50, face_xyxy_px=each.face_xyxy_px)
            for each in viewers
        ]
        for viewers in shown
    ]
    left = [viewer(visit, **more) for visit in paths]
    snapshots = [snapshot(*viewers, t_s=t) for t, viewers in zip(times_s, shown, strict=True)]
    return Recording(
        "made",
        times_s,
        [[Person(name, head(name), None, name != "eve") for name in people]] * length,
        Watched(snapshots, left, sightings),
    )


def middle(box: Box | None) -> tuple[float, float]:
    assert box is not None
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def test_a_visit_is_its_owners_and_four_looks_at_another_make_it_a_mixed_one() -> None:
    three = recording({"1.1": ["ann"] * 9 + ["bob"] * 3})
    figures, (owned,) = measure(three)
    assert (owned.owner, owned.own_looks, figures.mixed) == ("ann", 9, 0)
    four = recording({"1.1": ["ann"] * 9 + ["bob"] * 4})
    figures, (owned,) = measure(four)
    assert (figures.mixed, figures.looks, figures.own_looks) == (1, 13, 9)
    assert figures.missed == 1  # bob has none of his own
    assert owned.changes() == [(0.9, "ann", "bob")]


def test_a_moment_on_somebody_else_is_no_change_of_the_owner() -> None:
    _, (owned,) = measure(recording({"1.1": ["ann"] * 5 + ["bob"] * 2 + ["ann"] * 5}))
    assert owned.changes() == []


def test_a_guess_between_two_detections_is_no_look() -> None:
    made = recording({"1.1": ["ann"] * 6}, people=("ann",))
    lost = [[sighting(missed_s=0.2, face_xyxy_px=head("ann"))]] * 3
    watched = Watched(
        made.watched.snapshots,
        made.watched.viewers,
        [*made.watched.sightings[:3], *lost],
    )
    _, (owned,) = measure(Recording("made", made.times_s, made.people, watched))
    assert owned.own_looks == 3


def test_a_visit_without_a_look_is_whoever_it_is_shown_on() -> None:
    made = recording({"1.1": ["ann"] * 6}, people=("ann",))
    watched = Watched(made.watched.snapshots, made.watched.viewers, [[]] * 6)
    figures, (owned,) = measure(Recording("made", made.times_s, made.people, watched))
    assert (owned.owner, owned.own_looks, figures.missed) == ("ann", 0, 0)


def test_who_need_not_be_followed_is_neither_missed_nor_counted() -> None:
    figures, _ = measure(recording({"1.1": ["ann"] * 5, "1.2": ["eve"] * 5}, ("ann", "eve")))
    assert (figures.people, figures.visits, figures.missed) == (1, 1, 0)
    figures, _ = measure(recording({"1.1": ["ann"] * 5}, ("ann", "eve")))
    assert figures.missed == 0
    assert figures.ids_per_person == 1


def with_truth(made: Recording, **more: Any) -> Recording:
    truths = [SceneTruth(t, (actor("ann", t, **more),)) for t in made.times_s]
    return Recording(made.name, made.times_s, made.people, made.watched, truths)


def test_watchers_directions_and_returns_are_compared_with_the_truth() -> None:
    right = {"attention_s": 2.0, "movement": Movement.APPROACHING, "returning": False}
    made = recording({"1.1": ["ann"] * 30}, ("ann",), **right)
    figures, _ = measure(with_truth(made))
    assert (figures.lookers, figures.lookers_missed, figures.others) == (1, 0, 0)
    assert figures.directions == {True: 1}
    assert figures.returns_false == 0
    figures, _ = measure(with_truth(made, looks=False))
    assert (figures.lookers, figures.others, figures.others_watching) == (0, 1, 1)


def test_what_is_wrong_is_counted_as_wrong() -> None:
    wrong = {"attention_s": 0.0, "movement": Movement.LEAVING, "returning": True}
    figures, _ = measure(with_truth(recording({"1.1": ["ann"] * 30}, ("ann",), **wrong)))
    assert (figures.lookers, figures.lookers_missed) == (1, 1)
    assert figures.directions == {False: 1}
    assert figures.returns_false == 1
    returned = with_truth(recording({"1.1": ["ann"] * 30}, ("ann",), **wrong), visit=1)
    named = Recording(
        "made",
        returned.times_s,
        [[Person("ann, visit 2", head("ann"), None, counts=True)]] * 30,
        returned.watched,
        returned.actors,
    )
    figures, _ = measure(named)
    assert (figures.returns_true, figures.returns_told, figures.returns_false) == (1, 1, 0)


def test_figures_of_several_recordings_add_up() -> None:
    one = measure(recording({"1.1": ["ann"] * 9}))[0]
    both = one + one
    assert (both.people, both.visits, both.looks) == (4, 2, 18)
    assert both.tracking == one.tracking + one.tracking
    assert Figures() + one == one


def test_the_goals_leave_bad_input_out_and_name_the_worst_scene() -> None:
    good = Figures(people=2, visits=2)
    rows = list(goals({"swap": good, "bad_cut": Figures(people=1, visits=9)}, {}).rows)
    assert rows[0] == ("visits a person, in the worst scene", "1.00 (swap)", "1.05")
    assert rows[1][1] == "9.00 (bad_cut)"


def test_the_list_of_visits_names_owners_and_changes() -> None:
    made = recording({"1.1": ["ann"] * 5 + ["bob"] * 4, "1.2": [None] * 9})
    rows = list(visit_table(made, measure(made)[1]).rows)
    assert rows[0][2:4] == ("ann 5, bob 4", "0.50: ann → bob")
    assert rows[1][2] == "nobody"


@pytest.mark.models
def test_other_trackers_get_the_same_pictures_as_the_product() -> None:
    made = recording({"1.1": ["ann"] * 5}, ("ann", "eve"))
    ann, late = Head(head("ann"), 0.9), Head(head("bob"), 0.8)
    recorder = HeadRecorder(HeadDetector(PerceptionConfig(models_dir=MODELS)))
    recorder.heads |= {0: [ann], 2: [], 4: []}
    recorder.found += [(0.0, ann), (0.1, late), (0.2, late)]
    given = exchange(made, recorder)
    assert (given["name"], given["rate_hz"], len(given["frames"])) == ("made", 5.0, 3)
    frame = given["frames"][0]
    assert frame["product"] == [("1.1", head("ann"), True)]
    assert frame["every"] == frame["found"] == [(*head("ann"), 0.9)]
    # Of two that overlap the surer one; what came between the pictures counts in the next.
    assert given["frames"][1]["found"] == [(*head("bob"), 0.8)]
    assert given["frames"][2]["found"] == []
    assert [(each["name"], each["counts"]) for each in frame["people"]] == [
        ("ann", True),
        ("eve", False),
    ]


def test_gaps_of_other_trackers_are_filled_unless_they_are_long() -> None:
    box = np.array([0.0, 0.0, 10.0, 10.0])
    pictures: list[dict[str, Any]] = [{"1": box}, {}, {"1": box + 4}, {}, {}, {}, {"1": box}]
    _fill(pictures, longest=3)
    assert pictures[1]["1"].tolist() == [2, 2, 12, 12]
    assert [len(each) for each in pictures] == [1, 1, 1, 0, 0, 0, 1]


def test_a_track_of_somebody_who_need_not_be_followed_is_excused() -> None:
    people = [
        {"name": name, "head": head(name), "body": None, "counts": name != "eve"}
        for name in ("ann", "eve")
    ]
    boxes = [head("ann"), head("eve"), head("bob")]
    names, ids, overlap = _compare({"people": people}, ["1", "2", "3"], boxes, [True] * 3)
    assert (names, ids) == (["ann"], ["1", "3"])
    assert _pairs(overlap) == [(0, 0)]


@pytest.mark.parametrize("name", OWN)
def test_every_scene_can_be_read_and_its_actors_have_sprites(name: str) -> None:
    scene = load_scene(OWN_SCENES / f"{name}.toml")
    assert any(each.kind == "person" for each in scene.actors)


def test_scenes_and_clips_are_chosen_by_name() -> None:
    paths, clips = chosen(["queue4", "return"], None)
    assert [path.stem for path in paths] == ["queue4", "return"]
    assert paths[1] == SCENES / "return.toml"
    assert clips == []
    with pytest.raises(SystemExit, match="There is no scene or clip nonsense"):
        chosen(["nonsense"], None)
    assert TRAFFIC_BEYOND_M.keys() <= set(OWN)


def test_the_recordings_with_names_are_those_that_have_a_reference() -> None:
    labelled = {clip.file.rsplit(".", 1)[0] for clip in CLIPS if clip.is_labelled}
    assert labelled == {path.stem for path in REFERENCES.glob("*.csv")}
