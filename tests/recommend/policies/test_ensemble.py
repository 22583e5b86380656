"""What the learner is made of: its parts agree with what they say, and notice a change."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signage.config.config import Config
from signage.config.policies import PoliciesConfig, VwConfig
from signage.errors import ConfigError
from signage.recommend.checkpoint import Checkpoints
from signage.recommend.policies.base import Question
from signage.recommend.policies.bayes import BayesRegression
from signage.recommend.policies.encoding import Encoding
from signage.recommend.policies.ensemble import EnsemblePolicy, layout_of
from signage.recommend.policies.make import make_policy
from signage.recommend.policies.vw import VwRegression
from signage.types.decisions import TrainingExample

ACTIONS = {
    f"{category}-{n}": (f"category={category}", f"tag=t{n}", "medium=html", f"id={category}-{n}")
    for category in ("coffee", "shoes", "tea")
    for n in range(3)
}
LOOKS = ("gender=female", "gender=male")
Likes = dict[str, str]


def example(rng: np.random.Generator, likes: Likes) -> TrainingExample:
    looks = LOOKS[int(rng.integers(2))]
    context = {looks: 1.0, f"daypart={rng.integers(3)}": 1.0, "attentive": float(rng.random())}
    content_id = list(ACTIONS)[int(rng.integers(len(ACTIONS)))]
    chance = 0.6 if content_id.startswith(likes[looks]) else 0.2
    return TrainingExample("s-1", context, ACTIONS, content_id, float(rng.random() < chance))


def teach(
    policy: EnsemblePolicy, plays: int, likes: Likes, seed: int = 0
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Then what is expected of every content, by looks."""
    rng = np.random.default_rng(seed)
    for _ in range(plays):
        policy.learn(example(rng, likes))
    told = []
    for looks in LOOKS:
        estimates = policy.answer(Question({looks: 1.0}, ACTIONS, {}, 12)).estimates
        assert estimates is not None
        told.append(estimates)
    return np.array(told)


LIKES = {"gender=female": "shoes", "gender=male": "tea"}
SWAPPED = {"gender=female": "tea", "gender=male": "shoes"}


def mean_of(estimates: np.ndarray[tuple[int, ...], np.dtype[np.float64]], category: str) -> float:
    return float(np.mean([e for e, n in zip(estimates, ACTIONS, strict=True) if category in n]))


def test_what_is_read_from_vw_is_what_vw_predicts() -> None:
    encoding = Encoding()
    vw, rng = VwRegression(encoding, 0.05, 0.35), np.random.default_rng(1)
    for _ in range(100):
        taught = example(rng, LIKES)
        encoding.meet(taught)
        asked = encoding.encode(taught.context, taught.actions)
        vw.learn(asked, list(ACTIONS).index(taught.content_id), taught.reward)
    predicted = np.zeros(len(ACTIONS))
    told: Any = vw._workspace.predict_one(vw._examples(asked))
    for index, cost in told:
        predicted[index] = 0.35 - cost
    assert vw.predict(asked) == pytest.approx(predicted, abs=1e-5)
    apart = asked.actions[3] - asked.actions[5]
    pair = type(asked)(asked.context, asked.context_values, apart[None])
    difference = vw.contributions(pair).sum()
    assert difference == pytest.approx(predicted[3] - predicted[5], abs=1e-5)


def test_the_exact_regression_is_the_ridge_regression_of_all_it_was_told() -> None:
    encoding, rng = Encoding(), np.random.default_rng(2)
    bayes, noise = BayesRegression(encoding), 0.2
    rows, rewards = [], []
    for _ in range(120):
        taught = example(rng, LIKES)
        encoding.meet(taught)
        asked = encoding.encode(taught.context, taught.actions)
        action = list(ACTIONS).index(taught.content_id)
        bayes.learn(asked, action, taught.reward, noise)
        rows.append((asked.context, asked.context_values, asked.actions[action]))
        rewards.append(taught.reward)
    size = len(encoding.context), len(encoding.action)
    prior = np.zeros(size)
    for pair, slot in bayes._slots.items():
        prior[pair] = bayes._prior[slot]
    pairs = np.zeros((len(rows), *size))
    for row, (context, values, features) in zip(pairs, rows, strict=True):
        row[context, : len(features)] = np.outer(values, features)
    x = pairs.reshape(len(rows), -1)
    gram = (x * prior.ravel()) @ x.T + noise * np.eye(len(rows))
    weights = prior.ravel() * (x.T @ np.linalg.solve(gram, np.array(rewards)))
    asked = encoding.encode({LOOKS[0]: 1.0}, ACTIONS)
    new = np.zeros((len(ACTIONS), *size))
    for row, features in zip(new, asked.actions, strict=True):
        row[asked.context] = np.outer(asked.context_values, features)
    expected = new.reshape(len(ACTIONS), -1) @ weights
    assert bayes.predict(asked) == pytest.approx(expected, abs=1e-3)


def test_it_learns_which_features_matter() -> None:
    policy = EnsemblePolicy(VwConfig())
    teach(policy, 1000, LIKES)
    steady = policy._steady
    groups = steady._group[: steady._taken]
    variance = {
        group: float(steady._prior[int(np.flatnonzero(groups == number)[0])])
        for group, number in steady._groups.items()
    }
    assert variance["gender×category"] > 5 * variance["daypart×category"]
    assert variance["gender×category"] > 5 * variance["attentive×category"]


def test_a_swap_of_tastes_is_noticed_and_learned() -> None:
    policy = EnsemblePolicy(VwConfig())
    women, men = teach(policy, 1500, LIKES)
    assert mean_of(women, "shoes") > mean_of(women, "tea") + 0.2
    before = policy._since_change
    women, men = teach(policy, 800, SWAPPED, seed=1)
    assert policy._since_change < before  # exploration came back
    assert mean_of(women, "tea") > mean_of(women, "shoes") + 0.1
    assert mean_of(men, "shoes") > mean_of(men, "tea") + 0.1


def test_a_new_content_has_its_fair_trials_within_a_day() -> None:
    """Of 500 plays; a twelfth of them would be 50, and it is nobody's favourite kind."""
    policy, rng = EnsemblePolicy(VwConfig()), np.random.default_rng(4)
    teach(policy, 600, LIKES)
    more = ACTIONS | {"toys-new": ("category=toys", "medium=html", "id=toys-new")}
    trials = 0
    for _ in range(500):
        looks = LOOKS[int(rng.integers(2))]
        answer = policy.answer(Question({looks: 1.0}, more, {}, 12))
        content_id = list(more)[int(rng.choice(len(more), p=answer.probabilities))]
        reward = float(rng.random() < (0.6 if content_id.startswith(LIKES[looks]) else 0.2))
        policy.learn(TrainingExample("s-1", {looks: 1.0}, more, content_id, reward))
        trials += content_id == "toys-new"
    assert trials >= 10


def test_advice_is_followed_first_and_unlearned_where_it_is_bad() -> None:
    policy, rng = EnsemblePolicy(VwConfig()), np.random.default_rng(3)
    advised = {"advised:tea-1": 1.0}

    def preference() -> float:
        estimates = policy.answer(Question({LOOKS[0]: 1.0} | advised, ACTIONS, {}, 12)).estimates
        assert estimates is not None
        return float(estimates[list(ACTIONS).index("tea-1")] - estimates.mean())

    before = preference()
    assert before > 0.05
    for _ in range(500):
        one = example(rng, {"gender=female": "shoes", "gender=male": "shoes"})
        context = {**one.context, **advised}
        policy.learn(TrainingExample("s-1", context, ACTIONS, one.content_id, one.reward))
    assert preference() < before / 4


def test_a_choice_has_reasons() -> None:
    policy = EnsemblePolicy(VwConfig())
    teach(policy, 800, LIKES)
    question = Question({LOOKS[0]: 1.0, "daypart=1": 1.0}, ACTIONS, {}, 12)
    reasons = policy.explain(question, "shoes-1")
    strongest = max(reasons, key=lambda name: reasons[name])
    assert strongest in {"category=shoes with gender=female", "category=shoes"}
    assert policy.explain(question, "tea-1")["category=tea with gender=female"] < 0


def test_nothing_that_it_was_only_asked_changes_what_is_kept() -> None:
    quiet, asked = EnsemblePolicy(VwConfig()), EnsemblePolicy(VwConfig())
    asked.answer(Question({"never=learned": 1.0}, {"x": ("category=x", "id=x")}, {}, 12))
    teach(quiet, 50, LIKES)
    teach(asked, 50, LIKES)
    assert quiet.serialize() == asked.serialize()


class TestWarmStart:
    def checkpoint(self, folder: Path) -> Path:
        learner = EnsemblePolicy(VwConfig())
        teach(learner, 600, LIKES)
        kept = Checkpoints(folder, f"vw:{layout_of(VwConfig())}", 14, lambda _: "other-screen")
        header = kept.save(learner, 600, datetime(2026, 5, 4, tzinfo=UTC))
        return folder / f"{header.name}.checkpoint"

    def config(self, warm_start: Path) -> Config:
        return Config(policies=PoliciesConfig(vw=VwConfig(warm_start=warm_start)))

    def test_what_another_screen_has_learned_is_known_from_the_start(self, tmp_path: Path) -> None:
        policy = make_policy("vw", self.config(self.checkpoint(tmp_path)))
        estimates = policy.answer(Question({LOOKS[0]: 1.0}, ACTIONS, {}, 12)).estimates
        assert estimates is not None
        assert mean_of(estimates, "shoes") > mean_of(estimates, "tea") + 0.1
        assert policy.version.endswith(".0")

    def test_what_a_screen_learned_that_began_so_itself_may_be_handed_on(
        self, tmp_path: Path
    ) -> None:
        first = self.checkpoint(tmp_path / "first")
        layout = layout_of(self.config(first).policies.vw)
        learner = EnsemblePolicy(VwConfig())
        teach(learner, 10, LIKES)
        kept = Checkpoints(tmp_path / "second", f"vw:{layout}", 14, lambda _: "second-screen")
        header = kept.save(learner, 10, datetime(2026, 5, 4, tzinfo=UTC))
        second = tmp_path / "second" / f"{header.name}.checkpoint"
        assert make_policy("vw", self.config(second)).name == "vw"

    def test_a_file_that_is_of_no_use_is_one_clear_message(self, tmp_path: Path) -> None:
        path = self.checkpoint(tmp_path)
        path.write_bytes(path.read_bytes()[:-5])
        with pytest.raises(ConfigError, match=r"warm_start .* it is damaged"):
            make_policy("vw", self.config(path))
        with pytest.raises(ConfigError, match="cannot be read"):
            make_policy("vw", self.config(tmp_path / "gone.checkpoint"))
