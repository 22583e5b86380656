"""From what single frames tell about people to their visits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from signage.audience.attention import is_attentive
from signage.audience.audience import Audience, open_audience
from signage.audience.screen_plane import ScreenPlane
from signage.config.audience import AudienceConfig
from signage.config.screen import ScreenConfig
from signage.types.audience import AudienceSnapshot, Movement, Viewer
from signage.types.vision import MOODS, Facing, Gaze, HeadPose, Logo, Sighting
from tests.support.builders import (
    AWAY,
    TEXT,
    TOWARDS,
    ages,
    defaults,
    frame,
    looking,
    sighting,
    traits,
)

CONFIG = AudienceConfig()
FPS = 10
BODY = (200.0, 100.0, 400.0, 600.0)


def watch(
    audience: Audience, frames: Iterable[list[Sighting] | None], begin_s: float = 0.0
) -> list[AudienceSnapshot]:
    return [
        audience.update(frame(begin_s + index / FPS), sightings)
        for index, sightings in enumerate(frames)
    ]


def visit(*sightings: Sighting) -> Viewer:
    """Who left after these, one a frame."""
    audience = Audience(CONFIG)
    watch(audience, [[each] for each in sightings])
    (viewer,) = audience.close()
    return viewer


def ids(snapshot: AudienceSnapshot) -> list[str]:
    return [viewer.viewer_id for viewer in snapshot.viewers]


def mood(name: str) -> Any:
    """Nothing else on the face."""
    return np.array([float(each == name) for each in MOODS])


# Who is there


def test_one_path_is_one_viewer_also_after_a_missed_second() -> None:
    audience = Audience(CONFIG)
    snapshots = watch(audience, [[sighting()]] * 10 + [[]] * 10 + [[sighting(x=330)]] * 10)
    assert {viewer for s in snapshots for viewer in ids(s)} == {"1.1"}
    assert snapshots[-1].viewers[0].dwell_s == pytest.approx(2.9)
    assert not audience.take_departed()


def test_who_was_away_for_long_enough_has_left_once() -> None:
    audience = Audience(CONFIG)
    gone = watch(audience, [[sighting()]] * 10 + [[]] * 31)[-1]
    assert not gone.viewers
    assert not audience.take_departed()  # whoever is recognised soon has not left
    watch(audience, [[]] * 70, begin_s=4.1)
    (viewer,) = audience.take_departed()
    assert (viewer.viewer_id, viewer.last_seen_s) == ("1.1", 0.9)
    watch(audience, [[sighting(track=2)]] * 10, begin_s=12.0)
    assert not audience.take_departed()
    assert [viewer.viewer_id for viewer in audience.close()] == ["1.2"]
    assert not audience.close()


def test_two_people_stay_apart_in_whatever_order_they_are_found() -> None:
    audience = Audience(CONFIG)
    left, right = sighting(x=200), sighting(x=420, track=2)
    snapshots = watch(audience, [[left, right], [right, left]] * 10)
    boxes = {v.viewer_id: v.face_xyxy_px for v in snapshots[-1].viewers}
    assert boxes == {"1.1": left.face_xyxy_px, "1.2": right.face_xyxy_px}


def test_the_ids_of_another_run_are_others() -> None:
    audience = Audience(CONFIG, run="7")
    assert ids(watch(audience, [[sighting(track=3)]] * 5)[-1]) == ["7.3"]


def test_a_flicker_is_no_viewer() -> None:
    audience = Audience(CONFIG)
    snapshots = watch(audience, [[sighting()], [sighting()]] + [[]] * 40)
    assert not any(s.viewers for s in snapshots)
    assert not audience.close()


def test_a_face_on_a_poster_is_no_viewer() -> None:
    audience = Audience(CONFIG)
    poster, person = sighting(is_picture=True), sighting(x=600, track=2)
    assert ids(watch(audience, [[poster, person]] * 20)[-1]) == ["1.2"]
    assert [viewer.viewer_id for viewer in audience.close()] == ["1.2"]


def test_who_turns_out_to_be_a_poster_is_gone_and_never_was_there() -> None:
    audience = Audience(CONFIG)
    taken_in, seen_through = watch(
        audience, [[sighting()]] * 50 + [[sighting(is_picture=True)]] * 10
    )[49::10]
    assert ids(taken_in) == ["1.1"]
    assert ids(seen_through) == []
    assert not audience.take_withdrawn()
    watch(audience, [[]] * 110, begin_s=6.0)
    assert not audience.take_departed()
    assert audience.take_withdrawn() == ["1.1"]  # what plays had of it does not count
    assert not audience.close()


def test_what_a_person_gave_stays_when_their_path_goes_on_at_a_poster() -> None:
    audience = Audience(CONFIG)
    person, poster = sighting(is_alive=True), sighting(is_picture=True)
    here, gone = watch(audience, [[person]] * 50 + [[poster]] * 60)[49::60]
    assert ids(here) == ["1.1"]
    assert ids(gone) == []
    (visit,) = audience.close()
    assert visit.dwell_s == pytest.approx(4.9)


def test_a_lost_camera_is_not_an_empty_scene() -> None:
    audience = Audience(CONFIG)
    snapshots = watch(audience, [[sighting()]] * 10 + [None] * 5)
    assert [s.observed for s in snapshots] == [True] * 10 + [False] * 5
    assert ids(snapshots[-1]) == ["1.1"]


def test_the_main_viewer_is_the_nearest_of_the_attentive() -> None:
    audience = Audience(CONFIG)
    people = [
        sighting(x=100, height=60, track=1),
        sighting(x=300, height=90, track=2),
        sighting(x=600, height=200, track=3, pose=AWAY),
    ]
    last = watch(audience, [people] * 5)[-1]
    assert last.main is not None
    assert last.main.viewer_id == "1.2"


def test_who_is_hidden_at_this_moment_is_not_the_main_viewer() -> None:
    audience = Audience(CONFIG)
    near, far = sighting(height=200), sighting(x=600, height=60, track=2)
    *_, both, hidden = watch(audience, [[near, far]] * 10 + [[far]])
    assert both.main is not None
    assert both.main.viewer_id == "1.1"
    assert hidden.main is not None
    assert hidden.main.viewer_id == "1.2"
    assert ids(hidden) == ["1.1", "1.2"]


# Where they look


def test_attention_is_the_time_with_the_face_towards_the_screen() -> None:
    viewer = visit(*[sighting(pose=TOWARDS)] * 31, *[sighting(pose=AWAY)] * 20)
    assert viewer.dwell_s == pytest.approx(5.0)
    assert viewer.attention_s == pytest.approx(3.05)  # half of the turn belongs to it
    assert viewer.facing_share == pytest.approx(3.05 / 5.0)
    assert not viewer.attentive
    assert viewer.facing is Facing.TOWARDS  # for most of the visit


@pytest.mark.parametrize("missing", [[], None], ids=["out of sight", "camera lost"])
def test_nobody_knows_where_they_looked_while_they_were_not_seen(missing: Any) -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting()]] * 11 + [missing] * 19 + [[sighting()]] * 11)
    (viewer,) = audience.close()
    assert viewer.dwell_s == pytest.approx(4.0)
    assert viewer.attention_s == pytest.approx(2.0)
    assert viewer.facing_share == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("yaw_deg", "pitch_deg", "attentive"),
    [
        (0, 0, True),
        (29, -24, True),
        (31, 0, False),
        (-31, 0, False),
        (0, 26, False),
        (0, -26, False),
    ],
)
def test_attention_by_head_pose(yaw_deg: float, pitch_deg: float, attentive: bool) -> None:
    around_lens = ScreenPlane(ScreenConfig(camera_up_m=0.0))
    seen = sighting(pose=HeadPose(yaw_deg, pitch_deg, 0.0))
    assert is_attentive(seen, CONFIG, around_lens) is attentive


def test_the_screen_may_be_below_the_camera() -> None:
    below = ScreenPlane(ScreenConfig(camera_up_m=1.0))  # 27 degrees, 2 m away
    for pitch_deg, attentive in ((-50.0, True), (-10.0, True), (20.0, True), (-55.0, False)):
        seen = sighting(pose=HeadPose(0.0, pitch_deg, 0.0))
        assert is_attentive(seen, CONFIG, below) is attentive
    assert not is_attentive(sighting(pose=None), CONFIG, below)


@pytest.mark.parametrize(
    ("gaze", "attentive"),
    [
        ((0.0, -10.0), True),  # the middle of the screen
        ((12.0, -10.0), True),  # its edge
        ((30.0, -10.0), False),
        ((0.0, -45.0), False),  # the telephone in the hand
        ((0.0, 0.0), True),  # the lens
    ],
)
def test_eyes_tell_attention_better_than_the_head(
    gaze: tuple[float, float], attentive: bool
) -> None:
    screen = ScreenPlane(ScreenConfig())
    for pose in (TOWARDS, HeadPose(40.0, 0.0, 0.0)):
        seen = sighting(pose=pose, gaze=Gaze(0.0, *gaze, sd_deg=1.5))
        assert is_attentive(seen, CONFIG, screen) is attentive


# Where the eyes rest


def test_the_point_on_the_screen_gets_surer_while_the_eyes_rest_and_jumps_with_them() -> None:
    audience = Audience(CONFIG)
    looks = [[looking(i / FPS, 0.2)] for i in range(6)] + [[looking(0.6, 0.9)]]
    snapshots = watch(audience, looks)
    points = [viewer.gaze for snapshot in snapshots[2:] for viewer in snapshot.viewers]
    resting, jumped = [p for p in points[:-1] if p], points[-1]
    assert [p.x for p in resting] == pytest.approx([0.2] * 4, abs=1e-6)
    assert all(later.sd_x < one.sd_x for one, later in pairwise(resting))
    assert jumped is not None
    assert jumped.x == pytest.approx(0.9)
    assert jumped.sd_x > resting[-1].sd_x


def test_where_nobody_looked_lately_is_not_known() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[looking(i / FPS, 0.2)] for i in range(6)])
    (viewer,) = watch(audience, [[sighting()]] * 10, begin_s=0.6)[-1].viewers
    assert viewer.gaze is None
    assert viewer.reading is None
    assert viewer.reading_s is None


# Who comes back, and what they wear


def test_who_was_here_before_is_the_same_viewer_on_another_visit() -> None:
    audience = Audience(CONFIG, run="2")
    watch(audience, [[sighting(track=3, earlier_tracks=())]] * 10)
    (first,) = audience.close()
    unknown, known = sighting(track=9), sighting(track=9, earlier_tracks=(3,))
    snapshots = watch(audience, [[unknown]] * 5 + [[known]] * 5 + [[unknown]] * 5, begin_s=60.0)
    before, after = snapshots[4].viewers[0], snapshots[-1].viewers[0]
    assert (first.viewer_id, first.visit_id, first.returning) == ("2.3", "2.3", False)
    assert (before.viewer_id, before.visit_id, before.returning) == ("2.9", "2.9", None)
    assert (after.viewer_id, after.visit_id, after.returning) == ("2.3", "2.9", True)
    assert after.earlier_visits == ("2.3",)
    assert after.dwell_s == pytest.approx(1.4)  # of this visit


def test_a_brand_that_is_found_once_and_never_again_is_not_believed() -> None:
    both: dict[str, float | None] = {"one": 0.8, "other": 0.9}
    again: dict[str, float | None] = {"one": 0.85, "other": 0.0}
    assert wears(both, None, again) == (Logo("one", 0.85),)
    assert wears(None, {"one": 0.8, "other": 0.0}, None) == (Logo("one", 0.8),)


def test_a_search_that_did_not_come_to_a_brand_says_nothing_of_it() -> None:
    found: dict[str, float | None] = {"one": 0.8, "other": None}
    missed: dict[str, float | None] = {"one": None, "other": 0.0}
    assert wears(found, missed, found, missed) == (Logo("one", 0.8),)
    assert wears(missed) is None  # nobody knows of the first
    assert wears(missed, {"one": 0.0, "other": None}) == ()
    assert wears(None) is None


def wears(*searches: dict[str, float | None] | None) -> tuple[Logo, ...] | None:
    return visit(*[sighting(logos=searched) for searched in (*searches, None, None, None)]).logos


def test_what_is_usual_for_a_face_is_its_median_of_the_last_half_minute() -> None:
    frown = [sighting(expression={"smile": 0.4})] * 20
    laugh = [sighting(expression={"smile": 0.9})] * 8
    assert visit(*frown, *laugh).expression_baseline == {"smile": 0.4}
    assert visit(*laugh, *frown * 3).expression_baseline == {"smile": 0.4}


@pytest.mark.parametrize(
    ("seen", "facing"),
    [
        ({"pose": TOWARDS}, Facing.TOWARDS),
        ({"pose": AWAY}, Facing.SIDEWAYS),
        ({"pose": HeadPose(130.0, 0.0, 0.0)}, Facing.AWAY),
        # The head tells more than the shoulders.
        ({"pose": TOWARDS, "body_facing": Facing.SIDEWAYS}, Facing.TOWARDS),
        ({"pose": None, "body_facing": Facing.TOWARDS}, Facing.TOWARDS),
        ({"pose": None, "body_facing": Facing.SIDEWAYS}, Facing.SIDEWAYS),
        ({"pose": None}, None),
        # Without a face to be seen, shoulders towards the screen carry a turned head.
        ({"pose": None, "face_xyxy_px": None, "body_facing": Facing.TOWARDS}, Facing.SIDEWAYS),
        ({"pose": None, "face_xyxy_px": None, "body_facing": Facing.AWAY}, Facing.AWAY),
    ],
)
def test_which_way_somebody_stands(seen: dict[str, Any], facing: Facing | None) -> None:
    viewer = visit(*[sighting(**seen)] * 12)
    assert viewer.facing is facing
    assert viewer.facing_share == pytest.approx(1.0 if facing is Facing.TOWARDS else 0.0)


def test_the_back_of_a_head_is_somebody_who_does_not_watch() -> None:
    back = sighting(pose=None, face_xyxy_px=None, body_xyxy_px=BODY, body_facing=Facing.AWAY)
    viewer = visit(*[back] * 20)
    assert viewer.dwell_s == pytest.approx(1.9)
    assert viewer.attention_s == 0
    assert not viewer.is_watcher
    assert viewer.body_xyxy_px == BODY
    assert viewer.face_xyxy_px is None
    assert viewer.face_px is None
    assert viewer.distance_m == pytest.approx(2.0, abs=0.01)


# What they are and feel


def test_age_and_gender_are_averaged_as_probabilities_and_never_flip() -> None:
    audience = Audience(CONFIG)
    young, old = sighting(traits=traits(30, 0.8)), sighting(traits=traits(50, 0.4))
    snapshots = watch(audience, [[young], [old], [sighting()]] * 10)
    (viewer,) = snapshots[-1].viewers
    assert viewer.female_prob == pytest.approx(0.6)
    assert viewer.age_years == pytest.approx(40.0, abs=0.1)
    assert viewer.age_sd == pytest.approx(np.hypot(10, 4), abs=0.2)  # the doubt stays
    settled = [s.viewers[0].female_prob for s in snapshots[6:]]
    assert all(p is not None and p > 0.5 for p in settled)


def test_a_better_look_tells_more() -> None:
    blurred, clear = traits(60, 0.2, weight=1.0), traits(30, 0.8, weight=3.0)
    viewer = visit(*[sighting(traits=blurred), sighting(traits=clear)] * 5)
    assert viewer.female_prob == pytest.approx((0.2 + 3 * 0.8) / 4)
    assert viewer.age_years == pytest.approx((60 + 3 * 30) / 4, abs=0.1)


def test_a_look_that_tells_one_thing_alone_leaves_the_rest_open() -> None:
    viewer = visit(*[sighting(traits=traits(female=0.7))] * 5)
    assert viewer.female_prob == pytest.approx(0.7)
    assert viewer.age_probs is viewer.mood_probs is None
    viewer = visit(sighting(traits=traits(age=30)), *[sighting(traits=traits(female=0.7))] * 5)
    assert viewer.age_probs == pytest.approx(ages(30))


def test_the_mood_is_that_of_the_last_seconds_and_in_the_end_that_of_the_visit() -> None:
    audience = Audience(CONFIG)
    sad, happy = (
        [[sighting(traits=traits(mood_probs=mood(name)))]] + [[sighting()]] * 9
        for name in ("sad", "happy")
    )
    live = watch(audience, sad * 12 + happy * 8)
    assert told(live[119].viewers[0])["sad"] == pytest.approx(1.0)
    now = told(live[-1].viewers[0])
    assert now["happy"] > 0.9
    assert sum(now.values()) == pytest.approx(1.0)
    (viewer,) = audience.close()
    assert told(viewer)["sad"] == pytest.approx(12 / 20)
    assert told(viewer)["happy"] == pytest.approx(8 / 20)


def told(viewer: Viewer) -> dict[str, float]:
    assert viewer.mood_probs is not None
    return dict(zip(MOODS, viewer.mood_probs.tolist(), strict=True))


def test_the_peak_of_an_expression_outlasts_it() -> None:
    audience = Audience(CONFIG)
    smiles = [0.1, 0.8, 0.3]
    last = watch(audience, [[sighting(expression={"smile": smile})] for smile in smiles])[-1]
    assert last.viewers[0].expression == {"smile": 0.3}
    assert last.viewers[0].expression_peak == {"smile": 0.8}


# Where they go


def test_who_came_and_stayed_has_approached() -> None:
    audience = Audience(CONFIG)
    walk = [6.0 - 0.15 * step for step in range(31)]  # 1.5 m/s, for 3 s
    stand = [walk[-1]] * 80
    snapshots = watch(audience, [[sighting(position_m=(0.0, z))] for z in walk + stand])
    assert snapshots[25].viewers[0].movement is Movement.APPROACHING
    assert snapshots[25].viewers[0].distance_m == pytest.approx(2.25, rel=0.15)
    assert snapshots[-1].viewers[0].movement is Movement.STANDING
    assert snapshots[-1].viewers[0].distance_m == pytest.approx(1.5)
    (viewer,) = audience.close()
    assert viewer.movement is Movement.APPROACHING


def test_who_only_passed_is_said_to_have_passed() -> None:
    walk = [-2.0 + 0.13 * step for step in range(31)]
    assert visit(*[sighting(position_m=(x, 2.5)) for x in walk]).movement is Movement.PASSING_RIGHT


def test_the_record_says_null_for_what_nobody_can_tell() -> None:
    unknown = sighting(pose=None, position_m=None)
    record = visit(*[unknown] * 15).record()
    assert {
        record[key]
        for key in (
            "age_years", "age_sd", "gender", "mood", "movement", "facing", "distance_m",
            "reading_s", "logos", "returning",
        )
    } == {None}  # fmt: skip
    assert record["dwell_s"] == 1.4
    assert record["attention_s"] == 0


def test_the_record_says_what_was_told() -> None:
    seen = sighting(traits=traits(40, 0.25, mood_probs=mood("happy")))
    record = visit(*[seen] * 10).record()
    assert record["gender"] == {"female": 0.25, "male": 0.75}
    assert record["mood"] == {name: float(name == "happy") for name in MOODS}
    assert record["age_years"] == pytest.approx(40, abs=0.1)
    assert (record["movement"], record["facing"], record["facing_share"]) == (
        "standing", "towards", 1.0,
    )  # fmt: skip
    assert (record["distance_m"], record["face_px"]) == (2.0, 100)


# Who reads


def lines(seconds: float, begin_s: float = 0.0, sd_deg: float = 1.0) -> list[Sighting]:
    times = [begin_s + i / 15 for i in range(round(15 * seconds))]
    return [looking(t_s, *TEXT[int(5 * t_s) % len(TEXT)], sd_deg=sd_deg) for t_s in times]


def read_by(*sightings: Sighting) -> list[Viewer]:
    """The one viewer, frame by frame, at 15 a second."""
    audience = open_audience(defaults())
    return [
        viewer
        for index, each in enumerate(sightings)
        for viewer in audience.update(frame(index / 15), [each]).viewers
    ]


def test_who_reads_is_told_with_the_place_and_for_how_long() -> None:
    *_, last = read_by(*lines(8.0))
    assert last.reading
    assert last.reading_s is not None
    assert 5.0 < last.reading_s < 8.0
    assert last.reading_region is not None
    left, top, right, bottom = last.reading_region
    assert (left, right) == pytest.approx((0.25, 0.7), abs=0.1)
    assert 0.3 < top < bottom < 0.7


def test_who_turns_away_reads_no_more() -> None:
    *_, last = read_by(*lines(6.0), *[sighting(pose=AWAY)] * 15)
    assert last.reading is False
    assert last.reading_region is None
    assert last.reading_s is not None
    assert last.reading_s > 3.0


def test_whether_somebody_reads_whose_eyes_cannot_be_told_is_not_known() -> None:
    assert {viewer.reading for viewer in read_by(*[sighting()] * 60)} == {None}
    assert read_by(*[sighting()] * 60)[-1].reading_s is None
    lost = read_by(*lines(6.0), *[sighting()] * 40)
    assert lost[-1].reading is None
    assert lost[-1].reading_s is not None


def test_eyes_told_too_badly_are_no_guess() -> None:
    assert {viewer.reading for viewer in read_by(*lines(6.0, sd_deg=9.0))} == {None}


def test_with_its_switch_off_nobody_reads_and_the_rest_goes_on() -> None:
    config = defaults(audience=AudienceConfig(reading=False))
    audience = open_audience(config)
    for index, each in enumerate(lines(6.0)):
        snapshot = audience.update(frame(index / 15), [each])
    (viewer,) = snapshot.viewers
    assert (viewer.reading, viewer.reading_s) == (None, None)
    assert viewer.gaze is not None
    assert (viewer.attention_s or 0) > 5


def test_who_reads_a_telephone_below_the_screen_does_not_read_the_screen() -> None:
    below = [(x, y + 4.0) for x, y in TEXT]
    times = [i / 15 for i in range(120)]
    seen = [looking(t_s, *below[int(5 * t_s) % len(below)], sd_deg=1.0) for t_s in times]
    viewers = read_by(*seen)
    assert not any(viewer.reading for viewer in viewers)
    assert viewers[-1].attention_s == 0


@pytest.mark.parametrize(("width_m", "height_m"), [(0.95, 0.54), (0.54, 0.95)])
def test_who_stares_does_not_read_on_a_screen_of_any_shape(width_m: float, height_m: float) -> None:
    screen = ScreenConfig(width_m=width_m, height_m=height_m, camera_up_m=height_m / 2 + 0.05)
    audience = open_audience(defaults(screen=screen))
    rng = np.random.default_rng(0)
    told = []
    for index in range(300):
        yaw_deg, pitch_deg = ScreenPlane(screen).angles_to(sighting(), 0.5, 0.5)
        off = rng.normal(0, 1.0, 2).tolist()
        gaze = Gaze(index / 15, yaw_deg + off[0], pitch_deg + off[1], sd_deg=1.0)
        snapshot = audience.update(frame(index / 15), [sighting(gaze=gaze)])
        told += [viewer.reading for viewer in snapshot.viewers]
    assert sum(reads is True for reads in told) < 0.1 * len(told)


def test_a_correction_that_enlarges_the_look_enlarges_its_doubt() -> None:
    twice = ScreenConfig(gaze_correction=((0.0, 2.0, 0.0), (0.0, 0.0, 1.0)))
    seen = sighting(gaze=Gaze(0.0, 0.0, -5.0, 1.0))
    plain, bent = (ScreenPlane(config).point(seen) for config in (ScreenConfig(), twice))
    assert plain is not None
    assert bent is not None
    assert (bent.sd_x, bent.sd_y) == pytest.approx((2 * plain.sd_x, plain.sd_y))


def test_a_track_that_goes_on_after_its_visit_ended_is_the_same_person_on_another() -> None:
    audience = Audience(CONFIG, run="3")
    for begin_s in (0.0, 60.0, 120.0):
        watch(audience, [[sighting(track=4)]] * 10, begin_s)
        audience.update(frame(begin_s + 30), [])
    visits = audience.close()
    assert [visit.visit_id for visit in visits] == ["3.4", "3.4-2", "3.4-3"]
    assert {visit.viewer_id for visit in visits} == {"3.4"}
    assert visits[-1].earlier_visits == ("3.4", "3.4-2")
    assert {visit.returning for visit in visits} == {None}  # no face was recognised


def test_while_the_head_turns_it_is_not_known_who_reads() -> None:
    still = lines(6.0)
    turning = [
        replace(seen, head_pose=HeadPose(12 * float(np.sin(2 * index / 15)), 0.0, 0.0))
        for index, seen in enumerate(lines(4.0, begin_s=6.0))
    ]
    viewers = read_by(*still, *turning)
    assert viewers[len(still) - 10].reading
    assert {viewer.reading for viewer in viewers[-40:]} == {None}


def test_nobody_looks_in_the_time_that_they_are_only_said_to_be_there() -> None:
    """Attention ends where dwell time ends: what comes after is a guess."""
    audience = Audience(AudienceConfig())
    for step in range(41):
        t_s = step / 10
        audience.update(frame(t_s), [sighting(missed_s=max(0.0, t_s - 3.0))])
    (left,) = audience.close()
    assert left.dwell_s == pytest.approx(3.0)
    assert left.attention_s == pytest.approx(3.0)
    again = Audience(AudienceConfig())
    for step in range(41):
        t_s = step / 10
        lost_s = t_s - 2.0 if 2.0 < t_s < 2.5 else 0.0
        again.update(frame(t_s), [sighting(pose=AWAY if t_s < 1 else TOWARDS, missed_s=lost_s)])
    (stayed,) = again.close()
    assert stayed.dwell_s == pytest.approx(4.0)
    assert stayed.attention_s == pytest.approx(3.05)


def test_a_stall_belongs_to_nobody() -> None:
    """Somebody stands there, the pictures stop for 25 seconds, and they still stand there."""
    audience = Audience(CONFIG)
    for step in range(20):
        audience.update(frame(step / 10), [sighting()])
    after = [audience.update(frame(27 + step / 10), [sighting()]) for step in range(20)][-1]
    (gone,) = audience.take_departed()
    assert gone.dwell_s == pytest.approx(1.9)
    (viewer,) = after.viewers
    assert viewer.viewer_id == gone.viewer_id  # the same person, and another visit
    assert viewer.visit_id != gone.visit_id
    assert viewer.dwell_s == pytest.approx(1.9)
    assert (viewer.attention_s or 0) <= viewer.dwell_s


def test_a_short_gap_counts_for_the_stay_and_not_for_what_was_done_in_it() -> None:
    audience = Audience(CONFIG)
    places = [(0.0, 3.0), (0.0, 2.9), (0.0, 2.8), (0.0, 2.7), (0.0, 2.6)]
    for step, place in enumerate(places):
        audience.update(frame(step / 10), [sighting(position_m=place)])
    for step in range(10):  # two seconds later they stand still
        audience.update(frame(2.4 + step / 10), [sighting(position_m=(0.0, 2.6))])
    visit = audience.close()[0]
    assert visit.dwell_s == pytest.approx(3.3)
    assert (visit.attention_s or 0) < 1.4
    assert visit.movement is Movement.STANDING  # less than half a metre is none


def test_the_first_moment_after_a_fault_is_unknown_too() -> None:
    """Nobody is believed to be there at once: until then nobody knows that nobody is."""
    audience = Audience(CONFIG)
    audience.update(frame(0.0), [sighting()])
    audience.update(replace(frame(1.0), fault="black"), None)
    first = audience.update(frame(1.1), [])
    later = audience.update(frame(1.1 + CONFIG.confirm_after_s), [])
    assert (first.observed, first.fault) == (False, "black")
    assert (later.observed, later.fault) == (True, None)
