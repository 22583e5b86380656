"""Estimates with their intervals, and Student's t behind those of few values."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist, mean, stdev

CONFIDENCE = 0.95
"""Of every interval."""

# By degrees of freedom, from 1 on: the series below needs some.
_T = (
    12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004,
    2.262157, 2.228139,
)  # fmt: skip
_Z = NormalDist().inv_cdf(0.975)
# The Cornish-Fisher expansion of t in powers of 1 / df, for the normal point z (Abramowitz &
# Stegun, "Handbook of Mathematical Functions", 26.7.5).
_SERIES = (
    _Z,
    (_Z**3 + _Z) / 4,
    (5 * _Z**5 + 16 * _Z**3 + 3 * _Z) / 96,
    (3 * _Z**7 + 19 * _Z**5 + 17 * _Z**3 - 15 * _Z) / 384,
    (79 * _Z**9 + 776 * _Z**7 + 1482 * _Z**5 - 1920 * _Z**3 - 945 * _Z) / 92160,
)


def t95(freedom: int) -> float:
    """Two-sided 95 % point, right to 0.00001. Raises ValueError below 1 degree of freedom."""
    if freedom < 1:
        raise ValueError(f"Student's t needs at least 1 degree of freedom, not {freedom}")
    if freedom <= len(_T):
        return _T[freedom - 1]
    return float(sum(term / freedom**power for power, term in enumerate(_SERIES)))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and the ends of its interval, which are NaN where there is no interval."""

    value: float
    low: float = math.nan
    high: float = math.nan

    @classmethod
    def from_half_width(cls, value: float, half: float) -> Estimate:
        """Return ``value ± half``."""
        return cls(value, value - half, value + half)

    def within(self, least: float, most: float) -> Estimate:
        """Return the same, cut to what is possible: nearer to the truth where that cuts it."""
        ends = (self.value, self.low, self.high)
        return Estimate(*(end if math.isnan(end) else min(most, max(least, end)) for end in ends))

    @property
    def has_interval(self) -> bool:
        return not math.isnan(self.low)

    @property
    def excludes_zero(self) -> bool:
        """Whether there is an interval, and 0 is outside of it."""
        return self.low > 0 or self.high < 0

    def __str__(self) -> str:
        width = f" ± {(self.high - self.low) / 2:.3f}" if self.has_interval else ""
        return f"{self.value:.3f}{width}"


def mean_of(values: Sequence[float]) -> Estimate | None:
    """Return the mean of independent values with its 95 % interval, by Student's t.

    None of no values; of one value, no interval.
    """
    if not values:
        return None
    if len(values) == 1:
        return Estimate(values[0])
    half = t95(len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Estimate.from_half_width(mean(values), half)


def mean_of_shares(count: int, total: float, squares: float) -> Estimate | None:
    """Return the mean of ``count`` values in [0, 1] with its 95 % interval; None of none.

    ``total`` and ``squares`` are the sums of the values and of their squares. Student's t. Two
    values more, 0 and 1, are counted in the variance: values that happen to be alike give too
    small a one (after Agresti & Coull, The American Statistician 52, 1998).
    """
    if not count:
        return None
    value = total / count
    if count < 2:
        return Estimate(value)
    more, middle = count + 2, (total + 1) / (count + 2)
    variance = max(0.0, squares + 1 - more * middle**2) / (more - 1)
    half = t95(count - 1) * math.sqrt(variance / count)
    return Estimate.from_half_width(value, half).within(0, 1)
