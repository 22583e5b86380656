"""Which way a visit went, from places as a camera measures them."""

from __future__ import annotations

import numpy as np
import pytest

from signage.audience.audience import Audience
from signage.audience.way import Way
from signage.config.audience import AudienceConfig
from signage.types.arrays import Floats
from signage.types.audience import Movement
from tests.support.builders import frame, sighting

FPS = 15
M = Movement


def leg(begin_m: tuple[float, float], end_m: tuple[float, float], seconds: float) -> Floats:
    """Places between two points, shape (n, 2): to the right, and along the axis, in metres."""
    share = np.linspace(0, 1, round(seconds * FPS) + 1)[:, np.newaxis]
    return np.asarray(np.array(begin_m) * (1 - share) + np.array(end_m) * share)


def stand(at_m: tuple[float, float], seconds: float) -> Floats:
    return leg(at_m, at_m, seconds)


def noisy(places: Floats, seed: int) -> Floats:
    """A box is a pixel or two off: 3 % of the distance, and a hundredth of it across."""
    draw = np.random.default_rng(seed).normal(size=places.shape)
    return np.asarray(places + draw * places[:, 1:] * (0.01, 0.03))


def told(places: Floats) -> Movement | None:
    """What a visit of these places says."""
    audience = Audience(AudienceConfig(range_m=0.0))
    for index, (right_m, along_m) in enumerate(places.tolist()):
        seen = sighting(position_m=(right_m, along_m), height=60)
        audience.update(frame(index / FPS), [seen])
    (viewer,) = audience.close()
    return viewer.movement


WAYS = {
    "slowly towards the lens": (leg((0, 5.0), (0, 2.4), 8.7), M.APPROACHING),
    "towards it, and stays": (
        np.concatenate([leg((1, 6.0), (0, 2.0), 4), stand((0, 2.0), 10)]),
        M.APPROACHING,
    ),
    "away": (leg((0.3, 2.0), (0.8, 5.5), 4), M.LEAVING),
    "stays, and goes away": (
        np.concatenate([stand((0, 2.0), 8), leg((0, 2.0), (0.5, 5.0), 3)]),
        M.LEAVING,
    ),
    "past, to the right": (leg((-2.0, 3.0), (2.0, 3.3), 3), M.PASSING_RIGHT),
    "past, to the left, far away": (leg((3.0, 7.0), (-3.0, 6.5), 5), M.PASSING_LEFT),
    "past at a stroll": (leg((-1.5, 3.0), (1.5, 3.0), 7), M.PASSING_RIGHT),
    "stands near": (stand((0.2, 1.2), 10), M.STANDING),
    "stands far away": (stand((0.5, 6.5), 20), M.STANDING),
    "stands for long, after a step": (
        np.concatenate([leg((0, 3.0), (0, 2.2), 1), stand((0, 2.2), 60)]),
        M.STANDING,
    ),
    "sways": (
        np.concatenate([leg((0, 2.0), (0.3, 1.8), 1), leg((0.3, 1.8), (0, 2.1), 1)] * 4),
        M.STANDING,
    ),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_way_is_from_where_somebody_came_to_where_they_went(name: str) -> None:
    places, movement = WAYS[name]
    seen = [told(noisy(places, seed)) for seed in range(20)]
    assert seen.count(movement) >= 19, seen


def test_who_comes_and_goes_again_was_not_standing() -> None:
    places = np.concatenate([leg((0, 6.0), (0, 2.0), 4), leg((0, 2.0), (0, 6.0), 4)])
    assert told(places) in {M.APPROACHING, M.LEAVING}


def test_a_body_and_a_face_that_tell_different_distances_are_no_way() -> None:
    way = Way(0.3)
    for index in range(60):
        by_face = index // 15 % 2 == 0
        way.add(index / 10, (0.0, 3.0 if by_face else 3.9), by_face=by_face)
    assert way.movement({}) is M.STANDING


def test_who_turns_round_and_leaves_is_followed_from_the_face_to_the_back() -> None:
    way = Way(0.3)
    for index in range(60):
        along_m, by_face = 2.0 + 0.1 * max(0, index - 20), index < 25
        way.add(index / 10, (0.0, along_m if by_face else 0.8 * along_m), by_face=by_face)
    assert way.movement({}) is M.LEAVING


def test_a_visit_of_hours_keeps_a_bounded_number_of_places() -> None:
    way = Way(0.3)
    for index in range(40_000):
        way.add(index / 5, (0.0, 2.0), by_face=True)
    assert len(way._places) <= 1100
    assert way.movement({}) is M.STANDING
