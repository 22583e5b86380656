"""What is chosen, why it was due, and what a policy learns from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from signage.types.experiments import Assignment


@dataclass(frozen=True, slots=True)
class TrainingExample:
    """What a policy learns from: what it saw, what was shown, what came back."""

    decision_id: str
    context: Mapping[str, float]
    actions: Mapping[str, tuple[str, ...]]
    """Features, by name, of every content that was eligible."""
    content_id: str
    reward: float
    propensity: float = 1.0
    """Probability with which ``content_id`` was drawn."""
    shadow: Mapping[str, float] = field(default_factory=dict)
    """What the policies beside the one that decided would have done (``Decision.shadow``)."""
    assignment: Assignment | None = None
    """Of the decision, where it was part of an experiment."""

    @classmethod
    def from_decision(cls, decision: Decision, reward: float) -> TrainingExample:
        """What a policy learns when ``decision`` earned ``reward``."""
        return cls(
            decision.decision_id,
            decision.context,
            decision.actions,
            decision.content_id,
            reward,
            decision.propensity,
            decision.shadow,
            decision.assignment,
        )


class Trigger(StrEnum):
    """Why a decision was due."""

    START = "start"
    PLAY_ENDS = "play_ends"
    FIRST_PERSON = "first_person"
    NEW_MAIN_VIEWER = "new_main_viewer"
    NO_LONGER_ALLOWED = "no_longer_allowed"
    PLAY_FAILED = "play_failed"
    ORDERED = "ordered"
    """The operator called an item, or let go of it."""
    MANDATORY = "mandatory"
    """The hours of a mandatory item began or ended."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Which content, out of which eligible ones, with which probabilities, by whom."""

    decision_id: str
    t_s: float
    utc: datetime
    trigger: Trigger
    content_id: str
    propensity: float
    """Probability with which ``content_id`` was drawn, after masking."""
    eligible: Mapping[str, float]
    """Probability of every eligible content. Sums to 1."""
    masked: Mapping[str, str]
    """Content that was not eligible, with the constraint that says so."""
    context: Mapping[str, float]
    """The features the policy saw, by name."""
    policy: str
    policy_version: str
    catalogue_version: str
    actions: Mapping[str, tuple[str, ...]]
    """Features, by name, of every eligible content."""
    forced: bool = False
    """True where nothing was left to chance (an order, a mandatory item, the fallback because
    nothing was eligible): not learned from."""
    estimates: Mapping[str, float] = field(default_factory=dict)
    """Reward that the policy expects of each eligible content, where it says so."""
    gave_way: Mapping[str, str] = field(default_factory=dict)
    """Constraints that could not be kept, by content, each with what it gave way to."""
    reasons: Mapping[str, float] = field(default_factory=dict)
    """What spoke most for and against ``content_id``: a feature, and by how much it raised the
    reward expected of it above that of the other eligible contents."""
    shadow: Mapping[str, float] = field(default_factory=dict)
    """Where one policy acts and others watch: numbers that judge them later (``apprentice.py``)."""
    utc_offset_min: int = 0
    """Minutes by which the clock on the wall, where the screen stands, is ahead of UTC."""
    assignment: Assignment | None = None
    """Where the decision is part of an experiment."""
