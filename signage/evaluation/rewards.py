"""The rewards of a log, and means of them with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from signage.evaluation.counts import LogCounts
from signage.evaluation.off_policy import clustered_variance
from signage.stats import Estimate, t95
from signage.types.arrays import Floats
from signage.types.log import Index, Log

_BLOCK = 50_000
LEAST_VISITORS = 10
"""Fewer do not tell how others are: no interval."""


@dataclass(frozen=True, slots=True)
class Rewards:
    """Of the ``n`` plays of a log that can be judged (``Block.judged``), in order."""

    reward: Floats
    visitor: Index
    """Who was there for longest; of one who is not known, a number of its own."""
    shown: Index
    """Content, as its place in ``Log.contents``."""
    t_utc_s: Floats
    counts: LogCounts

    def __len__(self) -> int:
        return len(self.reward)

    def mean(self, which: slice | Index = slice(None)) -> Estimate | None:
        """Of the plays ``which``, with its 95 % interval by visitors; None of none.

        Student's t over the visitors; two plays more are counted, one with reward 0 and one with
        1, because rewards near an end have too small a variance as often as not (after Agresti &
        Coull, 1998). The ends are NaN below ``LEAST_VISITORS``, who tell nothing of others.
        """
        reward = self.reward[which]
        count = len(reward)
        if not count:
            return None
        value = float(reward.mean())
        cluster = np.unique(self.visitor[which], return_inverse=True)[1]
        visitors = int(cluster.max()) + 1
        if visitors < LEAST_VISITORS:
            return Estimate(value)
        variance = clustered_variance(reward - value, cluster) + 1 / (2 * count)
        half = t95(visitors - 1) * math.sqrt(variance / count)
        return Estimate.from_half_width(value, half).within(0, 1)


def rewards_of(log: Log) -> Rewards:
    """Return the rewards of the plays of ``log`` that are judged."""
    counts = LogCounts(log.name)
    parts = []
    for block in log.blocks(_BLOCK):
        counts.add(block)
        counted = block.judged
        columns = (block.reward, block.visitors, block.shown, block.t_utc_s)
        parts.append(tuple(column[counted] for column in columns))
    if not parts:
        nothing = np.zeros(0, np.int64)
        return Rewards(np.zeros(0), nothing, nothing, np.zeros(0), counts)
    reward, visitor, shown, t_utc_s = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    return Rewards(reward, visitor, shown, t_utc_s, counts)
