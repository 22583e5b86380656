"""What another policy would have earned, from the log of the one that played.

With ``p`` the probability of what was shown, ``w = π(shown) / p`` its weight, ``r`` the reward
and ``q`` what a reward model expects, over the ``n`` plays that have a reward:

| estimator | value of π | needs |
|---|---|---|
| ``ips`` | mean of ``w r`` (Horvitz & Thompson, 1952) | exact probabilities |
| ``snips`` | ``Σ w r / Σ w`` (Swaminathan & Joachims, NeurIPS 2015) | the same |
| ``dm`` | mean of ``Σ_a π(a) q(a)``, the direct method | a model that is right |
| ``dr`` | mean of ``Σ_a π(a) q(a) + w (r - q(shown))`` (Dudík, Langford & Li, ICML 2011) | \
exact probabilities; a good model makes it tighter, a bad one does not make it wrong |

Weights are not clipped: a clipped estimate is a biased one, and where weights are too large to be
believed the answer is a warning (``overlap.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from signage.stats import CONFIDENCE, Estimate
from signage.types.arrays import Floats
from signage.types.log import Index


@dataclass(frozen=True, slots=True)
class Weights:
    """How the plays of the log count for another policy."""

    drawn: Floats
    """Shape (n,): ``w`` of what was shown."""
    second_moment: float
    """Mean of ``Σ_a π(a)² / p(a)``: what ``w²`` is on average, whatever was drawn."""

    @property
    def effective_sample_size(self) -> float:
        """How many plays of π's own those of the log are worth, ``n / E[w²]`` (Kish, 1965).

        From the probabilities and not from the draws: a log in which the rare choice never came
        has small weights only, and would look better than it is.
        """
        return len(self.drawn) / self.second_moment if self.second_moment else 0.0


def ips(weight: Floats, reward: Floats) -> float:
    """Inverse propensity scoring."""
    return float(np.mean(weight * reward))


def snips(weight: Floats, reward: Floats) -> float:
    """Self-normalised IPS; NaN where nothing that π chooses was ever shown."""
    total = float(weight.sum())
    return float((weight * reward).sum()) / total if total else float("nan")


def direct(expected: Floats) -> float:
    """The direct method; ``expected`` is ``Σ_a π(a) q(a)`` of each play."""
    return float(np.mean(expected))


def doubly_robust(weight: Floats, reward: Floats, modelled: Floats, expected: Floats) -> float:
    """Doubly robust; ``modelled`` is ``q(shown)``, ``expected`` is ``Σ_a π(a) q(a)``."""
    return float(np.mean(expected + weight * (reward - modelled)))


def ips_estimate(weights: Weights, reward: Floats, cluster: Index) -> Estimate:
    """IPS with its interval; plays of one ``cluster`` (0 … G - 1) may hang together."""
    value = ips(weights.drawn, reward)
    return around(value, weighted_error(weights, reward, np.zeros_like(reward), cluster))


def snips_estimate(weights: Weights, reward: Floats, cluster: Index) -> Estimate:
    """The same for SNIPS, by the delta method."""
    value = snips(weights.drawn, reward)
    mean_weight = float(weights.drawn.mean())
    if not mean_weight:
        return Estimate(value, value, value)
    error = weighted_error(weights, reward - value, np.zeros_like(reward), cluster)
    return around(value, error / mean_weight)


def doubly_robust_estimate(
    weights: Weights, reward: Floats, modelled: Floats, expected: Floats, cluster: Index
) -> Estimate:
    """The same for the doubly robust estimate."""
    value = doubly_robust(weights.drawn, reward, modelled, expected)
    return around(value, weighted_error(weights, reward - modelled, expected, cluster))


def weighted_error(weights: Weights, rest: Floats, expected: Floats, cluster: Index) -> float:
    """Standard error of the mean of ``expected + w · rest``.

    The variance is that between clusters (Liang & Zeger, "Longitudinal data analysis", 1986). The
    large weights that matter most are the rarest, so the draws alone tell too small a variance;
    it is therefore never below what the probabilities say it is, with ``rest`` as large under
    rare choices as under others; and two plays more are counted, of the largest weight, one with
    reward 0 and one with 1 (after Agresti & Coull, 1998).
    """
    added = expected + weights.drawn * rest
    count = len(added)
    spread = float(added.var())
    by_probabilities = float(expected.var()) + float(np.mean(rest**2)) * weights.second_moment
    by_probabilities -= float(np.mean(weights.drawn * rest)) ** 2
    between = clustered_variance(added - added.mean(), cluster)
    variance = between * max(1.0, by_probabilities / spread) if spread else by_probabilities
    return float(np.sqrt((variance + np.abs(weights.drawn).max() ** 2 / (2 * count)) / count))


def clustered_variance(influence: Floats, cluster: Index) -> float:
    """Variance of one play, such that that of the mean is an ``n``-th of it.

    ``influence`` is what each play adds to the mean, less the mean. NaN with fewer than two
    clusters.
    """
    sums = np.bincount(cluster, influence)
    groups = len(sums)
    if groups < 2:
        return float("nan")
    return float(np.sum(sums**2)) * groups / (groups - 1) / len(influence)


def around(value: float, error: float) -> Estimate:
    """``value`` with the interval of a normal ``error``."""
    width = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * error
    return Estimate.from_half_width(value, width)
