"""Each hard constraint by an example. That none is ever broken: ``test_never_broken.py``."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from signage.types.plays import Play
from tests.support.builders import ages, utc, viewer
from tests.support.playing import Playing, Weighing

SHOP: dict[str, dict[str, Any]] = {
    "coffee": {"max_per_hour": 3},
    "news": {},
    "shoes": {},
    "whisky": {"adults_only": True, "max_per_hour": 5},
    "wine": {"adults_only": True},
}


# Who must not see it


def test_age_is_judged_by_its_upper_tail_not_by_its_mean() -> None:
    on = Playing(SHOP)
    surely_adult = viewer(age_probs=ages(24, spread=3))
    perhaps_not = viewer(age_probs=ages(24, spread=9))
    assert "wine" in on.decide(surely_adult).eligible
    reason = on.decide(surely_adult, perhaps_not).masked["wine"]
    assert "under 18 with probability 0.2" in reason


def test_an_unknown_age_and_a_lost_camera_are_on_the_safe_side() -> None:
    on = Playing(SHOP)
    unknown = on.decide(viewer(age=None)).masked["wine"]
    assert unknown == "adults_only: the age of viewer 1.1 is unknown"
    assert on.decide(observed=False).masked["wine"] == "adults_only: who is in view is unknown"


def test_the_decision_says_what_was_masked_and_why() -> None:
    decision = Playing(SHOP).decide(viewer(age=9))
    assert set(decision.masked) == {"whisky", "wine"}
    assert decision.masked["wine"] == "adults_only: viewer 1.1 is under 18 with probability 0.98"


@pytest.mark.parametrize(
    ("age", "masked"),
    [(8, {"film", "casino", "cigar"}), (15, {"casino", "cigar"}), (19, {"casino"}), (30, set())],
)
def test_a_content_may_have_an_age_of_its_own(age: float, masked: set[str]) -> None:
    contents = {
        "casino": {"min_age": 21, "adults_only": True},
        "cigar": {"min_age": 16, "adults_only": True},
        "film": {"min_age": 12},
        "news": {},
    }
    decision = Playing(contents).decide(viewer(age_probs=ages(age, spread=1)))
    assert set(decision.masked) == masked
    if "film" in masked:
        assert decision.masked["film"] == "min_age: viewer 1.1 is under 12 with probability 1.00"
    if "casino" in masked:
        assert decision.masked["casino"].startswith("min_age: viewer 1.1 is under 21")
    if "cigar" in masked:
        assert decision.masked["cigar"].startswith("adults_only: viewer 1.1 is under 18")


def test_an_unknown_age_is_too_young_for_any_age() -> None:
    on = Playing({"film": {"min_age": 6}, "news": {}})
    unknown = on.decide(viewer(age=None)).masked["film"]
    assert unknown == "min_age: the age of viewer 1.1 is unknown"
    assert on.decide(observed=False).masked["film"] == "min_age: who is in view is unknown"


# Plays in an hour


def test_an_hour_has_no_more_plays_than_the_cap() -> None:
    on = Playing({"coffee": {"max_per_hour": 3}, "news": {}}, Weighing(coffee=50.0), play_s=300.0)
    shown = [on.play() for _ in range(60)]
    coffees = [d.t_s for d in shown if d.content_id == "coffee"]
    assert all(fourth - first >= 3600 for first, fourth in zip(coffees, coffees[3:], strict=False))
    assert len(coffees) > 10
    full = next(decision for decision in shown if "coffee" in decision.masked)
    assert full.masked["coffee"] == "max_per_hour: 3 of 3 plays in the last hour"


def test_a_content_s_own_cap_goes_before_the_one_for_all() -> None:
    on = Playing({"coffee": {"max_per_hour": 3}, "news": {}}, max_per_hour=5)
    reasons = [on.play().masked for _ in range(30)][-1]
    assert reasons["coffee"] == "max_per_hour: 3 of 3 plays in the last hour"


def test_where_nothing_is_left_the_fallback_plays_and_the_decision_says_so() -> None:
    on = Playing({"coffee": {"max_per_hour": 3}, "news": {}}, max_per_hour=3)
    decision = [on.play() for _ in range(7)][-1]
    assert (decision.content_id, decision.forced, decision.propensity) == ("news", True, 1.0)
    assert set(decision.masked) == {"coffee"}
    assert decision.gave_way == {
        "news": "max_per_hour: 3 of 3 plays in the last hour; nothing else was allowed"
    }


def test_a_play_that_never_reached_the_screen_counts_against_no_cap() -> None:
    on = Playing(SHOP)
    chosen = [on.decide() for _ in range(30)]
    assert "coffee" in chosen[-1].masked
    for decision in chosen:
        on.recommender.withdraw(decision.decision_id)
    assert "coffee" not in on.decide().masked


def test_a_clock_that_is_set_back_does_not_leave_a_cap_in_force() -> None:
    on = Playing(SHOP)
    on.t_s = 7 * 86400.0
    for _ in range(30):
        on.play()
    assert "coffee" in on.decide().masked
    on.t_s = 0.0
    assert "coffee" not in on.decide().masked


# Plays before one viewer


def test_a_viewer_has_it_no_more_often_than_the_cap() -> None:
    on = Playing({"game": {"max_per_viewer": 2}, "news": {}}, Weighing(game=50.0))
    ann, ben = viewer("1.1"), viewer("1.2")
    before_ann = Counter(on.play(ann).content_id for _ in range(30))
    assert before_ann["game"] == 2
    reason = on.decide(ben, ann).masked["game"]
    assert reason == "max_per_viewer: viewer 1.1 has had 2 of 2 plays"
    assert "game" in on.decide(ben).eligible


def test_what_is_on_screen_and_what_is_asked_for_counts() -> None:
    on = Playing({"game": {"max_per_viewer": 2}, "news": {}}, Weighing(game=1e9))
    ann = viewer("1.1")
    running, asked = on.play(ann), on.decide(ann)
    assert running.content_id == asked.content_id == "game"
    assert on.decide(ann).masked["game"] == "max_per_viewer: viewer 1.1 has had 2 of 2 plays"
    on.recommender.withdraw(asked.decision_id)
    assert "game" in on.decide(ann).eligible


def test_who_comes_back_is_known_to_have_had_it() -> None:
    on = Playing({"game": {"max_per_viewer": 1}, "news": {}}, Weighing(game=1e9))
    assert on.play(viewer("1.1")).content_id == "game"
    on.recommender.apply(replace(on.recommender.state, policy=Weighing(news=1e9)))
    on.play()
    assert "game" in on.decide(viewer("1.7")).eligible
    again = viewer("1.1", visit_id="1.8", earlier_visits=("1.1",))
    reason = on.decide(again).masked["game"]
    assert reason == "max_per_viewer: viewer 1.1 has had 1 of 1 plays"


# Competitors


def test_a_competitor_does_not_follow() -> None:
    contents = {"red": {"competes": "cola"}, "blue": {"competes": "cola"}, "news": {}}
    for apart in (0, 1, 3):
        on = Playing(contents, Weighing(news=0.5), separation_plays=apart)
        shown = [on.play() for _ in range(300)]
        names = [decision.content_id for decision in shown]
        gaps = [
            later - index
            for index, name in enumerate(names)
            for later in range(index + 1, len(names))
            if {name, names[later]} == {"red", "blue"}
        ]
        assert min(gaps) == apart + 1
        assert any(names[n : n + 2] == ["red", "red"] for n in range(299))
    masked = next(decision.masked["blue"] for decision in shown if "blue" in decision.masked)
    assert masked == "competes: red of cola played just before"


def test_what_may_still_reach_the_screen_is_a_competitor_as_well() -> None:
    """A third is chosen while red runs and news waits; news may never be seen."""
    contents = {"red": {"competes": "cola"}, "blue": {"competes": "cola"}, "news": {}}
    on = Playing(contents, Weighing(red=1e9))
    on.play()
    on.recommender.apply(replace(on.recommender.state, policy=Weighing(news=1e9)))
    assert on.decide().content_id == "news"
    assert "blue" in on.decide().masked


# After a restart


def test_an_earlier_run_s_plays_are_counted() -> None:
    contents: dict[str, dict[str, Any]] = {
        "coffee": {"max_per_hour": 2},
        "loved": {"share_max": 0.2},
        "red": {"competes": "cola"},
        "blue": {"competes": "cola"},
        "news": {},
    }
    on = Playing(contents, share_window_plays=10)
    names = ["coffee", "loved", "loved", "news", "coffee", "news", "red"]
    on.recommender.recall([Play(utc(n), name, f"earlier-{n}") for n, name in enumerate(names)])
    on.t_s = 60.0
    assert set(on.decide().masked) == {"coffee", "loved", "blue"}
    on.t_s = 2 * 3600.0
    assert set(on.decide().masked) == {"loved", "blue"}  # shares and competitors go by plays


# The draw


def test_the_draw_follows_the_probabilities_and_can_be_repeated() -> None:
    draws, again = (
        [on.play(viewer(age=9)).content_id for _ in range(400)]
        for on in (Playing(SHOP, play_s=3600.0), Playing(SHOP, play_s=3600.0))
    )
    assert draws == again
    counts = Counter(draws)
    assert counts.keys() == {"coffee", "news", "shoes"}
    assert min(counts.values()) > 400 / 3 * 0.7


# What was watched before


def test_what_was_not_cared_for_comes_again_where_nothing_else_is_left() -> None:
    on = Playing({"news": {}, "shoes": {}}, repeat_min_attention=0.2)
    shown = [on.play(viewer(), attention=0.1) for _ in range(10)]
    reason = "already_watched: they gave it 10% of their attention, less than 20%"
    first = next(decision for decision in shown if decision.masked)
    assert set(first.masked.values()) == {reason}
    assert shown[-1].masked == {}
    assert shown[-1].gave_way == dict.fromkeys(
        ("news", "shoes"), "already_watched: nothing else was allowed"
    )
    assert not shown[-1].forced
