"""Experiments that never were."""

from __future__ import annotations

import numpy as np

from signage.types.arrays import Floats


def rounds(rng: np.random.Generator, count: int, lift: float) -> tuple[Floats, Floats]:
    """Mean rewards of the treatment's and the control's block of each round, ten plays each."""
    hours = 1 + 0.3 * np.sin(np.arange(count) / 3)
    level = 0.5 * hours[:, None] * np.exp(rng.normal(0, 0.1, (count, 2)))
    level[:, 0] *= 1 + lift
    looked = rng.random((count, 2, 10)) < np.minimum(1.0, level[..., None])
    means = (looked * rng.beta(2, 2, looked.shape)).mean(-1)
    return means[:, 0], means[:, 1]
