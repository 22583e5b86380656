"""The boundary behind every interval here that may be looked at as often as one likes.

The two-sided normal mixture (Robbins, Annals of Mathematical Statistics 41, 1970; Howard, Ramdas,
McAuliffe & Sekhon, Annals of Statistics 49, 2021, equation 14): where ``exp(λS - λ²V/2)`` is a
supermartingale for every λ, ``|S|`` ever crosses it with probability ``error`` at most.
"""

from __future__ import annotations

import numpy as np

from signage.types.arrays import Floats


def tuned(v: float | Floats, error: float) -> Floats:
    """The ρ² with which the boundary is tightest near the intrinsic time ``v``.

    Waudby-Smith et al., "Time-uniform central limit theory and asymptotic confidence sequences",
    2021.
    """
    twice = 2 * np.log(1 / error)
    return np.asarray((twice + np.log(1 + twice)) / v)


def margin(v: float | Floats, rho2: float | Floats, error: float) -> Floats:
    """How far from 0 the sum ``S`` may be at the intrinsic time ``v``."""
    scale = np.asarray(v) * rho2 + 1
    return np.asarray(np.sqrt(2 * scale / rho2 * np.log(np.sqrt(scale) / error)))
