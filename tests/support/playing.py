"""A recommender with a screen that shows what is decided: play after play, on a clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from signage.config.config import Config
from signage.config.constraints import ConstraintsConfig
from signage.config.perception import PerceptionConfig
from signage.recommend.policies.base import Answer, Policy, Question
from signage.recommend.policies.uniform import Uniform
from signage.recommend.recommender import Recommender
from signage.types.audience import Viewer
from signage.types.decisions import Decision, TrainingExample, Trigger
from signage.types.rewards import Impression, Reward
from tests.support.builders import catalogue, snapshot, utc


class Weighing:
    """A policy that gives each content its weight, and everything else 1; its estimates, too."""

    name = "weighing"
    version = "1"

    def __init__(self, *, estimates: bool = False, **weights: float) -> None:
        self._weights, self._estimates = weights, estimates

    def answer(self, question: Question) -> Answer:
        weights = np.array([self._weights.get(name, 1.0) for name in question.actions])
        estimates = weights / 100 if self._estimates else None
        return Answer(weights / weights.sum(), estimates)

    def learn(self, example: TrainingExample) -> None: ...


class Playing:
    """Each play lasts ``play_s``, and whoever is there when it is decided sees it to its end."""

    def __init__(
        self,
        contents: Mapping[str, dict[str, Any]],
        policy: Policy | None = None,
        *,
        timezone: str | None = "UTC",
        play_s: float = 10.0,
        **constraints: Any,
    ) -> None:
        self.config = Config(
            timezone=timezone,
            constraints=ConstraintsConfig(**constraints),
            perception=PerceptionConfig(returning=True, remember_s=86_400.0),
        )
        self.recommender = Recommender(self.config, catalogue(contents), policy or Uniform())
        self.play_s = play_s
        self.t_s = 0.0
        self.number = 0
        self.showing: Decision | None = None
        self._seen_by: tuple[Viewer, ...] = ()

    def order(self, **orders: Any) -> None:
        before = self.recommender.state
        self.recommender.apply(replace(before, orders=replace(before.orders, **orders)))

    def decide(self, *viewers: Viewer, observed: bool = True) -> Decision:
        """While the last play is on screen, and not yet shown itself."""
        self.number += 1
        now = snapshot(*viewers, t_s=self.t_s, observed=observed)
        on_screen = self.showing.content_id if self.showing else None
        return self.recommender.decide(self.number, Trigger.PLAY_ENDS, now, on_screen)

    def play(self, *viewers: Viewer, attention: float = 0.5, observed: bool = True) -> Decision:
        """The next play, seen by ``viewers``, who gave that share of the last one's time."""
        self.t_s += self.play_s
        decision = self.decide(*viewers, observed=observed)
        self.end_play(attention)
        self.recommender.note_start(decision, utc(self.t_s))
        self.showing, self._seen_by = decision, viewers
        return decision

    def end_play(self, attention: float = 0.5) -> None:
        """The screen is empty."""
        if self.showing is None:
            return
        impressions = tuple(
            Impression(
                visit_id=viewer.visit_id,
                viewer_id=viewer.viewer_id,
                present_s=self.play_s,
                attention_s=attention * self.play_s,
                stayed=True,
                reading_s=None,
                reading_region=None,
                reaction=0.0,
                parts={},
            )
            for viewer in self._seen_by
        )
        end = Reward(self.showing.decision_id, self.t_s, utc(self.t_s), attention, {}, impressions)
        self.recommender.note_reaction(self.showing.content_id, end)
        self.showing = None
