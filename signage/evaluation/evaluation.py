"""Off-policy evaluation of a whole log, block by block, in one pass.

What is estimated is the mean reward of a play that somebody could have seen, in the situations in
which the log made its decisions. Decisions that were forced tell nothing about others; plays that
nobody could have seen, that failed or whose reward never came have no reward, which is not a
reward of 0. They are left out and counted: that is right as long as it does not hang on what was
drawn whether a play is seen, which the mean weight is a check of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from signage.evaluation.counts import LogCounts
from signage.evaluation.gathering import Column, GatheredContent, GatheredTarget
from signage.evaluation.reward_model import RewardModel
from signage.evaluation.valuation import (
    LEAST_IN_STRETCH,
    JudgedPlays,
    Valuation,
    difference_within,
    extrapolate,
    value_target,
)
from signage.evaluation.what_if import NewContent, Target
from signage.stats import Estimate
from signage.types.log import Index, Log

_PARTS = 20
"""Of the log, after each of which the reward model is fitted again."""
_CELLS_AT_ONCE = 2_000_000
"""Numbers in a block, which bounds the memory."""
_LEAST_BLOCK = 25


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The results of one log."""

    decisions: int
    plays: int
    """That are judged by."""
    visitors: int
    """Who those plays are of; one where nobody is known counts as one."""
    counts: LogCounts
    logged: Estimate
    """What played, by its own rewards."""
    valuations: tuple[Valuation, ...]
    stretches: tuple[int, ...] = ()
    """Where each stretch of the plays ends, in plays."""


def evaluate(
    log: Log,
    targets: Sequence[Target],
    new: Sequence[NewContent] = (),
    on_progress: Callable[[float], None] = lambda _: None,
    *,
    stretches: int = 0,
) -> Evaluation:
    """Judge ``targets`` and ``new`` by ``log``; ``on_progress`` gets the share that is done.

    ``stretches``: of the plays, as many or as long as ``LEAST_IN_STRETCH``, for ``over_time``.

    Raises JournalError where the log is empty, damaged or has too little, SignageError for a
    target whose answers are no probabilities.
    """
    model = RewardModel(log.contents, log.features) if log.contents else None
    room = len(log)
    gathered = [
        GatheredTarget(target, Column(room), Column(room), Column(room) if stretches else None)
        for target in targets
    ]
    added = [GatheredContent(content) for content in new]
    counts = LogCounts(log.name)
    reward_column, modelled, as_logged = Column(room), Column(room), Column(room)
    visitors: list[Index] = []
    size, done, to_fit = _block_size(log), 0, 0
    for block in log.blocks(size):
        counts.add(block)
        counted = block.judged
        assert model is not None  # noqa: S101 - a log with decisions has contents
        contexts = model.contexts(block, counted)
        rewards = model.expects(contexts)
        shown, reward = block.shown[counted], block.reward[counted]
        for one in gathered:
            one.add(block, counted, contexts, rewards)
        logged = np.nan_to_num(block.probabilities[counted])
        for other in added:
            other.add(block.eligible[counted], logged, contexts)
        reward_column.add(reward)
        modelled.add(rewards[np.arange(len(shown)), shown])
        as_logged.add(np.sum(logged * rewards, axis=1))
        visitors.append(block.visitors[counted])
        model.learn(contexts, shown, reward)
        done += len(block)
        if done >= to_fit:
            model.fit()
            to_fit = done + len(log) // _PARTS
        on_progress(done / len(log))
    counts.check_enough()
    assert model is not None  # noqa: S101
    model.fit()
    plays = JudgedPlays(
        reward_column.values,
        modelled.values,
        as_logged.values,
        _clusters(visitors),
        model,
    )
    bounds = stretches_of(len(plays.reward), stretches) if stretches else []
    valuations = [
        replace(
            value_target(one, plays, tuple(log.contents)),
            over_time=tuple(difference_within(one, plays, within) for within in bounds),
        )
        for one in gathered
    ]
    valuations += [extrapolate(other, plays, log.contents) for other in added]
    return Evaluation(
        decisions=done,
        plays=len(plays.reward),
        visitors=int(plays.cluster.max()) + 1,
        counts=counts,
        logged=plays.logged,
        valuations=tuple(valuations),
        stretches=tuple(within.stop for within in bounds),
    )


def stretches_of(plays: int, most: int) -> list[slice]:
    """Divides so many plays into stretches alike, at most ``most``."""
    count = min(most, max(1, plays // LEAST_IN_STRETCH))
    ends = [round(plays * number / count) for number in range(count + 1)]
    return [slice(begin, end) for begin, end in pairwise(ends)]


def _block_size(log: Log) -> int:
    widest = _CELLS_AT_ONCE // max(1, len(log.contents) + len(log.features))
    return max(_LEAST_BLOCK, min(len(log) // _PARTS, widest))


def _clusters(visitors: list[Index]) -> Index:
    """The plays' visitors, numbered without a gap."""
    if not visitors:
        return np.zeros(0, np.int64)
    return np.unique(np.concatenate(visitors), return_inverse=True)[1]
