"""The log as arrays: what the journal hands over, and off-policy evaluation works on.

A log is read in blocks, in the order of the decisions, so that one of years fits into memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

import numpy as np
import numpy.typing as npt

from signage.types.arrays import Floats

OVERLAP_S = 1.0
"""For so long one play may still be on the screen when the next is, in a transition."""
CLOCK_SET_S = 30.0
"""The clock on the wall was set where it moved by so much more or less than the one that only
runs. Less is drift, or a frame that was late."""

Index = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Outcome(IntEnum):
    """What became of a decision."""

    REWARDED = 0
    FORCED = 1
    """Nothing was left to chance, so it says nothing about other choices."""
    NOBODY_PRESENT = 2
    """Nobody could have seen the play, or nobody of whom a look could be told."""
    NOT_OBSERVED = 3
    """The camera was lost meanwhile."""
    NEVER_SHOWN = 4
    """Superseded, or it could not be shown."""
    CUT_OFF = 5
    """It was on the screen, and failed there, or its end or its reward never came."""
    PAGE_ALONE = 6
    """The page showed it while the kiosk was away: nobody knows who saw it."""


@dataclass(frozen=True, slots=True)
class Block:
    """``n`` decisions that follow each other, out of a log of ``K`` contents."""

    number: Index
    """The screen's count of decisions."""
    t_utc_s: Floats
    """When each was made, in seconds since 1970."""
    utc_offset_min: Floats
    """By how much the clock on the wall was ahead of UTC; NaN where the log does not say."""
    outcome: Index
    """``Outcome``."""
    shown: Index
    """Which content was drawn, as its place in ``Log.contents``."""
    propensity: Floats
    """Probability with which it was drawn; NaN where the log does not say."""
    reward: Floats
    """In [0, 1]; NaN where there is none."""
    visitor: Index
    """Who was there for longest, as any number; negative where nobody is known."""
    overlaps: Flags
    """Whether another play was on the screen at the same time."""
    probabilities: Floats
    """Shape (n, K): of every eligible content; NaN where it was not eligible."""
    context: Floats
    """Shape (n, C): the features that the policy saw; NaN where one was absent."""
    clock_back: Flags = field(default_factory=lambda: np.zeros(0, bool))
    """Whether the clock had gone back by more than ``CLOCK_SET_S`` since the decision before.

    Of a log that ``journal/soundness.py`` has checked; else empty."""

    def __len__(self) -> int:
        return len(self.number)

    @property
    def visitors(self) -> Index:
        """``visitor``; of one who is not known, a number that nobody else has."""
        return np.where(self.visitor >= 0, self.visitor, -1 - self.number)

    @property
    def judged(self) -> Flags:
        """Whether the play counts in results: it was drawn, and its reward is its own alone."""
        return np.asarray((self.outcome == Outcome.REWARDED) & ~self.overlaps)

    @property
    def eligible(self) -> Flags:
        """Shape (n, K)."""
        return ~np.isnan(self.probabilities)


class Log(Protocol):
    """Decisions of one screen, which can be read several times."""

    @property
    def name(self) -> str:
        """For messages: the file."""
        ...

    @property
    def simulated(self) -> str | None:
        """What made the log, where no camera saw anybody; None for a real one."""
        ...

    @property
    def contents(self) -> Mapping[str, tuple[str, ...]]:
        """Every content that ever was eligible, with its features; their order is that of
        ``Block.probabilities``."""
        ...

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the context's features, in the order of ``Block.context``."""
        ...

    def __len__(self) -> int: ...

    def blocks(self, size: int) -> Iterator[Block]:
        """All decisions in order, at most ``size`` at once."""
        ...
