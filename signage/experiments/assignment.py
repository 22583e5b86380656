"""Which arm of an experiment decides, and when.

People share a screen, so single people cannot be assigned to an arm. Two kinds of unit remain:

- ``block``: UTC is cut into blocks of equal length. A round has one block for each arm, in
  random order. This spreads hours and weekdays evenly, and no round predicts the next.
- ``visit``: each visit is assigned at random. The visit of the main viewer counts.

The assignment depends only on the seed, the experiment's name and the number of the round, or the
id of the visit. A restart changes nothing, and a replay gives the same result.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

import numpy as np

from signage.config.clock import ZoneName, local_time
from signage.config.experiment import ExperimentConfig
from signage.types.experiments import Assignment


def assignment_at(
    config: ExperimentConfig, zone: ZoneName | None, utc: datetime, visit_id: str | None
) -> Assignment | None:
    """The assignment at ``utc``, for the main viewer of ``visit_id``.

    None if the experiment has not started, is over, or assigns visits and nobody is present.
    """
    today = local_time(utc, zone).date()
    if config.from_date and today < config.from_date:
        return None
    if config.until_date and today > config.until_date:
        return None
    if config.assign == "visit":
        if visit_id is None:
            return None
        arm = arm_of_visit(config.seed, config.name, config.arms, visit_id)
        return Assignment(config.name, arm, visit_id, washout=False, design=design_of(config))
    length_s = 60 * config.block_minutes
    block, into_s = divmod(utc.timestamp(), length_s)
    arm = arm_of_block(config.seed, config.name, config.arms, int(block))
    washout = into_s < 60 * config.washout_minutes
    return Assignment(config.name, arm, str(int(block)), washout, design_of(config))


def arm_of_block(seed: int, name: str, arms: Sequence[str], block: int) -> str:
    """The arm of the block with this number."""
    turn, place = divmod(block, len(arms))
    order = _generator(seed, name, str(turn)).permutation(len(arms))
    return arms[int(order[place])]


def arm_of_visit(seed: int, name: str, arms: Sequence[str], visit_id: str) -> str:
    """The arm of the plays whose main viewer is in this visit."""
    return arms[int(_generator(seed, name, visit_id).integers(len(arms)))]


def _generator(seed: int, name: str, unit: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}\n{name}\n{unit}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def design_of(config: ExperimentConfig) -> str:
    """The part of the configuration that must not change during the experiment, as JSON."""
    by_block = config.assign == "block"
    return json.dumps(
        {
            "name": config.name,
            "arms": config.arms,
            "assign": config.assign,
            "block_minutes": config.block_minutes if by_block else None,
            "washout_minutes": config.washout_minutes if by_block else None,
            "seed": config.seed,
        }
    )
