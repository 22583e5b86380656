"""Vowpal Wabbit as a regression of the reward, and the only file that knows it.

``--cb_type mtr`` with probability 1, so that no importance weight adds its variance; features
in [-1, 1], without VW's own normalisation (one that was tiny at first would make it predict
rewards of 40 when it grows). Its weights are read where they lie: one prediction for all
contents is then a few lines of numpy, equal to what VW itself would say, and its adaptive
learning rates can be set back when the world has changed.

One thread owns a workspace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from vowpal_wabbit_next import CBLabel, Example, Workspace

from signage.recommend.policies.encoding import Encoded, Encoding
from signage.types.arrays import Floats

_ARGS = ["--cb_adf", "--cb_type", "mtr", "-q", "ca", "--adaptive", "--invariant", "--quiet"]
_KEEP_COUNTERS = "--preserve_performance_counters"
_CONTEXT, _ACTION = "c", "a"

# How VW finds the weight of a pair, and of the constant (its sources: interactions, constant.h).
_FNV_PRIME = 16777619
_CONSTANT = 11650396
_WEIGHT, _ADAPTIVE = 0, 1

Index = npt.NDArray[np.int64]


class VwRegression:
    """Expects rewards in [0, 1]; one example at a time."""

    def __init__(
        self,
        encoding: Encoding,
        learning_rate: float,
        reward_baseline: float,
        model: bytes | None = None,
    ) -> None:
        """``model`` continues an earlier one."""
        # The counters belong to the model: without them it would not go on as it was.
        self._workspace = (
            Workspace([*_ARGS, "--learning_rate", str(learning_rate), _KEEP_COUNTERS])
            if model is None
            else Workspace(["--quiet", _KEEP_COUNTERS], model_data=model)
        )
        self._encoding = encoding
        self._baseline = reward_baseline
        self._weights = self._workspace.weights()[:, 0, :]
        self._mask = len(self._weights) - 1
        self._context_index: Index = np.zeros(0, np.int64)
        self._action_index: Index = np.zeros(0, np.int64)

    def predict(self, asked: Encoded) -> Floats:
        """Expected reward of each action, shape (K,)."""
        _, action, pairs = self._indices(asked)
        weights = self._weights[pairs, _WEIGHT]
        per_feature = self._weights[action, _WEIGHT] + asked.context_values[1:] @ weights
        cost = asked.actions[:, 1:] @ per_feature + self._alike(asked)
        return np.asarray(self._baseline - cost, np.float64)

    def learn(self, asked: Encoded, action: int, reward: float) -> None:
        """Take in what action number ``action`` got."""
        examples = self._examples(asked)
        examples[1 + action].set_label(CBLabel(label=(self._baseline - reward, 1.0)))
        self._workspace.learn_one(examples)

    def trust(self, feature: str, reward: float) -> None:
        """Begin with the belief that a content with this ``feature`` earns so much more."""
        at = self._workspace.get_index_for_scalar_feature(feature, namespace_name=_ACTION)
        self._weights[at & self._mask, _WEIGHT] = -reward

    def doubt_again(self, share: float) -> None:
        """Forget ``share`` of what makes later examples count less than earlier ones."""
        self._weights[:, _ADAPTIVE] *= 1 - share

    def contributions(self, asked: Encoded) -> Floats:
        """As ``BayesRegression.contributions``."""
        context, action, pairs = self._indices(asked)
        contributions = np.zeros((len(context) + 1, asked.actions.shape[1]))
        contributions[1:, 1:] = asked.context_values[1:, None] * self._weights[pairs, _WEIGHT]
        contributions[0, 1:] = self._weights[action, _WEIGHT]
        return np.asarray(-contributions[:, None, :] * asked.actions[None], np.float64)

    def serialize(self) -> bytes:
        """The model, to be continued by the constructor."""
        return bytes(self._workspace.serialize())

    def _alike(self, asked: Encoded) -> float:
        """The part of the cost that is the same for every action."""
        context = self._context_index[asked.context[1:]] & self._mask
        shared = asked.context_values[1:] @ self._weights[context, _WEIGHT]
        return float(shared + self._weights[_CONSTANT & self._mask, _WEIGHT])

    def _indices(self, asked: Encoded) -> tuple[Index, Index, Index]:
        """Where the weights are: of context, of action features, and of pairs of both."""
        self._look_up()
        context = self._context_index[asked.context[1:]]
        action = self._action_index[1 : asked.actions.shape[1]]
        pairs = (_FNV_PRIME * context)[:, None] ^ action[None]
        return context & self._mask, action & self._mask, pairs & self._mask

    def _look_up(self) -> None:
        """The hashes of features that are new since the last call; feature 0 has none."""
        names = self._encoding
        if len(self._context_index) < len(names.context):
            self._context_index = self._hashes(names.context.names, _CONTEXT)
        if len(self._action_index) < len(names.action):
            self._action_index = self._hashes(names.action.names, _ACTION)

    def _hashes(self, names: list[str], namespace: str) -> Index:
        of = self._workspace.get_index_for_scalar_feature
        return np.array([of(name, namespace_name=namespace) for name in names], np.int64)

    def _examples(self, asked: Encoded) -> list[Example]:
        self._look_up()
        shared = _example(
            _CONTEXT, self._context_index[asked.context[1:]], asked.context_values[1:]
        )
        shared.set_label(CBLabel(shared=True))
        examples = [shared]
        for row in asked.actions:
            has = 1 + np.flatnonzero(row[1:])
            example = _example(_ACTION, self._action_index[has], row[has])
            example.set_label(CBLabel())  # VW wants one, also where nothing is known
            examples.append(example)
        return examples


def _example(namespace: str, indices: Index, values: Floats) -> Example:
    example = Example()
    push: Callable[[Any, Any], None] = example[namespace].push_many_features
    push(indices.astype(np.uint64), values.astype(np.float32))
    return example
