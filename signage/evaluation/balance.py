"""Whether the arms of an experiment had what the lots gave them: without that, no lift is true.

Everything here is evidence that may be looked at every day (an e-value): where lots are drawn as
they should be, it ever reaches ``x`` with probability ``1 / x`` at most.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from signage.evaluation.contrast import ROUNDS, SCALE_UNITS, evidence
from signage.types import Floats


@dataclass(frozen=True, slots=True)
class Check:
    """Something that would make the result wrong, and whether it is there."""

    name: str
    ok: bool
    detail: str


def uneven(strata: Iterable[Sequence[int]]) -> float:
    """Evidence that units do not go to the arms alike, in every stratum (an hour, say) by itself.

    Each stratum is how many units each arm had of it. In each, a uniform mixture of multinomials
    against the even one (Lindon & Malek, "Anytime-valid inference for multinomial count data",
    NeurIPS 2022); their product, since lots know nothing of the stratum of a unit.
    """
    found = 0.0
    for counts in strata:
        arms, total = len(counts), sum(counts)
        found += math.lgamma(arms) - math.lgamma(arms + total) + total * math.log(arms)
        found += sum(math.lgamma(1 + count) for count in counts)
    return math.exp(min(700.0, found))


def unlike(values: Floats, marked: Sequence[bool], chance: float, error: float) -> float:
    """Evidence that values with a mark are unlike those without.

    Lots give each value its mark with probability ``chance``, whatever came before it. So in
    ``z = (1 - chance) x`` with a mark, ``z = -chance x`` without, ``x`` being a value less what
    was expected before, the mean is 0, and ``exp(λ Σz - λ² Σ(z² + 2 E z²) / 6)`` a supermartingale
    without a bound on ``x`` (Delyon, "Exponential inequalities for sums of weakly dependent
    variables", Electronic Journal of Probability 14, 2009), mixed as in ``contrast.py``, with the
    ρ that is best for ``error``. 0 before there are more than ``SCALE_UNITS`` values.
    """
    if len(values) <= SCALE_UNITS:
        return 0.0
    z = values * np.where(marked, 1 - chance, -chance)
    v = (z**2 + 2 * chance * (1 - chance) * values**2) / 3
    found = evidence(z.sum(), v.sum(), v[:SCALE_UNITS].mean(), ROUNDS, error)
    return math.exp(min(700.0, float(found)))
