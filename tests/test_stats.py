"""Estimates, and Student's t against scipy 1.17: ``scipy.stats.t.ppf(0.975, df)``."""

from __future__ import annotations

import pytest

from signage.stats import mean_of, mean_of_shares, t95

SCIPY = {
    1: 12.706205, 2: 4.302653, 5: 2.570582, 10: 2.228139, 11: 2.200985, 12: 2.178813,
    30: 2.042272, 31: 2.039513, 40: 2.021075, 60: 2.000298, 120: 1.979930, 1000: 1.962339,
    100_000: 1.959988,
}  # fmt: skip


@pytest.mark.parametrize("freedom", SCIPY)
def test_it_is_right_to_a_hundred_thousandth(freedom: int) -> None:
    assert t95(freedom) == pytest.approx(SCIPY[freedom], abs=1e-5)


def test_it_falls_with_every_degree_of_freedom() -> None:
    values = [t95(freedom) for freedom in range(1, 500)]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize("freedom", [0, -1])
def test_nothing_can_be_told_of_fewer_than_two(freedom: int) -> None:
    with pytest.raises(ValueError, match="at least 1 degree of freedom"):
        t95(freedom)


def test_a_mean_has_the_interval_of_student() -> None:
    mean = mean_of([1.0, 2.0, 3.0])
    assert mean is not None
    assert mean.value == 2.0
    assert mean.high - mean.value == pytest.approx(4.302653 / 3**0.5)
    assert not mean.excludes_zero
    assert str(mean) == "2.000 ± 2.484"


def test_one_value_has_a_mean_and_no_interval_and_none_has_neither() -> None:
    one = mean_of([2.0])
    assert one is not None
    assert not one.has_interval
    assert not one.excludes_zero
    assert str(one) == "2.000"
    assert mean_of([]) is None


def test_few_shares_have_a_wide_interval_and_one_has_none() -> None:
    one = mean_of_shares(1, 0.9, 0.81)
    assert one is not None
    assert not one.has_interval
    three = mean_of_shares(3, 0.0, 0.0)
    assert three is not None
    assert (three.low, three.high) == (0.0, 1.0)
    many = mean_of_shares(400, 120.0, 60.0)
    assert many is not None
    assert 0.26 < many.low < 0.3 < many.high < 0.34
    assert mean_of_shares(0, 0.0, 0.0) is None


def test_shares_that_are_all_alike_still_have_an_interval_within_0_and_1() -> None:
    mean = mean_of_shares(5, 5.0, 5.0)
    assert mean is not None
    assert mean.low < 0.9
    assert (mean.value, mean.high) == (1.0, 1.0)
