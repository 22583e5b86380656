"""Share of voice, and what is done to a policy's answer before the draw.

The policy's probabilities are changed, never its choice: the draw stays a draw, what it was
drawn from is logged, and every content that the policy gave a chance keeps one.

``share_min``: with ``s`` the share promised (and a little more, to be safe), ``n`` the plays of
the window so far and ``k`` of them this content's, its probability is at least

    f = s + (s · n - k) / 2

so what is missing is made up within a few plays, and what was too much is given back. All such
floors together leave a tenth to the policy: whoever was kept away for long catches up, bounded.
Measured over windows of 200 plays the share is kept within 2 % as long as all shares together
are 70 % or less; beyond, that tenth alone makes more noise than can be made up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signage.content.catalogue import MOST_PROMISED
from signage.recommend.policies.base import Answer
from signage.types.arrays import Floats

_MARGIN = 0.0025
_CATCH_UP_PLAYS = 2.0


@dataclass(frozen=True, slots=True)
class Promise:
    """How well a ``share_min`` is met so far."""

    share_min: float
    plays: int
    """Plays of the window in which it might have had its share."""
    had: int
    """How many of them it had."""

    @property
    def due(self) -> float:
        """How many it should have had."""
        return self.share_min * self.plays

    @property
    def is_behind(self) -> bool:
        """Whether a whole play is missing."""
        return self.had <= self.due - 1

    @property
    def floor(self) -> float:
        """Its least probability now."""
        aim = self.share_min + _MARGIN
        missing = aim * self.plays - self.had
        return min(MOST_PROMISED, max(0.0, aim + missing / _CATCH_UP_PLAYS))


def limit(share_max: float, window_plays: int) -> int:
    """The most plays of a content in any ``window_plays``; never none at all."""
    # Against 0.29 · 100 = 28.999…
    return max(1, int(share_max * window_plays + 1e-9))


def within_budget(answer: Answer, budget: float) -> Floats:
    """The answer's probabilities with at most ``budget`` beside the best estimate, shape (K,)."""
    probabilities = answer.probabilities
    if answer.estimates is None:
        return probabilities
    best = int(np.argmax(answer.estimates))
    others = 1 - float(probabilities[best])
    if others <= budget:
        return probabilities
    scaled = probabilities * (budget / others)
    scaled[best] = 1 - budget
    return scaled


def lifted(probabilities: Floats, floors: Floats) -> Floats:
    """``probabilities`` with each at its floor or above; the others make room in proportion.

    Both of shape (K,). Floors above ``MOST_PROMISED`` together are lowered to it.
    """
    total = float(floors.sum())
    if total > MOST_PROMISED:
        floors = floors * (MOST_PROMISED / total)
    short = np.zeros(len(floors), dtype=bool)
    result = probabilities
    while (more := (floors > result + 1e-12) & ~short).any():
        short |= more
        room = (1 - floors[short].sum()) / probabilities[~short].sum()
        result = np.where(short, floors, probabilities * room)
    return result


def explored(answer: Answer, probabilities: Floats) -> float:
    """What is left to contents beside the one with the best estimate; 0 without estimates."""
    if answer.estimates is None:
        return 0.0
    return 1 - float(probabilities[int(np.argmax(answer.estimates))])
