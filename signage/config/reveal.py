"""The schema of ``[reveal]``."""

from __future__ import annotations

from pydantic import Field

from signage.config.base import Positive, Seconds, SecondsOrNone, Section


class RevealConfig(Section):
    """When the panel beside a content (`more`) opens and closes."""

    near_m: Positive = Field(
        default=1.5, description="Distance at which a person has approached, in metres."
    )
    dwell_s: Seconds = Field(
        default=5.0,
        description="Seconds for which a person must look at a content to dwell on it.",
    )
    min_open_s: Seconds = Field(
        default=4.0,
        description="Least seconds that the panel stays open, unless the content must leave the "
        "screen.",
    )
    fold_after_s: Seconds = Field(
        default=2.5,
        description="Seconds without a reader, or without a look, after which the panel closes.",
    )
    hold_max_s: SecondsOrNone = Field(
        default=20.0,
        description="Most seconds that a content stays beyond its duration while it is being read.",
    )
