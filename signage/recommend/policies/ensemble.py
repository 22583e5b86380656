"""The learner: three regressions that watch each other, and a draw by the gap.

- ``vw`` (``vw.py``): Vowpal Wabbit, fast, every feature and every pair;
- ``steady`` (``bayes.py``): exact, learns which groups of features matter, forgets nothing;
- ``wandering``: the same, for a world that changes.

What each expected is compared with what came. The ensemble's estimate is their average, each
weighted by ``exp(-loss / 2·noise)`` of its recent squared errors (Bayesian model averaging;
the loss of long ago fades). Where the wandering one is far ahead of the steady one the world
has changed: the steady one starts again from what the other knows, VW's learning rates rise
again, and exploration comes back.

Exploration is inverse-gap weighting: with ``r_a`` the expected rewards of ``K`` contents and
``b`` the best,

    q_a = 1 / (K + γ (r_b - r_a)) for a ≠ b,   q_b = 1 - Σ q_a,   γ = scale · plays^exponent / noise

(Foster & Rakhlin, "Beyond UCB", ICML 2020), mixed with a uniform floor; ``plays`` counts from
the last change. A content that is new has a least share until it has had its fair trials,
whatever its kind has earned.
"""

from __future__ import annotations

import hashlib
import io
from importlib.metadata import version
from typing import Any

import numpy as np
import numpy.typing as npt

from signage.config.policies import VwConfig
from signage.recommend.constraints.share import lifted
from signage.recommend.context import ADVISED
from signage.recommend.policies.base import Answer, Question
from signage.recommend.policies.bayes import BayesRegression
from signage.recommend.policies.encoding import ADVICE, Encoded, Encoding
from signage.recommend.policies.vw import VwRegression
from signage.types.arrays import Floats
from signage.types.decisions import TrainingExample

LAYOUT = "4"
"""Changes when features, members or their arguments do: an older model is then of no use."""

_FADE = 0.997
"""Of a squared error, by one example: some 300 examples judge the members."""
_FIRST_NOISE, _NOISE_COUNT, _MIN_NOISE = 0.15, 20, 0.01
"""Variance of a reward, until examples say otherwise; the weight of that guess in examples."""
_CHANGED = 0.9
"""The wandering one's share of what both have, from which on the world has changed."""
_SETTLED = 200
"""Examples before the first change can be told."""
_KEPT_PLAYS = 300
"""How many plays exploration counts after a change, at most."""
_DOUBTED = 0.7
"""Share of what was certain before a change, or on another screen, that is not any more."""
_MOST_FOR_TRIALS = 0.1
"""Of the probability, for all new contents together."""
_REASONS, _TELLING = 3, 0.005
"""An explanation has at most so many reasons for, and against; each of so much reward."""
_ADVISED_MORE, _ADVICE_NOISE = 0.15, 0.01
"""What the rules table's choice is thought to earn above others before the first example, and
how surely (variance); after that its advice is worth what it turns out to be."""
_ADVICE_PLAYS = 300
"""As many plays as a table is thought to have seen before."""


class EnsemblePolicy:
    """Learns online; answers the same until it does."""

    name = "vw"

    def __init__(self, config: VwConfig, model: bytes | None = None, learned: int = 0) -> None:
        """``model`` and ``learned`` (its count of examples) continue an earlier one."""
        self._config = config
        saved = {} if model is None else dict(np.load(io.BytesIO(model)))
        self._encoding = Encoding(
            *(map(str, saved[kind][1:]) for kind in ("context", "action") if saved)
        )
        self._vw = VwRegression(
            self._encoding,
            config.learning_rate,
            config.reward_baseline,
            saved["vw"].tobytes() if saved else None,
        )
        baseline = config.reward_baseline
        self._steady = BayesRegression(self._encoding, baseline)
        self._wandering = BayesRegression(self._encoding, baseline, config.wander)
        self._losses = np.zeros(3)
        self._noise = np.array([_NOISE_COUNT * _FIRST_NOISE, _NOISE_COUNT])
        self._plays: dict[str, int] = {}
        """Examples of each content that could be shown so far."""
        self._met: dict[str, int] = {}
        """After how many examples it could be shown first."""
        self._since_change = 0
        self.learned = learned
        if not saved:
            self._vw.trust(ADVICE, _ADVISED_MORE)
            for member in self._bayes.values():
                member.trust(ADVICE, _ADVISED_MORE, _ADVICE_NOISE)
        else:
            for name, member in self._bayes.items():
                prefix = f"{name}."
                member.restore(
                    {k.removeprefix(prefix): v for k, v in saved.items() if k.startswith(prefix)}
                )
            self._losses, self._noise = saved["losses"], saved["noise"]
            self._since_change = int(saved["since_change"])
            for name, plays, met in zip(
                saved["contents"], saved["plays"], saved["met"], strict=True
            ):
                self._plays[str(name)], self._met[str(name)] = int(plays), int(met)

    @classmethod
    def taught(cls, config: VwConfig, model: bytes) -> EnsemblePolicy:
        """A new one that begins with what another screen's has learned, and doubts some of it."""
        policy = cls(config, model)
        policy._begin_again()
        for member in policy._bayes.values():
            member.doubt_again(_DOUBTED)
        return policy

    @property
    def version(self) -> str:
        return f"{LAYOUT}.{self.learned}"

    def answer(self, question: Question) -> Answer:
        asked = self._encoding.encode(question.context, question.actions)
        estimates = self._weights() @ self._predictions(asked)
        advised = any(name.startswith(ADVISED) for name in question.context)
        plays = max(1, self._since_change + advised * _ADVICE_PLAYS)
        gamma = self._config.gamma_scale * plays**self._config.gamma_exponent / self._noise_sd
        floor = self._config.exploration
        tried = lifted(inverse_gap(estimates, gamma), self._trials_due(question))
        return Answer((1 - floor) * tried + floor / len(estimates), estimates)

    def learn(self, example: TrainingExample) -> None:
        """Learn one reward in [0, 1]. Raises ValueError on one that is not."""
        if not 0 <= example.reward <= 1:  # NaN too: either would poison the model for good
            raise ValueError(f"reward of {example.decision_id} is {example.reward}, not in [0, 1]")
        self._encoding.meet(example)
        asked = self._encoding.encode(example.context, example.actions)
        action = list(example.actions).index(example.content_id)
        expected = self._predictions(asked)[:, action]
        noise = self._noise_sd**2
        wrong = float(self._weights() @ expected) - example.reward
        self._noise = self._noise * _FADE + np.array([wrong**2, 1.0])
        self._losses = self._losses * _FADE + (expected - example.reward) ** 2
        self._vw.learn(asked, action, example.reward)
        for member in self._bayes.values():
            member.learn(asked, action, example.reward, noise)
        for name in example.actions:
            self._plays.setdefault(name, 0)
            self._met.setdefault(name, self.learned)
        self._plays[example.content_id] += 1
        self.learned += 1
        self._since_change += 1
        self._notice_change()

    def explain(self, question: Question, content_id: str) -> dict[str, float]:
        """What raises, and lowers, the expected reward of ``content_id`` most against the rest."""
        asked = self._encoding.encode(question.context, question.actions)
        place = list(question.actions).index(content_id)
        apart = asked.actions[place] - asked.actions.mean(0)
        against_rest = Encoded(asked.context, asked.context_values, apart[None])
        each = np.array([m.contributions(against_rest)[:, 0] for m in self._members])
        contributions = np.tensordot(self._weights(), each, 1)
        named = {
            self._encoding.named(asked.context[row], action): round(
                float(contributions[row, action]), 4
            )
            for row, action in np.argwhere(abs(contributions) >= _TELLING).tolist()
        }
        ordered = sorted(named, key=lambda name: -named[name])
        speak_for = [name for name in ordered if named[name] > 0][:_REASONS]
        against = [name for name in reversed(ordered) if named[name] < 0][:_REASONS]
        return {name: named[name] for name in (*speak_for, *against)}

    def serialize(self) -> bytes:
        """The model, to be continued by the constructor."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "context": np.array(self._encoding.context.names, np.str_),
            "action": np.array(self._encoding.action.names, np.str_),
            "vw": np.frombuffer(self._vw.serialize(), np.uint8),
            "losses": self._losses,
            "noise": self._noise,
            "since_change": np.array(self._since_change),
            "contents": np.array(list(self._plays), np.str_),
            "plays": np.array(list(self._plays.values()), np.int64),
            "met": np.array(list(self._met.values()), np.int64),
        }
        for name, member in self._bayes.items():
            arrays |= {f"{name}.{key}": value for key, value in member.state().items()}
        file = io.BytesIO()
        np.savez(file, **arrays)  # type: ignore[arg-type]
        return file.getvalue()

    @property
    def _members(self) -> tuple[VwRegression | BayesRegression, ...]:
        return self._vw, self._steady, self._wandering

    @property
    def _bayes(self) -> dict[str, BayesRegression]:
        return {"steady": self._steady, "wandering": self._wandering}

    def _trials_due(self, question: Question) -> Floats:
        """The least probability of each content that has not had its trials, shape (K,)."""
        trials, within = self._config.fair_trials, self._config.fair_within
        new = np.array([self._plays.get(name, 0) < trials for name in question.actions])
        # What was there from the first example on is explored anyway.
        new &= np.array([self._met.get(name, self.learned) > 0 for name in question.actions])
        return np.asarray(new * min(trials / within, _MOST_FOR_TRIALS / max(1, int(new.sum()))))

    def _predictions(self, asked: Encoded) -> Floats:
        """What each member expects of each action, shape (3, K)."""
        return np.array([member.predict(asked) for member in self._members])

    @property
    def _noise_sd(self) -> float:
        """Standard deviation of a reward around what was expected."""
        return float(np.sqrt(max(_MIN_NOISE, self._noise[0] / self._noise[1])))

    def _weights(self) -> Floats:
        weights = np.exp(-(self._losses - self._losses.min()) / (2 * self._noise_sd**2))
        return np.asarray(weights / weights.sum())

    def _notice_change(self) -> None:
        if self._since_change < _SETTLED:
            return
        _, steady, wandering = self._weights()
        if wandering < _CHANGED * (steady + wandering):
            return
        self._steady.become(self._wandering)
        self._losses[1] = self._losses[2]
        self._begin_again()

    def _begin_again(self) -> None:
        """Learn fast and explore again, without forgetting."""
        self._vw.doubt_again(_DOUBTED)
        self._since_change = min(self._since_change, _KEPT_PLAYS)


def layout_of(config: VwConfig) -> str:
    """Everything that a saved model depends on; if it differs, the model learns again."""
    learner = f"{config.learning_rate!r}:{config.reward_baseline!r}:{config.wander!r}"
    layout = f"{LAYOUT}:{version('vowpal-wabbit-next')}:{learner}"
    if config.warm_start is None:
        return layout
    return f"{layout}:{hashlib.sha256(config.warm_start.read_bytes()).hexdigest()[:12]}"


def inverse_gap(rewards: Floats, gamma: float) -> Floats:
    """Inverse-gap weights of expected ``rewards``, shape (K,); they sum to 1."""
    best = int(np.argmax(rewards))
    weights = 1 / (len(rewards) + gamma * (rewards[best] - rewards))
    weights[best] = 0.0
    weights[best] = 1 - weights.sum()
    return np.asarray(weights, dtype=np.float64)
