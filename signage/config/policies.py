"""The schema of ``[policies]``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from signage.config.base import (
    MOST,
    Age,
    Count,
    CountOrNone,
    Hour,
    NotNegative,
    Positive,
    Probability,
    Section,
)


class VwConfig(Section):
    """How the learner learns, explores and keeps its model."""

    learning_rate: Positive = Field(
        default=0.05, description="Learning rate of the regression in Vowpal Wabbit."
    )
    reward_baseline: Probability = Field(
        default=0.35,
        description="Reward that counts as neither gain nor loss. A value a little above the mean "
        "reward works best.",
    )
    wander: Annotated[float, Field(ge=0, le=0.05)] = Field(
        default=0.001,
        description="How fast the learner expects tastes to change: the share of its uncertainty "
        "that one of its regressions takes up again with every reward.",
    )
    fair_trials: CountOrNone = Field(
        default=20,
        description="Plays that a new content gets within its first `fair_within` plays, whatever "
        "the learner expects of it.",
    )
    fair_within: Count = Field(
        default=500, description="Number of plays over which a new content gets its fair trials."
    )
    gamma_scale: Positive = Field(
        default=27.0,
        description="Exploration narrows as gamma grows: gamma = gamma_scale · "
        "plays^gamma_exponent / noise. Noise is the standard deviation of rewards around their "
        "estimates.",
    )
    gamma_exponent: NotNegative = Field(
        default=0.5, description="Exponent of the number of plays in gamma (see `gamma_scale`)."
    )
    exploration: Probability = Field(
        default=0.04, description="Share of plays that are always drawn uniformly."
    )
    warm_start: Path | None = Field(
        default=None,
        description="Checkpoint of another screen to begin with. The audience of that screen "
        "should be much like this one's.",
    )
    checkpoint_every: Count = Field(
        default=50, description="Rewards learned between two checkpoints of the model."
    )
    checkpoint_days: Annotated[int, Field(ge=0, le=36_500)] = Field(
        default=14,
        description="Days for which the last checkpoint of each day is kept, to roll back to.",
    )


class ApprenticeConfig(Section):
    """When the learner takes over from the rules table."""

    tolerance: NotNegative = Field(
        default=0.01,
        description="The learner takes over once its mean reward is surely at most this far below "
        "that of the table.",
    )
    error: Annotated[float, Field(gt=0, lt=0.5)] = Field(
        default=0.05,
        description="Probability that a change from one to the other is a mistake.",
    )
    min_plays: Annotated[int, Field(ge=30, le=MOST)] = Field(
        default=100, description="Rewarded plays before the first judgement after a change."
    )
    window_plays: Annotated[int, Field(ge=100, le=MOST)] = Field(
        default=3000, description="Rewarded plays after which the comparison starts again."
    )
    other_share: Annotated[float, Field(gt=0, le=0.5)] = Field(
        default=0.1,
        description="Share of plays in which the acting policy steps aside. The table then leaves "
        "the choice to chance, and the learner leaves it to the table.",
    )


class Rule(Section):
    """One row of the rules table: who sees which categories. The first match wins."""

    gender: Literal["female", "male"] | None = Field(
        default=None, description="Gender of the main viewer. Without it any gender."
    )
    min_age: Age = Field(default=0, description="Least age of the main viewer, in years.")
    max_age: Age = Field(default=100, description="Largest age of the main viewer, in years.")
    hours: tuple[Hour, Hour] | None = Field(
        default=None,
        description="First hour, and the hour before which the rule ends, by the screen's clock. "
        "Without them at all hours.",
    )
    categories: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description="Categories of content to play to this viewer."
    )


class PoliciesConfig(Section):
    """Settings of each policy."""

    vw: VwConfig = Field(default=VwConfig(), description="Settings of the learner.")
    apprentice: ApprenticeConfig = Field(
        default=ApprenticeConfig(), description="Settings of the apprentice."
    )
    rules: tuple[Rule, ...] = Field(
        default=(), description="The rules table, one row each, in order."
    )
