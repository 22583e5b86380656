"""The learner: Vowpal Wabbit predicts the cost of each content, we draw by the gap.

VW is the regression oracle (``--cb_type mtr`` with probability 1, so that no importance
weight adds its variance); exploration is inverse-gap weighting outside it: with ``c_a``
the predicted costs of ``K`` contents and ``b`` the best,

    q_a = 1 / (K + γ (c_a - c_b)) for a ≠ b,   q_b = 1 - Σ q_a,   γ = scale · plays^exponent

(Foster & Rakhlin, "Beyond UCB", ICML 2020), mixed with a uniform floor. Masks, floors and
probabilities stay ours, and no random state lives inside VW.

This is the only file that knows ``vowpal_wabbit_next``. One thread owns a workspace.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

import numpy as np
from vowpal_wabbit_next import CBLabel, Example, Workspace

from signage.config import VwConfig
from signage.recommend.features import EARNED, LIKED, MOVED, SEEN
from signage.recommend.policy import Answer, Question
from signage.types import Floats, Lesson

# Without VW's own normalisation of features: ours are all in [-1, 1], and one that was tiny
# at first (a probability of 0.001) would make it predict rewards of 40 when it grows.
_ARGS = ["--cb_adf", "--cb_type", "mtr", "-q", "ca", "--adaptive", "--invariant", "--quiet"]
_KEEP_COUNTERS = "--preserve_performance_counters"
_CONTEXT, _ACTION = "c", "a"

LAYOUT = "2"
"""Changes when the features or VW's arguments do: an older model is then of no use."""


class VwPolicy:
    """Learns online; answers the same until it does."""

    name = "vw"

    def __init__(self, config: VwConfig, model: bytes | None = None, learned: int = 0) -> None:
        """``model`` and ``learned`` (its count of lessons) continue an earlier one."""
        # The counters belong to the model: without them it would not go on as it was.
        self._workspace = (
            Workspace([*_ARGS, "--learning_rate", str(config.learning_rate), _KEEP_COUNTERS])
            if model is None
            else Workspace(["--quiet", _KEEP_COUNTERS], model_data=model)
        )
        self._reader: Workspace[Any] | None = None
        self._config = config
        self._index: dict[tuple[str, str], int] = {}
        self.learned = learned

    @property
    def version(self) -> str:
        return f"{LAYOUT}.{self.learned}"

    def answer(self, question: Question) -> Answer:
        costs = self._costs(question.context, question.actions)
        probabilities = inverse_gap(
            costs, self._config.gamma_scale * max(1, self.learned) ** self._config.gamma_exponent
        )
        floor = self._config.exploration
        probabilities = (1 - floor) * probabilities + floor / len(costs)
        return Answer(probabilities, self._config.reward_baseline - costs)

    def learn(self, lesson: Lesson) -> None:
        """Learn one reward in [0, 1]. Raises ValueError on one that is not."""
        if not 0 <= lesson.reward <= 1:  # NaN too: either would poison the model for good
            raise ValueError(f"reward of {lesson.decision_id} is {lesson.reward}, not in [0, 1]")
        examples = self._examples(lesson.context, lesson.actions)
        chosen = examples[1 + list(lesson.actions).index(lesson.content_id)]
        chosen.set_label(CBLabel(label=(self._config.reward_baseline - lesson.reward, 1.0)))
        self._workspace.learn_one(examples)
        self._reader = None
        self.learned += 1

    def serialize(self) -> bytes:
        """The model, to be continued by the constructor."""
        return bytes(self._workspace.serialize())

    def _costs(
        self, context: Mapping[str, float], actions: Mapping[str, tuple[str, ...]]
    ) -> Floats:
        if self._reader is None:
            # A copy is asked: each prediction counts in VW's own figures, and the model would
            # then hang on how often it was asked, too.
            self._reader = Workspace(["--quiet", _KEEP_COUNTERS], model_data=self.serialize())
        predicted = self._reader.predict_one(self._examples(context, actions))
        costs = np.zeros(len(actions))
        # VW returns (index, cost), sorted by cost and not by position.
        for index, cost in cast("list[tuple[int, float]]", predicted):
            costs[index] = cost
        return costs

    def _examples(
        self, context: Mapping[str, float], actions: Mapping[str, tuple[str, ...]]
    ) -> list[Example]:
        visit = {k: v for k, v in context.items() if k.startswith((LIKED, MOVED, SEEN, EARNED))}
        shared = self._example(_CONTEXT, ((k, v) for k, v in context.items() if k not in visit))
        shared.set_label(CBLabel(shared=True))
        examples = [shared]
        for content_id, features in actions.items():
            example = self._example(
                _ACTION, [*((f, 1.0) for f in features), *_visit(content_id, features, visit)]
            )
            example.set_label(CBLabel())  # VW wants one, also where nothing is known
            examples.append(example)
        return examples

    def _example(self, namespace: str, features: Iterable[tuple[str, float]]) -> Example:
        indices, values = [], []
        for name, value in features:
            if not math.isfinite(value):
                raise ValueError(f"feature {name} is {value}")
            indices.append(self._feature_index(namespace, name))
            values.append(value)
        example = Example()
        push: Callable[[Any, Any], None] = example[namespace].push_many_features
        push(np.array(indices, dtype=np.uint64), np.array(values, dtype=np.float32))
        return example

    def _feature_index(self, namespace: str, name: str) -> int:
        key = (namespace, name)
        if key not in self._index:
            self._index[key] = self._workspace.get_index_for_scalar_feature(
                name, namespace_name=namespace
            )
        return self._index[key]


def _visit(
    content_id: str, features: tuple[str, ...], visit: Mapping[str, float]
) -> list[tuple[str, float]]:
    """What the visit so far says about one content.

    Said of the content, not of the viewer, one weight serves all categories: that people
    stay with what they liked is learned once, not once for each.
    """
    said = []
    liked = {k.removeprefix(LIKED): v for k, v in visit.items() if k.startswith(LIKED)}
    if liked:
        usual = sum(liked.values()) / len(liked)
        category = next(f for f in features if f.startswith("category=")).partition("=")[2]
        if category in liked:
            said += [("liked", liked[category]), ("liked more", liked[category] - usual)]
            said.append(("moved", visit.get(MOVED + category, 0.0)))
        else:
            said.append(("fresh", 1.0))
    if seen := visit.get(SEEN + content_id):
        said.append(("seen", min(seen, 3.0) / 3))
        if (earned := visit.get(EARNED + content_id)) is not None:
            said.append(("earned", earned))
    return said


def inverse_gap(costs: Floats, gamma: float) -> Floats:
    """Inverse-gap weights of ``costs``, shape (K,); they sum to 1."""
    best = int(np.argmin(costs))
    weights = 1 / (len(costs) + gamma * (costs - costs[best]))
    weights[best] = 0.0
    weights[best] = 1 - weights.sum()
    return np.asarray(weights, dtype=np.float64)
