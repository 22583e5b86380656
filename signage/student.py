"""Student's t: intervals of means of few."""

from __future__ import annotations

# By degrees of freedom, from 1 on.
_T = (
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
)  # fmt: skip


def t95(freedom: int) -> float:
    """Two-sided 95 % point; beyond the table an approximation that is right to 0.001."""
    return _T[freedom - 1] if freedom <= len(_T) else 1.96 + 2.4 / freedom
