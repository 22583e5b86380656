"""What the loop has counted since its start, for ``/metrics``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from signage.engine import Step
from signage.types import Viewer

_PLAIN = (
    "frames",
    "viewers",
    "watchers",
    "dwell_seconds",
    "attention_seconds",
    "decisions",
    "rewards",
    "reward_count",
    "reward_sum",
)

Labelled = Mapping[tuple[str, ...], float]
"""Totals by the values of their labels."""


class Totals:
    """Counts steps. Written by the loop; ``told`` may be read from any thread."""

    def __init__(self) -> None:
        self._plain: dict[str, float] = dict.fromkeys(_PLAIN, 0)
        self._plays: Counter[tuple[str, ...]] = Counter()
        self._asked: dict[str, str] = {}
        """Content of every decision whose play is not over."""
        self._present: dict[str, Viewer] = {}

    def count(self, step: Step) -> None:
        """Add what one frame changed."""
        plain = self._plain
        plain["frames"] += step.audience.observed
        self._count_viewers({viewer.visit_id: viewer for viewer in step.audience.viewers})
        if step.decision is not None:
            plain["decisions"] += 1
            self._asked[step.decision.decision_id] = step.decision.content_id
        for event in step.ended:
            content_id = self._asked.pop(event.decision_id, None)
            if content_id is not None:
                self._plays[content_id, event.state] += 1
        for decision, reward in step.rewards:
            if reward.value is not None:
                plain["rewards"] += not (decision.forced or step.orders.frozen)
                plain["reward_count"] += 1
                plain["reward_sum"] += reward.value

    def _count_viewers(self, present: dict[str, Viewer]) -> None:
        for visit_id, viewer in present.items():
            before = self._present.get(visit_id)
            self._plain["viewers"] += before is None
            self._plain["watchers"] += viewer.is_watcher and not (before and before.is_watcher)
            for name, total in (
                ("dwell_seconds", viewer.dwell_s - (before.dwell_s if before else 0.0)),
                ("attention_seconds", viewer.attention_s - (before.attention_s if before else 0.0)),
            ):
                self._plain[name] += max(0.0, total)
        self._present = present

    def told(self) -> Mapping[str, float | Labelled]:
        """Every total by name; that of the plays by content and state."""
        return {**self._plain, "plays": dict(self._plays)}
