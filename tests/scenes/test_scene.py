"""The scene maker: its truth against geometry by hand, and its pictures against its truth."""

from __future__ import annotations

import math
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from signage.capture.source import read_source, recording_duration_s, recording_fps
from signage.config.camera import CameraConfig
from signage.errors import ConfigError, SourceError
from signage.scenes.file import (
    Actor,
    Background,
    LaterBackground,
    Lens,
    Occluder,
    Scene,
    Sprite,
    Waypoint,
    load_scene,
)
from signage.scenes.scene import focal_px, play_scene, read_scene
from signage.scenes.sprites import make_figure
from signage.scenes.truth import ActorTruth, SceneSummary, SceneTruth, direction_of, summarise
from signage.types.arrays import Image
from tests.support.builders import FOOTAGE, ROOT

SCENES = ROOT / "configs" / "scenes"
NAMES = sorted(path.stem for path in SCENES.glob("*.toml") if path.stem != "cast")

# A piece of the franck clip's wall, 100 × 200 px: all of it opaque, so that areas are exact.
CARD = Sprite(clip="franck.mp4", to_s=0.05, rect_px=(0, 0, 100, 200), cut="rect", height_m=1.0)
FACE = CARD.model_copy(update={"face_px": (25.0, 50.0, 75.0, 100.0)})


def scene(*actors: Actor, **more: Any) -> Scene:
    """1000 × 500 px at 10 fps; 90 degrees make the focal length 500 px."""
    values: dict[str, Any] = {
        "width_px": 1000,
        "height_px": 500,
        "fps": 10.0,
        "duration_s": 1.0,
        "footage_dir": FOOTAGE,
        "lens": Lens(fov_deg=90.0, height_m=1.5, noise_sd=0.0),
        "sprites": {"card": CARD, "face": FACE},
        "actors": actors,
    }
    return Scene.model_construct(**(dict(Scene(duration_s=1.0)) | values | more))


def actor(name: str, *path: Waypoint, sprite: str = "card", **more: Any) -> Actor:
    values: dict[str, Any] = {"id": name, "sprite": sprite, "stature_m": 1.5, "visits": (path,)}
    return Actor(**(values | more))


def stands(name: str, x_m: float, z_m: float, **more: Any) -> Actor:
    return actor(name, (0.0, x_m, z_m), (1.0, x_m, z_m), **more)


def first(of: Scene) -> tuple[Image, dict[str, ActorTruth]]:
    (_, image), truth = next(play_scene(of))
    return image, {each.actor_id: each for each in truth.actors}


FEW_FPS = 5.0
"""A scene is painted three times as fast at a third of its pictures, and lasts as long."""


@cache
def played(name: str) -> tuple[SceneTruth, ...]:
    scene = load_scene(SCENES / f"{name}.toml").model_copy(update={"fps": FEW_FPS})
    return tuple(truth for _, truth in play_scene(scene))


@cache
def summary(name: str) -> SceneSummary:
    return summarise(played(name), FEW_FPS)


def test_the_projection_is_that_of_a_pinhole() -> None:
    assert focal_px(scene()) == pytest.approx(500)
    assert focal_px(Scene(duration_s=1.0)) == pytest.approx(640 / math.tan(math.radians(35)))
    _, truth = first(scene(stands("a", 0.5, 2.0)))
    # 250 px a metre: 0.5 m right of the middle, top at the camera's height, 0.5 m × 1 m.
    assert truth["a"].box_xyxy_px == pytest.approx((562.5, 250, 687.5, 500), abs=1)
    assert truth["a"].visible_share == pytest.approx(1.0, abs=0.02)
    assert truth["a"].distance_m == pytest.approx(math.hypot(0.5, 2.0))


def test_the_face_stands_on_the_path_and_shrinks_with_the_distance() -> None:
    _, truth = first(
        scene(stands("a", 0.4, 2.0, sprite="face"), stands("b", -0.8, 4.0, sprite="face"))
    )
    # The face is 50 px of 200 px, which are 1 m: 0.25 m, its upper edge 0.25 m below the top.
    assert truth["a"].face_xyxy_px == pytest.approx((568.75, 312.5, 631.25, 375))
    assert truth["b"].face_xyxy_px == pytest.approx((384.375, 281.25, 415.625, 312.5))
    assert truth["b"].face_px == pytest.approx(31.25)


def test_what_is_painted_is_where_the_truth_says() -> None:
    empty, _ = first(scene())
    image, truth = first(scene(stands("a", 0.5, 2.0), stands("b", -2.0, 4.0)))
    rows, columns = np.nonzero((image != empty).any(axis=2))
    boxes = [each.box_xyxy_px for each in truth.values() if each.box_xyxy_px is not None]
    edges = np.array(boxes)
    assert columns.min() == pytest.approx(edges[:, 0].min(), abs=1.5)
    assert columns.max() + 1 == pytest.approx(edges[:, 2].max(), abs=1.5)
    assert rows.min() == pytest.approx(edges[:, 1].min(), abs=1.5)


def test_the_nearer_one_hides_the_farther_one_by_the_share_that_overlaps() -> None:
    # At 4 m 62.5 × 125 px from 468.75 on; at 2 m 125 × 250 px from 500 on: the right half.
    for actors in (
        (stands("far", 0.0, 4.0), stands("near", 0.25, 2.0)),
        (stands("near", 0.25, 2.0), stands("far", 0.0, 4.0)),
    ):
        _, truth = first(scene(*actors))
        assert truth["near"].visible_share == pytest.approx(1.0, abs=0.02)
        assert truth["far"].visible_share == pytest.approx(0.5, abs=0.03)
        box = truth["far"].box_xyxy_px
        assert box is not None
        assert box[2] == pytest.approx(500, abs=1.5)


def test_the_edge_of_the_picture_counts_as_hidden() -> None:
    # At 2 m the card is 125 px wide; its middle on the right edge.
    _, truth = first(scene(stands("a", 2.0, 2.0, sprite="face")))
    assert truth["a"].face_visible_share == pytest.approx(0.5, abs=0.02)
    assert truth["a"].visible_share == pytest.approx(0.5, abs=0.02)
    _, truth = first(scene(stands("a", 4.0, 2.0)))
    assert (truth["a"].box_xyxy_px, truth["a"].visible_share) == (None, 0)


def test_a_pillar_hides_whoever_is_behind_it_and_nobody_before() -> None:
    pillar = Occluder(x_m=0.0, z_m=3.0, width_m=1.0)
    _, truth = first(
        scene(stands("behind", 0.0, 4.0), stands("before", 0.0, 2.0), occluders=(pillar,))
    )
    assert truth["behind"].visible_share == pytest.approx(0, abs=0.01)
    assert truth["behind"].box_xyxy_px is None
    assert truth["before"].visible_share == pytest.approx(1, abs=0.02)


def test_walks_have_their_place_and_direction_at_every_moment() -> None:
    walk = actor(
        "a", (0.1, -2.0, 4.0), (0.3, 0.0, 4.0), (0.5, 0.0, 2.0), (0.7, 0.0, 2.0), (0.9, 0.0, 4.0)
    )
    truths = [truth for _, truth in play_scene(scene(walk))]
    assert [len(truth.actors) for truth in truths] == [0, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    at = {round(truth.t_s, 1): truth.actors[0] for truth in truths if truth.actors}
    assert (at[0.2].x_m, at[0.2].z_m) == pytest.approx((-1.0, 4.0))
    assert [at[t_s].direction for t_s in (0.2, 0.4, 0.6, 0.8)] == [
        "passing_right",
        "approaching",
        "standing",
        "leaving",
    ]
    assert direction_of(-1.0, 0.5) == "passing_left"


def test_the_summary_adds_up_visits_and_goes_on_while_hidden() -> None:
    twice = Actor(
        id="a",
        sprite="face",
        stature_m=1.5,
        visits=(
            ((0.0, 0.0, 2.0), (1.0, 0.0, 2.0)),
            ((3.0, 0.0, 4.0), (5.0, 0.0, 4.0)),
        ),
    )
    passes = actor("b", (3.55, 0.0, 2.0), (4.05, 0.0, 2.0))
    poster = Actor(
        id="p", sprite="face", kind="poster", visits=(((0.0, 1.0, 5.0), (5.0, 1.0, 5.0)),)
    )
    told = summarise(
        (truth for _, truth in play_scene(scene(twice, passes, poster, duration_s=6.0))), 10.0
    )
    one = {each.actor_id: each for each in told.actors}
    assert told.ots == 2
    assert (one["a"].visits, one["p"].kind) == (2, "poster")
    assert one["a"].dwell_s == pytest.approx(1.0 + 2.0)
    assert one["a"].in_view_s == pytest.approx(3.0 - 0.6, abs=0.01)
    assert (one["a"].first_in_view_s, one["a"].last_in_view_s) == (0.0, 5.0)
    assert one["a"].nearest_m == pytest.approx(2.0)
    assert one["a"].smallest_face_px == pytest.approx(31.25)


def test_a_print_goes_with_its_wearer_and_does_not_hide_them() -> None:
    shirt = Actor(id="s", sprite="face", kind="print", worn_by="a", below_m=0.25)
    _, truth = first(scene(stands("a", 0.5, 2.0), shirt))
    assert truth["a"].visible_share == pytest.approx(1.0, abs=0.02)
    assert truth["s"].face_xyxy_px == pytest.approx((593.75, 375, 656.25, 437.5))
    assert (truth["s"].kind, truth["s"].x_m, truth["s"].z_m) == ("print", 0.5, 2.0)


def test_light_noise_and_blur_are_as_the_scene_says() -> None:
    plain = Background(top_bgr=(200, 200, 200), bottom_bgr=(200, 200, 200))
    lens = Lens(fov_deg=90.0, noise_sd=5.0, light=((0.0, 1.0), (1.0, 0.5)))
    pictures = [image for (_, image), _ in play_scene(scene(lens=lens, background=plain))]
    assert pictures[0].mean() == pytest.approx(200, abs=0.5)
    assert pictures[5].mean() == pytest.approx(150, abs=0.5)
    assert pictures[5].std() == pytest.approx(5.0, abs=0.2)
    assert (pictures[5] != pictures[6]).mean() > 0.8

    def edge_px(exposure_s: float) -> int:
        """Over how many columns the left edge of a walking card is smeared."""
        lens = Lens(fov_deg=90.0, height_m=1.5, noise_sd=0.0, exposure_s=exposure_s)
        walk = actor("a", (0.0, 0.0, 2.0), (1.0, 2.0, 2.0))
        image, _ = first(scene(walk, lens=lens, background=plain))
        row = image[375, 400:500, 2].astype(int)
        return int(((row > row.min() + 8) & (row < 192)).sum())

    assert edge_px(0.0) <= 2
    assert edge_px(0.04) == pytest.approx(0.04 * 2.0 * 250, abs=4)  # 2 m/s at 250 px/m


def test_pieces_of_a_clip_follow_each_other_and_one_may_play_backwards() -> None:
    there = CARD.model_copy(update={"pieces": ((0.0, 0.5),), "rect_px": (60, 4, 360, 288)})
    back = there.model_copy(update={"pieces": ((0.5, 0.0),)})
    both = there.model_copy(update={"pieces": ((0.0, 0.5), (0.5, 0.0))})
    figures = [make_figure(each, FOOTAGE, 10.0, 1.5) for each in (there, back, both)]
    forwards, backwards, round_trip = (
        [picture.tobytes() for picture in each.pictures] for each in figures
    )
    assert len(set(forwards)) > 3
    assert backwards == forwards[::-1]
    assert round_trip == forwards + backwards
    with pytest.raises(ValidationError, match="a piece must have a length"):
        Sprite(**(CARD.model_dump() | {"pieces": ((1.0, 1.0),)}))


def test_a_door_hides_until_it_has_slid_away() -> None:
    door = Occluder(z_m=3.0, width_m=1.0, slides=((0.0, 0.0), (0.4, 0.0), (0.8, 2.0)))
    truths = [
        truth.actors[0]
        for _, truth in play_scene(scene(stands("behind", 0.0, 4.0), occluders=(door,)))
    ]
    shares = [each.visible_share for each in truths]
    assert shares[:5] == pytest.approx([0] * 5, abs=0.02)
    assert shares[6:] == pytest.approx([1] * 4, abs=0.02)


def test_a_cut_changes_the_background_from_its_moment_on() -> None:
    cut = LaterBackground(from_s=0.5, top_bgr=(80, 80, 80), bottom_bgr=(80, 80, 80))
    pictures = [image for (_, image), _ in play_scene(scene(cuts=(cut,)))]
    assert [round(float(image.mean())) == 80 for image in pictures] == [False] * 5 + [True] * 5


def test_a_shaking_camera_moves_the_picture_and_its_truth_alike() -> None:
    def boxes(shake_px: float) -> list[tuple[float, float, float, float]]:
        lens = Lens(fov_deg=90.0, height_m=1.5, noise_sd=0.0, shake_px=shake_px)
        plain = {"lens": lens, "background": Background(bottom_bgr=Background().top_bgr)}
        empty = next(play_scene(scene(**plain)))[0][1]
        found = []
        for (_, image), truth in play_scene(scene(stands("a", 0.0, 4.0), **plain)):
            rows, columns = np.nonzero((cv2.absdiff(image, empty) > 8).any(axis=2))
            box = truth.actors[0].box_xyxy_px
            assert box is not None
            assert columns.min() == pytest.approx(box[0], abs=1.5)
            assert rows.min() == pytest.approx(box[1], abs=1.5)
            found.append(box)
        return found

    assert len(set(boxes(0.0))) == 1
    lefts = [box[0] for box in boxes(12.0)]
    assert 12 < max(lefts) - min(lefts) <= 24


@pytest.mark.parametrize(
    ("more", "kind", "looks"),
    [
        ({}, "person", True),
        ({"looks": False}, "person", False),
        ({"facing": "back"}, "person", False),
        ({}, "poster", False),
    ],
)
def test_a_person_looks_who_faces_the_screen_with_the_eyes_on_it(
    more: dict[str, Any], kind: str, looks: bool
) -> None:
    sprites = {"card": CARD.model_copy(update=more)}
    _, truth = first(scene(stands("a", 0.0, 4.0, kind=kind), sprites=sprites))
    assert truth["a"].looks is looks


@pytest.mark.models
def test_a_scene_is_the_same_every_time() -> None:
    path = SCENES / "dim.toml"
    runs = [list(islice(read_scene(path), 40, 50)) for _ in range(2)]
    for ((t_s, image), truth), ((again_s, again), same) in zip(*runs, strict=True):
        assert (t_s, truth) == (again_s, same)
        assert np.array_equal(image, again)


@pytest.mark.models
def test_a_living_face_moves_and_a_poster_does_not() -> None:
    crops: dict[str, list[Image]] = {"poster": [], "redhead": []}
    quiet = load_scene(SCENES / "poster.toml")
    quiet = quiet.model_copy(update={"lens": Lens(noise_sd=0.0)})
    for (t_s, image), truth in play_scene(quiet):
        if 9.5 < t_s < 12.5:
            for each in truth.actors:
                if each.actor_id in crops and each.face_xyxy_px is not None:
                    left, top, right, bottom = (round(side) for side in each.face_xyxy_px)
                    crops[each.actor_id].append(image[top:bottom, left:right])
    assert len({crop.tobytes() for crop in crops["poster"]}) == 1
    assert len({crop.tobytes() for crop in crops["redhead"]}) > 20


@pytest.mark.models
@pytest.mark.parametrize("name", NAMES)
def test_every_scene_of_the_product_plays(name: str) -> None:
    scene = load_scene(SCENES / f"{name}.toml")
    told = summary(name)
    assert (scene.width_px, scene.height_px, scene.fps) == (1280, 720, 15.0)
    assert 15 <= told.duration_s <= 30
    assert {each.actor_id for each in told.actors} == {actor.id for actor in scene.actors}
    for each in told.actors:
        assert 0 < each.in_view_s <= each.dwell_s


@pytest.mark.models
def test_the_scenes_hold_what_their_names_say() -> None:
    people = {name: {each.actor_id: each for each in summary(name).actors} for name in NAMES}
    # 1 s to 19 s; 8 s of it at 1.2 m.
    near = [t.t_s for t in played("approach_and_leave") if t.actors and t.actors[0].z_m < 1.201]
    assert near[-1] - near[0] == pytest.approx(8.0, abs=0.3)
    assert people["approach_and_leave"]["min"].dwell_s == pytest.approx(18.0, abs=0.3)
    for hidden in ("captain", "brunette"):
        one = people["hidden"][hidden]
        assert one.dwell_s - one.in_view_s == pytest.approx(2.5, abs=0.6)
        assert one.visits == 1
    crowd = people["crowd"].values()
    assert summary("crowd").ots == 10
    assert max(sum(a.in_view for a in t.actors) for t in played("crowd")) == 10
    assert sum((each.largest_face_px or 0) <= 40.5 for each in crowd) >= 5
    back = people["return"]["franck"]
    seen = [
        t.t_s for t in played("return") for a in t.actors if a.actor_id == "franck" and a.in_view
    ]
    assert back.visits == 2
    assert max(np.diff(seen)) >= 10
    directions = {a.direction for t in played("passing") for a in t.actors}
    assert directions == {"passing_left", "passing_right"}
    assert [summary("poster").ots, len(people["poster"])] == [2, 4]
    sides = [
        np.sign(t.actors[0].x_m / t.actors[0].z_m - t.actors[1].x_m / t.actors[1].z_m)
        for t in played("crossing")
        if len(t.actors) == 2
    ]
    assert np.count_nonzero(np.diff(sides)) == 2


def test_a_scene_is_a_source_like_a_video_file(tmp_path: Path) -> None:
    path = SCENES / "return.toml"
    pictures = list(islice(read_source(CameraConfig(source=str(path))), 3))
    assert [t_s for t_s, _ in pictures] == pytest.approx([0, 1 / 15, 2 / 15])
    assert pictures[0][1].shape == (720, 1280, 3)
    assert (recording_fps(path), recording_duration_s(path)) == (15, 30)


SPRITE = (
    '[sprites.a]\nclip = "franck.mp4"\nrect_px = [0, 0, 99, 99]\ncut = "rect"\nheight_m = 1.0\n'
)
ACTOR = '[[actors]]\nid = "a"\nsprite = "a"\nvisits = [[[0.0, 0.0, 2.0], [1.0, 0.0, 2.0]]]\n'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "key 'duration_s' is missing"),
        ("duration_s = -1.0", "key 'duration_s' cannot be -1.0"),
        ("duration_s = 1.0\nspeed = 2", "unknown key 'speed'"),
        ("duration_s = 1.0\n[lens]\nfov = 70", "unknown key 'lens.fov'"),
        ("duration_s = ", "cannot be read as TOML"),
        ('duration_s = 1.0\ncast = "none.toml"', "There is no scene file .*none.toml"),
        ("duration_s = 1.0\n" + ACTOR, "key 'actors.0.sprite' cannot be 'a': known sprites are"),
        ("duration_s = 0.5\n" + SPRITE + ACTOR, r"key 'actors.0.visits' go on after duration_s"),
        ("duration_s = 1.0\n" + SPRITE + ACTOR + ACTOR, "another actor has the same id"),
        (
            "duration_s = 1.0\n" + SPRITE + ACTOR.replace("[1.0,", "[0.0,"),
            "key 'actors.0.visits' .* times of the waypoints must increase",
        ),
        (
            "duration_s = 1.0\n" + SPRITE.replace("[0, 0, 99", "[100, 0, 99"),
            "key 'sprites.a.rect_px' .* left must be less than right",
        ),
        (
            'duration_s = 1.0\n[[actors]]\nid = "s"\nsprite = "a"\nkind = "print"\n' + SPRITE,
            "a print needs 'worn_by'",
        ),
        (
            'duration_s = 1.0\n[[actors]]\nid = "s"\nsprite = "a"\nkind = "print"\n'
            'worn_by = "b"\n' + SPRITE,
            "key 'actors.0.worn_by' cannot be 'b': no person has this id",
        ),
    ],
)  # fmt: skip
def test_a_bad_scene_file_is_told_with_key_and_reason(
    text: str, reason: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=reason) as raised:
        load_scene(path)
    assert str(tmp_path) in str(raised.value)
    with pytest.raises(ConfigError):
        next(read_source(CameraConfig(source=str(path))))


def test_footage_that_does_not_fit_is_told() -> None:
    outside = CARD.model_copy(update={"rect_px": (0, 0, 5000, 10)})
    with pytest.raises(SourceError, match="360 × 288 pixels"):
        first(scene(stands("a", 0.0, 2.0), sprites={"card": outside}))
    gone = CARD.model_copy(update={"clip": "gone.mp4"})
    with pytest.raises(SourceError, match=r"There is no video .*gone\.mp4"):
        first(scene(stands("a", 0.0, 2.0), sprites={"card": gone}))
