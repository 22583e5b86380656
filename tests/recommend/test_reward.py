"""What a play gets, from what its witnesses did."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signage.config.reward import RewardConfig
from signage.recommend.reward import PlayTally
from signage.types.audience import Viewer
from signage.types.rewards import Reward
from tests.support.builders import snapshot, viewer

CONFIG = RewardConfig()


def play(
    *courses: tuple[Viewer, Viewer | None], length_s: float = 8.0, blind: bool = False
) -> Reward:
    """A play seen by people as they were at its start and at its end; None: left."""
    tally = PlayTally("screen-1", 10.0, snapshot(*(v for v, _ in courses), t_s=10.0))
    middle = [end or start for start, end in courses]
    tally.update(snapshot(*middle, t_s=10 + length_s / 2, observed=not blind))
    at_end = [end for _, end in courses if end is not None]
    return tally.close(snapshot(*at_end, t_s=10 + length_s, observed=not blind), CONFIG)


def course(looked_s: float, of_s: float = 8.0, smile: float = 0.1) -> tuple[Viewer, Viewer]:
    start = viewer(dwell_s=5.0, attention_s=3.0)
    expression = {"smile": smile}
    end = replace(start, dwell_s=5.0 + of_s, attention_s=3.0 + looked_s, expression=expression)
    return start, end


def test_undivided_attention_earns_most_of_it_and_leaves_room_for_a_smile() -> None:
    neutral, smiled = play(course(8.0)).value, play(course(8.0, smile=0.9)).value
    assert neutral == pytest.approx(1 - 0.3**1.2, abs=1e-5)
    assert neutral is not None
    assert smiled is not None
    assert 0.76 < neutral < smiled < 1


def test_no_look_is_zero_whatever_else_happens() -> None:
    reward = play(course(0.0, smile=0.9))
    assert reward.value == 0.0
    assert reward.parts["stayed"] == 1.0


def test_nobody_there_is_no_reward() -> None:
    reward = play()
    assert reward.value is None
    assert reward.parts["absent"] == "nobody_present"


def test_a_glimpse_is_no_opportunity() -> None:
    assert play(course(0.5, of_s=0.9)).value is None


def test_a_lost_camera_is_no_zero() -> None:
    reward = play(course(0.0), blind=True)
    assert reward.value is None
    assert reward.parts["absent"] == "camera_lost"


def test_only_what_happened_during_the_play_counts() -> None:
    assert play(course(2.0)).parts["attention"] == 0.25


def test_staying_and_smiling_raise_it() -> None:
    start, end = course(2.0)
    left = play((start, end), (viewer("1.2"), None))
    stayed, smiled = play(course(2.0)), play(course(2.0, smile=0.8))
    assert stayed.value is not None
    assert smiled.value is not None
    assert stayed.value == pytest.approx(1 - 0.825**1.2, abs=1e-5)
    assert smiled.value == pytest.approx(1 - 0.825 ** (1.2 + 0.5 * 0.7), abs=1e-5)
    assert left.parts["stayed"] == 1.0  # the one who left was there for no time at all


def test_everybody_counts_by_their_time() -> None:
    start, end = course(8.0)
    start_2, end_2 = (replace(each, viewer_id="1.2", visit_id="1.2") for each in (start, end))
    other = start_2, replace(end_2, attention_s=3.0)
    reward = play((start, end), other)
    assert reward.parts["attention"] == 0.5
    assert {i.viewer_id: i.attention_s for i in reward.impressions} == {"1.1": 8.0, "1.2": 0.0}


def test_who_comes_during_the_play_counts_from_when_they_came() -> None:
    tally = PlayTally("screen-1", 10.0, snapshot(t_s=10.0))
    late = viewer(first_seen_s=14.0, dwell_s=0.3, attention_s=0.3, last_seen_s=14.3)
    tally.update(snapshot(late, t_s=14.3))
    reward = tally.close(
        snapshot(replace(late, dwell_s=4.0, attention_s=1.0, last_seen_s=18.0), t_s=18.0), CONFIG
    )
    assert (reward.parts["attention_s"], reward.parts["possible_s"]) == (1.0, 4.0)


def test_who_is_won_by_a_look_when_nobody_watched_is_not_asked_to_hold() -> None:
    """Passing for four seconds and looking for one of them: all that could be had."""
    passing = viewer(attentive=False, dwell_s=0.2, attention_s=0.0)
    looked = replace(passing, dwell_s=4.2, attention_s=1.0)
    won, missed = play((passing, looked)), play((passing, replace(looked, attention_s=0.0)))
    glanced = play((passing, replace(looked, attention_s=0.5)))
    assert (won.parts["state"], won.parts["attention"]) == ("attract", 1.0)
    assert glanced.parts["attention"] == 0.5
    assert missed.value == 0.0
    watching = play((replace(passing, attentive=True), looked))
    assert (watching.parts["state"], watching.parts["attention"]) == ("hold", 0.25)


def test_reading_raises_it_by_its_share_of_the_attention() -> None:
    start, end = course(4.0)
    reading = play((replace(start, reading_s=1.0), replace(end, reading_s=3.0)))
    assert reading.parts["reading"] == 0.5
    assert reading.value == pytest.approx(1 - (1 - 0.35) ** (1.2 + 0.5 * 0.5), abs=1e-5)
    assert play(course(4.0)).parts["reading"] == 0.0


def test_a_bad_reaction_lowers_it_but_more_attention_is_always_more() -> None:
    start, end = course(2.0)
    frowning = replace(end, expression={"frown": 1.0})
    values = [play((start, end)).value, play((start, frowning)).value]
    assert values[0] is not None
    assert values[1] is not None
    assert 0 < values[1] < values[0]
    start, end = course(4.0)
    more = play((start, replace(end, expression={"frown": 1.0}))).value
    assert more is not None
    assert more > values[1]


def test_without_its_weight_a_reaction_counts_for_nothing() -> None:
    start, end = course(4.0, smile=0.9)
    tally = PlayTally("screen-1", 10.0, snapshot(start, t_s=10.0))
    reward = tally.close(snapshot(end, t_s=18.0), RewardConfig(reaction=0.0))
    assert reward.value == play(course(4.0)).value
    assert reward.parts["reaction"] > 0
