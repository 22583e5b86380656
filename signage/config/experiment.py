"""The schema of ``[experiment]``: an A/B test on the live screen."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from signage.config.base import NotNegative, Section, Seed
from signage.types.choices import PolicyName


class ExperimentConfig(Section):
    """An A/B test: which policies take turns on the screen, and how."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=60)] = Field(
        description="Name of the experiment. Choose a new one whenever you change a key below: "
        "results of the same name are added up."
    )
    arms: Annotated[tuple[PolicyName, ...], Field(min_length=2)] = Field(
        description="The policies to compare. The first is the control. `decision.policy` is one "
        "of them, and decides outside the dates of the experiment."
    )
    assign: Literal["block", "visit"] = Field(
        default="block",
        description="What an arm is assigned to. With `block` the arms take turns by the clock, "
        "with `visit` each visit of a main viewer gets an arm.",
    )
    block_minutes: Annotated[int, Field(ge=5, le=720)] = Field(
        default=30, description="Length of a block, in minutes."
    )
    washout_minutes: NotNegative = Field(
        default=2.0,
        description="Minutes at the start of a block that are not analysed. The audience is still "
        "that of the previous arm.",
    )
    seed: Seed = Field(default=0, description="Seed of the assignment.")
    from_date: date | None = Field(
        default=None, description="First day of the experiment, by the screen's clock."
    )
    until_date: date | None = Field(
        default=None, description="Last day of the experiment, inclusive, by the screen's clock."
    )

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
