"""The body of ``/api/dashboard``, made of the journal and of the state of the loop.

The fields: ``player/api/dashboard.py``.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from signage.analysis.experiment import result_of
from signage.config.config import Config
from signage.errors import SignageError
from signage.journal.experiments import Experiments
from signage.journal.figures.dashboard import DashboardFigures, Period
from signage.player.api.state import LoopState
from signage.text.vocabulary import FACINGS, MOVEMENTS, POLICIES

_FIGURES_EVERY_S = 2.0
_VERDICT_EVERY_S = 300.0
_COST_SHARE = 0.05
"""Of one core's time, at most, goes into adding up the journal."""


class Dashboard:
    """Answers from any thread."""

    def __init__(
        self, config: Config, state: Callable[[], LoopState], figures: DashboardFigures
    ) -> None:
        self._config, self._state, self._figures = config, state, figures
        self._lock = threading.Lock()
        self._kept: dict[int, tuple[float, dict[str, Any]]] = {}
        """Figures by days, and until when they are new enough."""
        self._judging = threading.Lock()
        self._summary = ""
        self._judged_until_s = float("-inf")

    def __call__(self, days: int) -> dict[str, Any]:
        """The body of ``/api/dashboard`` for the last so many days."""
        figures, state = self._figures_of(days), self._state()
        return figures | {
            "screen_id": self._config.screen_id,
            "timezone": self._config.timezone,
            "policy": self._config.decision.policy,
            "aspect_ratio": round(self._config.screen.width_m / self._config.screen.height_m, 4),
            "catalogue": {
                name: {
                    "title": content.title,
                    "category": content.category,
                    "medium": content.medium,
                    "file": content.file,
                    "version": content.version,
                    "duration_s": content.duration_s,
                    "mandatory": content.mandatory,
                    "share_min": content.share_min,
                    "share_max": content.share_max,
                }
                for name, content in state.catalogue.items()
            },
            "places": state.places,
            "words": {"policies": POLICIES, "movements": MOVEMENTS, "facings": FACINGS},
            "beliefs": state.beliefs,
            "experiment": self._experiment(),
        }

    def _experiment(self) -> dict[str, Any] | None:
        """Name, arms and verdict so far of the experiment that runs, if one does."""
        running = self._config.experiment
        if running is None:
            return None
        # It may take seconds: who asks meanwhile gets the one before.
        if self._judging.acquire(blocking=not self._summary):
            try:
                began_s = time.monotonic()
                if began_s >= self._judged_until_s:
                    self._summary = _verdict(Experiments(self._figures.path), running.name)
                    took_s = time.monotonic() - began_s
                    self._judged_until_s = began_s + max(_VERDICT_EVERY_S, took_s / _COST_SHARE)
            finally:
                self._judging.release()
        return {"name": running.name, "arms": running.arms, "summary": self._summary}

    def _rewarded(self) -> dict[str, int]:
        """Plays with a reward, by content, of the last 20,000: what beliefs rest on."""
        with self._figures.connect() as db:
            return dict(db.execute(_REWARDED).fetchall())

    def _figures_of(self, days: int) -> dict[str, Any]:
        with self._lock:  # who asks meanwhile gets the same
            until_s, kept = self._kept.get(days, (0.0, {}))
            began_s = time.monotonic()
            if began_s < until_s:
                return kept
            utc = datetime.now(UTC)
            window = self._config.constraints.share_window_plays
            kept = self._figures.over(Period.last(days, utc), window)
            kept |= {"days": days, "t_utc": _iso(utc), "rewarded": self._rewarded()}
            took_s = time.monotonic() - began_s
            until_s = began_s + max(_FIGURES_EVERY_S, took_s / _COST_SHARE)
            self._kept[days] = until_s, kept
            return kept


_REWARDED = """
SELECT content_id, count(*)
FROM (SELECT content_id, decision_id FROM main.decisions ORDER BY number DESC LIMIT 20000)
JOIN main.rewards USING (decision_id) WHERE reward IS NOT NULL GROUP BY content_id
"""


def _verdict(reader: Experiments, name: str) -> str:
    if name not in reader.names():
        return f"{name} has not started: no decision belongs to it yet."
    try:
        return str(result_of(reader, name)["verdict"])
    except SignageError as nothing_yet:
        return str(nothing_yet)


def _iso(utc: datetime) -> str:
    return utc.isoformat(timespec="milliseconds")
