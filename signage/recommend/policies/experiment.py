"""A policy made of several: each arm of an experiment decides where it is its turn.

Each learner learns from what its own arm has shown, and from all that was shown before the
experiment or outside it, and not from the other arms. If it did, it would be worth more, or less,
than it is on a screen of its own ("symbiosis bias": Holtz et al., "Reducing symbiosis bias
through better A/B tests of recommendation algorithms", 2023).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

from signage.config.clock import ZoneName
from signage.config.experiment import ExperimentConfig
from signage.experiments.assignment import assignment_at, design_of
from signage.recommend.policies.base import Answer, Learner, Policy, Question
from signage.types.choices import PolicyName
from signage.types.decisions import TrainingExample
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

        ``zone`` is that of the screen's clock, ``learned`` the count of examples in ``arms``.
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
        """Whose turn it is at ``utc`` before the main viewer of ``visit_id``."""
        return assignment_at(self._config, self._zone, utc, visit_id)

    def acting(self, assignment: Assignment | None) -> Policy:
        return self._otherwise if assignment is None else self._arms[assignment.arm]

    def answer(self, question: Question) -> Answer:
        """What the arm says that decides where the experiment does not."""
        return self._otherwise.answer(question)

    def explain(self, question: Question, content_id: str) -> dict[str, float]:
        policy = self._otherwise
        return policy.explain(question, content_id) if isinstance(policy, Learner) else {}

    def learn(self, example: TrainingExample) -> None:
        part = example.assignment
        own = part is not None and part.design == self._design
        for name, policy in self._arms.items():
            if not own or (part and part.arm == name):
                policy.learn(example)
        self.learned += 1

    def serialize(self) -> bytes:
        """Each learner's name, examples and size in the first line, then the learners."""
        learners = {n: p for n, p in self._arms.items() if isinstance(p, Learner)}
        kept = {name: (p.learned, p.serialize()) for name, p in learners.items()}
        head = {name: (learned, len(model)) for name, (learned, model) in kept.items()}
        return json.dumps(head).encode() + b"\n" + b"".join(model for _, model in kept.values())


def divide(saved: bytes) -> dict[str, tuple[int, bytes]]:
    """What ``Experiment.serialize`` put together: examples and model of each arm that learns."""
    line, _, rest = saved.partition(b"\n")
    models, begin = {}, 0
    for name, (learned, size) in json.loads(line).items():
        models[name] = learned, rest[begin : begin + size]
        begin += size
    return models
