"""Policies that follow from the log alone, as probabilities of a block: shape (n, K)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from signage.types.arrays import Floats
from signage.types.log import Block

Choose = Callable[[Block], Floats]


@dataclass(frozen=True, slots=True)
class Target:
    """A policy to be judged; it is asked block by block, in order, and once."""

    name: str
    choose: Choose


@dataclass(frozen=True, slots=True)
class NewContent:
    """One that never played: shown like any other, with probability 1 / (eligible ones + 1)."""

    name: str
    kinds: tuple[str, ...]
    """Its features, as in ``Log.contents``."""


def as_logged(block: Block) -> Floats:
    """What played."""
    return np.nan_to_num(block.probabilities)


def uniform(block: Block) -> Floats:
    """Every eligible content alike."""
    eligible = block.eligible
    return np.asarray(eligible / eligible.sum(axis=1, keepdims=True))


def without(place: int) -> Choose:
    """As logged, with the content at ``place`` gone and its share divided among the others.

    Where nothing else was possible, it stays: the log does not know what would have come instead.
    """
    return lambda block: _scaled(as_logged(block), place, 0.0)


def capped(place: int, factor: float) -> Choose:
    """As logged, with the share of the content at ``place`` made smaller by ``factor``.

    Everywhere alike: of all ways to keep to a share of voice, the one that is nearest to what
    played.
    """
    return lambda block: _scaled(as_logged(block), place, factor)


def _scaled(probabilities: Floats, place: int, factor: float) -> Floats:
    own = probabilities[:, place].copy()
    others = 1 - own
    movable = others > 1e-9
    own = np.where(movable, factor * own, own)
    rest = np.divide(1 - own, others, out=np.ones_like(own), where=movable)
    scaled = probabilities * rest[:, None]
    scaled[:, place] = own
    return np.asarray(scaled)
