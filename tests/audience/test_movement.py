"""Where somebody goes, told from places as a camera measures them: noisy, and with gaps."""

from __future__ import annotations

import numpy as np
import pytest

from signage.audience.movement import Path
from signage.types.arrays import Floats
from signage.types.audience import Movement

WALKING_M_S = 0.3
FPS = 15


def walk(
    velocity_m_s: tuple[float, float],
    *,
    begin_m: tuple[float, float] = (0.0, 3.0),
    seconds: float = 1.5,
) -> Floats:
    """Places of a straight walk, shape (n, 2): to the right, and along the axis, in metres."""
    times_s = np.arange(round(seconds * FPS) + 1)[:, np.newaxis] / FPS
    return np.asarray(np.array(begin_m) + times_s * np.array(velocity_m_s))


def follow(path: Path, places: Floats, *, begin_s: float = 0.0, by_face: bool = True) -> Path:
    for index, (right, along) in enumerate(places.tolist()):
        path.add(begin_s + index / FPS, (right, along), by_face=by_face)
    return path


def noisy(places: Floats, seed: int) -> Floats:
    """A box is a pixel or two off: 2 % of the distance, and a hundredth of it across."""
    draw = np.random.default_rng(seed).normal(size=places.shape)
    return np.asarray(places + draw * places[:, 1:] * (0.01, 0.02))


@pytest.mark.parametrize("begin_m", [(0.0, 3.0), (-1.5, 5.0), (2.0, 6.0)])
@pytest.mark.parametrize(
    ("velocity_m_s", "movement"),
    [
        ((0.0, -1.2), Movement.APPROACHING),
        ((0.3, -1.0), Movement.APPROACHING),
        ((0.0, 1.2), Movement.LEAVING),
        ((-0.5, 1.0), Movement.LEAVING),
        ((-1.2, 0.0), Movement.PASSING_LEFT),
        ((-1.2, 0.5), Movement.PASSING_LEFT),
        ((1.2, 0.0), Movement.PASSING_RIGHT),
        ((1.2, -0.5), Movement.PASSING_RIGHT),
        ((0.0, 0.0), Movement.STANDING),
        ((0.1, -0.1), Movement.STANDING),
    ],
)
def test_the_way_of_a_walk_is_told_from_noisy_places(
    velocity_m_s: tuple[float, float], movement: Movement, begin_m: tuple[float, float]
) -> None:
    walks = [
        follow(Path(WALKING_M_S), noisy(walk(velocity_m_s, begin_m=begin_m), seed))
        for seed in range(20)
    ]
    told = [each.movement for each in walks]
    assert told.count(movement) >= 19, told


def test_who_stops_is_standing_soon_after() -> None:
    path = follow(Path(WALKING_M_S), walk((0.0, -1.2), seconds=2.0))
    before = path.movement
    follow(path, walk((0.0, 0.0), begin_m=(0.0, 0.6), seconds=1.3), begin_s=2.0 + 1 / FPS)
    assert (before, path.movement) == (Movement.APPROACHING, Movement.STANDING)
    assert path.distance_m == pytest.approx(0.6)


def test_who_turns_around_is_leaving_soon_after() -> None:
    path = follow(Path(WALKING_M_S), walk((0.0, -1.2), seconds=1.5))
    follow(path, walk((0.0, 1.2), begin_m=(0.0, 1.2), seconds=1.3), begin_s=1.5 + 1 / FPS)
    assert path.movement is Movement.LEAVING


def test_nothing_is_told_before_there_is_enough_of_a_path() -> None:
    path = Path(WALKING_M_S)
    told = [path.movement]
    assert path.distance_m is None
    follow(path, walk((1.2, 0.0), seconds=0.3))
    told.append(path.movement)
    follow(path, walk((1.2, 0.0), begin_m=(0.4, 3.0), seconds=0.3), begin_s=0.3 + 1 / FPS)
    assert [*told, path.movement] == [None, None, Movement.PASSING_RIGHT]


def test_after_a_gap_the_old_places_say_nothing() -> None:
    path = follow(Path(WALKING_M_S), walk((-1.2, 0.0)))
    path.add(6.0, (3.0, 3.0), by_face=True)
    assert path.movement is None
    assert path.distance_m == pytest.approx(np.hypot(3, 3))


def test_a_turn_of_the_head_is_no_step() -> None:
    """Told from the body, somebody who stands is half a metre farther away than by the face."""
    path, stand = Path(WALKING_M_S), walk((0.0, 0.0), seconds=1.0)
    told = []
    for turn in range(6):
        for index, (right, along) in enumerate(stand.tolist()):
            by_face = turn % 2 == 0
            t_s = turn * 1.1 + index / FPS
            path.add(t_s, (right, along + 0.5 * (not by_face)), by_face=by_face)
            told.append(path.movement)
    assert set(told) == {None, Movement.STANDING}


def test_slow_far_away_is_standing_and_slow_nearby_is_not() -> None:
    """The error of a distance grows with it."""
    slow = (0.0, -0.4)
    assert follow(Path(WALKING_M_S), walk(slow, begin_m=(0, 2))).movement is Movement.APPROACHING
    assert follow(Path(WALKING_M_S), walk(slow, begin_m=(0, 9))).movement is Movement.STANDING


def test_the_distance_is_that_of_the_last_moments_and_no_single_one() -> None:
    places = walk((0.0, 0.0), begin_m=(3.0, 4.0), seconds=1.0)
    places[-3] = (3.0, 40.0)
    assert follow(Path(WALKING_M_S), places).distance_m == pytest.approx(5.0)


def test_the_distance_of_who_walks_is_where_they_are_now() -> None:
    path, places = Path(WALKING_M_S), walk((0.0, -1.4), begin_m=(0.0, 6.0), seconds=3.0)
    for index, (right, along) in enumerate(places.tolist()):
        path.add(index / FPS, (right, along), by_face=True)
        assert path.distance_m == pytest.approx(along, rel=0.2)
