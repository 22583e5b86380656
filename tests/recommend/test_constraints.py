"""What must never happen, whoever stands there."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signage.config import Config, ConstraintsConfig
from signage.recommend.baselines import Uniform
from signage.recommend.recommender import Recommender
from signage.types import Trigger
from tests.builders import ages, catalogue, snapshot, viewer

people = st.lists(
    st.one_of(st.none(), st.floats(0, 95)).flatmap(lambda age: st.just(viewer(str(age), age=age))),
    max_size=4,
)


def recommender(**constraints: object) -> Recommender:
    config = Config(constraints=ConstraintsConfig(**constraints))  # type: ignore[arg-type]
    contents: dict[str, dict[str, object]] = {
        "coffee": {"max_per_hour": 3},
        "news": {},
        "shoes": {},
        "whisky": {"adults_only": True, "max_per_hour": 5},
        "wine": {"adults_only": True},
    }
    return Recommender(config, catalogue(contents), Uniform())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(people, st.floats(1, 900)), min_size=1, max_size=60))
def test_no_sequence_of_audiences_breaks_a_constraint(
    course: list[tuple[list[object], float]],
) -> None:
    deciding = recommender(max_per_hour=7)
    shown: list[tuple[object, str]] = []
    t_s = 0.0
    for number, (audience, passed_s) in enumerate(course, 1):
        t_s += passed_s
        now = snapshot(*audience, t_s=t_s)  # type: ignore[arg-type]
        decision = deciding.decide(number, Trigger.PLAY_ENDS, now)
        assert sum(decision.eligible.values()) == pytest.approx(1.0)
        assert decision.propensity == decision.eligible[decision.content_id] > 0
        assert not set(decision.eligible) & (set(decision.masked) - {"news"})
        if decision.content_id in {"wine", "whisky"}:
            assert all(
                v.age_probs is not None and v.age_probs[:18].sum() <= 0.10 for v in now.viewers
            )
        if decision.forced:
            assert decision.content_id == "news"  # the fallback
            assert set(decision.masked) == set(deciding.catalogue)
            continue
        shown.append((now.utc, decision.content_id))
        last_hour = Counter(
            name
            for when, name in shown
            if when > now.utc - timedelta(hours=1)  # type: ignore[operator]
        )
        assert last_hour["coffee"] <= 3
        assert last_hour["whisky"] <= 5
        assert max(last_hour.values()) <= 7


def test_age_is_judged_by_its_upper_tail_not_by_its_mean() -> None:
    deciding = recommender()
    wine = deciding.catalogue["wine"]
    surely_adult = viewer(age_probs=ages(24, spread=3))
    perhaps_not = viewer(age_probs=ages(24, spread=9))
    assert deciding.constraints.audience_excludes(wine, snapshot(surely_adult)) is None
    reason = deciding.constraints.audience_excludes(wine, snapshot(surely_adult, perhaps_not))
    assert reason is not None
    assert "under 18 with probability 0.2" in reason


def test_an_unknown_age_and_a_lost_camera_are_on_the_safe_side() -> None:
    deciding = recommender()
    wine = deciding.catalogue["wine"]
    unknown = deciding.constraints.audience_excludes(wine, snapshot(viewer(age=None)))
    blind = deciding.constraints.audience_excludes(wine, snapshot(observed=False))
    assert unknown == "adults_only: the age of viewer 1.1 is unknown"
    assert blind == "adults_only: nobody knows who is in view"


def test_the_decision_says_what_was_masked_and_why() -> None:
    decision = recommender().decide(1, Trigger.START, snapshot(viewer(age=9)))
    assert set(decision.masked) == {"whisky", "wine"}
    assert decision.masked["wine"] == "adults_only: viewer 1.1 is under 18 with probability 0.98"


def test_a_play_that_never_reached_the_screen_counts_against_no_cap() -> None:
    deciding = recommender()
    chosen = [deciding.decide(n, Trigger.START, snapshot()) for n in range(1, 30)]
    assert "coffee" in chosen[-1].masked
    for decision in chosen:
        deciding.withdraw(decision.decision_id)
    assert "coffee" not in deciding.decide(30, Trigger.START, snapshot()).masked


def test_the_draw_follows_the_probabilities_and_can_be_repeated() -> None:
    first, second = recommender(), recommender()
    draws = [
        first.decide(n, Trigger.START, snapshot(viewer(age=9), t_s=n * 3600.0))
        for n in range(1, 400)
    ]
    again = [
        second.decide(n, Trigger.START, snapshot(viewer(age=9), t_s=n * 3600.0))
        for n in range(1, 400)
    ]
    assert [d.content_id for d in draws] == [d.content_id for d in again]
    counts = Counter(d.content_id for d in draws)
    assert counts.keys() == {"coffee", "news", "shoes"}
    assert min(counts.values()) > 399 / 3 * 0.7


def test_a_clock_that_is_set_back_does_not_leave_a_cap_in_force() -> None:
    deciding = recommender()
    for number in range(1, 30):
        deciding.decide(number, Trigger.START, snapshot(t_s=7 * 86400.0 + number))
    assert "coffee" in deciding.decide(30, Trigger.START, snapshot(t_s=7 * 86400.0 + 30)).masked
    assert "coffee" not in deciding.decide(31, Trigger.START, snapshot(t_s=0.0)).masked
