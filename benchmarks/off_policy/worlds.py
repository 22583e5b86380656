"""Made logs of which the truth is known: for the tables of `bench off-policy` and its scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from signage.evaluation.what_if import Choose
from signage.types.log import Block, Outcome

Array = npt.NDArray[np.float64]

_GROUPS = ("gender=female", "daypart=evening", "group=3-4", "movement=approaching")
_VISIT_PLAYS = 3


@dataclass(frozen=True, slots=True)
class World:
    """A screen with ``items`` contents, and who plays on it.

    What a content earns is a mean of its own and a taste that follows from the context, with a
    part that is not additive, so that no reward model is right. Visitors stay for some plays and
    take everything a little better or worse than others do.
    """

    items: int
    logging: Literal["greedy", "softmax"]
    sharpness: float
    """Of greedy: how often it does not explore. Of softmax: the exponent."""
    binary: bool
    seed: int
    moods: int = 0
    """Features of the context that mean nothing. With any, every decision explores by a share of
    its own as well, so that a file of them is as large as a real one."""

    @property
    def contents(self) -> Mapping[str, tuple[str, ...]]:
        return {
            f"item{k}": (
                f"category=c{k % 4}",
                "medium=video" if k % 2 else "medium=image",
                f"id={k}",
            )
            for k in range(self.items)
        }

    @property
    def features(self) -> tuple[str, ...]:
        return (*_GROUPS, *(f"mood={number}" for number in range(self.moods)))

    def _taste(self) -> tuple[Array, Array, Array]:
        rng = np.random.default_rng([self.seed, 1])
        own = rng.normal(0.3, 0.06, self.items)
        taste = rng.normal(0, 0.07, (self.items, len(_GROUPS)))
        return own, taste, rng.normal(0, 0.06, self.items)

    def means(self, context: Array) -> Array:
        """Shape (n, K): what each would earn on average."""
        own, taste, odd = self._taste()
        parity = (context.sum(axis=1) % 2 * 2 - 1)[:, None]
        return np.asarray(np.clip(own + (context - 0.5) @ taste.T + parity * odd, 0.05, 0.9))

    def logged(self, context: Array) -> Array:
        """Probabilities by which contents are drawn: of a policy with wrong beliefs of its own."""
        believed = self.means(context) + np.random.default_rng([self.seed, 2]).normal(
            0, 0.05, self.items
        )
        if self.logging == "softmax":
            weight = np.exp(self.sharpness * (believed - believed.max(axis=1, keepdims=True)))
            return np.asarray(weight / weight.sum(axis=1, keepdims=True))
        chosen = np.full(believed.shape, (1 - self.sharpness) / self.items)
        chosen[np.arange(len(chosen)), believed.argmax(axis=1)] += self.sharpness
        return chosen

    def target(self, kind: str) -> Choose:
        """``uniform``, or ``taste``: mostly what two features of the context speak for."""

        def choose(block: Block) -> Array:
            return self._target(kind, block.context)

        return choose

    def _target(self, kind: str, context: Array) -> Array:
        if kind == "uniform":
            return np.full((len(context), self.items), 1 / self.items)
        _, taste, _ = self._taste()
        liked = ((context[:, :2] - 0.5) @ taste[:, :2].T).argmax(axis=1)
        chosen = np.full((len(context), self.items), 0.2 / self.items)
        chosen[np.arange(len(chosen)), liked] += 0.8
        return chosen

    def truth(self, kind: str) -> float:
        """Value of a target: the mean over all sixteen contexts, which are alike likely."""
        count = len(_GROUPS)
        every = np.array([[at >> bit & 1 for bit in range(count)] for at in range(2**count)], float)
        return float(np.mean(np.sum(self._target(kind, every) * self.means(every), axis=1)))

    def block(self, first: int, count: int, rng: np.random.Generator) -> Block:
        """Decisions from number ``first`` on."""
        number = np.arange(first, first + count)
        visitor = number // _VISIT_PLAYS
        inverse = visitor - visitor[0]
        who = rng.integers(0, 2, (int(inverse[-1]) + 1, len(_GROUPS))).astype(float)
        kindly = rng.uniform(-0.05, 0.05, len(who))
        context = who[inverse]
        probabilities = self.logged(context)
        means = self.means(context)
        if self.moods:
            explored = rng.uniform(0.05, 0.3, (count, 1))
            probabilities = (1 - explored) * probabilities + explored / self.items
            context = np.hstack([context, rng.random((count, self.moods))])
        below = probabilities.cumsum(axis=1) < rng.random(count)[:, None]
        shown = np.minimum(below.sum(axis=1), self.items - 1)
        rows = np.arange(count)
        mean = means[rows, shown] + kindly[inverse]
        if self.binary:
            reward = (rng.random(count) < mean).astype(float)
        else:
            mean = np.maximum(mean, 0.01)
            reward = rng.beta(4 * mean, 4 * (1 - mean))
        return Block(
            number=number,
            t_utc_s=np.asarray(1.7e9 + 8.0 * number, np.float64),
            utc_offset_min=np.full(count, np.nan),
            outcome=np.full(count, Outcome.REWARDED, np.int64),
            shown=shown,
            propensity=probabilities[rows, shown],
            reward=reward,
            visitor=visitor,
            overlaps=np.zeros(count, bool),
            probabilities=probabilities,
            context=context,
        )


class MadeLog:
    """``plays`` of a world, drawn anew by ``seed``; a ``logged.Log``."""

    name = "made"
    simulated = "drawn from a world"

    def __init__(self, world: World, plays: int, seed: int) -> None:
        self.contents = world.contents
        self.features = world.features
        self._world, self._plays, self._seed = world, plays, seed

    def __len__(self) -> int:
        return self._plays

    def blocks(self, size: int) -> Iterator[Block]:
        rng = np.random.default_rng([self._world.seed, self._seed])
        whole = size - size % _VISIT_PLAYS
        for first in range(0, self._plays, whole):
            yield self._world.block(first, min(whole, self._plays - first), rng)
