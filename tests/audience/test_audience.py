"""Who is who over time, and how long they looked."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from signage.audience.audience import Audience, is_attentive
from signage.config import AudienceConfig
from signage.types import AudienceSnapshot, HeadPose, Sighting
from tests.builders import AWAY, TOWARDS, ages, frame, sighting

CONFIG = AudienceConfig()
FPS = 10


def watch(
    audience: Audience, frames: Iterable[list[Sighting] | None], begin_s: float = 0.0
) -> list[AudienceSnapshot]:
    return [
        audience.update(frame(begin_s + index / FPS), sightings)
        for index, sightings in enumerate(frames)
    ]


def ids(snapshot: AudienceSnapshot) -> list[str]:
    return [viewer.viewer_id for viewer in snapshot.viewers]


def test_a_missed_second_is_the_same_person() -> None:
    audience = Audience(CONFIG)
    snapshots = watch(audience, [[sighting()]] * 10 + [[]] * 10 + [[sighting(x=330)]] * 10)
    assert {viewer for s in snapshots for viewer in ids(s)} == {"1.1"}
    assert snapshots[-1].viewers[0].dwell_s == pytest.approx(2.9)
    assert not audience.take_departed()


def test_who_was_away_for_longer_is_somebody_new() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting()]] * 10 + [[]] * 20 + [[sighting()]] * 10)
    assert [viewer.viewer_id for viewer in audience.take_departed()] == ["1.1"]
    assert [viewer.viewer_id for viewer in audience.close()] == ["1.2"]


def test_a_walk_across_the_picture_is_one_person() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting(x=100 + 20 * step)] for step in range(40)])
    assert len(audience.close()) == 1


def test_two_people_stay_apart_in_whatever_order_they_are_found() -> None:
    audience = Audience(CONFIG)
    left, right = sighting(x=200), sighting(x=420)
    snapshots = watch(audience, [[left, right], [right, left]] * 10)
    boxes = {v.viewer_id: v.box_xyxy_px for v in snapshots[-1].viewers}
    assert boxes == {"1.1": left.box_xyxy_px, "1.2": right.box_xyxy_px}


def test_two_people_who_pass_each_other_do_not_swap() -> None:
    audience = Audience(CONFIG)
    frames = [
        [sighting(x=100 + 15 * step, y=200), sighting(x=700 - 15 * step, y=240, height=120)]
        for step in range(40)
    ]
    last = watch(audience, frames)[-1]
    xs = {v.viewer_id: v.box_xyxy_px[0] for v in last.viewers}
    assert len(xs) == 2
    assert xs["1.1"] > xs["1.2"]


def test_a_face_of_another_size_in_the_same_place_is_another_person() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting(height=100)]] * 10 + [[sighting(height=220)]] * 10)
    assert len(audience.close()) == 2


def test_a_flicker_is_no_viewer() -> None:
    audience = Audience(CONFIG)
    snapshots = watch(audience, [[sighting()], [sighting()]] + [[]] * 30)
    assert not any(s.viewers for s in snapshots)
    assert not audience.close()


def test_attention_is_the_time_with_the_face_towards_the_screen() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting(pose=TOWARDS)]] * 31 + [[sighting(pose=AWAY)]] * 20)
    (viewer,) = audience.close()
    assert viewer.dwell_s == pytest.approx(5.0)
    assert viewer.attention_s == pytest.approx(3.05)  # half of the turn belongs to it
    assert viewer.facing_share == pytest.approx(31 / 51)


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
    assert is_attentive(HeadPose(yaw_deg, pitch_deg, 0.0), CONFIG) is attentive


def test_the_screen_may_be_below_the_camera() -> None:
    below = AudienceConfig(screen_pitch_deg=-20.0)
    assert is_attentive(HeadPose(0.0, -40.0, 0.0), below)
    assert not is_attentive(HeadPose(0.0, 10.0, 0.0), below)
    assert not is_attentive(None, below)


def test_age_and_gender_are_averaged_as_probabilities_and_never_flip() -> None:
    audience = Audience(CONFIG)
    young, old = (
        sighting(age_probs=ages(mean), female_prob=female)
        for mean, female in ((30.0, 0.8), (50.0, 0.4))
    )
    snapshots = watch(audience, [[young], [old], [sighting()]] * 10)
    (viewer,) = snapshots[-1].viewers
    assert viewer.female_prob == pytest.approx(0.6)
    assert viewer.age_years == pytest.approx(40.0, abs=0.1)
    assert viewer.age_sd == pytest.approx(np.hypot(10, 4), abs=0.2)  # the doubt stays
    settled = [s.viewers[0].female_prob for s in snapshots[6:]]
    assert all(p is not None and p > 0.5 for p in settled)


def test_a_larger_face_tells_more() -> None:
    audience = Audience(CONFIG)
    far, near = sighting(height=50, female_prob=0.2), sighting(height=75, female_prob=0.8)
    watch(audience, [[far], [near]] * 10)
    (viewer,) = audience.close()
    assert viewer.female_prob == pytest.approx((50 * 0.2 + 75 * 0.8) / 125)


def test_a_lost_camera_is_not_an_empty_scene() -> None:
    audience = Audience(CONFIG)
    snapshots = watch(audience, [[sighting()]] * 10 + [None] * 5)
    assert [s.observed for s in snapshots] == [True] * 10 + [False] * 5
    assert ids(snapshots[-1]) == ["1.1"]


def test_the_main_viewer_is_the_nearest_of_the_attentive() -> None:
    audience = Audience(CONFIG)
    people = [
        sighting(x=100, height=60),
        sighting(x=300, height=90),
        sighting(x=600, height=200, pose=AWAY),
    ]
    last = watch(audience, [people] * 5)[-1]
    assert last.main is not None
    assert last.main.viewer_id == "1.2"


def test_the_record_says_null_for_what_nobody_can_tell() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting()]] * 5)
    record = audience.close()[0].record()
    assert record["age_years"] is record["age_sd"] is record["gender"] is None
    assert record["dwell_s"] == 0.4
