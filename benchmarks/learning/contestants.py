"""The policies of `bench learning`: ours as the product calls it, and what others offer."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from vowpal_wabbit_next import CBLabel, Example, Workspace

from benchmarks.learning.world import Array, Turn, with_advice
from signage.config.policies import VwConfig
from signage.recommend.policies.base import Question
from signage.recommend.policies.encoding import OF_CONTENT
from signage.recommend.policies.ensemble import EnsemblePolicy
from signage.types.decisions import TrainingExample


class Contestant(Protocol):
    """A policy that a world can be played with."""

    def choose(self, turn: Turn, luck: float) -> tuple[int, float]:
        """A place in ``turn.actions``, and the probability with which it was drawn."""
        ...

    def learn(self, turn: Turn, index: int, reward: float, propensity: float) -> None: ...


def drawn(probabilities: Array, luck: float) -> tuple[int, float]:
    """The action that ``luck`` in [0, 1) falls on."""
    place = int(np.searchsorted(np.cumsum(probabilities), luck * probabilities.sum()))
    place = min(place, len(probabilities) - 1)
    return place, float(probabilities[place])


class Ours:
    """The product's learner; ``sees`` makes the context of a turn."""

    def __init__(
        self, sees: Callable[[Turn], Mapping[str, float]], policy: EnsemblePolicy | None = None
    ) -> None:
        self._sees = sees
        self._policy = policy or EnsemblePolicy(VwConfig())

    def choose(self, turn: Turn, luck: float) -> tuple[int, float]:
        answer = self._policy.answer(Question(self._sees(turn), turn.actions, {}, 12))
        return drawn(answer.probabilities, luck)

    def learn(self, turn: Turn, index: int, reward: float, propensity: float) -> None:
        name = list(turn.actions)[index]
        context = self._sees(turn)
        self._policy.learn(
            TrainingExample("bench-1", context, turn.actions, name, reward, propensity)
        )


def everything(turn: Turn) -> Mapping[str, float]:
    """The whole context of a turn."""
    return turn.context


def without(prefixes: Sequence[str], turn: Turn) -> Mapping[str, float]:
    """The context of a turn without the features that begin so."""
    return {k: v for k, v in turn.context.items() if not k.startswith(tuple(prefixes))}


class Alone(EnsemblePolicy):
    """One regression of the learner decides alone; it never learns that the world changed."""

    def __init__(self, number: int) -> None:
        super().__init__(VwConfig())
        self._number = number

    def _weights(self) -> Array:
        return np.asarray(np.arange(3) == self._number, np.float64)

    def _notice_change(self) -> None:
        """That takes two that disagree."""


class TwoLearners:
    """One that attracts, one that holds."""

    def __init__(self) -> None:
        self._of = {state: Ours(everything) for state in (True, False)}

    def choose(self, turn: Turn, luck: float) -> tuple[int, float]:
        return self._of["state=hold" in turn.context].choose(turn, luck)

    def learn(self, turn: Turn, index: int, reward: float, propensity: float) -> None:
        self._of["state=hold" in turn.context].learn(turn, index, reward, propensity)


class Fixed:
    """Does not learn: a distribution by the turn."""

    def __init__(self, answer: Callable[[Turn], Array]) -> None:
        self._answer = answer

    def choose(self, turn: Turn, luck: float) -> tuple[int, float]:
        return drawn(self._answer(turn), luck)

    def learn(self, turn: Turn, index: int, reward: float, propensity: float) -> None:
        """Nothing."""


def by_table(turn: Turn) -> Array:
    """What the rules table advises, each alike."""
    advised = np.array([float(name in turn.advice) for name in turn.actions])
    return advised if advised.any() else np.ones_like(advised)


def in_turn(turn: Turn) -> Array:
    """One content after the other."""
    one = np.zeros(len(turn.actions))
    one[turn.t % len(turn.actions)] = 1.0
    return one


class VwAlone:
    """Vowpal Wabbit as its manual has it: its own exploration, costs, real propensities."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._workspace = Workspace(
            ["--cb_explore_adf", "-q", "ca", "--quiet", "--random_seed", "1", *arguments]
        )
        self._index: dict[tuple[str, str], int] = {}

    def choose(self, turn: Turn, luck: float) -> tuple[int, float]:
        answer: Any = self._workspace.predict_one(self.examples(turn))
        probabilities = np.zeros(len(turn.actions))
        for place, probability in answer:
            probabilities[place] = probability
        return drawn(probabilities, luck)

    def ask(self, examples: list[Example]) -> object:
        """The bare call."""
        return self._workspace.predict_one(examples)

    def learn(self, turn: Turn, index: int, reward: float, propensity: float) -> None:
        examples = self.examples(turn)
        examples[1 + index].set_label(CBLabel(label=(-reward, propensity)))
        self._workspace.learn_one(examples)

    def examples(self, turn: Turn) -> list[Example]:
        shared = self._example("c", turn.context)
        shared.set_label(CBLabel(shared=True))
        examples = [shared]
        for features in turn.actions.values():
            example = self._example("a", dict.fromkeys(features, 1.0))
            example.set_label(CBLabel())
            examples.append(example)
        return examples

    def _example(self, namespace: str, features: Mapping[str, float]) -> Example:
        example = Example()
        push: Callable[[Any, Any], None] = example[namespace].push_many_features
        indices = np.array([self._at(namespace, name) for name in features], np.uint64)
        push(indices, np.fromiter(features.values(), np.float32, len(features)))
        return example

    def _at(self, namespace: str, name: str) -> int:
        if (namespace, name) not in self._index:
            self._index[namespace, name] = self._workspace.get_index_for_scalar_feature(
                name, namespace_name=namespace
            )
        return self._index[namespace, name]


DENSE = 80
"""Length of a vector: no world and no set has more context features, and a constant."""


class _Dense:
    """Context features as a vector of fixed length, for those who know no names."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}

    def __call__(self, turn: Turn) -> npt.NDArray[np.float64]:
        vector = np.zeros(DENSE)
        vector[-1] = 1.0
        for name, value in turn.context.items():
            number = self._number.setdefault(name, len(self._number))
            vector[number % (DENSE - 1)] += value
        return vector


class MabWiser:
    """One model an arm; arms are added and removed as they come and go."""

    def __init__(self, rule: str, alpha: float) -> None:
        mab: Any = importlib.import_module("mabwiser.mab")
        self._policy = getattr(mab.LearningPolicy, rule)(alpha=alpha)
        self._make = mab.MAB
        self._mab: Any = None
        self._dense = _Dense()
        self._examples = 0

    def choose(self, turn: Turn, luck: float) -> tuple[int, float]:
        names = list(turn.actions)
        if self._mab is None:
            self._mab = self._make(names, self._policy, seed=1)
        for name in set(names) - set(self._mab.arms):
            self._mab.add_arm(name)
        for name in set(self._mab.arms) - set(names):
            self._mab.remove_arm(name)
        if not self._examples:
            return drawn(np.ones(len(names)), luck)
        return names.index(self._mab.predict(self._dense(turn)[None])), 1.0

    def learn(self, turn: Turn, index: int, reward: float, propensity: float) -> None:
        name = list(turn.actions)[index]
        if name in self._mab.arms:
            fit = self._mab.partial_fit if self._examples else self._mab.fit
            fit([name], [reward], self._dense(turn)[None])
            self._examples += 1


class RiverLinUcb:
    """LinUCB of river, with one model an arm."""

    def __init__(self) -> None:
        bandit: Any = importlib.import_module("river.bandit")
        self._policy = bandit.LinUCBDisjoint(alpha=0.3, seed=1)

    def choose(self, turn: Turn, luck: float) -> tuple[int, float]:
        names = list(turn.actions)
        return names.index(self._policy.pull(names, context=dict(turn.context))), 1.0

    def learn(self, turn: Turn, index: int, reward: float, propensity: float) -> None:
        self._policy.update(list(turn.actions)[index], dict(turn.context), reward)


class ContextualBandits:
    """LinUCB of the package of that name; contents that come later are new choices."""

    def __init__(self) -> None:
        self._make: Any = importlib.import_module("contextualbandits.online").LinUCB
        self._model: Any = None
        self._names: list[str] = []
        self._dense = _Dense()

    def choose(self, turn: Turn, luck: float) -> tuple[int, float]:
        if self._model is None:
            self._names = list(turn.actions)
            self._model = self._make(len(self._names), alpha=0.3, random_state=1)
            self._model.fit(np.zeros((1, DENSE)), np.array([0]), np.array([0.0]))
        for name in turn.actions:
            if name not in self._names:
                self._names.append(name)
                self._model.add_arm()
        scores = self._model.decision_function(self._dense(turn)[None])[0]
        there = [self._names.index(name) for name in turn.actions]
        return int(np.argmax(scores[there])), 1.0

    def learn(self, turn: Turn, index: int, reward: float, propensity: float) -> None:
        name = list(turn.actions)[index]
        place = np.array([self._names.index(name)])
        self._model.partial_fit(self._dense(turn)[None], place, np.array([reward]))


def _alone(number: int) -> Contestant:
    return Ours(everything, Alone(number))


CONTESTANTS: dict[str, Callable[[], Contestant]] = {
    "ours": lambda: Ours(everything),
    "ours, with the table's advice": lambda: Ours(with_advice),
    "VW, epsilon-greedy as it comes": lambda: VwAlone([]),
    "VW, SquareCB as it comes": lambda: VwAlone(["--squarecb", "--cb_type", "mtr"]),
    "MABWiser LinUCB 0.3": partial(MabWiser, "LinUCB", 0.3),
    "MABWiser LinTS 0.1": partial(MabWiser, "LinTS", 0.1),
    "contextualbandits LinUCB": ContextualBandits,
    "river LinUCB": RiverLinUcb,
    "rules table": lambda: Fixed(by_table),
    "playlist": lambda: Fixed(in_turn),
    "uniform": lambda: Fixed(lambda turn: np.ones(len(turn.actions)) / len(turn.actions)),
}
_FORGETFUL: dict[str, Callable[[], Contestant]] = {
    "ours, without the visit's history": lambda: Ours(partial(without, OF_CONTENT)),
}
_STATES: dict[str, Callable[[], Contestant]] = {
    "ours, a learner for each state": TwoLearners,
    "ours, the state unknown": lambda: Ours(partial(without, ("state=",))),
}
ABLATIONS: dict[str, dict[str, Callable[[], Contestant]]] = {
    "latent": _FORGETFUL,
    "individual": _FORGETFUL,
    "attract": _STATES,
    "attract as hold": _STATES,
}
"""Of one world each."""
MEMBERS: dict[str, Callable[[], Contestant]] = {
    f"ours, {name} alone": partial(_alone, number)
    for number, name in enumerate(("VW", "steady", "wandering"))
}

PACKAGES = {"MABWiser": "mabwiser", "contextualbandits": "contextualbandits", "river": "river"}


def missing() -> list[str]:
    """Peers whose package is not there."""
    return [
        name
        for name, (peer, package) in itertools.product(CONTESTANTS, PACKAGES.items())
        if name.startswith(peer) and importlib.util.find_spec(package) is None
    ]
