"""The schema of ``[decision]``."""

from __future__ import annotations

from pydantic import Field

from signage.config.base import Seconds, SecondsOrNone, Section
from signage.types.choices import PolicyName


class DecisionConfig(Section):
    """Which policy decides, and when."""

    policy: PolicyName = Field(
        default="vw",
        description="The policy that chooses. `vw` learns from reactions. `rules` plays the table "
        "in `policies.rules`. `apprentice` plays that table until the learner is no worse. "
        "`playlist` plays all contents in turn, and `uniform` draws them at random.",
    )
    min_play_s: SecondsOrNone = Field(
        default=3.0,
        description="Least seconds that a content plays before another may replace it. Content "
        "that the audience must not see is replaced at once.",
    )
    settle_s: SecondsOrNone = Field(
        default=1.0,
        description="Seconds for which a new main viewer must be present before the content "
        "changes for them.",
    )
    lead_s: Seconds = Field(
        default=1.5,
        description="The next content is chosen this many seconds before the current one ends, "
        "so that it can load.",
    )
    start_timeout_s: Seconds = Field(
        default=5.0,
        description="A play has failed if the screen does not confirm it within this many seconds.",
    )
