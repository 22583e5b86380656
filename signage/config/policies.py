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
    """The learner (``recommend/ensemble.py``)."""

    learning_rate: Positive = 0.05
    reward_baseline: Probability = 0.35
    """Cost is this less the reward; a little above the mean reward works best."""
    wander: Annotated[float, Field(ge=0, le=0.05)] = 0.001
    """How fast tastes are thought to change where they do: the share of its own doubt that one
    of the regressions takes up again with every lesson."""
    fair_trials: CountOrNone = 20
    """A new content is shown about this often within its first ``fair_within`` plays, whatever is
    expected of it."""
    fair_within: Count = 500
    gamma_scale: Positive = 27.0
    """Exploration narrows with gamma = gamma_scale · plays^gamma_exponent / noise, the standard
    deviation of rewards around what is expected."""
    gamma_exponent: NotNegative = 0.5
    exploration: Probability = 0.04
    """Share of the plays drawn uniformly, for ever."""
    warm_start: Path | None = None
    """A checkpoint of another screen, whose audience is thought to be much like this one's, to
    begin with."""
    checkpoint_every: Count = 50
    """Rewards learned between two checkpoints of the model."""
    checkpoint_days: Annotated[int, Field(ge=0, le=36_500)] = 14
    """For so many days the day's last checkpoint is kept, to roll back to."""


class ApprenticeConfig(Section):
    """When the learner takes over from the rules table (``recommend/apprentice.py``)."""

    tolerance: NotNegative = 0.01
    """The learner takes over when it is surely no worse than this much reward below the table."""
    error: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """How often that may be wrong, or the handing back."""
    min_plays: Annotated[int, Field(ge=30, le=MOST)] = 100
    """Rewarded plays before the first judgement after a change."""
    window_plays: Annotated[int, Field(ge=100, le=MOST)] = 3000
    """Then the comparison starts anew."""
    other_share: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    """Share of the plays that whoever acts leaves to the other: the table to chance, the learner
    to the table."""


class Rule(Section):
    """One row of a mined table: who sees which categories, first match wins."""

    gender: Literal["female", "male"] | None = None
    min_age: Age = 0
    max_age: Age = 100
    hours: tuple[Hour, Hour] | None = None
    """From the first hour to before the second, by the screen's clock."""
    categories: Annotated[tuple[str, ...], Field(min_length=1)]


class PoliciesConfig(Section):
    """What each policy needs to know."""

    vw: VwConfig = VwConfig()
    apprentice: ApprenticeConfig = ApprenticeConfig()
    rules: tuple[Rule, ...] = ()
