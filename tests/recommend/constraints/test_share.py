"""Share of voice: what was sold is given, and no more is taken from the policy than that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signage.content.catalogue import MOST_PROMISED
from signage.recommend.constraints.share import Promise, explored, lifted, limit, within_budget
from signage.recommend.policies.base import Answer
from signage.types.arrays import Floats
from signage.types.decisions import Decision
from tests.support.builders import viewer
from tests.support.playing import Playing, Weighing

ADULT, CHILD = viewer("1.1", age=50), viewer("1.2", age=9)
WINDOW = 200


def shares(shown: Sequence[Decision], name: str, window: int = WINDOW) -> Floats:
    """The share of every full window."""
    total = np.cumsum([0] + [decision.content_id == name for decision in shown])
    return np.asarray((total[window:] - total[:-window]) / window)


def long_run(
    contents: dict[str, dict[str, Any]], policy: Weighing, *, plays: int = 1500, **more: Any
) -> list[Decision]:
    """Before an audience that comes and goes at random."""
    rng = np.random.default_rng(7)
    on = Playing(contents, policy, **more)
    people = [viewer(f"1.{n}", age=age) for n, age in enumerate((50, 33, 9, None))]
    return [on.play(*(p for p in people if rng.random() < 0.3)) for _ in range(plays)]


def others(count: int = 4) -> dict[str, dict[str, Any]]:
    return {f"other{number}": {} for number in range(count)}


@pytest.mark.parametrize("share_min", [0.05, 0.2, 0.5])
@pytest.mark.parametrize("weight", [0.001, 1.0], ids=["hated", "indifferent"])
def test_a_promised_share_is_kept_within_two_percent(share_min: float, weight: float) -> None:
    shown = long_run({"sold": {"share_min": share_min}} | others(), Weighing(sold=weight))
    had = shares(shown, "sold")
    assert had.min() >= share_min - 0.02
    if weight < 1 or share_min > 0.2:
        assert had.max() <= share_min + 0.02
    assert min(min(decision.eligible.values()) for decision in shown) > 0


def test_a_policy_that_likes_it_is_left_alone() -> None:
    """Indifferent between five, it gives a fifth by itself: a promise of less changes nothing."""
    plain = long_run({"sold": {}} | others(), Weighing(), plays=400)
    promised = long_run({"sold": {"share_min": 0.05}} | others(), Weighing(), plays=400)
    untouched = sum(
        decision.eligible == before.eligible
        for decision, before in zip(promised, plain, strict=True)
    )
    assert untouched > 0.95 * 400
    assert shares(promised, "sold").mean() == pytest.approx(0.2, abs=0.03)


def test_several_promises_are_kept_together() -> None:
    sold = {"a": {"share_min": 0.3}, "b": {"share_min": 0.2}, "c": {"share_min": 0.1}}
    shown = long_run(sold | others(), Weighing(a=0.001, b=0.001, c=0.001))
    for name, limits in sold.items():
        assert shares(shown, name).min() >= limits["share_min"] - 0.02


def test_nothing_comes_in_a_burst_at_the_start() -> None:
    first = Playing({"sold": {"share_min": 0.2}} | others(), Weighing(sold=0.001)).play()
    assert first.eligible["sold"] == pytest.approx(0.2, abs=0.01)


@pytest.mark.parametrize("share_max", [0.05, 0.25])
def test_no_window_has_more_than_the_largest_share(share_max: float) -> None:
    contents = {"loved": {"share_max": share_max}} | others()
    shown = long_run(contents, Weighing(loved=50.0))
    assert shares(shown, "loved").max() == pytest.approx(share_max)
    full = next(decision for decision in shown if "loved" in decision.masked)
    most = round(share_max * WINDOW)
    assert full.masked["loved"] == f"share_max: {most} of at most {most} in the last 200 plays"


def test_a_share_that_is_all_it_may_have_is_given_to_the_play() -> None:
    contents = {"sold": {"share_min": 0.1, "share_max": 0.1}} | others()
    had = shares(long_run(contents, Weighing(sold=0.001)), "sold")
    assert 0.08 <= had.min() <= had.max() <= 0.1


def test_who_was_kept_away_catches_up_and_leaves_the_policy_its_tenth() -> None:
    on = Playing({"sold": {"share_min": 0.3, "adults_only": True}} | others(), Weighing(sold=0.001))
    kept_away = [on.play(CHILD) for _ in range(100)]
    assert "sold" not in kept_away[0].gave_way  # nothing was due yet
    assert kept_away[-1].gave_way["sold"] == "share_min: 0 of 30 plays due, gave way to adults_only"
    caught_up = [on.play(ADULT) for _ in range(400)]
    assert max(decision.eligible["sold"] for decision in caught_up) == pytest.approx(MOST_PROMISED)
    assert min(min(decision.eligible.values()) for decision in caught_up) > 0
    assert shares(caught_up, "sold", 60)[0] > 0.6
    assert shares(kept_away[50:] + caught_up, "sold").min() >= 0.3 - 0.02 - 50 / WINDOW
    assert shares(caught_up[150:], "sold").min() >= 0.3 - 0.02
    assert not any("sold" in decision.gave_way for decision in caught_up)


def test_plays_outside_its_hours_are_not_owed() -> None:
    hours = ((time(13), time(15)),)
    contents = {"sold": {"share_min": 0.3, "dayparts": hours}} | others()
    on = Playing(contents, Weighing(sold=0.001), play_s=20.0)
    shown = [on.play() for _ in range(180 + 300)]  # from noon on
    before, after = shown[:179], shown[179:]
    assert not any("sold" in decision.gave_way for decision in before)
    assert after[0].eligible["sold"] == pytest.approx(0.3, abs=0.01)
    assert max(decision.eligible["sold"] for decision in after[:5]) < 0.9
    assert shares(after, "sold").min() >= 0.3 - 0.02


def test_what_the_viewer_did_not_care_for_comes_again_only_when_it_is_due() -> None:
    contents = {"sold": {"share_min": 0.2}} | others()
    on = Playing(contents, Weighing(sold=0.001), repeat_min_attention=0.5)
    shown: list[Decision] = []
    for _ in range(400):
        looked_at = on.showing is not None and on.showing.content_id != "sold"
        shown.append(on.play(ADULT, attention=1.0 if looked_at else 0.1))
    again = [decision for decision in shown if "sold" in decision.gave_way]
    assert {decision.gave_way["sold"] for decision in again} == {
        "already_watched: gave way to share_min"
    }
    assert all("sold" in decision.eligible for decision in again)
    spared = [decision.masked["sold"] for decision in shown if "sold" in decision.masked]
    assert set(spared) == {"already_watched: they gave it 10% of their attention, less than 50%"}
    assert shares(shown, "sold").min() >= 0.2 - 0.02


def test_a_play_that_never_reached_the_screen_has_no_share() -> None:
    on = Playing({"loved": {"share_max": 0.2}, "news": {}}, share_window_plays=10)
    chosen: list[Decision] = []
    while [decision.content_id for decision in chosen].count("loved") < 2:
        chosen.append(on.decide())
    assert "loved" in on.decide().masked
    for decision in chosen:
        on.recommender.withdraw(decision.decision_id)
    assert "loved" in on.decide().eligible


def test_forced_plays_have_no_share() -> None:
    on = Playing({"loved": {"share_max": 0.2}, "news": {}}, share_window_plays=10)
    on.order(pinned="loved")
    assert all(on.play().content_id == "loved" for _ in range(10))
    on.order(pinned=None)
    assert "loved" in on.play().eligible


# The exploration budget


def test_the_exploration_budget_bounds_what_is_beside_the_best_estimate() -> None:
    policy = Weighing(estimates=True, best=2.0)
    on = Playing({"best": {}} | others(), policy, exploration_max=0.3)
    decision = on.play()
    assert decision.eligible["best"] == pytest.approx(0.7)
    assert {round(decision.eligible[name], 6) for name in others()} == {0.075}
    assert decision.gave_way == {}


def test_without_estimates_there_is_nothing_to_explore_beside() -> None:
    decision = Playing({"best": {}} | others(), Weighing(best=2.0), exploration_max=0.3).play()
    assert decision.eligible["best"] == pytest.approx(2 / 6)


def test_the_exploration_budget_gives_way_to_a_promised_share() -> None:
    contents = {"best": {}, "sold": {"share_min": 0.5}} | others()
    on = Playing(contents, Weighing(estimates=True, best=3.0), exploration_max=0.2)
    decision = on.play()
    assert decision.eligible["sold"] == pytest.approx(0.5, abs=0.02)
    assert decision.gave_way["sold"].startswith("exploration_max: 0.5")
    assert decision.gave_way["sold"].endswith(" of 0.2, gave way to share_min")


# The formulas


@st.composite
def answers(draw: st.DrawFn) -> tuple[Answer, Floats]:
    count = draw(st.integers(1, 8))
    weight = st.just(0.0) | st.floats(1e-9, 1)
    weights = draw(st.lists(weight, min_size=count, max_size=count).filter(any))
    floors = draw(
        st.lists(st.sampled_from([0.0, 0.0, 0.1, 0.5, 0.9]), min_size=count, max_size=count)
    )
    estimates = draw(st.lists(st.floats(0, 1), min_size=count, max_size=count))
    probabilities = np.array(weights) / sum(weights)
    return Answer(probabilities, np.array(estimates)), np.array(floors)


@given(answers(), st.floats(0.01, 1))
def test_the_answer_stays_a_distribution_with_a_chance_for_all(
    given_: tuple[Answer, Floats], budget: float
) -> None:
    answer, floors = given_
    explored_within = within_budget(answer, budget)
    assert explored_within.sum() == pytest.approx(1)
    assert explored(answer, explored_within) <= budget + 1e-9
    result = lifted(explored_within, floors)
    assert result.sum() == pytest.approx(1)
    assert (result > 0)[explored_within > 0].all()
    kept = floors * min(1.0, MOST_PROMISED / max(floors.sum(), 1e-9))
    assert (result >= kept - 1e-9).all()
    free = kept == 0
    assert (result[free] <= explored_within[free] + 1e-9).all()


@given(st.floats(0.01, 0.9), st.integers(0, 1000), st.integers(0, 1000))
def test_a_floor_is_bounded_and_rises_with_what_is_missing(
    share_min: float, plays: int, had: int
) -> None:
    floor = Promise(share_min, plays, had).floor
    assert 0 <= floor <= MOST_PROMISED
    assert (
        Promise(share_min, plays, had + 1).floor
        <= floor
        <= Promise(share_min, plays + 1, had).floor
    )


@pytest.mark.parametrize(
    ("share_max", "window", "plays"),
    [(0.29, 100, 29), (0.3, 10, 3), (0.35, 10, 3), (0.01, 10, 1), (1.0, 200, 200)],
)
def test_the_most_plays_of_a_window(share_max: float, window: int, plays: int) -> None:
    assert limit(share_max, window) == plays
