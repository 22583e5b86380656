"""Whether the arms of an experiment had what the lots gave them: without that, no lift is true."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from signage.types import Floats

_SHUFFLES = 2000
_LEAST_IN_GROUP = 10


@dataclass(frozen=True, slots=True)
class Check:
    """Something that would make the result wrong, and whether it is there."""

    name: str
    ok: bool
    detail: str


def uneven(counts: Sequence[int]) -> float:
    """Evidence (an e-value) that units do not go to the arms alike; may be looked at any time.

    A uniform mixture of multinomials against the even one; where it is even, it ever reaches
    ``x`` with probability ``1 / x`` at most (Lindon & Malek, "Anytime-valid inference for
    multinomial count data", NeurIPS 2022).
    """
    arms, total = len(counts), sum(counts)
    mixture = math.lgamma(arms) - math.lgamma(arms + total)
    mixture += sum(math.lgamma(1 + count) for count in counts)
    return math.exp(min(700.0, mixture + total * math.log(arms)))


def homogeneity(labels: Mapping[str, Sequence[Hashable]]) -> float:
    """p-value of the χ² test that the labels of all arms are drawn from the same.

    By Wilson & Hilferty's approximation (PNAS 17, 1931). 1 where there is nothing to compare.
    """
    names = sorted({label for those in labels.values() for label in those}, key=str)
    tables = [Counter(those) for those in labels.values()]
    table = np.array([[counted[name] for name in names] for counted in tables], float)
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    if freedom < 1 or not table.sum(1).all():
        return 1.0
    expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
    ratio = float(((table - expected) ** 2 / expected).sum()) / freedom
    spread = 2 / (9 * freedom)
    return 1 - NormalDist().cdf((ratio ** (1 / 3) - (1 - spread)) / math.sqrt(spread))


def shuffled(values: Floats, marked: Sequence[bool]) -> float | None:
    """p-value of the permutation test that values with a mark are like those without.

    None where one of both is too few to tell.
    """
    on = np.asarray(marked, bool)
    if min(on.sum(), (~on).sum()) < _LEAST_IN_GROUP:
        return None
    rng = np.random.default_rng(0)

    def gap(mark: npt.NDArray[np.bool_]) -> float:
        """How far apart the means are."""
        return abs(float(values[mark].mean() - values[~mark].mean()))

    seen = gap(on) - 1e-12
    as_far = sum(gap(rng.permutation(on)) >= seen for _ in range(_SHUFFLES))
    return (1 + as_far) / (1 + _SHUFFLES)
