"""Makes the policy that a configuration names, from a checkpoint where there is one."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from signage.config.config import Config
from signage.config.experiment import ExperimentConfig
from signage.errors import ConfigError
from signage.experiments.assignment import design_of
from signage.recommend.checkpoint import Checkpoint, read
from signage.recommend.policies import experiment as experiments
from signage.recommend.policies.apprentice import Apprentice, divide
from signage.recommend.policies.base import Policy
from signage.recommend.policies.ensemble import EnsemblePolicy, layout_of
from signage.recommend.policies.experiment import Experiment
from signage.recommend.policies.playlist import Playlist
from signage.recommend.policies.rules import Rules
from signage.recommend.policies.uniform import Uniform
from signage.types.choices import PolicyName


def make_policy(name: PolicyName, config: Config, saved: Checkpoint | None = None) -> Policy:
    """The policy called ``name``, or the experiment that it is an arm of.

    ``saved`` is what a learner continues from.
    """
    if config.experiment is not None and name in config.experiment.arms:
        return _experiment(name, config, config.experiment, saved)
    rules = Rules(config.policies.rules)
    if name == "vw":
        return _learner(config, saved.model if saved else None, saved)
    if name == "apprentice":
        standing, model = divide(saved.model) if saved else (None, None)
        return Apprentice(
            config.policies.apprentice, rules, _learner(config, model, saved), standing
        )
    if name == "rules":
        return rules
    return Playlist() if name == "playlist" else Uniform()


def _experiment(
    name: PolicyName, config: Config, experiment: ExperimentConfig, saved: Checkpoint | None
) -> Experiment:
    alone = config.model_copy(update={"experiment": None})
    models = experiments.divide(saved.model) if saved else {}
    arms = {}
    for arm in experiment.arms:
        kept = None
        if saved is not None and arm in models:
            learned, model = models[arm]
            kept = Checkpoint(replace(saved.header, learned=learned), model)
        arms[arm] = make_policy(arm, alone, kept)
    learned = saved.header.learned if saved else 0
    return Experiment(experiment, arms, name, config.timezone, learned)


def layout_for(config: Config) -> str:
    """What a checkpoint of the policy that ``config`` names depends on, beside the rewards."""
    learner = layout_of(config.policies.vw)
    if config.experiment is None:
        return f"{config.decision.policy}:{learner}"
    design = design_of(config.experiment)
    return f"experiment-{hashlib.sha256(design.encode()).hexdigest()[:12]}:{learner}"


def _learner(config: Config, model: bytes | None, saved: Checkpoint | None) -> EnsemblePolicy:
    vw = config.policies.vw
    if saved is not None:
        return EnsemblePolicy(vw, model, saved.header.learned)
    if vw.warm_start is None:
        return EnsemblePolicy(vw)
    try:
        other = read(vw.warm_start)
        policy, _, layout = other.header.layout.partition(":")
        # One that began with another screen's model itself has its mark behind.
        if not f"{layout}:".startswith(f"{layout_of(vw.model_copy(update={'warm_start': None}))}:"):
            raise ValueError("it comes from another version or other settings of the learner")
        if policy not in ("vw", "apprentice"):
            raise ValueError("it comes from an experiment and holds more than one learner")
    except ValueError as error:
        raise ConfigError(
            f"policies.vw.warm_start {vw.warm_start} is not used: {error}. Copy a "
            "checkpoint from a screen with the same program and settings, or remove the "
            "key."
        ) from error
    return EnsemblePolicy.taught(
        vw, divide(other.model)[1] if policy == "apprentice" else other.model
    )
