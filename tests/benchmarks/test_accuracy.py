"""The scoring of scenes and recordings, on truths and answers made by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from benchmarks.accuracy.footage_score import read_faces, read_mot, sure_pieces
from benchmarks.accuracy.scene_score import face_band, score
from benchmarks.common.paths import REFERENCES
from benchmarks.common.watch import Watched
from signage.scenes.truth import ActorTruth, SceneTruth
from signage.types.audience import Movement, Viewer
from signage.types.vision import Box, Facing
from tests.support.builders import snapshot, viewer

pytestmark = pytest.mark.bench

FPS = 10.0


def box(x: float, size: float = 50.0) -> Box:
    return x, 100.0, x + 0.8 * size, 100.0 + size


def actor(x: float, **more: Any) -> ActorTruth:
    values: dict[str, Any] = {
        "actor_id": "ann",
        "kind": "person",
        "visit": 0,
        "box_xyxy_px": (x - 20, 90.0, x + 60, 400.0),
        "face_xyxy_px": box(x),
        "visible_share": 1.0,
        "face_visible_share": 1.0,
        "x_m": 0.0,
        "z_m": 2.0,
        "distance_m": 2.0,
        "direction": "standing",
        "facing": "towards",
        "looks": True,
    }
    return ActorTruth(**(values | more))


def seen(x: float, t_s: float, **more: Any) -> Viewer:
    values: dict[str, Any] = {"last_seen_s": t_s, "face_xyxy_px": box(x), "distance_m": 2.2}
    return viewer(**(values | more))


def scene(
    frames: Sequence[tuple[list[ActorTruth], list[Viewer]]], *left: Viewer
) -> tuple[list[SceneTruth], Watched]:
    """Truths, and what the product said: frame by frame, and of those who ``left``."""
    truths = [SceneTruth(i / FPS, tuple(actors)) for i, (actors, _) in enumerate(frames)]
    said = [snapshot(*viewers, t_s=i / FPS) for i, (_, viewers) in enumerate(frames)]
    return truths, Watched(said, left)


def test_who_is_told_all_along_is_right_in_everything() -> None:
    frames = [([actor(100)], [seen(102, i / FPS)]) for i in range(31)]
    result = score(*scene(frames, viewer(dwell_s=3.2)))
    assert result.tracking.recall == result.tracking.precision == result.tracking.idf1 == 1
    assert (result.viewers, result.visits) == (1, 1)
    assert result.dwell_errors_s == [pytest.approx(0.2)]
    assert result.distance_errors == [pytest.approx(0.1)] * 31
    # Of the first moments nobody is asked where they go.
    assert result.directions == {True: 31 - 12}
    assert result.visit_directions == {True: 1}
    assert result.facings == {True: 31}
    assert result.faces[36] == {True: 31}


def test_who_is_nowhere_told_has_no_dwell_at_all() -> None:
    result = score(*scene([([actor(100)], [])] * 5))
    assert result.dwell_errors_s == [math.inf]
    assert result.faces[36] == {False: 5}


def test_a_viewer_elsewhere_or_of_another_size_is_somebody_else() -> None:
    for wrong in (box(200), box(90, size=150)):
        frames = [([actor(100)], [seen(0, 0.0, face_xyxy_px=wrong, body_xyxy_px=None)])]
        assert score(*scene(frames)).tracking.found == 0


def test_a_body_without_a_face_will_do() -> None:
    back = seen(0, 0.0, face_xyxy_px=None, body_xyxy_px=(80.0, 90.0, 160.0, 400.0))
    result = score(*scene([([actor(100, facing="back")], [back])]))
    assert result.tracking.found == 1
    assert result.facings == {False: 1}
    assert not result.faces


def test_a_wrong_way_and_facing_are_wrong() -> None:
    more = {"movement": Movement.PASSING_LEFT, "facing": Facing.AWAY}
    frames = [([actor(100)], [seen(100, i / FPS, **more)]) for i in range(13)]
    result = score(*scene(frames, viewer(movement=Movement.LEAVING)))
    assert result.directions == {False: 1}
    assert result.visit_directions == {False: 1}
    assert result.facings == {False: 13}


def test_who_comes_back_is_another_visit_and_no_switch() -> None:
    frames = [([actor(100)], [seen(100, i / FPS)]) for i in range(5)]
    frames += [([actor(100, visit=1)], [seen(100, i / FPS, viewer_id="1.2")]) for i in range(5, 10)]
    result = score(*scene(frames, viewer("1.1", dwell_s=0.4), viewer("1.2", dwell_s=0.4)))
    assert (result.visits, result.tracking.switches) == (2, 0)
    assert result.dwell_errors_s == [pytest.approx(0), pytest.approx(0)]


def test_a_poster_is_nobody_and_who_follows_it_is_false() -> None:
    result = score(*scene([([actor(100, kind="poster")], [seen(100, 0.0)])]))
    assert (result.visits, result.tracking.present, result.tracking.false) == (0, 0, 1)


def test_the_hidden_need_not_be_told() -> None:
    result = score(*scene([([actor(100, face_visible_share=0.2)], [seen(100, 0.0)])]))
    assert (result.tracking.present, result.tracking.false, result.visits) == (0, 0, 0)


def test_scores_add_up() -> None:
    one = score(*scene([([actor(100)], [seen(100, 0.0)])]))
    other = score(*scene([([actor(100)], [])]))
    both = one + other
    assert (both.visits, both.tracking.present) == (2, 2)
    assert both.faces[36] == {True: 1, False: 1}


@pytest.mark.parametrize(("height", "band"), [(3, 0), (16, 16), (35.9, 24), (400, 60)])
def test_bands_of_faces(height: float, band: int) -> None:
    assert face_band(height) == band


def test_pieces_of_a_path_end_where_two_meet() -> None:
    """Two walk towards each other, meet in the middle, and part again."""
    frames = [[box(10.0 * i), box(400 - 10.0 * i)] for i in range(41)]
    pieces = sure_pieces(frames)
    first, second = pieces[0]
    assert set(pieces[15]) == {first, second}
    assert not {first, second} & set(pieces[40])
    assert pieces[40]
    assert not pieces[20]


def test_a_reference_in_the_mot_format(tmp_path: Path) -> None:
    path = tmp_path / "mot.txt"
    path.write_text("1,-1,10,20,30,40,0.9,-1,-1,-1\n3,-1,1,2,3,4,0.9,-1,-1,-1\n")
    assert read_mot(path) == [[(10, 20, 40, 60)], [], [(1, 2, 4, 6)]]


@pytest.mark.parametrize("path", sorted(REFERENCES.glob("*.csv")), ids=lambda path: path.stem)
def test_every_reference_has_faces(path: Path) -> None:
    frames = read_faces(path)
    assert len({person for faces in frames.values() for person in faces}) >= 3
    for faces in frames.values():
        assert all(left < right and top < bottom for left, top, right, bottom in faces.values())
