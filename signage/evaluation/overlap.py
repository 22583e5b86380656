"""Whether the log can tell about a policy at all: did it often enough do what that one does?

- **Unsupported**: what the policy chooses and the log never left to chance. Of that share nothing
  is known, and neither IPS, SNIPS nor DR says so by itself: beyond ``MOST_UNSUPPORTED`` they are
  not given. As rewards are in [0, 1], that is also the largest error that they can have below it.
- **Effective sample size** under ``LEAST_EFFECTIVE``: the intervals are then not those they claim
  to be (`scripts/bench off-policy` prints their coverage). Kish, "Survey Sampling", 1965; Owen,
  "Monte Carlo theory, methods and examples", chapter 9.3.
- **One play** that makes up more than ``MOST_OF_ONE`` of all weight: it alone decides.
- **The mean weight** is 1 where the probabilities are true. Where it is too far off for chance,
  they are not, or who can see a play depends on what is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from signage.evaluation.off_policy import Weights, weighted_error
from signage.types.log import Index

MOST_UNSUPPORTED = 0.001
LEAST_EFFECTIVE = 100.0
MOST_OF_ONE = 0.1
LEAST_VISITORS = 30
_TOO_FAR = 4.0
"""Standard errors that the mean weight may be off."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """How far what was played and what a policy would play have in common."""

    effective_sample_size: float
    largest_share: float
    """Of all weight, by a single play."""
    mean_weight: float
    mean_weight_error: float
    unsupported_share: float
    """Of the policy's own choices."""
    visitors: int

    @classmethod
    def from_weights(cls, weights: Weights, unsupported_share: float, cluster: Index) -> Overlap:
        """``cluster`` as in ``off_policy``."""
        drawn = weights.drawn
        total = float(drawn.sum())
        ones = np.ones_like(drawn)
        return cls(
            effective_sample_size=weights.effective_sample_size,
            largest_share=float(drawn.max()) / total if total else 0.0,
            mean_weight=float(drawn.mean()),
            mean_weight_error=weighted_error(weights, ones, 0 * ones, cluster),
            unsupported_share=unsupported_share,
            visitors=int(cluster.max()) + 1,
        )

    @property
    def supported(self) -> bool:
        return self.unsupported_share <= MOST_UNSUPPORTED

    def warnings(self, name: str) -> Iterator[str]:
        """What speaks against believing the numbers of the policy ``name``, in a sentence each."""
        if not self.supported:
            yield (
                f"{self.unsupported_share:.1%} of its plays had no chance in the log. Only a "
                "model can estimate them (direct method)."
            )
            return
        if self.effective_sample_size < LEAST_EFFECTIVE:
            yield (
                f"Not enough data for {name} yet (effective sample "
                f"{self.effective_sample_size:.0f}, needs {LEAST_EFFECTIVE:.0f})."
            )
        if self.largest_share > MOST_OF_ONE:
            yield f"One play has {self.largest_share:.0%} of all the weight."
        if not self.mean_weight:
            yield "The log never drew what it would play."
        elif abs(self.mean_weight - 1) > _TOO_FAR * self.mean_weight_error:
            yield (
                f"The mean weight is {self.mean_weight:.3f} and should be 1 ± "
                f"{self.mean_weight_error:.3f}. Either the logged probabilities are wrong, or "
                "who sees a play depends on what is shown."
            )
        if self.visitors < LEAST_VISITORS:
            yield (f"Only {self.visitors} visitors saw the plays. Intervals need {LEAST_VISITORS}.")
