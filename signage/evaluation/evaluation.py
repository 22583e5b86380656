"""Off-policy evaluation of a whole log, block by block, in one pass.

What is estimated is the mean reward of a play that somebody could have seen, in the situations in
which the log made its decisions. Decisions that were forced tell nothing about others; plays that
nobody could have seen, that failed or whose reward never came have no reward, which is not a
reward of 0. They are left out and counted: that is right as long as it does not hang on what was
drawn whether a play is seen, which the mean weight is a check of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from signage.errors import SignageError
from signage.evaluation import off_policy
from signage.evaluation.counts import LogCounts
from signage.evaluation.off_policy import Weights
from signage.evaluation.overlap import Overlap
from signage.evaluation.reward_model import RewardModel
from signage.evaluation.what_if import NewContent, Target
from signage.stats import Estimate
from signage.types.arrays import Floats
from signage.types.log import Block, Flags, Index, Log

_PARTS = 20
"""Of the log, after each of which the reward model is fitted anew."""
_CELLS_AT_ONCE = 2_000_000
"""Numbers in a block, which bounds the memory."""
_LEAST_BLOCK = 25
LEAST_IN_STRETCH = 30
"""Plays, below which there is no stretch, and visitors, below which it has no interval."""


@dataclass(frozen=True, slots=True)
class Valuation:
    """What one policy would have earned. An estimate that cannot be told is None."""

    policy: str
    ips: Estimate | None
    snips: Estimate | None
    dm: Estimate
    dr: Estimate | None
    difference: Estimate | None
    """By which it is better than what played, doubly robust."""
    overlap: Overlap | None
    """None for a new content, of which nothing was ever logged."""
    shares: Mapping[str, float]
    """Of voice, of each content that was there."""
    warnings: tuple[str, ...]
    over_time: tuple[Estimate, ...] = ()
    """``difference`` of each stretch of the plays (``Evaluation.stretches``)."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that the log tells."""

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


class _Column:
    """A number of each play: room for all of the log, taken up as it fills."""

    def __init__(self, room: int) -> None:
        self._values = np.empty(room)
        self._count = 0

    def add(self, values: Floats) -> None:
        self._values[self._count : self._count + len(values)] = values
        self._count += len(values)

    @property
    def values(self) -> Floats:
        return self._values[: self._count]


@dataclass(slots=True)
class _Gathered:
    """What is kept of one target."""

    target: Target
    drawn: _Column
    expected: _Column
    squares: _Column | None
    """``Σ_a π(a)² / p(a)``; kept only where stretches are told, for it takes room."""
    second_moment: float = 0.0
    """Sum of it."""
    unsupported: float = 0.0
    played: Floats | float = 0.0
    """Sum of ``π(a) x``, shape (K, width)."""

    def add(self, block: Block, counted: Flags, contexts: Floats, rewards: Floats) -> None:
        """``rewards``, shape (n, K): what is expected of each content."""
        asked = self.target.choose(block)
        _check(self.target.name, asked, block)
        chosen = asked[counted]
        logged = np.nan_to_num(block.probabilities[counted])
        possible = logged > 0
        rows = np.arange(len(chosen))
        self.drawn.add(chosen[rows, block.shown[counted]] / block.propensity[counted])
        self.expected.add(np.sum(chosen * rewards, axis=1))
        squares = np.divide(chosen**2, logged, out=np.zeros_like(chosen), where=possible)
        self.second_moment += float(squares.sum())
        if self.squares is not None:
            self.squares.add(squares.sum(axis=1))
        self.unsupported += float(chosen[~possible].sum())
        self.played = self.played + chosen.T @ contexts


@dataclass(slots=True)
class _Added:
    """What is kept of a content that never played."""

    content: NewContent
    share: float = 0.0
    """Sum of its probabilities."""
    own: Floats | float = 0.0
    """Sum of those times the context, shape (width,)."""
    others: Floats | float = 0.0
    """As ``_Gathered.played``, of all that there was."""

    def add(self, eligible: Flags, logged: Floats, contexts: Floats) -> None:
        share = 1 / (1 + eligible.sum(axis=1))
        self.share += float(share.sum())
        self.own = self.own + share @ contexts
        self.others = self.others + (logged * (1 - share[:, None])).T @ contexts


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

    Raises JournalError where the log is empty, damaged or tells nothing, SignageError for a
    target whose answers are no probabilities.
    """
    model = RewardModel(log.contents, log.features) if log.contents else None
    room = len(log)
    gathered = [
        _Gathered(target, _Column(room), _Column(room), _Column(room) if stretches else None)
        for target in targets
    ]
    added = [_Added(content) for content in new]
    counts = LogCounts(log.name)
    kept_reward, kept_modelled, kept_logged = _Column(room), _Column(room), _Column(room)
    kept_visitor: list[Index] = []
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
        kept_reward.add(reward)
        kept_modelled.add(rewards[np.arange(len(shown)), shown])
        kept_logged.add(np.sum(logged * rewards, axis=1))
        kept_visitor.append(block.visitors[counted])
        model.learn(contexts, shown, reward)
        done += len(block)
        if done >= to_fit:
            model.fit()
            to_fit = done + len(log) // _PARTS
        on_progress(done / len(log))
    counts.check_enough()
    assert model is not None  # noqa: S101
    model.fit()
    plays = _Plays(
        kept_reward.values,
        kept_modelled.values,
        kept_logged.values,
        _clusters(kept_visitor),
        model,
    )
    bounds = stretches_of(len(plays.reward), stretches) if stretches else []
    valuations = [
        replace(
            _value(one, plays, tuple(log.contents)),
            over_time=tuple(_difference_within(one, plays, within) for within in bounds),
        )
        for one in gathered
    ]
    valuations += [_extrapolate(other, plays, log.contents) for other in added]
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


class _Plays:
    """What is the same for every target."""

    def __init__(
        self, reward: Floats, modelled: Floats, logged: Floats, cluster: Index, model: RewardModel
    ) -> None:
        self.reward, self.modelled, self.model = reward, modelled, model
        self.expected_as_logged = logged
        self.cluster = cluster
        self.noise = float(np.mean((reward - modelled) ** 2))
        mean = float(reward.mean())
        variance = off_policy.clustered_variance(reward - mean, self.cluster)
        error = math.sqrt(variance / len(reward))
        self.logged = off_policy.around(mean, error).within(0, 1)


def _value(one: _Gathered, plays: _Plays, contents: Sequence[str]) -> Valuation:
    count = len(plays.reward)
    drawn, expected = one.drawn.values, one.expected.values
    weights = Weights(drawn, one.second_moment / count)
    overlap = Overlap.from_weights(weights, one.unsupported / count, plays.cluster)
    played = np.asarray(one.played) / count
    spread = off_policy.clustered_variance(expected - expected.mean(), plays.cluster)
    doubt = plays.model.doubt_of(played, plays.noise) + spread / count
    by_weights: list[Estimate | None] = [None] * 4
    if overlap.supported and overlap.mean_weight:
        by_weights = [
            off_policy.ips_estimate(weights, plays.reward, plays.cluster),
            off_policy.snips_estimate(weights, plays.reward, plays.cluster),
            off_policy.doubly_robust_estimate(
                weights, plays.reward, plays.modelled, expected, plays.cluster
            ),
            _difference(weights, plays, expected, slice(None)),
        ]
    ips, snips, dr = (None if found is None else found.within(0, 1) for found in by_weights[:3])
    difference = by_weights[3]
    return Valuation(
        policy=one.target.name,
        ips=ips,
        snips=snips,
        dm=off_policy.around(plays.model.mean_of(played), math.sqrt(doubt)).within(0, 1),
        dr=dr,
        difference=None if difference is None else difference.within(-1, 1),
        overlap=overlap,
        shares=dict(zip(contents, played[:, 0].tolist(), strict=True)),
        warnings=tuple(overlap.warnings(one.target.name)),
    )


def _difference(weights: Weights, plays: _Plays, expected: Floats, within: slice) -> Estimate:
    """Of the doubly robust values of the policy and of what played, of the plays ``within``.

    That of what played has weights of 1. What both have in common is no doubt.
    """
    reward, modelled = plays.reward[within], plays.modelled[within]
    apart = Weights(weights.drawn - 1, max(0.0, weights.second_moment - 1))
    more = expected - plays.expected_as_logged[within]
    value = off_policy.doubly_robust(apart.drawn, reward, modelled, more)
    cluster = np.unique(plays.cluster[within], return_inverse=True)[1]
    return off_policy.around(
        value, off_policy.weighted_error(apart, reward - modelled, more, cluster)
    )


def _difference_within(one: _Gathered, plays: _Plays, within: slice) -> Estimate:
    assert one.squares is not None  # noqa: S101 - stretches were asked for
    squares = float(one.squares.values[within].mean())
    weights = Weights(one.drawn.values[within], squares)
    difference = _difference(weights, plays, one.expected.values[within], within)
    if len(np.unique(plays.cluster[within])) < LEAST_IN_STRETCH:
        return Estimate(difference.value).within(-1, 1)
    return difference.within(-1, 1)


def _extrapolate(one: _Added, plays: _Plays, contents: Mapping[str, Sequence[str]]) -> Valuation:
    count, model, content = len(plays.reward), plays.model, one.content
    played = np.vstack([np.asarray(one.others), np.asarray(one.own)]) / count
    new = model.describe(content.kinds)
    unknown = [kind for kind in content.kinds if kind not in model.kinds]
    of_all = [kind for kind in unknown if all(kind in have for have in contents.values())]
    strange = [kind for kind in unknown if kind not in of_all]
    warnings = [
        "An extrapolation: it was never shown, and is thought to earn what the model expects of "
        "its kind. The interval is the model's own doubt, and no log can tell its error."
    ]
    if strange:
        warnings.append(f"No content of the log has {', '.join(strange)}: nothing is known of it.")
    doubt = model.doubt_of(played, plays.noise, new)
    return Valuation(
        policy=content.name,
        ips=None,
        snips=None,
        dm=off_policy.around(model.mean_of(played, new), math.sqrt(doubt)).within(0, 1),
        dr=None,
        difference=None,
        overlap=None,
        shares=dict(zip(contents, played[:-1, 0].tolist(), strict=True))
        | {content.name: one.share / count},
        warnings=tuple(warnings),
    )


def _block_size(log: Log) -> int:
    widest = _CELLS_AT_ONCE // max(1, len(log.contents) + len(log.features))
    return max(_LEAST_BLOCK, min(len(log) // _PARTS, widest))


def _clusters(visitors: list[Index]) -> Index:
    """The plays' visitors, numbered without a gap."""
    if not visitors:
        return np.zeros(0, np.int64)
    return np.unique(np.concatenate(visitors), return_inverse=True)[1]


def _check(name: str, asked: Floats, block: Block) -> None:
    fine = asked.shape == block.probabilities.shape and bool(
        np.all(asked >= 0)
        and np.all(np.abs(asked.sum(axis=1) - 1) < 1e-6)
        and not np.any(asked[~block.eligible])
    )
    if not fine:
        raise SignageError(
            f"The policy {name} gives no probabilities: of each decision they must be at least 0, "
            "sum to 1, and be 0 for what is not eligible. Mend the policy."
        )
