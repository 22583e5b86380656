"""Seconds are a play's from its confirmed start to its confirmed end, whatever the frames."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signage.config.reward import RewardConfig
from signage.recommend.course import Course, Courses
from signage.recommend.reward import PlayTally
from signage.types.audience import AudienceSnapshot
from signage.types.rewards import Impression, Reward, ShortStay
from tests.support.builders import snapshot, utc, viewer

CONFIG = RewardConfig()


def seen(t_s: float, *, since_s: float = 0.0, looks: float = 1.0) -> AudienceSnapshot:
    """Somebody who came at ``since_s`` and looks for that share of the time."""
    there_s = t_s - since_s
    told = viewer(first_seen_s=since_s, dwell_s=there_s, attention_s=looks * there_s)
    return snapshot(replace(told, last_seen_s=t_s, reading_s=looks * there_s / 2), t_s=t_s)


def plays(*bounds_s: float, step_s: float = 0.25, until_s: float = 30.0) -> list[Reward]:
    """Plays that follow each other at ``bounds_s``, before somebody who never leaves."""
    courses, tally, rewards = Courses(), None, []
    ahead = list(bounds_s)
    for number in range(1, round(until_s / step_s) + 1):
        audience = seen(number * step_s)
        courses.update(audience)
        if tally is not None:
            tally.update(audience)
        while ahead and ahead[0] <= audience.t_s:
            bound_s = ahead.pop(0)
            if tally is not None:
                rewards.append(tally.close(audience, CONFIG, bound_s))
            tally = PlayTally(f"screen-{bound_s}", bound_s, audience, courses)
    return rewards


def test_what_is_given_between_two_frames_is_divided_where_the_play_ends() -> None:
    first, second = plays(2.1, 10.013, 15.0)
    (one,), (other,) = first.impressions, second.impressions
    assert (one.present_s, one.attention_s) == (7.913, 7.913)
    assert one.reading_s == pytest.approx(7.913 / 2, abs=0.001)
    assert (other.present_s, other.attention_s) == (4.987, 4.987)
    assert one.present_s + other.present_s == pytest.approx(15.0 - 2.1)


def test_a_start_that_is_told_late_has_what_was_given_since() -> None:
    courses = Courses()
    for number in range(1, 41):
        courses.update(seen(number * 0.25))
    tally = PlayTally("screen-1", 3.1, seen(10.0), courses)
    (impression,) = tally.close(seen(10.25), CONFIG, 9.6).impressions
    assert impression.present_s == 6.5


@given(
    bounds=st.lists(st.floats(0.3, 29.0), min_size=3, max_size=12, unique=True).map(sorted),
    step=st.sampled_from([0.04, 0.25, 1.0]),
)
def test_the_plays_of_a_visit_never_add_up_to_more_than_the_visit(
    bounds: list[float], step: float
) -> None:
    total = 0
    for reward in plays(*bounds, step_s=step):
        shown_s = reward.parts["length_s"]
        stays: list[Impression | ShortStay] = [*reward.impressions, *reward.short_stays]
        for stay in stays:
            assert 0 <= (stay.attention_s or 0) <= stay.present_s <= shown_s
            total += round(1000 * stay.present_s)
    assert total <= round(1000 * (bounds[-1] - bounds[0])) + 1


def test_a_stay_that_is_too_short_to_count_keeps_its_seconds() -> None:
    tally = PlayTally("screen-1", 10.0, snapshot(t_s=10.0))
    tally.update(seen(12.5, since_s=12.0))
    reward = tally.close(seen(12.6, since_s=12.0), CONFIG, 12.6)
    assert (reward.value, reward.impressions) == (None, ())
    (stay,) = reward.short_stays
    assert (stay.visit_id, stay.present_s, stay.attention_s) == ("1.1", 0.6, 0.6)


def test_more_is_read_for_no_longer_than_it_was_open_and_by_who_counts() -> None:
    tally = PlayTally("screen-1", 0.0, seen(0.25))
    tally.update(seen(4.0))
    tally.unfold("reading", 4.05, utc(4.05))
    tally.update(seen(4.25))
    reward = tally.close(seen(8.0), CONFIG, 4.1)
    (unfolding,) = reward.unfoldings
    assert unfolding.open_s == 0.05
    assert 0 < unfolding.read_s <= 0.05
    tally = PlayTally("screen-1", 4.0, seen(4.25))
    tally.unfold("approach", 4.1, utc(4.1))
    reward = tally.close(seen(5.0), CONFIG, 4.5)
    assert reward.impressions == ()
    assert reward.unfoldings[0].read_s == 0.0


def test_a_blind_camera_is_named_and_counted_only_within_the_play() -> None:
    tally = PlayTally("screen-1", 0.5, snapshot(t_s=1.0))
    for t_s in (2.0, 3.0, 4.0, 20.0):
        tally.update(replace(snapshot(t_s=t_s, observed=False), fault="black"))
    reward = tally.close(snapshot(t_s=21.0), CONFIG, 4.5)
    assert reward.parts["blind_s"] == 3.5
    assert (reward.parts["absent"], reward.parts["camera"]) == ("camera_lost", "black")


def test_a_very_long_play_keeps_its_totals_exact() -> None:
    course = Course()
    for number in range(50_000):
        course.add_totals(number / 10, number / 10, number / 20, None)
    told = course.between(100.0, 4_900.0)
    assert (told.present_s, told.attention_s, told.reading_s) == (4800.0, 2400.0, None)
    assert len(course._times_s) < 10_000
