"""What the audience gave a play."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signage.types.vision import Box


@dataclass(frozen=True, slots=True)
class Unfolding:
    """What is more of a content was open for some time."""

    reason: str
    utc: datetime
    open_s: float
    read_s: float
    """For how long it was read while it was open, by everybody together; at most ``open_s``."""


@dataclass(frozen=True, slots=True)
class Impression:
    """One person's opportunity to see one play, and what they made of it."""

    visit_id: str
    viewer_id: str
    present_s: float
    attention_s: float | None
    """None where it could not be told for any of the time."""
    stayed: bool
    """Still present when the play ended."""
    reading_s: float | None
    """Time spent reading; None where it is not known."""
    reading_region: Box | None
    """What they read last: left, top, right, bottom in shares of the screen."""
    reaction: float
    """How they took the play, in [-1, 1], of its parts (``recommend/reaction.py``)."""
    parts: Mapping[str, float]
    attention_eyes_s: float | None = None
    """Of the attention, what the eyes told; the rest is the head's. None where not known."""
    attention_unknown_s: float = 0.0
    """For how long nobody could tell whether they looked."""

    @property
    def possible_s(self) -> float:
        """How much attention could have been told."""
        return 0.0 if self.attention_s is None else self.present_s - self.attention_unknown_s


@dataclass(frozen=True, slots=True)
class ShortStay:
    """One person before a play for too short to count as an impression."""

    visit_id: str
    viewer_id: str
    present_s: float
    attention_s: float | None
    """None where it could not be told for any of the time."""
    reading_s: float | None
    """Time spent reading; None where it is not known."""
    attention_eyes_s: float | None = None
    attention_unknown_s: float = 0.0
    """As of an impression."""


@dataclass(frozen=True, slots=True)
class Reward:
    """What the audience gave a play.

    ``value`` is in [0, 1], or None when nobody could have seen the play: no opportunity
    is no reward and no learning.
    """

    decision_id: str
    t_s: float
    utc: datetime
    value: float | None
    parts: Mapping[str, Any]
    impressions: tuple[Impression, ...] = ()
    unfoldings: tuple[Unfolding, ...] = ()
    short_stays: tuple[ShortStay, ...] = ()
