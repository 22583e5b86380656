"""Student's t: intervals of means of few."""

from __future__ import annotations

from statistics import NormalDist

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
