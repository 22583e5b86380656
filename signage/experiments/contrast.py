"""What one arm of an experiment is worth against another, at any time.

Both designs draw lots, and so both give a series of differences ``z`` whose signs, if the arms
are alike, are those of fair coins, whatever audience, hour or novelty made them large or small:

- a round of blocks: ``z = w (treatment - control)``, of the means of the plays of its two blocks,
- a visit: ``z = ±2 (reward - forecast)``, + for the treatment, of the mean of its plays, with the
  mean of all visits before as the forecast.

For such a series ``exp(λ Σz - λ² Σz² / 2)`` is a supermartingale, at any length and without a
bound on ``z`` (de la Peña, Annals of Probability 27, 1999, lemma 6.1), and the boundary of
``confidence.py`` holds for ``S = Σz`` and ``V = Σz²``. Its ρ is tuned to the size of the first
``SCALE_UNITS`` of them, which says nothing of their signs.

An interval is all that would not be rejected: of the difference ``θ`` with ``z - θ w``, of the
ratio ``r = 1 + lift`` with what the treatment earned less ``r`` times what the control did. It is
exact where the effect is the same all the time, as a sum or as a factor, and otherwise, as any
interval for a mean, good when there are many units.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from signage.experiments.confidence import margin, tuned
from signage.types.arrays import Floats

ERROR = 0.05
"""Of an interval, over all the times that it is looked at together."""
SCALE_UNITS = 10
"""Nothing is told before there are so many units. Rejecting takes 11 at the least."""
POWER = 0.8
"""With which a lift that is called detectable is detected."""
ROUNDS, VISITS = 100, 2000
"""An interval is narrowest at about so many units."""
_BLOCK_PLAYS = 5.0
"""So many plays in each of two blocks tell as much as what makes blocks differ leaves open."""
_HIGHEST_RATIO = 100.0
_STEPS, _HALVINGS = 400, 50

Interval = tuple[float | None, float | None]
"""Lower and upper end; None: it is open there."""


@dataclass(frozen=True, slots=True)
class Contrast:
    """The units of two arms: arrays of shape (n,), in the order of time.

    ``treatment - control`` is the difference of a unit, ``weight`` what it counts, so that the
    means are ``Σ / Σ weight``.
    """

    treatment: Floats
    control: Floats
    weight: Floats
    tightest_at: int
    """The interval is narrowest at about so many units."""

    @classmethod
    def of_rounds(cls, treatment: Floats, control: Floats, plays: Floats) -> Contrast:
        """Of the means of two blocks each; ``plays`` of every arm's block, shape (n, arms).

        A round counts as much as any other where it has many plays, and less where it has few.
        """
        least = 1 / (1 / plays).sum(-1)
        weight = least / (least + _BLOCK_PLAYS)
        return cls(weight * treatment, weight * control, weight, ROUNDS)

    @classmethod
    def of_visits(cls, rewards: Floats, treated: Sequence[bool]) -> Contrast:
        """Of the mean reward of each visit, and whether it had the treatment."""
        n, on = len(rewards), np.asarray(treated, bool)
        before = np.concatenate([[0.5], np.cumsum(rewards)[:-1] / np.arange(1, n)])[:n]
        earned = np.where(on, 2 * rewards, 0.0)
        given = np.where(on, 2 * before, 2 * (rewards - before))
        return cls(earned, given, np.ones(n), VISITS)

    def __len__(self) -> int:
        return len(self.weight)

    def first(self, units: int) -> Contrast:
        """What it was after so many units."""
        return replace(
            self,
            treatment=self.treatment[:units],
            control=self.control[:units],
            weight=self.weight[:units],
        )

    def difference(self, error: float = ERROR) -> Interval:
        """Of the treatment's mean less the control's, both in [0, 1]."""
        return self._not_rejected(self.treatment - self.control, self.weight, (-1.0, 1.0), error)

    def lift(self, error: float = ERROR) -> Interval:
        """Of the treatment's mean over the control's, less 1."""
        low, high = self._not_rejected(self.treatment, self.control, (0.0, _HIGHEST_RATIO), error)
        return (None if low is None else low - 1, None if high is None else high - 1)

    def detectable_lift(self, error: float = ERROR) -> float | None:
        """The smallest lift that this many units would detect with probability ``POWER``."""
        total = float(self.control.sum())
        if len(self) <= SCALE_UNITS or total <= 0:
            return None
        v = float(((self.treatment - self.control) ** 2).sum())
        rho2 = tuned(self.tightest_at * v / len(self), error)
        return float(margin(v, rho2, error) + NormalDist().inv_cdf(POWER) * math.sqrt(v)) / total

    def _not_rejected(
        self, earned: Floats, given: Floats, bounds: tuple[float, float], error: float
    ) -> Interval:
        """All ``x`` for which ``earned - x given`` has signs of fair coins."""
        if len(self) <= SCALE_UNITS or given.sum() <= 0:
            return None, None

        z = _Sums(earned, given)

        def inside(x: Floats) -> Floats:
            return np.asarray(z.evidence(x, self.tightest_at) < math.log(1 / error))

        best = min(max(float(earned.sum() / given.sum()), bounds[0]), bounds[1])
        low, high = (_end(inside, best, bound) for bound in bounds)
        return low, high


class _Sums:
    """Of ``z = earned - x given`` for any ``x``, without going through them again."""

    def __init__(self, earned: Floats, given: Floats) -> None:
        self._n = len(earned)
        self._s = float(earned.sum()), float(given.sum())
        self._all, self._first = (
            (float(e @ e), float(e @ g), float(g @ g))
            for e, g in ((earned, given), (earned[:SCALE_UNITS], given[:SCALE_UNITS]))
        )

    def evidence(self, x: Floats, tightest_at: int) -> Floats:
        v, first = (ee - 2 * x * eg + x**2 * gg for ee, eg, gg in (self._all, self._first))
        return evidence(self._s[0] - x * self._s[1], v, first / SCALE_UNITS, tightest_at)


def evidence(s: Floats, v: Floats, scale: Floats, tightest_at: int, error: float = ERROR) -> Floats:
    """Logarithm of the mixture against fair signs, of any shape; evidence from log(1/error) on.

    ``scale`` is the mean of the first ``SCALE_UNITS`` of ``z²``.
    """
    rho2 = tuned(tightest_at * np.maximum(scale, 1e-12), error)
    spread = 1 + rho2 * np.maximum(v, 0.0)
    return np.asarray(rho2 * np.square(s) / (2 * spread) - np.log(spread) / 2)


def _end(inside: Callable[[Floats], Floats], best: float, bound: float) -> float | None:
    """The last ``x`` from ``best`` on that is inside; None where that is ``bound``."""
    candidates = best + (bound - best) * np.geomspace(1e-6, 1, _STEPS)
    is_inside = inside(candidates)
    if is_inside[-1]:
        return None
    within = np.flatnonzero(is_inside)
    last = int(within[-1]) if len(within) else -1
    near, far = float(candidates[last]) if last >= 0 else best, float(candidates[last + 1])
    for _ in range(_HALVINGS):
        middle = (near + far) / 2
        if inside(np.array([middle]))[0]:
            near = middle
        else:
            far = middle
    return far
