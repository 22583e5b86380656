"""One contract for all policies, and what is special about each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signage.config.config import Config
from signage.config.policies import ApprenticeConfig, PoliciesConfig, Rule, VwConfig
from signage.recommend.checkpoint import Checkpoint, Header
from signage.recommend.policies.apprentice import Apprentice
from signage.recommend.policies.base import Policy, Question
from signage.recommend.policies.ensemble import EnsemblePolicy, inverse_gap
from signage.recommend.policies.make import make_policy
from signage.recommend.policies.playlist import Playlist
from signage.recommend.policies.rules import Rules
from signage.recommend.policies.uniform import Uniform
from signage.types.decisions import TrainingExample
from tests.support.builders import NOON

ACTIONS = {
    "coffee": ("category=coffee", "tag=drink", "medium=html", "motion", "id=coffee"),
    "shoes": ("category=shoes", "medium=image", "still", "id=shoes"),
    "tea": ("category=tea", "tag=drink", "medium=html", "motion", "id=tea"),
}
WOMAN = {"gender=female": 0.95, "gender=male": 0.05, "age=25-34": 1.0, "group=1": 1.0}
MAN = {"gender=female": 0.05, "gender=male": 0.95, "age=45-54": 1.0, "group=1": 1.0}

POLICIES: dict[str, Callable[[], Policy]] = {
    "vw": lambda: EnsemblePolicy(VwConfig()),
    "apprentice:rules": lambda: Apprentice(
        ApprenticeConfig(),
        Rules([Rule(gender="female", categories=("shoes",))]),
        EnsemblePolicy(VwConfig()),
    ),
    "rules": lambda: Rules([Rule(gender="female", categories=("shoes",))]),
    "playlist": Playlist,
    "uniform": Uniform,
}


def ask(
    context: dict[str, float], actions: dict[str, tuple[str, ...]] | None = None, hour: int = 12
) -> Question:
    return Question(context, ACTIONS if actions is None else actions, {}, hour)


def example(context: dict[str, float], content_id: str, reward: float) -> TrainingExample:
    return TrainingExample("screen-1", context, ACTIONS, content_id, reward)


@pytest.fixture(params=sorted(POLICIES))
def policy(request: pytest.FixtureRequest) -> Policy:
    return POLICIES[request.param]()


class TestContract:
    def test_answers_with_a_distribution(self, policy: Policy) -> None:
        answer = policy.answer(ask(WOMAN))
        assert answer.probabilities.shape == (3,)
        assert answer.probabilities.min() >= 0
        assert answer.probabilities.sum() == pytest.approx(1.0)

    def test_the_only_content_is_certain(self, policy: Policy) -> None:
        only = {"tea": ACTIONS["tea"]}
        assert policy.answer(ask(WOMAN, only)).probabilities == pytest.approx([1.0])

    def test_same_question_same_answer(self, policy: Policy) -> None:
        first = policy.answer(ask(WOMAN)).probabilities
        for _ in range(5):
            assert (policy.answer(ask(WOMAN)).probabilities == first).all()

    def test_same_version_same_answer(self, policy: Policy) -> None:
        version, before = policy.version, policy.answer(ask(WOMAN)).probabilities
        policy.learn(example(WOMAN, "coffee", 1.0))
        if policy.version == version:
            assert (policy.answer(ask(WOMAN)).probabilities == before).all()

    def test_nobody_in_view_is_a_context_too(self, policy: Policy) -> None:
        assert policy.answer(ask({})).probabilities.sum() == pytest.approx(1.0)

    def test_is_made_by_its_name(self, policy: Policy) -> None:
        made = make_policy(policy.name.partition(":")[0], Config())  # type: ignore[arg-type]
        assert type(made) is type(policy)


class TestVw:
    def test_learns_who_likes_what(self) -> None:
        policy = EnsemblePolicy(VwConfig())
        for _ in range(150):
            for context, likes in ((WOMAN, "shoes"), (MAN, "tea")):
                for content_id in ACTIONS:
                    policy.learn(example(context, content_id, 0.9 if content_id == likes else 0.1))
        for context, likes in ((WOMAN, "shoes"), (MAN, "tea")):
            answer = policy.answer(ask(context))
            best = list(ACTIONS)[int(answer.probabilities.argmax())]
            assert best == likes
            assert answer.probabilities.max() > 0.9
            assert answer.estimates is not None
            assert answer.estimates.max() == pytest.approx(0.9, abs=0.1)

    def test_a_new_content_starts_from_what_its_kind_has_earned(self) -> None:
        policy = EnsemblePolicy(VwConfig())
        for _ in range(100):
            policy.learn(example(WOMAN, "coffee", 0.9))
            policy.learn(example(WOMAN, "shoes", 0.1))
        new = {
            "mocha": ("category=coffee", "tag=drink", "medium=html", "motion", "id=mocha"),
            "boots": ("category=shoes", "medium=image", "still", "id=boots"),
        }
        estimates = policy.answer(ask(WOMAN, new)).estimates
        assert estimates is not None
        assert estimates[0] > estimates[1] + 0.3

    def test_look_alikes_part_ways_by_what_they_did_in_this_visit(self) -> None:
        policy = EnsemblePolicy(VwConfig())
        liked_tea, liked_shoes = (
            {"liked:category=tea": 0.9, "liked:category=shoes": 0.1},
            {"liked:category=tea": 0.1, "liked:category=shoes": 0.9},
        )
        for _ in range(200):
            for visit, likes in ((liked_tea, "tea"), (liked_shoes, "shoes")):
                for content_id in ("tea", "shoes"):
                    reward = 0.9 if content_id == likes else 0.1
                    policy.learn(example(WOMAN | visit, content_id, reward))
        names = list(ACTIONS)
        assert names[int(policy.answer(ask(WOMAN | liked_tea)).probabilities.argmax())] == "tea"
        assert names[int(policy.answer(ask(WOMAN | liked_shoes)).probabilities.argmax())] == "shoes"

    def test_a_feature_that_was_tiny_and_grows_does_not_throw_the_estimates(self) -> None:
        policy = EnsemblePolicy(VwConfig())
        for _ in range(20):
            policy.learn(example({"group=1": 1.0, "age=65+": 0.0003}, "tea", 1.0))
        estimates = policy.answer(ask({"group=1": 1.0, "age=65+": 0.9})).estimates
        assert estimates is not None
        assert estimates.min() > -0.5
        assert estimates.max() < 1.5

    def test_every_content_keeps_its_chance(self) -> None:
        policy = EnsemblePolicy(VwConfig(exploration=0.06))
        for _ in range(2000):
            policy.learn(example(WOMAN, "tea", 1.0))
            policy.learn(example(WOMAN, "shoes", 0.0))
        assert policy.answer(ask(WOMAN)).probabilities.min() >= 0.06 / 3

    @pytest.mark.parametrize("reward", [float("nan"), float("inf"), -0.1, 1.1])
    def test_a_reward_that_would_poison_it_is_refused(self, reward: float) -> None:
        policy = EnsemblePolicy(VwConfig())
        before = policy.answer(ask(WOMAN)).probabilities
        with pytest.raises(ValueError, match="not in \\[0, 1\\]"):
            policy.learn(example(WOMAN, "tea", reward))
        assert (policy.answer(ask(WOMAN)).probabilities == before).all()

    def test_a_feature_that_is_no_number_is_refused(self) -> None:
        with pytest.raises(ValueError, match="smile is nan"):
            EnsemblePolicy(VwConfig()).answer(ask({"smile": float("nan")}))

    def test_the_model_hangs_on_the_examples_and_not_on_what_was_asked(self) -> None:
        quiet, asked = EnsemblePolicy(VwConfig()), EnsemblePolicy(VwConfig())
        for reward in (0.8, 0.1, 0.4):
            for policy in (quiet, asked):
                policy.learn(example(WOMAN, "tea", reward))
            asked.answer(ask(MAN))
        assert asked.serialize() == quiet.serialize()

    def test_goes_on_from_its_checkpoint(self) -> None:
        config = VwConfig()
        policy = EnsemblePolicy(config)
        for _ in range(30):
            policy.learn(example(WOMAN, "tea", 0.8))
            policy.learn(example(WOMAN, "coffee", 0.3))
        header = Header("any", policy.learned, 60, "screen-60 of noon", NOON.isoformat())
        saved = Checkpoint(header, policy.serialize())
        again = make_policy("vw", Config(policies=PoliciesConfig(vw=config)), saved)
        assert again.version == policy.version
        for _ in range(10):
            assert again.answer(ask(WOMAN)).probabilities == pytest.approx(
                policy.answer(ask(WOMAN)).probabilities, abs=0
            )
            again.learn(example(WOMAN, "shoes", 0.5))
            policy.learn(example(WOMAN, "shoes", 0.5))


@given(
    st.lists(st.floats(-1, 1), min_size=1, max_size=50),
    st.floats(0, 1e6),
)
def test_inverse_gap_is_a_distribution_that_favours_the_best(
    rewards: list[float], gamma: float
) -> None:
    weights = inverse_gap(np.array(rewards), gamma)
    assert weights.sum() == pytest.approx(1.0)
    assert weights.min() >= 0
    assert weights[int(np.argmax(rewards))] == pytest.approx(weights.max())


class TestBaselines:
    def test_playlist_goes_round(self) -> None:
        policy = Playlist()
        last: dict[str, datetime] = {}
        order = []
        for turn in range(6):
            answer = policy.answer(Question({}, ACTIONS, dict(last), 12))
            shown = list(ACTIONS)[int(answer.probabilities.argmax())]
            order.append(shown)
            last[shown] = NOON + timedelta(seconds=turn)
        assert order == ["coffee", "shoes", "tea"] * 2

    def test_rules_look_up_who_is_there(self) -> None:
        policy = Rules(
            [
                Rule(gender="female", max_age=40, categories=("shoes",)),
                Rule(min_age=40, categories=("tea",)),
            ]
        )
        assert policy.answer(ask(WOMAN)).probabilities.tolist() == [0, 1, 0]
        assert policy.answer(ask(MAN)).probabilities.tolist() == [0, 0, 1]

    def test_rules_that_say_nothing_of_this_audience_go_round(self) -> None:
        policy = Rules([Rule(gender="female", categories=("shoes",))])
        assert policy.answer(ask({})).probabilities.tolist() == [1, 0, 0]

    @pytest.mark.parametrize(("hour", "inside"), [(21, False), (22, True), (3, True), (6, False)])
    def test_hours_may_pass_midnight(self, hour: int, inside: bool) -> None:
        policy = Rules([Rule(hours=(22, 6), categories=("tea",))])
        answer = policy.answer(ask(WOMAN, hour=hour))
        assert (answer.probabilities.tolist() == [0, 0, 1]) is inside


def test_what_earned_it_from_this_viewer_is_shown_again_and_what_did_not_is_not() -> None:
    """Learned from others: whoever liked a content takes it again, whoever did not does not."""
    policy = EnsemblePolicy(VwConfig())
    for number in range(300):
        content_id = list(ACTIONS)[number % 3]
        earned = float(number // 3 % 2)
        seen = {f"seen:{content_id}": 1.0, f"earned:{content_id}": earned}
        policy.learn(example(WOMAN | seen, content_id, 0.1 + 0.6 * earned))

    def expected(earned: float) -> float:
        answer = policy.answer(ask(WOMAN | {"seen:tea": 1.0, "earned:tea": earned}))
        assert answer.estimates is not None
        return float(answer.estimates[2])

    assert expected(1.0) > expected(0.0) + 0.3
