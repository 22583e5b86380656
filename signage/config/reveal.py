"""The schema of ``[reveal]``."""

from __future__ import annotations

from signage.config.base import Positive, Seconds, SecondsOrNone, Section


class RevealConfig(Section):
    """When what is ``more`` of a content unfolds, and folds again (``recommend/reveal.py``)."""

    near_m: Positive = 1.5
    """Who comes this near has approached."""
    dwell_s: Seconds = 5.0
    """Who has looked at a content for this long dwells on it."""
    min_open_s: Seconds = 4.0
    """It is never open for less, except when the content must leave the screen."""
    fold_after_s: Seconds = 2.5
    """It folds when nobody has read, or looked, for this long."""
    hold_max_s: SecondsOrNone = 20.0
    """A content that is being read on stays this much longer than its duration at most."""
