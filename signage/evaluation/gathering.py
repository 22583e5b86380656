"""What is added up of each policy that is judged, while the log goes by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from signage.errors import SignageError
from signage.evaluation.what_if import NewContent, Target
from signage.types.arrays import Floats
from signage.types.log import Block, Flags


class Column:
    """A number of each play: room for all of the log, taken up as it fills."""

    def __init__(self, room: int) -> None:
        self._values = np.empty(room)
        self._count = 0

    def add(self, values: Floats) -> None:
        self._values[self._count : self._count + len(values)] = values
        self._count += len(values)

    @property
    def values(self) -> Floats:
        return self._values[: self._count]


@dataclass(slots=True)
class GatheredTarget:
    """What is kept of one target."""

    target: Target
    drawn: Column
    expected: Column
    squares: Column | None
    """``Σ_a π(a)² / p(a)``; kept only for stretches, as it takes memory."""
    second_moment: float = 0.0
    """Sum of it."""
    unsupported: float = 0.0
    played: Floats | float = 0.0
    """Sum of ``π(a) x``, shape (K, width)."""

    def add(self, block: Block, counted: Flags, contexts: Floats, rewards: Floats) -> None:
        """``rewards``, shape (n, K): what is expected of each content."""
        asked = self.target.choose(block)
        _check(self.target.name, asked, block)
        chosen = asked[counted]
        logged = np.nan_to_num(block.probabilities[counted])
        possible = logged > 0
        rows = np.arange(len(chosen))
        self.drawn.add(chosen[rows, block.shown[counted]] / block.propensity[counted])
        self.expected.add(np.sum(chosen * rewards, axis=1))
        squares = np.divide(chosen**2, logged, out=np.zeros_like(chosen), where=possible)
        self.second_moment += float(squares.sum())
        if self.squares is not None:
            self.squares.add(squares.sum(axis=1))
        self.unsupported += float(chosen[~possible].sum())
        self.played = self.played + chosen.T @ contexts


@dataclass(slots=True)
class GatheredContent:
    """What is kept of a content that never played."""

    content: NewContent
    share: float = 0.0
    """Sum of its probabilities."""
    own: Floats | float = 0.0
    """Sum of those times the context, shape (width,)."""
    others: Floats | float = 0.0
    """As ``GatheredTarget.played``, of all that there was."""

    def add(self, eligible: Flags, logged: Floats, contexts: Floats) -> None:
        share = 1 / (1 + eligible.sum(axis=1))
        self.share += float(share.sum())
        self.own = self.own + share @ contexts
        self.others = self.others + (logged * (1 - share[:, None])).T @ contexts


def _check(name: str, asked: Floats, block: Block) -> None:
    fine = asked.shape == block.probabilities.shape and bool(
        np.all(asked >= 0)
        and np.all(np.abs(asked.sum(axis=1) - 1) < 1e-6)
        and not np.any(asked[~block.eligible])
    )
    if not fine:
        raise SignageError(
            f"The policy {name} gives invalid probabilities. For each decision they must "
            "be at least 0, sum to 1, and be 0 for what is not eligible. Correct the "
            "policy."
        )
