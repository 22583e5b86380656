"""How long an experiment takes, before it has begun."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from signage.experiments.confidence import margin, tuned
from signage.experiments.contrast import ERROR, POWER, SCALE_UNITS, Contrast

MOST_UNITS = 10_000_000


def spread_of(contrast: Contrast) -> float:
    """Standard deviation of a unit's difference, in means of the control."""
    differences = contrast.treatment - contrast.control
    return float(np.std(differences, ddof=1) / contrast.control.mean())


def units_needed(lift: float, spread: float, tightest_at: int) -> int | None:
    """Units needed to detect a ``lift`` with probability ``POWER``, tested at any time.

    ``spread`` as ``spread_of`` gives it. None where it takes more than ``MOST_UNITS``.
    """
    v = spread**2 + lift**2
    rho2 = float(tuned(tightest_at * v, ERROR))
    luck = NormalDist().inv_cdf(POWER) * spread

    def enough(units: int) -> bool:
        return units * lift >= float(margin(units * v, rho2, ERROR)) + luck * math.sqrt(units)

    few, many = SCALE_UNITS, SCALE_UNITS + 1
    while not enough(many):
        few, many = many, 2 * many
        if few > MOST_UNITS:
            return None
    while many - few > 1:
        middle = (few + many) // 2
        few, many = (few, middle) if enough(middle) else (middle, many)
    return many


def units_for_one_look(lift: float, spread: float) -> int:
    """The same for a test that is looked at once, at an end that was fixed before."""
    normal = NormalDist()
    both = normal.inv_cdf(1 - ERROR / 2) + normal.inv_cdf(POWER)
    return math.ceil((both * spread / lift) ** 2)
