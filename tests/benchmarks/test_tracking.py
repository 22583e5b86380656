"""The figures of the tracking bench, on cases made by hand."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.accuracy.tracking import (
    IMPOSSIBLE,
    Moment,
    TrackingScore,
    assign,
    box_costs,
    score_tracking,
)

pytestmark = pytest.mark.bench

COST = st.one_of(st.just(IMPOSSIBLE), st.integers(-9, 9).map(float))


def moment(found: dict[str, str | None], *extra: str, optional: tuple[str, ...] = ()) -> Moment:
    """Who is followed by which path, or by none; ``extra`` paths follow nobody."""
    tracks = [track for track in found.values() if track is not None] + list(extra)
    costs = np.full((len(found), len(tracks)), IMPOSSIBLE)
    for row, track in enumerate(found.values()):
        if track is not None:
            costs[row, tracks.index(track)] = 0.2
    return Moment(list(found), tracks, costs, optional)


def test_one_path_for_each_is_perfect() -> None:
    score = score_tracking([moment({"ann": "1", "bob": "2"})] * 10)
    assert score == TrackingScore(present=20, found=20, own=20)
    assert score.recall == score.precision == score.mota == score.idf1 == 1


def test_two_who_swap_are_two_switches_and_half_of_the_identity() -> None:
    score = score_tracking(
        [moment({"ann": "1", "bob": "2"})] * 5 + [moment({"ann": "2", "bob": "1"})] * 5
    )
    assert (score.switches, score.fragments, score.own) == (2, 0, 10)
    assert score.idf1 == 0.5
    assert score.mota == pytest.approx(0.9)


def test_who_is_lost_and_found_again_by_the_same_path_is_a_fragment_alone() -> None:
    score = score_tracking(
        [moment({"ann": "1"})] * 3 + [moment({"ann": None})] * 2 + [moment({"ann": "1"})] * 3
    )
    assert (score.switches, score.fragments, score.found, score.present) == (0, 1, 6, 8)
    assert score.idf1 == pytest.approx(2 * 6 / 14)


def test_who_is_found_again_by_another_path_is_both() -> None:
    score = score_tracking(
        [moment({"ann": "1"})] * 3 + [moment({"ann": None})] * 2 + [moment({"ann": "7"})] * 3
    )
    assert (score.switches, score.fragments, score.own) == (1, 1, 3)


def test_who_comes_back_after_having_left_is_no_fragment() -> None:
    score = score_tracking([moment({"ann": "1"})] * 3 + [moment({})] * 2 + [moment({"ann": "1"})])
    assert (score.fragments, score.switches) == (0, 0)


def test_a_path_of_nobody_is_false() -> None:
    score = score_tracking([moment({"ann": "1"}, "8")] * 4)
    assert (score.false, score.precision, score.recall) == (4, 0.5, 1)
    assert score.mota == 0


def test_who_is_hidden_may_be_followed_or_not() -> None:
    hidden = ("bob",)
    for bob in (None, "2"):
        score = score_tracking([moment({"ann": "1", "bob": bob}, optional=hidden)] * 3)
        assert score == TrackingScore(present=3, found=3, own=3)


def test_a_path_stays_with_its_person_though_another_is_nearer() -> None:
    first = Moment(["ann"], ["1"], np.array([[0.1]]))
    then = Moment(["ann"], ["1", "2"], np.array([[0.4, 0.1]]))
    score = score_tracking([first, then])
    assert (score.switches, score.false) == (0, 1)


def test_scores_of_several_recordings_add_up() -> None:
    one = score_tracking([moment({"ann": "1"})] * 2)
    other = score_tracking([moment({"ann": None})] * 2)
    assert (one + other).recall == 0.5
    assert math.isnan(TrackingScore().recall)


def test_overlap_of_boxes() -> None:
    costs = box_costs([(0, 0, 10, 10), (50, 50, 60, 60)], [(0, 0, 10, 5), (0, 0, 10, 10)], 0.5)
    assert costs.tolist() == [[0.5, 0.0], [IMPOSSIBLE, IMPOSSIBLE]]
    assert box_costs([], [(0, 0, 1, 1)], 0.5).shape == (0, 1)


@given(st.integers(0, 4), st.integers(0, 4), st.data())
def test_assignment_is_the_best_of_all(rows: int, columns: int, data: st.DataObject) -> None:
    cells = data.draw(st.lists(COST, min_size=rows * columns, max_size=rows * columns))
    costs = np.array(cells).reshape(rows, columns)
    pairs = assign(costs)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert _worth(costs, pairs) == max(
        _worth(costs, list(zip(range(rows), chosen, strict=False)))
        for chosen in permutations([*range(columns), *[-1] * rows], rows)
    )


def _worth(costs: np.ndarray, pairs: list[tuple[int, int]]) -> tuple[int, float]:
    """The number of possible pairs, then how cheap they are."""
    values = [costs[row, column] for row, column in pairs if column >= 0]
    possible = [value for value in values if math.isfinite(value)]
    return len(possible), -float(sum(possible))
