"""Student's t against scipy 1.17: ``scipy.stats.t.ppf(0.975, df)``."""

from __future__ import annotations

import pytest

from signage.stats import t95

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
