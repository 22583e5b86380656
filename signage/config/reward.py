"""The schema of ``[reward]``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from signage.config.base import NotNegative, Seconds, Section


class ReactionConfig(Section):
    """Weights of the parts of a reaction."""

    smile: NotNegative = Field(default=1.0, description="Weight of a smile.")
    surprise: NotNegative = Field(default=0.4, description="Weight of surprise.")
    frown: NotNegative = Field(
        default=0.6, description="Weight of a frown, which counts against the content."
    )
    attention: NotNegative = Field(
        default=0.3, description="Weight of attention that grows during the play."
    )
    nearer: NotNegative = Field(default=0.5, description="Weight of a step towards the screen.")
    leaves: NotNegative = Field(
        default=0.2, description="Weight of leaving, which counts against the content."
    )


class RewardConfig(Section):
    """What a play earns: attention, and what raises or lowers it."""

    min_opportunity_s: Seconds = Field(
        default=1.0,
        description="Least presence, in seconds, that counts as an opportunity to see the play.",
    )
    look_s: Seconds = Field(
        default=1.0,
        description="Where nobody watches when a play begins, a person who looks for this many "
        "seconds is won. Published counts of looks use the same threshold.",
    )
    attention: Annotated[float, Field(gt=0, le=1)] = Field(
        default=0.7,
        description="Reward of undivided attention alone. The other weights add what is left "
        "up to 1.",
    )
    stay: NotNegative = Field(
        default=0.2, description="Weight of the share of people who stay until the play ends."
    )
    reaction: Annotated[float, Field(ge=0, lt=1)] = Field(
        default=0.5,
        description="Weight of people's reactions, which can raise or lower the reward. 0 "
        "ignores reactions.",
    )
    reading: NotNegative = Field(
        default=0.5, description="Weight of the share of attention that people spend reading."
    )
    more: NotNegative = Field(
        default=0.5,
        description="Weight of the share of attention that people spend reading the panel "
        "beside the content (`more`).",
    )
    reactions: ReactionConfig = Field(
        default=ReactionConfig(), description="Weights of the parts of a reaction."
    )
