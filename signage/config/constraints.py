"""The schema of ``[constraints]``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from signage.config.base import Count, CountOrNone, Probability, Section


class ConstraintsConfig(Section):
    """What may not be shown, to whom, and how often."""

    adult_age: Annotated[int, Field(ge=1, le=100)] = 18
    max_minor_prob: Probability = 0.10
    """Adults-only content is kept back when anyone in view is younger than ``adult_age``
    with more than this probability, or has no known age."""
    max_per_hour: Count | None = None
    """Plays of one content in any 60 minutes; a content's own figure goes first."""
    repeat_min_attention: Probability = 0.0
    """What the main viewer has watched before comes again only if it earned this: the share of its
    time that they looked at it, less where they took it badly. Gives way where nothing else may
    play; 0 lets everything come again."""
    share_window_plays: Annotated[int, Field(ge=10, le=10_000)] = 200
    """Shares of voice are of this many plays, one after the other; forced ones do not count."""
    separation_plays: CountOrNone = 1
    """A content does not follow on one that it competes with within this many plays; 0: it may."""
    exploration_max: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The most probability that one decision may give to contents other than the one with the
    best estimate; for policies that estimate. Gives way to ``share_min``."""
