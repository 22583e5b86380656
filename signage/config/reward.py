"""The schema of ``[reward]``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from signage.config.base import NotNegative, Seconds, Section


class ReactionConfig(Section):
    """What each part of a reaction counts (``recommend/reaction.py``)."""

    smile: NotNegative = 1.0
    surprise: NotNegative = 0.4
    frown: NotNegative = 0.6
    """Counts against it."""
    attention: NotNegative = 0.3
    nearer: NotNegative = 0.5
    leaves: NotNegative = 0.2
    """Counts against it."""


class RewardConfig(Section):
    """Weights of the parts of the reward (``recommend/reward.py``)."""

    min_opportunity_s: Seconds = 1.0
    """Persons present for less had no opportunity to see the play."""
    look_s: Seconds = 1.0
    """Where nobody watches when a play begins, somebody who looks for this long is won: the
    threshold of the published counts of looks."""
    attention: Annotated[float, Field(gt=0, le=1)] = 0.7
    """What undivided attention earns alone; the rest up to 1 is for what raises it."""
    stay: NotNegative = 0.2
    """For those still there when the play ends."""
    reaction: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """For how the people reacted, for better or worse; 0 leaves it out."""
    reading: NotNegative = 0.5
    """For the share of their attention that they read."""
    more: NotNegative = 0.5
    """For the share of their attention that they read what had unfolded beside it."""
    reactions: ReactionConfig = ReactionConfig()
