"""The schema of ``[decision]``."""

from __future__ import annotations

from signage.config.base import PolicyName, Seconds, SecondsOrNone, Section


class DecisionConfig(Section):
    """Who decides, and when."""

    policy: PolicyName = "vw"
    min_play_s: SecondsOrNone = 3.0
    """A play is not cut short before, except by an audience that must not see it."""
    settle_s: SecondsOrNone = 1.0
    """Another main viewer must have been there for this long to change the content."""
    lead_s: Seconds = 1.5
    """The next content is chosen this long before the running one ends, to load it."""
    start_timeout_s: Seconds = 5.0
    """A play that the screen does not confirm within this has failed."""
