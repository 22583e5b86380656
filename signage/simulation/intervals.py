"""Means over seeds, with how sure they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import mean, stdev
from typing import NamedTuple

from signage.stats import t95


class Estimate(NamedTuple):
    """A mean over independent runs and its 95 % interval (Student's t); of one run, no interval."""

    mean: float
    half: float | None
    """Half of the width of the interval."""

    @property
    def is_sure(self) -> bool:
        """Whether 0 is outside of the interval."""
        return self.half is not None and abs(self.mean) > self.half

    def record(self, least: float = -math.inf, most: float = math.inf) -> dict[str, float | None]:
        """For summaries; the interval is cut to what is possible, from ``least`` to ``most``."""
        low, high = (
            (None, None)
            if self.half is None
            else (max(least, self.mean - self.half), min(most, self.mean + self.half))
        )
        return {
            name: None if value is None else round(value, 6)
            for name, value in (("mean", self.mean), ("low", low), ("high", high))
        }

    def __str__(self) -> str:
        return f"{self.mean:.3f}" + ("" if self.half is None else f" ± {self.half:.3f}")


def estimate(values: Sequence[float]) -> Estimate | None:
    """Of what each run gave; None of none."""
    if not values:
        return None
    freedom = len(values) - 1
    if freedom == 0:
        return Estimate(values[0], None)
    return Estimate(mean(values), t95(freedom) * stdev(values) / math.sqrt(len(values)))


def over_seeds(summaries: Sequence[dict[str, object]], name: str) -> Estimate | None:
    """Of the figure ``name`` of each summary that has it."""
    found = (summary[name] for summary in summaries)
    return estimate([float(value) for value in found if isinstance(value, int | float)])
