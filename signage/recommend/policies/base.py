"""What every policy is: a distribution over the contents that may be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable

import numpy as np

from signage.types.arrays import Floats
from signage.types.decisions import TrainingExample


@dataclass(frozen=True, slots=True)
class Question:
    """All that a policy may know."""

    context: Mapping[str, float]
    """Features by name (``recommend/context.py``)."""
    actions: Mapping[str, tuple[str, ...]]
    """Features of each content that may be shown, in the order of the content ids."""
    last_decided: Mapping[str, datetime]
    """When each content was decided on last, UTC."""
    hour: int
    """0 to 23, by the screen's clock."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A probability for each of the question's actions, in the same order; sums to 1."""

    probabilities: Floats
    estimates: Floats | None = None
    """The reward expected of each, where the policy has an opinion."""
    shadow: Mapping[str, Floats] | None = None
    """Where policies are compared: what each would have answered."""


class Policy(Protocol):
    """Answers the same question in the same way until it learns."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str:
        """Changes whenever the answers may have changed."""
        ...

    def answer(self, question: Question) -> Answer: ...

    def learn(self, example: TrainingExample) -> None: ...


@runtime_checkable
class Learner(Policy, Protocol):
    """A policy that learns and can be saved and continued (``make_policy``).

    The same examples in the same order give the same bytes, whatever it was asked in between,
    and wherever it was kept and continued.
    """

    @property
    def learned(self) -> int:
        """How many examples are in it."""
        ...

    def serialize(self) -> bytes:
        """All that it knows, without ``learned``."""
        ...

    def explain(self, question: Question, content_id: str) -> dict[str, float]:
        """What speaks most for and against ``content_id`` (``Decision.reasons``)."""
        ...


def certain(question: Question, content_id: str) -> Answer:
    """The answer that leaves nothing to chance."""
    return Answer(np.array([float(name == content_id) for name in question.actions]))


def least_recent(question: Question, among: Sequence[str]) -> str:
    """Of ``among``, the content that was decided on longest ago; unseen ones first."""
    last = question.last_decided
    return min(among, key=lambda name: (name in last, last.get(name), name))


class Fixed:
    """A policy that never learns."""

    name = "fixed"
    version = "1"

    def learn(self, example: TrainingExample) -> None:
        """Learn nothing."""
