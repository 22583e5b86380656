"""Linear regression with exact uncertainty, for the first hundred plays.

The reward is a sum of weights of features, of context, of content and of pairs of both, each
with a normal prior around zero; the posterior is kept exactly, by one Kalman step an example
(Särkkä, "Bayesian Filtering and Smoothing", 2013, ch. 3). Two things are learned beside:

- How much each group of features matters (``age`` by ``category``, say): their prior
  variances follow from the data, every ``_REFIT_EVERY`` examples (empirical Bayes; MacKay,
  "Bayesian interpolation", 1992). What does not matter stops to disturb.
- With ``wander`` > 0 weights wander back to their prior (an Ornstein-Uhlenbeck process): what
  is long ago counts less, and what was learned is doubted again.

Of fixed size: when all slots are taken, further features share one with another.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from signage.recommend.policies.encoding import VISIT_FEATURES, Encoded, Encoding, group_of
from signage.types.arrays import Floats

_SLOTS = 768
_NOT_MET = -1
_PAIRS_WITH_ID = 512
"""Pairs of a context and one single content get no slot of their own beyond so many."""

# Standard deviations of the prior, in rewards: of what people look at anyway, of what a content
# earns anyway, of what a visit so far says of it, and of how much people differ in it: most in
# what it is about, little in the content as such.
_INTERCEPT_SD, _CONTEXT_SD, _ACTION_SD, _VISIT_SD = 0.3, 0.12, 0.06, 0.2
_PAIR_SD = {"category": 0.09, "tag": 0.05, "id": 0.015}
_OTHER_PAIR_SD = 0.03
# Where contents are told by their ids alone, these are what they are about, and there is all the
# room for them; there is nothing then that a context does to all contents alike.
_NAMELESS_PAIR_SD, _NAMELESS_CONTEXT_SD = 0.3, 0.001
_ABOUT = re.compile("(category|tag)=")
_REFIT_EVERY = 250
_PRIOR_COUNT = 2.0
_MIN_VARIANCE = 1e-6
_WANDER_EVERY = 10
_PUT_OFF = 25
"""So many examples change the covariance together: one product of matrices for all of them is
several times as fast as one for each."""

Matrix = npt.NDArray[np.float32]


class BayesRegression:
    """Expects rewards in [0, 1]; one example at a time."""

    def __init__(
        self, encoding: Encoding, reward_baseline: float = 0.0, wander: float = 0.0
    ) -> None:
        """``reward_baseline`` is what is expected before the first example.

        ``wander``: share of the weights' variance that is renewed with every example.
        """
        self._encoding = encoding
        self._baseline = reward_baseline
        self._wander = wander
        self._slots: dict[tuple[int, int], int] = {}
        self._table = np.full((64, 64), _NOT_MET, np.int64)
        self._groups: dict[str, int] = {}
        self._group = np.zeros(_SLOTS, np.int64)
        self._prior = np.zeros(_SLOTS, np.float32)
        """Prior variance of each slot."""
        self._initial = np.zeros(_SLOTS, np.float32)
        self._mean = np.zeros(_SLOTS + 1, np.float32)
        """One more, always zero, for what has no slot."""
        self._covariance: Matrix = np.zeros((_SLOTS, _SLOTS), np.float32)
        """Before the steps that are put off."""
        self._steps: Matrix = np.zeros((_PUT_OFF, _SLOTS), np.float32)
        """Each example takes the product of one with itself from the covariance."""
        self._waiting = 0
        self._scratch: Matrix = np.empty((_SLOTS, _SLOTS), np.float32)
        """Room for one product, so that no example asks the system for two megabytes."""
        self._taken = 0
        self.learned = 0

    def predict(self, asked: Encoded) -> Floats:
        """Expected reward of each action, shape (K,)."""
        weights = asked.context_values @ self._mean[self._slots_of(asked)]
        return np.asarray(self._baseline + asked.actions @ weights, np.float64)

    def learn(self, asked: Encoded, action: int, reward: float, noise: float) -> None:
        """Take in what action number ``action`` got; ``noise`` is the variance of a reward."""
        slots, values = self._features(asked, action)
        used = self._taken
        steps = self._steps[: self._waiting, :used]
        to_mean = values @ self._covariance[slots, :used] - (steps[:, slots] @ values) @ steps
        deviation = math.sqrt(float(to_mean[slots] @ values) + noise)
        to_mean /= np.float32(deviation)
        wrong = reward - self._baseline - float(self._mean[slots] @ values)
        self._mean[:used] += to_mean * np.float32(wrong / deviation)
        self._steps[self._waiting, :used], self._steps[self._waiting, used:] = to_mean, 0.0
        self._waiting += 1
        self.learned += 1
        if self._waiting == _PUT_OFF:
            self._catch_up()
        if self._wander and self.learned % _WANDER_EVERY == 0:
            self.doubt_again(self._wander * _WANDER_EVERY)
        if self.learned % _REFIT_EVERY == 0:
            self._refit()

    def trust(self, feature: str, reward: float, noise: float) -> None:
        """Begin with the belief that a content with this ``feature`` earns so much more."""
        self._catch_up()
        slot = self._slot(0, self._encoding.action.add(feature))
        gain = self._covariance[slot, slot] / (self._covariance[slot, slot] + noise)
        self._mean[slot] += gain * reward
        self._covariance[slot, slot] *= 1 - gain

    def become(self, other: BayesRegression) -> None:
        """Take over all that ``other`` has learned, and keep one's own way to forget."""
        self._slots, self._table = dict(other._slots), other._table.copy()
        self._groups, self._group = dict(other._groups), other._group.copy()
        self._prior, self._initial = other._prior.copy(), other._initial.copy()
        self._taken = other._taken
        self._mean, self._covariance = other._mean.copy(), other._covariance.copy()
        self._steps, self._waiting = other._steps.copy(), other._waiting

    def doubt_again(self, share: float) -> None:
        """Move by ``share`` of the variance back to the prior."""
        used = np.arange(self._taken)
        self._covariance[: len(used), : len(used)] *= np.float32(1 - share)
        self._steps *= np.float32(np.sqrt(1 - share))
        self._covariance[used, used] += np.float32(share) * self._prior[used]
        self._mean *= np.float32(np.sqrt(1 - share))

    def contributions(self, asked: Encoded) -> Floats:
        """What each pair of features adds to each action's expected reward.

        Shape (number of context features asked for, K, number of action features).
        """
        weights = asked.context_values[:, None] * self._mean[self._slots_of(asked)]
        return np.asarray(weights[:, None, :] * asked.actions[None], np.float64)

    def state(self) -> dict[str, npt.NDArray[Any]]:
        """All of it, to be continued by ``restore``."""
        used = self._taken
        return {
            "pairs": np.array([(c, a, s) for (c, a), s in self._slots.items()], np.int64),
            "groups": np.array(list(self._groups), np.str_),
            "group": self._group,
            "prior": self._prior,
            "initial": self._initial,
            "mean": self._mean,
            "covariance": self._covariance[:used, :used],
            "steps": self._steps[: self._waiting, :used],
            "learned": np.array(self.learned),
        }

    def restore(self, state: Mapping[str, npt.NDArray[Any]]) -> None:
        for context, action, slot in state["pairs"].reshape(-1, 3).tolist():
            self._slots[context, action] = slot
            self._note(context, action, slot)
        self._groups = {str(name): number for number, name in enumerate(state["groups"])}
        self._group, self._prior = state["group"].copy(), state["prior"].copy()
        self._initial, self._mean = state["initial"].copy(), state["mean"].copy()
        used = self._taken = len(state["covariance"])
        self._covariance[:used, :used] = state["covariance"]
        if (steps := state.get("steps")) is not None:  # an older one put off none
            self._waiting = len(steps)
            self._steps[: self._waiting, :used] = steps
        self.learned = int(state["learned"])

    def _catch_up(self) -> None:
        """Take from the covariance what was put off."""
        used = self._taken
        steps = self._steps[: self._waiting, :used]
        covariance, scratch = self._covariance[:used, :used], self._scratch[:used, :used]
        # A copy, or NumPy would make both halves of the product alike, which takes far longer.
        np.matmul(steps.T, steps.copy(), out=scratch)
        covariance -= scratch
        self._waiting = 0

    # Slots

    def _slots_of(self, asked: Encoded) -> npt.NDArray[np.int64]:
        return self._lookup(asked.context, np.arange(asked.actions.shape[1]))

    def _lookup(
        self, context: npt.NDArray[np.int64], action: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Slot of each pair; ``_SLOTS`` where it has none."""
        found = self._known(context, action)
        found[found == _NOT_MET] = _SLOTS
        return found

    def _known(
        self, context: npt.NDArray[np.int64], action: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.int64]:
        """Slot of each pair, or ``_NOT_MET``."""
        self._make_room(int(context.max(initial=0)), int(action.max(initial=0)))
        return self._table[context[:, None], action[None]]

    def _make_room(self, context: int, action: int) -> None:
        rows, columns = self._table.shape
        if context < rows and action < columns:
            return
        shape = (
            max(rows, 2 * len(self._encoding.context)),
            max(columns, 2 * len(self._encoding.action)),
        )
        larger = np.full(shape, _NOT_MET, np.int64)
        larger[:rows, :columns] = self._table
        self._table = larger

    def _features(self, asked: Encoded, action: int) -> tuple[npt.NDArray[np.int64], Matrix]:
        """The slots of one action's features, each once, and their values."""
        features = np.flatnonzero(asked.actions[action])
        values = np.outer(asked.context_values, asked.actions[action, features])
        slots = self._known(asked.context, features)
        for row, column in np.argwhere(slots == _NOT_MET).tolist():
            slots[row, column] = self._slot(int(asked.context[row]), int(features[column]))
        keep = slots < _SLOTS
        which, place = np.unique(slots[keep], return_inverse=True)
        return which, np.bincount(place, values[keep]).astype(np.float32)

    def _slot(self, context: int, action: int) -> int:
        """A slot for a pair that has none yet; ``_SLOTS`` where it gets none."""
        names = self._encoding.context.names[context], self._encoding.action.names[action]
        used = self._taken
        if context and names[1].startswith("id=") and self._told and used >= _PAIRS_WITH_ID:
            self._note(context, action, _SLOTS)  # for good: slots never become free
            return _SLOTS
        if used < _SLOTS:
            slot = used
            self._taken += 1
            group = "×".join(map(group_of, names))
            self._group[slot] = self._groups.setdefault(group, len(self._groups))
            alike = np.flatnonzero(self._group[:used] == self._group[slot])
            self._initial[slot] = self._initial_variance(*names)
            self._prior[slot] = self._prior[alike[0]] if len(alike) else self._initial[slot]
            self._covariance[slot, slot] = self._prior[slot]
        else:
            slot = zlib.crc32("×".join(names).encode()) % _SLOTS
        self._slots[context, action] = slot
        self._note(context, action, slot)
        return slot

    def _initial_variance(self, context: str, action: str) -> float:
        kind = group_of(action)
        if not action:
            by_context = _CONTEXT_SD if self._told else _NAMELESS_CONTEXT_SD
            sd = by_context if context else _INTERCEPT_SD
        elif context:
            nameless = kind == "id" and not self._told
            sd = _NAMELESS_PAIR_SD if nameless else _PAIR_SD.get(kind, _OTHER_PAIR_SD)
        else:
            sd = _VISIT_SD if kind in VISIT_FEATURES else _ACTION_SD
        return sd**2

    @property
    def _told(self) -> bool:
        """Whether any content has a category or a tag."""
        return any(map(_ABOUT.match, self._encoding.action.names))

    def _note(self, context: int, action: int, slot: int) -> None:
        self._make_room(context, action)
        self._table[context, action] = slot

    # What is learned beside the weights

    def _refit(self) -> None:
        """Learn the prior variance of every group, and what follows from that for the weights."""
        self._catch_up()
        used = self._taken
        group = self._group[:used]
        count = np.bincount(group)
        covariance = self._covariance[:used, :used].astype(np.float64)
        mean = self._mean[:used].astype(np.float64)
        initial = np.bincount(group, self._initial[:used]) / count
        # Expected squares; a few pseudo-observations of the first guess keep small groups sane.
        squares = np.bincount(group, mean**2 + np.diag(covariance))
        variance = (squares + _PRIOR_COUNT * initial) / (count + _PRIOR_COUNT)
        prior = np.maximum(_MIN_VARIANCE, variance)[group]
        precision = np.linalg.inv(covariance)
        evidence = precision @ mean
        precision[np.arange(used), np.arange(used)] += 1 / prior - 1 / self._prior[:used]
        covariance = np.linalg.inv(precision)
        self._covariance[:used, :used] = (covariance + covariance.T) / 2
        self._mean[:used] = covariance @ evidence
        self._prior[:used] = prior
