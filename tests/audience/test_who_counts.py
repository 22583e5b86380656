"""Who is a visit, and who is not: flickers, traffic, joined tracks, and more people than fit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from signage.audience.audience import Audience
from signage.config.audience import AudienceConfig
from signage.types.audience import AudienceSnapshot, JoinedVisit
from signage.types.vision import Facing, Sighting
from tests.support.builders import AWAY, frame, sighting, traits

CONFIG, EVERYWHERE = AudienceConfig(), AudienceConfig(range_m=0.0)
FPS = 10
BODY = (260.0, 150.0, 380.0, 590.0)


def watch(
    audience: Audience, frames: Iterable[list[Sighting]], begin_s: float = 0.0
) -> list[AudienceSnapshot]:
    return [audience.update(frame(begin_s + i / FPS), seen) for i, seen in enumerate(frames)]


def back(**more: Any) -> Sighting:
    values: dict[str, Any] = {"pose": None, "face_xyxy_px": None, "body_xyxy_px": BODY}
    return sighting(**(values | {"body_facing": Facing.AWAY} | more))


def at(distance_m: float, **more: Any) -> Sighting:
    return sighting(height=200 / distance_m, **more)


# Flickers


def test_a_clear_near_face_is_a_viewer_after_a_fifth_of_a_second() -> None:
    snapshots = watch(Audience(CONFIG), [[sighting()]] * 4)
    assert [len(s.viewers) for s in snapshots] == [0, 0, 1, 1]


@pytest.mark.parametrize(
    "doubtful",
    [back(), sighting(height=17), sighting(pose=None), sighting(height=40)],
    ids=["a body alone", "a small face", "a face without features", "a far face"],
)
def test_one_doubtful_kind_of_detection_is_a_visit_after_a_second(doubtful: Sighting) -> None:
    flicker = Audience(EVERYWHERE)
    assert not any(s.viewers for s in watch(flicker, [[doubtful]] * 9 + [[]] * 120))
    assert not flicker.take_departed()
    assert not flicker.take_withdrawn()
    longer = Audience(EVERYWHERE)
    assert watch(longer, [[doubtful]] * 12)[-1].viewers
    assert len(longer.close()) == 1


def test_a_small_face_on_a_body_takes_half_a_second() -> None:
    snapshots = watch(Audience(EVERYWHERE), [[sighting(height=20, body_xyxy_px=BODY)]] * 7)
    assert [len(s.viewers) for s in snapshots] == [0] * 5 + [1, 1]


def test_who_was_shown_to_the_engine_becomes_a_visit() -> None:
    audience = Audience(CONFIG)
    shown = {
        viewer.visit_id
        for snapshot in watch(audience, [[sighting(), back(track=2)]] * 5 + [[back(track=2)]] * 3)
        for viewer in snapshot.viewers
    }
    assert {viewer.visit_id for viewer in audience.close()} == shown == {"1.1"}


# Near and far


def test_who_stays_beyond_the_range_is_traffic_and_no_opportunity_to_see() -> None:
    audience = Audience(CONFIG)
    near, far = at(3.0), at(10.0, track=2, position_m=(0.0, 10.0))
    snapshot = watch(audience, [[near, far]] * 30)[-1]
    assert [viewer.visit_id for viewer in snapshot.viewers] == ["1.1"]
    assert (snapshot.traffic, snapshot.passed) == (1, 0)
    snapshot = watch(audience, [[near]] * 120, begin_s=3.0)[-1]
    assert (snapshot.traffic, snapshot.passed) == (0, 1)
    assert [viewer.visit_id for viewer in audience.close()] == ["1.1"]


def test_who_comes_into_range_counts_with_the_whole_visit() -> None:
    audience = Audience(CONFIG)
    walk = [[at(10 - 0.1 * i, position_m=(0.0, 10 - 0.1 * i))] for i in range(80)]
    watch(audience, walk)
    (viewer,) = audience.close()
    assert viewer.dwell_s == pytest.approx(7.9)
    assert audience.passed == 0


def test_without_a_limit_everybody_counts() -> None:
    audience = Audience(AudienceConfig(range_m=0.0))
    watch(audience, [[at(30.0, position_m=(0.0, 30.0))]] * 20)
    assert len(audience.close()) == 1


def test_who_stands_nowhere_is_not_beyond_the_range() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[back(position_m=None)]] * 20)
    assert len(audience.close()) == 1


def test_how_many_more_there_are_than_are_followed_is_passed_on() -> None:
    assert Audience(CONFIG).update(frame(0.0), [sighting()], unfollowed=4).unfollowed == 4


# Joined tracks


def test_a_joined_track_goes_on_with_the_visit_of_the_other() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting(track=2)]] * 21)
    watch(audience, [[]] * 19, begin_s=2.1)  # behind somebody
    unknown, known = sighting(track=5), sighting(track=5, joined=(2,))
    apart = watch(audience, [[unknown]] * 10, begin_s=4.0)[-1]
    assert [viewer.visit_id for viewer in apart.viewers] == ["1.2", "1.5"]
    together = watch(audience, [[known]] * 11, begin_s=5.0)[-1]
    assert [viewer.visit_id for viewer in together.viewers] == ["1.2"]
    assert audience.take_joined() == [JoinedVisit("1.5", "1.2", "1.2")]
    (viewer,) = audience.close()
    assert viewer.visit_id == viewer.viewer_id == "1.2"
    assert viewer.dwell_s == pytest.approx(6.0)
    assert viewer.attention_s == pytest.approx(2.0 + 2.0)  # not of the time between
    assert viewer.returning is None
    assert not viewer.earlier_visits


def test_a_track_that_is_joined_from_its_first_moment_begins_no_visit() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting(track=2)]] * 20)
    snapshot = watch(audience, [[sighting(track=5, joined=(2,))]] * 20, begin_s=4.0)[-1]
    assert [viewer.visit_id for viewer in snapshot.viewers] == ["1.2"]
    assert not audience.take_joined()
    assert len(audience.close()) == 1


def test_within_ten_seconds_the_same_track_continues_its_visit() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting()]] * 20)
    assert not watch(audience, [[]] * 60, begin_s=2.0)[-1].viewers
    watch(audience, [[sighting()]] * 20, begin_s=9.0)
    (viewer,) = audience.close()
    assert viewer.visit_id == "1.1"
    assert viewer.dwell_s == pytest.approx(10.9)


def test_who_was_taken_for_somebody_who_comes_back_has_not_been_here_before() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting(track=2, earlier_tracks=())]] * 20)
    returned = sighting(track=5, earlier_tracks=(2,))
    (before,) = watch(audience, [[returned]] * 5, begin_s=5.1)[-1].viewers
    assert before.returning
    joined = sighting(track=5, earlier_tracks=(2,), joined=(2,))
    (after,) = watch(audience, [[joined]] * 5, begin_s=5.6)[-1].viewers
    assert (after.returning, after.earlier_visits) == (False, ())


def test_a_later_visit_of_a_joined_track_names_the_visit_that_there_was() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting(track=2)]] * 10)
    watch(audience, [[sighting(track=5, joined=(2,))]] * 10, begin_s=1.0)
    audience.close()
    later = sighting(track=9, earlier_tracks=(2, 5))
    (viewer,) = watch(audience, [[later]] * 5, begin_s=60.0)[-1].viewers
    assert viewer.earlier_visits == ("1.2",)


def test_of_two_tracks_of_one_person_at_one_time_no_second_counts_twice() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting(track=2), sighting(track=5, x=310)]] * 21)
    both = [sighting(track=2), sighting(track=5, x=310, joined=(2,))]
    watch(audience, [both] * 10, begin_s=2.1)
    (viewer,) = audience.close()
    assert viewer.dwell_s == pytest.approx(3.0)
    assert viewer.attention_s == pytest.approx(3.0)


def test_of_three_joined_tracks_the_first_visit_stays() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting(track=1)]] * 10)
    watch(audience, [[sighting(track=2)]] * 10, begin_s=1.0)
    watch(audience, [[sighting(track=3, joined=(2,))]] * 10, begin_s=2.0)
    watch(audience, [[sighting(track=3, joined=(1, 2))]] * 10, begin_s=3.0)
    assert [each.visit_id for each in audience.take_joined()] == ["1.2"]
    (viewer,) = audience.close()
    assert (viewer.visit_id, viewer.first_seen_s) == ("1.1", 0.0)


def test_what_joined_tracks_told_is_told_of_one_person() -> None:
    audience = Audience(CONFIG)
    watch(audience, [[sighting(track=1, traits=traits(30, 0.9), pose=AWAY)]] * 10)
    watch(audience, [[sighting(track=2, joined=(1,), traits=traits(50, 0.7))]] * 10, begin_s=1.0)
    (viewer,) = audience.close()
    assert viewer.female_prob == pytest.approx(0.8)
    assert viewer.age_years == pytest.approx(40.0, abs=0.2)


# Whether looks agree


def test_looks_at_one_person_agree_and_those_at_two_do_not() -> None:
    def agreement(*looks: Sighting) -> float | None:
        audience = Audience(CONFIG)
        watch(audience, [[each] for each in looks])
        (viewer,) = audience.close()
        return viewer.traits_agreement

    man, woman = sighting(traits=traits(60, 0.1)), sighting(traits=traits(25, 0.9))
    assert agreement(*[man] * 10) == 1.0
    assert agreement(*[man] * 15, *[woman] * 5) == pytest.approx(0.75)
    assert agreement(*[sighting()] * 10) is None
