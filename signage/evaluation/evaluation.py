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
from functools import cached_property
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
from signage.types.log import Block, Index, Log

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
    gathering = _Gathering(log, targets, new, with_stretches=bool(stretches))
    done = 0
    for block in log.blocks(_block_size(log)):
        gathering.add(block)
        done += len(block)
        on_progress(done / len(log))
    gathering.counts.check_enough()
    plays = gathering.plays()
    bounds = stretches_of(len(plays.reward), stretches) if stretches else []
    valuations = [
        replace(
            value_target(one, plays, tuple(log.contents)),
            over_time=tuple(difference_within(one, plays, within) for within in bounds),
        )
        for one in gathering.targets
    ]
    valuations += [extrapolate(other, plays, log.contents) for other in gathering.new]
    return Evaluation(
        decisions=done,
        plays=len(plays.reward),
        visitors=int(plays.cluster.max()) + 1,
        counts=gathering.counts,
        logged=plays.logged,
        valuations=tuple(valuations),
        stretches=tuple(within.stop for within in bounds),
    )


class _Gathering:
    """One pass over a log: what the estimates need of its plays and of each target."""

    def __init__(
        self,
        log: Log,
        targets: Sequence[Target],
        new: Sequence[NewContent],
        *,
        with_stretches: bool,
    ) -> None:
        room = len(log)
        self._log = log
        self.counts = LogCounts(log.name)
        self.targets = [
            GatheredTarget(
                target, Column(room), Column(room), Column(room) if with_stretches else None
            )
            for target in targets
        ]
        self.new = [GatheredContent(content) for content in new]
        self._reward, self._modelled, self._as_logged = Column(room), Column(room), Column(room)
        self._visitors: list[Index] = []
        self._done = self._to_fit = 0

    @cached_property
    def _model(self) -> RewardModel:
        """Made at the first decision: a log without any has no contents."""
        return RewardModel(self._log.contents, self._log.features)

    def add(self, block: Block) -> None:
        """Take up the next decisions. The model expects their rewards before it learns them."""
        self.counts.add(block)
        judged, model = block.judged, self._model
        contexts = model.contexts(block, judged)
        rewards = model.expects(contexts)
        shown, reward = block.shown[judged], block.reward[judged]
        for target in self.targets:
            target.add(block, judged, contexts, rewards)
        logged = np.nan_to_num(block.probabilities[judged])
        for content in self.new:
            content.add(block.eligible[judged], logged, contexts)
        self._reward.add(reward)
        self._modelled.add(rewards[np.arange(len(shown)), shown])
        self._as_logged.add(np.sum(logged * rewards, axis=1))
        self._visitors.append(block.visitors[judged])
        model.learn(contexts, shown, reward)
        self._done += len(block)
        if self._done >= self._to_fit:
            model.fit()
            self._to_fit = self._done + len(self._log) // _PARTS

    def plays(self) -> JudgedPlays:
        """Return the plays that are judged, with the model of all of them."""
        self._model.fit()
        return JudgedPlays(
            self._reward.values,
            self._modelled.values,
            self._as_logged.values,
            _clusters(self._visitors),
            self._model,
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
