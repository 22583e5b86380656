"""The schema of ``[experiment]``: an A/B test on the live screen."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from signage.config.base import NotNegative, PolicyName, Section, Seed


class ExperimentConfig(Section):
    """Which policies take turns on the screen, and how (``recommend/experiment.py``)."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=60)]
    """A new one for every change of the keys below: results of one name are added up."""
    arms: Annotated[tuple[PolicyName, ...], Field(min_length=2)]
    """The policies; the first is the control, which the others are compared with. One of them is
    ``decision.policy``, which decides before ``from_date`` and after ``until_date``."""
    assign: Literal["block", "visit"] = "block"
    """``block``: the arms take turns by the clock. ``visit``: the main viewer's visit decides."""
    block_minutes: Annotated[int, Field(ge=5, le=720)] = 30
    washout_minutes: NotNegative = 2.0
    """What is decided this early in a block is not analysed: the audience is still the one that
    the arm before has won, or driven away."""
    seed: Seed = 0
    """Of the assignment."""
    from_date: date | None = None
    until_date: date | None = None
    """Included, as is the first, by the screen's clock."""

    @model_validator(mode="after")
    def _consistent(self) -> ExperimentConfig:
        if len(set(self.arms)) < len(self.arms):
            raise ValueError("experiment.arms names a policy twice: they must be different")
        if self.washout_minutes > self.block_minutes / 2:
            raise ValueError(
                f"experiment.washout_minutes ({self.washout_minutes:g}) is more than half of "
                f"block_minutes ({self.block_minutes}): make the blocks longer"
            )
        if self.from_date and self.until_date and self.until_date < self.from_date:
            raise ValueError(
                f"experiment.until_date ({self.until_date}) is before from_date ({self.from_date})"
            )
        return self
