"""Classification sets turned into bandits: a class is guessed, right or wrong comes back.

Progressive validation: the loss of every guess before it is learned from, one pass in an order
drawn by the seed. Features are scaled to mean 0 and deviation 1/3.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.common.tables import Block, Table, interval
from benchmarks.learning.contestants import (
    Contestant,
    MabWiser,
    Ours,
    VwAlone,
    everything,
    missing,
)
from benchmarks.learning.world import Array, Turn
from signage.config.policies import VwConfig
from signage.recommend.policies.ensemble import EnsemblePolicy

_SKLEARN = ("digits", "wine", "iris", "breast_cancer")
_RIVER = {"segment": "ImageSegments", "phishing": "Phishing", "banana": "Bananas"}
_MOST = 2500
"""Rows of a set that are used."""


Set = tuple[str, Array, npt.NDArray[np.int64]]
"""Name, rows of features, class of each."""


def sets() -> Iterator[Set]:
    """Load every set."""
    for name in _SKLEARN:
        sklearn: Any = importlib.import_module("sklearn.datasets")
        x, y = getattr(sklearn, f"load_{name}")(return_X_y=True)
        yield name, _scaled(x), _numbered(y)
    for name, kind in _RIVER.items():
        river: Any = importlib.import_module("river.datasets")
        rows = list(getattr(river, kind)())
        x = np.array([list(features.values()) for features, _ in rows], np.float64)
        y = np.array([str(answer) for _, answer in rows])
        yield name, _scaled(x), _numbered(y)


def _numbered(y: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    return np.unique(y, return_inverse=True)[1].astype(np.int64)


def _scaled(x: Array) -> Array:
    return np.asarray((x - x.mean(0)) / (3 * np.maximum(1e-9, x.std(0))))


def loss(policy: Contestant, x: Array, y: npt.NDArray[np.int64], seed: int) -> float:
    """The share of wrong guesses, each made before it is learned from."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(x))[:_MOST]
    actions = {str(answer): (f"id={answer}",) for answer in range(int(y.max()) + 1)}
    wrong = 0
    for t, row in enumerate(order):
        context = {f"x{n}": float(value) for n, value in enumerate(x[row])}
        turn = Turn(t, context, actions, np.zeros(len(actions)), frozenset())
        index, propensity = policy.choose(turn, rng.random())
        wrong += index != y[row]
        policy.learn(turn, index, float(index == y[row]), propensity)
    return wrong / len(order)


LEARNERS: Mapping[str, Callable[[], Contestant]] = {
    "ours": lambda: Ours(everything),
    "ours, without its least exploration": lambda: Ours(
        everything, EnsemblePolicy(VwConfig(exploration=0.0))
    ),
    "VW, epsilon-greedy as it comes": lambda: VwAlone([]),
    "VW, SquareCB as it comes": lambda: VwAlone(["--squarecb", "--cb_type", "mtr"]),
    "MABWiser LinUCB 0.3": partial(MabWiser, "LinUCB", 0.3),
    "MABWiser LinTS 0.1": partial(MabWiser, "LinTS", 0.1),
}


def blocks(seeds: int) -> Iterator[Block]:
    """The loss of every learner on every set. Ends where the sets are not installed."""
    absent = missing()
    if absent:
        yield f"Not installed, and left out: {', '.join(absent)}."
    try:
        data = list(sets())
    except ModuleNotFoundError as error:
        raise SystemExit(
            f"The sets are in scikit-learn and river: {error}. Install them as --help says, then "
            "give their folder with --peers."
        ) from error
    title = f"Progressive validation loss, mean and 95 % interval over {seeds} orders"
    columns = ("policy", *(name for name, _, _ in data))
    yield Table(columns, rows(seeds, data, absent), title)


def rows(seeds: int, data: Sequence[Set], absent: Sequence[str]) -> Iterator[Sequence[str]]:
    """One row a learner."""
    for name, make in LEARNERS.items():
        if name not in absent:
            losses = ([loss(make(), x, y, seed) for seed in range(seeds)] for _, x, y in data)
            yield (name, *map(interval, losses))
