"""What the loop has counted since its start, for ``/metrics``.

A play counts once, in the state in which its end was first heard of: what the kiosk saw end, and
what a page reports that it began alone while the kiosk was away. Where a page reports another end
of a play that the kiosk had given up, the journal has the page's, and this the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from signage.engine.engine import Step
from signage.types.audience import Viewer
from signage.types.plays import PlayState

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

_ENDS = tuple(str(state) for state in PlayState if state.is_end)
_REMEMBERED = 10_000
"""Plays that a page may report again, or otherwise."""

Labelled = Mapping[tuple[str, ...], float]
"""Totals by the values of their labels."""


class Totals:
    """Counts steps, in the thread of the loop."""

    def __init__(self) -> None:
        self._plain: dict[str, float] = dict.fromkeys(_PLAIN, 0)
        self._plays: Counter[tuple[str, ...]] = Counter()
        self._contents: tuple[str, ...] = ()
        self._counted: dict[str, None] = {}
        """Ids of the plays that were counted last, oldest first."""
        self._asked: dict[str, str] = {}
        """Content of every decision whose play is not over."""
        self._present: dict[str, Viewer] = {}

    def expect(self, contents: Iterable[str]) -> None:
        """Count for these, too: from 0, before the first of their plays ends.

        A counter that begins at 1 has not grown for Prometheus, and its first failure is lost.
        """
        self._contents = tuple(dict.fromkeys((*self._contents, *contents)))

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
                self._count_play(event.decision_id, content_id, event.state)
        for play in step.page_plays:
            self._count_play(play.play_id, play.content_id, play.state)
        for decision, reward in step.rewards:
            if reward.value is not None:
                plain["rewards"] += not (decision.forced or step.orders.frozen)
                plain["reward_count"] += 1
                plain["reward_sum"] += reward.value

    def _count_play(self, play_id: str, content_id: str, state: PlayState) -> None:
        if play_id in self._counted:
            return
        self._plays[content_id, state] += 1
        self._counted[play_id] = None
        if len(self._counted) > _REMEMBERED:
            del self._counted[next(iter(self._counted))]

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

    def snapshot(self) -> Mapping[str, float | Labelled]:
        """Every total by name; that of the plays by content and state."""
        begun = {(name, state): 0 for name in self._contents for state in _ENDS}
        return {**self._plain, "plays": begun | dict(self._plays)}
