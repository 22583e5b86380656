"""Who decides, the rules table or the learner, and what makes them change places."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import pytest

from signage.config.config import Config
from signage.config.policies import ApprenticeConfig, Rule, VwConfig
from signage.recommend.policies.apprentice import Apprentice, divide, shadow_of
from signage.recommend.policies.base import Question
from signage.recommend.policies.ensemble import EnsemblePolicy
from signage.recommend.policies.rules import Rules
from signage.recommend.recommender import Recommender
from signage.types.decisions import TrainingExample, Trigger
from tests.support.builders import catalogue, snapshot, viewer

ACTIONS = {name: (f"category={name}", f"id={name}") for name in ("coffee", "shoes", "tea", "toys")}
WOMAN, MAN = {"gender=female": 1.0}, {"gender=male": 1.0}
TABLE = Rules([Rule(gender="female", categories=("shoes",)), Rule(categories=("tea",))])
FAST = ApprenticeConfig(min_plays=50, window_plays=5000)

Taste = Callable[[bool, str], float]


def as_the_table_says(woman: bool, content_id: str) -> float:
    return 0.7 if content_id == ("shoes" if woman else "tea") else 0.2


def otherwise(woman: bool, content_id: str) -> float:
    return 0.7 if content_id == ("coffee" if woman else "toys") else 0.2


class Shop:
    """People come, look or do not, and everything is drawn and recorded as on a screen."""

    def __init__(self, policy: Apprentice, seed: int = 0) -> None:
        self.policy = policy
        self._rng = np.random.default_rng(seed)
        self.examples: list[TrainingExample] = []

    def play(self, plays: int, taste: Taste) -> list[str]:
        """Who acted, play by play."""
        acted = []
        for number in range(plays):
            woman = bool(self._rng.random() < 0.5)
            context = WOMAN if woman else MAN
            answer = self.policy.answer(Question(context, ACTIONS, {}, 12))
            index = int(self._rng.choice(len(ACTIONS), p=answer.probabilities))
            content_id = list(ACTIONS)[index]
            reward = float(self._rng.random() < taste(woman, content_id))
            propensity = float(answer.probabilities[index])
            self.examples.append(
                TrainingExample(
                    f"s-{number}",
                    context,
                    ACTIONS,
                    content_id,
                    reward,
                    propensity,
                    shadow_of(answer, index),
                )
            )
            acted.append(self.policy.name)
            self.policy.learn(self.examples[-1])
        return acted


def apprentice(config: ApprenticeConfig = FAST) -> Apprentice:
    return Apprentice(config, TABLE, EnsemblePolicy(VwConfig()))


def test_the_table_decides_first_and_leaves_a_share_to_chance() -> None:
    answer = apprentice().answer(Question(WOMAN, ACTIONS, {}, 12))
    assert answer.probabilities == pytest.approx([0.025, 0.925, 0.025, 0.025])


def test_the_learner_takes_over_once_it_is_surely_no_worse(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING):
        acted = Shop(apprentice()).play(1500, otherwise)
    assert set(acted[:50]) == {"apprentice:rules"}
    assert acted[-1] == "apprentice:vw"
    assert "takes over from the rules table" in caplog.text


def test_a_learner_that_turns_worse_hands_back_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    policy = apprentice()
    Shop(policy).play(1500, otherwise)
    assert policy.name == "apprentice:vw"
    # A model that was taught nonsense: it prefers what nobody wants.
    spoilt = EnsemblePolicy(VwConfig())
    for _ in range(300):
        for context in (WOMAN, MAN):
            for content_id in ACTIONS:
                worth = 1.0 if content_id in {"coffee", "toys"} else 0.0
                spoilt.learn(TrainingExample("s-0", context, ACTIONS, content_id, worth))
    standing, _ = divide(policy.serialize())
    frozen = _Frozen(spoilt)
    spoilt_policy = Apprentice(FAST, TABLE, frozen, standing)
    with caplog.at_level(logging.WARNING):
        acted = Shop(spoilt_policy).play(1500, as_the_table_says)
    assert acted[0] == "apprentice:vw"
    assert acted[-1] == "apprentice:rules"
    assert "hands back to the rules table" in caplog.text


class _Frozen(EnsemblePolicy):
    """Does not learn better."""

    def __init__(self, taught: EnsemblePolicy) -> None:
        super().__init__(VwConfig(), taught.serialize(), taught.learned)

    def learn(self, example: TrainingExample) -> None:
        pass


def test_a_learner_that_is_only_worse_never_takes_over() -> None:
    policy = Apprentice(FAST, TABLE, _Frozen(EnsemblePolicy(VwConfig())))
    acted = Shop(policy).play(2500, as_the_table_says)
    assert set(acted) == {"apprentice:rules"}


def test_the_same_examples_give_the_same_bytes_and_a_restart_changes_nothing() -> None:
    shop = Shop(apprentice())
    shop.play(300, otherwise)
    state, model = divide(shop.policy.serialize())
    again = Apprentice(FAST, TABLE, EnsemblePolicy(VwConfig(), model, shop.policy.learned), state)
    anew = apprentice()
    for example in shop.examples:
        anew.learn(example)
    assert anew.serialize() == again.serialize() == shop.policy.serialize()


def test_what_it_takes_to_judge_later_is_part_of_the_decision() -> None:
    config = Config()
    deciding = Recommender(config, catalogue({"coffee": {}, "shoes": {}}), apprentice())
    decision = deciding.decide(1, Trigger.START, snapshot(viewer()))
    assert decision.policy == "apprentice:rules"
    assert set(decision.shadow) == {
        "learner",
        "rules",
        "learner_expected",
        "rules_expected",
        "expected",
    }
