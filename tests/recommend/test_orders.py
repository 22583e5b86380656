"""What is called to play alone: by the operator, or by the hour. And what goes before what."""

from __future__ import annotations

from datetime import time
from typing import Any

from tests.support.builders import viewer
from tests.support.playing import Playing, Weighing

ADULT, CHILD = viewer("1.1", age=50), viewer("1.2", age=9)
SHOP: dict[str, dict[str, Any]] = {
    "alarm": {"mandatory": True},
    "news": {},
    "prayer": {"mandatory": True, "dayparts": ((time(13), time(14)),)},
    "wine": {"adults_only": True, "max_per_hour": 2, "dayparts": ((time(12), time(18)),)},
}
ONE_O_CLOCK_S = 3600.0


def test_mandatory_content_is_never_drawn() -> None:
    on = Playing(SHOP, Weighing(alarm=1e9, prayer=1e9))
    shown = [on.play(ADULT) for _ in range(50)]
    assert {decision.content_id for decision in shown} <= {"news", "wine"}
    assert shown[0].masked["alarm"] == "mandatory: plays only when called for"
    assert shown[0].masked["prayer"] == "daypart: from 13:00 to 14:00"


def test_mandatory_content_plays_alone_in_its_hours() -> None:
    on = Playing(SHOP, play_s=600.0)
    shown = [on.play(ADULT) for _ in range(13)]
    assert ["prayer" in decision.eligible for decision in shown] == [False] * 5 + [True] * 6 + [
        False
    ] * 2
    called = shown[5]
    assert (called.content_id, called.forced, called.propensity) == ("prayer", True, 1.0)
    assert called.masked["news"] == "mandatory: only prayer plays"
    assert called.masked["alarm"] == "mandatory: plays only when called for"


def test_of_two_mandatory_contents_the_first_by_id_plays() -> None:
    hours = {"mandatory": True, "dayparts": ((time(12), time(14)),)}
    on = Playing({"b": hours, "a": hours, "news": {}})
    assert [on.play().content_id for _ in range(5)] == ["a"] * 5


def test_an_emergency_goes_before_everything() -> None:
    on = Playing(SHOP)
    on.t_s = ONE_O_CLOCK_S
    on.order(emergency="alarm", pinned="news")
    shown = [on.play(CHILD) for _ in range(5)]
    assert [(d.content_id, d.forced) for d in shown] == [("alarm", True)] * 5
    assert shown[0].masked["prayer"] == "mandatory: plays only when called for"
    assert shown[0].masked["news"] == "emergency: only alarm plays"
    assert shown[0].gave_way == {}
    on.order(emergency=None)
    assert on.play(CHILD).content_id == "prayer"


def test_an_emergency_says_what_it_overrides() -> None:
    on = Playing(SHOP)
    on.order(emergency="wine")
    decision = on.play(CHILD)
    assert decision.content_id == "wine"
    assert decision.gave_way["wine"].startswith("adults_only: viewer 1.2 is under 18")
    assert decision.gave_way["wine"].endswith("; gave way to emergency")


def test_a_pin_plays_alone_and_is_exempt_from_caps() -> None:
    on = Playing(SHOP)
    on.order(pinned="wine")
    shown = [on.play(ADULT) for _ in range(4)]
    assert [(d.content_id, d.forced) for d in shown] == [("wine", True)] * 4
    assert shown[0].masked["news"] == "pinned: only wine plays"
    assert shown[0].gave_way == {}
    assert shown[3].gave_way["wine"] == (
        "max_per_hour: 3 of 2 plays in the last hour; gave way to pinned"
    )


def test_a_pin_gives_way_to_who_must_not_see_it_and_to_its_hours() -> None:
    on = Playing(SHOP)
    on.order(pinned="wine")
    before_child = on.play(ADULT, CHILD)
    assert (before_child.content_id, before_child.forced) == ("news", False)
    assert before_child.gave_way["wine"] == (
        "pinned: gave way to adults_only: viewer 1.2 is under 18 with probability 0.98"
    )
    assert on.play(observed=False).content_id == "news"
    assert on.play(ADULT).content_id == "wine"
    on.t_s = 6 * 3600.0
    assert on.play(ADULT).gave_way["wine"] == "pinned: gave way to daypart: from 12:00 to 18:00"


def test_a_pin_gives_way_to_mandatory_content() -> None:
    on = Playing(SHOP)
    on.order(pinned="news")
    assert on.play().content_id == "news"
    on.t_s = ONE_O_CLOCK_S
    assert on.play().content_id == "prayer"


def test_mandatory_content_without_hours_can_be_pinned() -> None:
    on = Playing(SHOP)
    on.order(pinned="alarm")
    decision = on.play()
    assert (decision.content_id, decision.forced, decision.gave_way) == ("alarm", True, {})


def test_an_order_for_content_that_is_gone_is_no_order() -> None:
    on = Playing(SHOP)
    on.order(emergency="fire", pinned="sale")
    decision = on.play(CHILD)
    assert (decision.content_id, decision.forced) == ("news", False)
    assert decision.gave_way == {
        "fire": "emergency: not in the catalogue",
        "sale": "pinned: not in the catalogue",
    }


def test_an_order_taken_back_leaves_nothing_behind() -> None:
    on, free = Playing(SHOP), Playing(SHOP)
    on.order(pinned="news")
    on.play(ADULT)
    on.order(pinned=None)
    assert on.play(ADULT).eligible.keys() == free.play(ADULT).eligible.keys()
