"""The rewards of a log, and means of them with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from signage.evaluation.faults import Faults
from signage.evaluation.off_policy import Estimate, around, clustered_variance
from signage.logged import Index, Log
from signage.types import Floats

_BLOCK = 50_000
LEAST_CLUSTERS = 10
"""Visitors, below which the spread between them tells nothing."""


@dataclass(frozen=True, slots=True)
class Rewards:
    """Of the ``n`` plays of a log that can be judged (``faults.py``), in order."""

    reward: Floats
    visitor: Index
    """Who was there for longest; of one who is not known, a number of its own."""
    shown: Index
    """Content, as its place in ``Log.contents``."""
    t_utc_s: Floats
    faults: Faults

    def __len__(self) -> int:
        return len(self.reward)

    def mean(self, which: slice | Index = slice(None)) -> Estimate | None:
        """Of the plays ``which``, with its 95 % interval by visitors; None of none.

        The ends are NaN where too few visitors tell nothing of others.
        """
        reward = self.reward[which]
        if not len(reward):
            return None
        value = float(reward.mean())
        cluster = np.unique(self.visitor[which], return_inverse=True)[1]
        if int(cluster.max()) + 1 < LEAST_CLUSTERS or not reward.std():
            return Estimate(value, math.nan, math.nan)
        variance = clustered_variance(reward - value, cluster)
        told = around(value, math.sqrt(variance / len(reward)))
        return Estimate(value, max(0.0, told.low), min(1.0, told.high))


def rewards_of(log: Log) -> Rewards:
    """Raises JournalError for a log that no number can be drawn from, but for an empty one."""
    faults = Faults(log.name)
    parts: list[tuple[Floats, Index, Index, Floats]] = []
    for block in log.blocks(_BLOCK):
        counted = faults.counted(block)
        visitor, number = block.visitor[counted], block.number[counted]
        known = np.where(visitor >= 0, visitor, -1 - number)
        parts.append((block.reward[counted], known, block.shown[counted], block.t_utc_s[counted]))
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Rewards(np.zeros(0), nothing, nothing, np.zeros(0), faults)
    reward, visitor, shown, t_utc_s = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return Rewards(reward, visitor, shown, t_utc_s, faults)
