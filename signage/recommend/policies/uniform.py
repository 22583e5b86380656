"""The policy that chooses among all eligible contents alike."""

from __future__ import annotations

import numpy as np

from signage.recommend.policies.base import Answer, Fixed, Question


class Uniform(Fixed):
    """Gives every content the same probability."""

    name = "uniform"

    def answer(self, question: Question) -> Answer:
        count = len(question.actions)
        return Answer(np.full(count, 1 / count))
