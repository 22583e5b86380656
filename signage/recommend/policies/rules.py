"""The policy that looks up a table of rules."""

from __future__ import annotations

from collections.abc import Sequence

from signage.config.policies import Rule
from signage.recommend.context import expected_age
from signage.recommend.policies.base import Answer, Fixed, Question, certain, least_recent


class Rules(Fixed):
    """Looks up who is most likely in view; the first rule that matches decides."""

    name = "rules"

    def __init__(self, table: Sequence[Rule]) -> None:
        self._table = table

    def answer(self, question: Question) -> Answer:
        return certain(
            question, least_recent(question, self.advised(question) or list(question.actions))
        )

    def advised(self, question: Question) -> list[str]:
        """The contents that the table advises; empty if no rule applies."""
        rule = next((r for r in self._table if _matches(r, question)), None)
        categories = {f"category={category}" for category in rule.categories} if rule else set()
        return [name for name, have in question.actions.items() if categories.intersection(have)]


def _matches(rule: Rule, question: Question) -> bool:
    context = question.context
    if rule.gender is not None:
        female, male = context.get("gender=female", 0.0), context.get("gender=male", 0.0)
        if female == male or rule.gender != ("female" if female > male else "male"):
            return False
    if (rule.min_age, rule.max_age) != (0, 100):
        age = expected_age(context)
        if age is None or not rule.min_age <= age <= rule.max_age:
            return False
    if rule.hours is not None:
        first, end = rule.hours
        inside = first <= question.hour < end
        over_midnight = first > end and (question.hour >= first or question.hour < end)
        return inside or over_midnight
    return True
