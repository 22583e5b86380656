"""What a policy would have earned, from what was gathered of it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from signage.evaluation import off_policy
from signage.evaluation.gathering import GatheredContent, GatheredTarget
from signage.evaluation.off_policy import Weights
from signage.evaluation.overlap import Overlap
from signage.evaluation.reward_model import RewardModel
from signage.stats import Estimate
from signage.types.arrays import Floats
from signage.types.log import Index

LEAST_IN_STRETCH = 30
"""Plays, below which there is no stretch, and visitors, below which it has no interval."""


@dataclass(frozen=True, slots=True)
class Valuation:
    """What one policy would have earned. An estimate that is not known is None."""

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


class JudgedPlays:
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


def value_target(one: GatheredTarget, plays: JudgedPlays, contents: Sequence[str]) -> Valuation:
    """Return what a policy would have earned; ``contents`` are the names of those in the log."""
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
    ips, snips, dr = (None if value is None else value.within(0, 1) for value in by_weights[:3])
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


def _difference(weights: Weights, plays: JudgedPlays, expected: Floats, within: slice) -> Estimate:
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


def difference_within(one: GatheredTarget, plays: JudgedPlays, within: slice) -> Estimate:
    """Return the difference to what played over a stretch of the plays."""
    assert one.squares is not None  # noqa: S101 - stretches were asked for
    squares = float(one.squares.values[within].mean())
    weights = Weights(one.drawn.values[within], squares)
    difference = _difference(weights, plays, one.expected.values[within], within)
    if len(np.unique(plays.cluster[within])) < LEAST_IN_STRETCH:
        return Estimate(difference.value).within(-1, 1)
    return difference.within(-1, 1)


def extrapolate(
    one: GatheredContent, plays: JudgedPlays, contents: Mapping[str, Sequence[str]]
) -> Valuation:
    """Return what a content that never played is expected to earn, by the reward model."""
    count, model, content = len(plays.reward), plays.model, one.content
    played = np.vstack([np.asarray(one.others), np.asarray(one.own)]) / count
    new = model.describe(content.kinds)
    unknown = [kind for kind in content.kinds if kind not in model.kinds]
    of_all = [kind for kind in unknown if all(kind in have for have in contents.values())]
    strange = [kind for kind in unknown if kind not in of_all]
    warnings = [
        "An extrapolation: this content was never shown. The model expects it to "
        "earn what similar contents earn. The interval covers only the model's own "
        "uncertainty."
    ]
    if strange:
        warnings.append(
            f"No content in the log has {', '.join(strange)}, so the estimate ignores it."
        )
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
