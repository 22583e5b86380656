"""An A/B test on the live screen: several policies hold it in turn, by lot.

A screen is shared, so people cannot be given to an arm one by one. Two ways are left:

- ``block``: the clock of UTC is cut into blocks of equal length. As many blocks in a row as
  there are arms make a round, and each arm has one block of it, in an order drawn by lot. So
  hours and weekdays are shared out evenly, and whoever knows one round knows nothing of the next.
- ``visit``: lots are drawn for each visit, and the main viewer's one counts.

The lot is a function of the seed, the experiment's name and the number of the round, or the id of
the visit, alone: a restart changes nothing, and a replay gives the same.

Each learner learns from what its own arm has shown, and from all that was shown before the
experiment or outside it, and not from the other arms. If it did, it would be worth more, or less,
than it is on a screen of its own ("symbiosis bias": Holtz et al., "Reducing symbiosis bias
through better A/B tests of recommendation algorithms", 2023).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np

from signage.config.base import PolicyName
from signage.config.clock import ZoneName, local_time
from signage.config.experiment import ExperimentConfig
from signage.recommend.policies.base import Answer, Learner, Policy, Question
from signage.types.decisions import Lesson
from signage.types.experiments import Assignment


class Experiment:
    """Several policies on one screen, which take turns."""

    def __init__(
        self,
        config: ExperimentConfig,
        arms: Mapping[PolicyName, Policy],
        otherwise: PolicyName,
        zone: ZoneName | None,
        learned: int = 0,
    ) -> None:
        """``otherwise`` is the arm that decides where the experiment does not.

        ``zone`` is that of the screen's clock, ``learned`` the count of lessons in ``arms``.
        """
        self._config, self._zone = config, zone
        self._arms: dict[str, Policy] = dict(arms.items())
        self._otherwise = arms[otherwise]
        self._design = design_of(config)
        self.learned = learned

    @property
    def name(self) -> str:
        return f"experiment:{self._config.name}"

    @property
    def version(self) -> str:
        return ", ".join(f"{name} {policy.version}" for name, policy in self._arms.items())

    def assign(self, utc: datetime, visit_id: str | None) -> Assignment | None:
        """Whose turn it is at ``utc`` before the main viewer of ``visit_id``.

        None where the experiment has not begun, is over, or goes by visits and nobody is there.
        """
        config, today = self._config, local_time(utc, self._zone).date()
        if config.from_date and today < config.from_date:
            return None
        if config.until_date and today > config.until_date:
            return None
        if config.assign == "visit":
            if visit_id is None:
                return None
            arm = arm_of_visit(config.seed, config.name, config.arms, visit_id)
            return Assignment(config.name, arm, visit_id, washout=False, design=self._design)
        length_s = 60 * config.block_minutes
        block, into_s = divmod(utc.timestamp(), length_s)
        arm = arm_of_block(config.seed, config.name, config.arms, int(block))
        washout = into_s < 60 * config.washout_minutes
        return Assignment(config.name, arm, str(int(block)), washout, self._design)

    def acting(self, assignment: Assignment | None) -> Policy:
        return self._otherwise if assignment is None else self._arms[assignment.arm]

    def answer(self, question: Question) -> Answer:
        """What the arm says that decides where the experiment does not."""
        return self._otherwise.answer(question)

    def explain(self, question: Question, content_id: str) -> dict[str, float]:
        policy = self._otherwise
        return policy.explain(question, content_id) if isinstance(policy, Learner) else {}

    def learn(self, lesson: Lesson) -> None:
        part = lesson.assignment
        own = part is not None and part.design == self._design
        for name, policy in self._arms.items():
            if not own or (part and part.arm == name):
                policy.learn(lesson)
        self.learned += 1

    def serialize(self) -> bytes:
        """Each learner's name, lessons and size in the first line, then the learners."""
        learners = {n: p for n, p in self._arms.items() if isinstance(p, Learner)}
        kept = {name: (p.learned, p.serialize()) for name, p in learners.items()}
        head = {name: (learned, len(model)) for name, (learned, model) in kept.items()}
        return json.dumps(head).encode() + b"\n" + b"".join(model for _, model in kept.values())


def divide(saved: bytes) -> dict[str, tuple[int, bytes]]:
    """What ``Experiment.serialize`` put together: lessons and model of each arm that learns."""
    line, _, rest = saved.partition(b"\n")
    models, begin = {}, 0
    for name, (learned, size) in json.loads(line).items():
        models[name] = learned, rest[begin : begin + size]
        begin += size
    return models


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
