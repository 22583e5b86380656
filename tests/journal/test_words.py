"""Why this one: in words."""

from __future__ import annotations

from signage.journal.words import why

ROW = {
    "content_id": "coffee",
    "policy": "vw",
    "propensity": 0.62,
    "forced": False,
    "eligible": {"coffee": 0.62, "shoes": 0.3, "tea": 0.08},
    "estimates": {"coffee": 0.41, "shoes": 0.35, "tea": 0.2},
    "reasons": {"category=coffee with daypart=morning": 0.08, "tag=drink": -0.02},
    "masked": {"wine": "adults_only: the age of viewer 1.1 is unknown"},
    "gave_way": {},
}


def test_a_draw() -> None:
    assert why(ROW) == (
        "vw drew coffee with a probability of 62%, beside shoes 30%, tea 8%. A reward of 0.41 was "
        "expected of it, the most of all. For it spoke category=coffee with daypart=morning "
        "(+0.08). Against it spoke tag=drink (-0.02). Not allowed: wine (adults_only: the age of "
        "viewer 1.1 is unknown)."
    )


def test_what_was_not_the_best_and_what_gave_way() -> None:
    told = why(ROW | {"content_id": "tea", "gave_way": {"shoes": "share_min: 3 of 9 plays due"}})
    assert "expected of it; the most, 0.41, of coffee." in told
    assert told.endswith("Gave way: shoes (share_min: 3 of 9 plays due).")


def test_what_had_to_play() -> None:
    alone = {"forced": True, "eligible": {"coffee": 1.0}, "estimates": {}, "reasons": {}}
    assert why(ROW | alone).startswith("coffee had to play: nothing else was to be drawn from.")
