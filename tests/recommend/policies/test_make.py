"""The policy that a configuration names."""

from __future__ import annotations

from signage.config.config import Config
from signage.config.experiment import ExperimentConfig
from signage.recommend.policies.experiment import Experiment
from signage.recommend.policies.make import make_policy

AUTUMN = Config(experiment=ExperimentConfig(name="autumn", arms=("vw", "rules")))


def test_an_arm_of_an_experiment_is_made_with_the_whole_experiment() -> None:
    assert isinstance(make_policy("vw", AUTUMN), Experiment)


def test_a_policy_that_is_no_arm_of_the_experiment_is_made_alone() -> None:
    assert make_policy("playlist", AUTUMN).name == "playlist"
