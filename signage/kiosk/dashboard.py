"""What the operator's dashboard is told, put together from the journal, the catalogue and the loop.

The fields: ``player/dashboard.py``.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Any

from signage.analysis.experiment import result_of
from signage.config.config import Config
from signage.content.catalogue import Catalogue
from signage.engine.engine import Step
from signage.errors import SignageError
from signage.journal.experiments import Experiments
from signage.journal.figures import Figures, Period
from signage.recommend.beliefs import believed
from signage.recommend.recommender import Recommender
from signage.text.vocabulary import FACINGS, MOVEMENTS, POLICIES
from signage.types.audience import AudienceSnapshot, Viewer

_BELIEFS_EVERY_S = 5.0
_FIGURES_EVERY_S = 2.0
_VERDICT_EVERY_S = 300.0
_COST_SHARE = 0.05
"""Of one core's time, at most, goes into adding up the journal."""


class Dashboard:
    """Keeps what the loop shows of itself, and answers from any thread."""

    def __init__(self, config: Config, catalogue: Catalogue, figures: Figures) -> None:
        self._config, self._figures = config, figures
        self.catalogue = catalogue
        """What may be shown now."""
        self._lock = threading.Lock()
        self._kept: dict[int, tuple[float, dict[str, Any]]] = {}
        """Figures by days, and until when they are new enough."""
        self._beliefs: dict[str, Any] | None = None
        self._believed_s = float("-inf")
        self._places: dict[str, float] = {}
        self._judging = threading.Lock()
        self._summary = ""
        self._judged_until_s = float("-inf")

    def beat(self, step: Step, recommender: Recommender, width_px: int | None) -> None:
        """Note what ``step`` shows, in the engine's thread; the camera's picture is so wide."""
        audience = step.audience
        self._places = _places(audience, width_px) if width_px else {}
        due_s = self._believed_s + _BELIEFS_EVERY_S
        if audience.t_s >= due_s and (step.rewards or self._beliefs is None):
            self._believed_s = audience.t_s
            beliefs = believed(recommender, self._config, audience.utc)
            self._beliefs = beliefs and beliefs | {"t_utc": _iso(audience.utc)}

    def __call__(self, days: int) -> dict[str, Any]:
        """The body of ``/api/dashboard`` for the last so many days."""
        figures = self._figures_of(days)
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
                for name, content in self.catalogue.items()
            },
            "places": self._places,
            "words": {"policies": POLICIES, "movements": MOVEMENTS, "facings": FACINGS},
            "beliefs": self._beliefs,
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
            kept = self._figures.of(Period.last(days, utc), window)
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
        return f"{name} has not begun: no decision was part of it yet."
    try:
        return str(result_of(reader, name)["verdict"])
    except SignageError as nothing_yet:
        return str(nothing_yet)


def _places(audience: AudienceSnapshot, width_px: int) -> dict[str, float]:
    """Where in the picture everybody is, from its left edge, in shares of its width."""
    boxes = {viewer.visit_id: _box(viewer) for viewer in audience.viewers}
    return {
        visit_id: round(min(1.0, max(0.0, (box[0] + box[2]) / 2 / width_px)), 3)
        for visit_id, box in boxes.items()
        if box is not None
    }


def _box(viewer: Viewer) -> tuple[float, float, float, float] | None:
    return viewer.body_xyxy_px or viewer.face_xyxy_px


def _iso(utc: datetime) -> str:
    return utc.isoformat(timespec="milliseconds")
