"""The schema of ``[constraints]``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from signage.config.base import Count, CountOrNone, Probability, Section


class ConstraintsConfig(Section):
    """What may not be shown, to whom, and how often."""

    adult_age: Annotated[int, Field(ge=1, le=100)] = Field(
        default=18, description="Age from which a person may see adults-only content, in years."
    )
    max_minor_prob: Probability = Field(
        default=0.10,
        description="Largest probability that anyone in view is younger than `adult_age` at which "
        "adults-only content may still play. It never plays to a person of unknown age.",
    )
    max_per_hour: Count | None = Field(
        default=None,
        description="Most plays of one content in any 60 minutes. The `max_per_hour` of a content "
        "takes precedence.",
    )
    repeat_min_attention: Probability = Field(
        default=0.0,
        description="Least share of its time that the main viewer must have watched a content "
        "for it to play to them again, less any bad reaction. It gives way where no other content "
        "may play. 0 allows every repeat.",
    )
    share_window_plays: Annotated[int, Field(ge=10, le=10_000)] = Field(
        default=200,
        description="Number of consecutive plays over which shares of voice are counted. Forced "
        "plays do not count.",
    )
    separation_plays: CountOrNone = Field(
        default=1,
        description="Number of plays after a content during which its competitors may not play. "
        "0 switches this off.",
    )
    exploration_max: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0,
        description="Most probability that one decision gives to contents other than the best "
        "estimate. It applies to policies that estimate, and gives way to `share_min`.",
    )
