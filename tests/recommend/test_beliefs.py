"""What the learner is said to believe is what it would answer."""

from __future__ import annotations

from typing import Any

import pytest

from signage.config.audience import AudienceConfig
from signage.config.config import Config
from signage.config.perception import PerceptionConfig
from signage.recommend.beliefs import believed
from signage.recommend.policies.make import make_policy
from signage.recommend.recommender import Recommender
from signage.types.choices import PolicyName
from signage.types.decisions import TrainingExample
from tests.support.builders import NOON, catalogue


def told(policy: PolicyName = "vw", **more: Any) -> dict[str, dict[str, float | None]] | None:
    config = Config(**more)
    recommender = Recommender(config, catalogue(), make_policy(policy, config))
    found = believed(recommender, config, NOON)
    return found and {segment["name"]: segment["estimates"] for segment in found["segments"]}


ALL = PerceptionConfig(returning=True)


def test_every_audience_is_asked_about_every_content() -> None:
    segments = told(perception=ALL)
    assert segments is not None
    assert list(segments) == [
        "Woman, 25", "Man, 25", "Woman, 45", "Man, 45", "Woman with a child",
        "Someone watching", "Returning reader", "Passer-by", "Nobody",
    ]  # fmt: skip
    assert {tuple(estimates) for estimates in segments.values()} == {("coffee", "shoes", "wine")}


def test_who_must_not_see_a_content_is_told_from_who_would_not_like_it() -> None:
    segments = told(perception=ALL)
    assert segments is not None
    wine = {name: estimates["wine"] for name, estimates in segments.items()}
    assert wine["Woman with a child"] is None
    assert wine["Passer-by"] is None  # of unknown age
    assert wine["Woman, 45"] is not None


@pytest.mark.parametrize(
    ("config", "gone"),
    [
        ({"perception": PerceptionConfig(demographics=False)}, "Woman, 25"),
        ({"perception": PerceptionConfig(returning=False)}, "Returning reader"),
        ({"perception": ALL, "audience": AudienceConfig(reading=False)}, "Returning reader"),
    ],
)
def test_nobody_is_asked_about_whom_this_screen_could_not_tell(
    config: dict[str, Any], gone: str
) -> None:
    segments = told(**config)
    assert segments is not None
    assert gone not in segments
    assert "Someone watching" in segments


@pytest.mark.parametrize("policy", ["rules", "playlist", "uniform"])
def test_a_policy_without_expectations_believes_nothing(policy: PolicyName) -> None:
    assert told(policy) is None


def test_what_is_learned_of_an_audience_shows_and_asking_changes_nothing() -> None:
    config = Config(perception=ALL)
    things = catalogue()
    recommender = Recommender(config, things, make_policy("vw", config))
    actions = {name: content.features for name, content in things.items()}
    for number in range(60):
        for gender, liked in (("female", "coffee"), ("male", "shoes")):
            for name in ("coffee", "shoes"):
                context = {f"gender={gender}": 1.0, "group=1": 1.0, "state=hold": 1.0}
                reward = 0.8 if name == liked else 0.1
                example = TrainingExample(f"{number}", context, actions, name, reward, 0.5)
                recommender.learn(example)
    version = recommender.policy.version
    first = believed(recommender, config, NOON)
    assert first is not None
    assert first["learned"] == 240
    estimates = {segment["name"]: segment["estimates"] for segment in first["segments"]}
    assert estimates["Woman, 25"]["coffee"] > estimates["Woman, 25"]["shoes"] + 0.2
    assert estimates["Man, 25"]["shoes"] > estimates["Man, 25"]["coffee"] + 0.2
    assert believed(recommender, config, NOON) == first
    assert recommender.policy.version == version
