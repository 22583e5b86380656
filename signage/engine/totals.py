"""What the loop has counted since its start, for ``/metrics``.

A play counts once, in the state in which its end was first heard of: what the kiosk saw end, and
what a page reports that it began alone while the kiosk was away. Where a page reports another end
of a play that the kiosk had given up, the journal has the page's, and this the first.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping

from signage.engine.engine import Step
from signage.types.audience import Viewer
from signage.types.plays import PlayState

_PLAIN = (
    "frames",
    "viewers",
    "watchers",
    "dwell_seconds",
    "attention_seconds",
    "attention_eyes_seconds",
    "passed",
    "decisions",
    "rewards",
    "reward_count",
    "reward_sum",
)

_ENDS = tuple(str(state) for state in PlayState if state.is_end)
_SECONDS: Mapping[str, Callable[[Viewer], float]] = {
    "dwell_seconds": lambda viewer: viewer.dwell_s,
    "attention_seconds": lambda viewer: viewer.attention_s or 0.0,
    "attention_eyes_seconds": lambda viewer: viewer.attention_eyes_s,
}
_MET_S = 60.0
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
        self._met: dict[str, Viewer] = {}
        """Every viewer of the last minute, as last seen. Whoever comes back goes on."""
        self._totals: defaultdict[str, float] = defaultdict(float)
        """Of the viewers, less what turned out to be part of another visit."""

    def expect(self, contents: Iterable[str]) -> None:
        """Count for these, too: from 0, before the first of their plays ends.

        A counter that begins at 1 has not grown for Prometheus, and its first failure is lost.
        """
        self._contents = tuple(dict.fromkeys((*self._contents, *contents)))

    def count(self, step: Step) -> None:
        """Add what one frame changed."""
        plain = self._plain
        plain["frames"] += step.audience.observed
        self._count_viewers(step)
        plain["passed"] = step.audience.passed
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

    def _count_viewers(self, step: Step) -> None:
        for joined in step.joined:
            if (part := self._met.pop(joined.visit_id, None)) is not None:
                self._add(None, part, sign=-1)
        for viewer in step.audience.viewers:
            self._add(self._met.pop(viewer.visit_id, None), viewer)
            self._met[viewer.visit_id] = viewer
        for name, total in self._totals.items():
            # A counter never goes back: what was counted twice is made up for by who comes next.
            self._plain[name] = max(self._plain[name], total)
        old_s = step.audience.t_s - _MET_S
        for visit_id in [v for v, viewer in self._met.items() if viewer.last_seen_s < old_s]:
            del self._met[visit_id]

    def _add(self, before: Viewer | None, viewer: Viewer, sign: int = 1) -> None:
        """Add what ``viewer`` has more than ``before``."""
        totals = self._totals
        totals["viewers"] += sign * (before is None)
        totals["watchers"] += sign * (viewer.is_watcher and not (before and before.is_watcher))
        for name, seconds in _SECONDS.items():
            totals[name] += sign * (seconds(viewer) - (seconds(before) if before else 0.0))

    def snapshot(self) -> Mapping[str, float | Labelled]:
        """Every total by name; that of the plays by content and state."""
        begun = {(name, state): 0 for name in self._contents for state in _ENDS}
        return {**self._plain, "plays": begun | dict(self._plays)}
