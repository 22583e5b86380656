"""Whether the arms of an experiment had what the lots gave them: without that, no lift is true.

Everything here is evidence that may be looked at every day (an e-value): where lots are drawn as
they should be, it ever reaches ``x`` with probability ``1 / x`` at most.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from signage.experiments.contrast import ROUNDS, SCALE_UNITS, evidence
from signage.types.arrays import Floats

_AT_FAULT = 0.1
"""Share of strata expected to be at fault, where any is."""


@dataclass(frozen=True, slots=True)
class Check:
    """Something that would make the result wrong, and whether it is there."""

    name: str
    ok: bool
    detail: str


def uneven(counts: Sequence[int]) -> float:
    """Evidence that units do not go to the arms alike; ``counts`` of each arm.

    A uniform mixture of multinomials against the even one (Lindon & Malek, "Anytime-valid
    inference for multinomial count data", NeurIPS 2022).
    """
    arms, total = len(counts), sum(counts)
    mixture = math.lgamma(arms) - math.lgamma(arms + total) + total * math.log(arms)
    mixture += sum(math.lgamma(1 + count) for count in counts)
    return math.exp(min(700.0, mixture))


def uneven_somewhere(strata: Iterable[Sequence[int]]) -> float:
    """The same in any stratum of the units, an hour, say.

    Lots know nothing of a unit's stratum, so the evidence of strata may be multiplied. Each is
    mixed with 1, as if one in so many were at fault: others do not dilute what one of them tells.
    """
    mixed = (1 - _AT_FAULT + _AT_FAULT * uneven(counts) for counts in strata)
    return math.exp(min(700.0, sum(math.log(each) for each in mixed)))


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
    log_evidence = evidence(z.sum(), v.sum(), v[:SCALE_UNITS].mean(), ROUNDS, error)
    return math.exp(min(700.0, float(log_evidence)))
