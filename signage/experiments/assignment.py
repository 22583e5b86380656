"""Which arm of an experiment decides, and when.

A screen is shared, so people cannot be given to an arm one by one. Two ways are left:

- ``block``: the clock of UTC is cut into blocks of equal length. As many blocks in a row as
  there are arms make a round, and each arm has one block of it, in an order drawn by lot. So
  hours and weekdays are shared out evenly, and whoever knows one round knows nothing of the next.
- ``visit``: lots are drawn for each visit, and the main viewer's one counts.

The lot is a function of the seed, the experiment's name and the number of the round, or the id of
the visit, alone: a restart changes nothing, and a replay gives the same.
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
    """Whose turn it is at ``utc`` before the main viewer of ``visit_id``.

    None where the experiment has not begun, is over, or goes by visits and nobody is there.
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
    """Which of ``arms`` has the block with this number."""
    turn, place = divmod(block, len(arms))
    order = _lot(seed, name, str(turn)).permutation(len(arms))
    return arms[int(order[place])]


def arm_of_visit(seed: int, name: str, arms: Sequence[str], visit_id: str) -> str:
    """Which of ``arms`` has the plays of which the main viewer is in this visit."""
    return arms[int(_lot(seed, name, visit_id).integers(len(arms)))]


def _lot(seed: int, name: str, unit: str) -> np.random.Generator:
    digest = hashlib.sha256(f"{seed}\n{name}\n{unit}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:16], "big"))


def design_of(config: ExperimentConfig) -> str:
    """What must stay the same as long as results are added up, as JSON."""
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
