"""What a play is expected to earn: a ridge regression on content and context.

The features of a play are all pairs of a feature of the content (its id, category, tags, medium)
and one of the context. Of each content only two sums are kept, ``Σ x x'`` and ``Σ r x`` over the
contexts ``x`` of its plays; the normal equations of the whole follow from them. So a pass over ten
million plays costs what a regression on the context alone does.

Fitted only to plays before those that it is asked about, which keeps the doubly robust estimate
unbiased even where the policy that played was learning meanwhile (Bibaut et al., "Post-contextual-
bandit inference", NeurIPS 2021).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import numpy as np

from signage.types.arrays import Floats
from signage.types.log import Block, Flags, Index

FIRST_GUESS = 0.25
"""Reward expected before the first play. Any number keeps the estimates valid."""
_PENALTY = 10.0
"""Ridge: variance of a reward / variance of what one pair of features adds; some 0.1 / 0.01."""
_MOST_PAIRS = 1_000
"""Of features. A content speaks with all of its own, the context with as many as fit."""


class RewardModel:
    """Learns from plays what any content would have earned in their contexts."""

    def __init__(self, contents: Mapping[str, Sequence[str]], features: Sequence[str]) -> None:
        """``contents`` and ``features`` as in ``Log``."""
        have = list(contents.values())
        every = dict.fromkeys(chain.from_iterable(have))
        self.kinds = [kind for kind in every if not all(kind in kinds for kinds in have)]
        self._rows = np.array([self.describe(kinds) for kinds in have])
        room = max(0, _MOST_PAIRS // self._rows.shape[1] - 1)
        # What speaks of one content alone (`seen:coffee`) is the policy's to know.
        self._columns = [at for at, name in enumerate(features) if ":" not in name][:room]
        count, width = len(have), 1 + len(self._columns)
        self._squares = np.zeros((count, width, width))
        self._products = np.zeros((count, width))
        self._coefficients: Floats = np.zeros((self._rows.shape[1], width))
        self._normal = self._normal_matrix()

    def describe(self, kinds: Iterable[str]) -> Floats:
        """A content as the model sees it; features that no content of the log has say nothing."""
        present = set(kinds)
        return np.array([1.0, *(float(kind in present) for kind in self.kinds)])

    def contexts(self, block: Block, rows: Flags) -> Floats:
        """The contexts of ``rows`` as the model sees them, the first feature always 1."""
        seen = np.nan_to_num(block.context[rows][:, self._columns])
        return np.column_stack([np.ones(len(seen)), seen])

    def learn(self, contexts: Floats, shown: Index, reward: Floats) -> None:
        """Plays that came; ``fit`` makes use of them."""
        if not len(shown):
            return
        order = np.argsort(shown, kind="stable")
        names, starts = np.unique(shown[order], return_index=True)
        for name, place in zip(names, np.split(order, starts[1:]), strict=True):
            own_contexts = contexts[place]
            self._squares[name] += own_contexts.T @ own_contexts
            self._products[name] += (reward[place] - FIRST_GUESS) @ own_contexts

    def fit(self) -> None:
        """Solve the normal equations of all plays so far."""
        rows = self._rows
        self._normal = self._normal_matrix()
        targets = rows.T @ self._products
        solved = np.linalg.solve(self._normal, targets.ravel())
        self._coefficients = np.asarray(solved).reshape(targets.shape)

    def expects(self, contexts: Floats) -> Floats:
        """Shape (n, K): the reward of each content in each context."""
        return FIRST_GUESS + contexts @ (self._rows @ self._coefficients).T

    def mean_of(self, played: Floats, new: Floats | None = None) -> float:
        """Mean reward; see ``_mean_features`` for ``played`` and ``new``."""
        return FIRST_GUESS + float(np.sum(self._mean_features(played, new) * self._coefficients))

    def doubt_of(self, played: Floats, noise: float, new: Floats | None = None) -> float:
        """Variance of that mean, as the coefficients are not known exactly.

        ``noise`` is the variance of a reward around what is expected.
        """
        mean = self._mean_features(played, new).ravel()
        return noise * float(mean @ np.linalg.solve(self._normal, mean))

    def _mean_features(self, played: Floats, new: Floats | None) -> Floats:
        """``played``, shape (K, width), is the mean of ``π(a) x``; ``new`` a row below it for a
        content that is ``describe``d and not in the log."""
        rows = self._rows if new is None else np.vstack([self._rows, new])
        return np.asarray(rows.T @ played)

    def _normal_matrix(self) -> Floats:
        rows, size = self._rows, self._rows.shape[1] * self._squares.shape[1]
        pairs = np.einsum("ka,kb,kcd->acbd", rows, rows, self._squares, optimize=True)
        penalty = np.full(size, _PENALTY)
        penalty[0] = 1e-3  # of the mean of all
        return np.asarray(pairs.reshape(size, size) + np.diag(penalty))
