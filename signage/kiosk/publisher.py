"""Publishes what the loop did, as one immutable state after every step."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from signage.capture.live import LOST
from signage.config.config import Config
from signage.content.catalogue import Catalogue
from signage.engine.engine import Engine, Step
from signage.engine.totals import Totals
from signage.player.api.state import LoopState
from signage.recommend.beliefs import believed
from signage.recommend.policies.base import Learner
from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.vision import Frame

_BELIEFS_EVERY_S = 5.0
_FPS_MEMORY_S = 2.0
"""Frames a second are averaged over about this long."""


class Publisher:
    """Makes each state out of the one before. Belongs to the thread of the loop, but ``state``."""

    def __init__(self, config: Config, catalogue: Catalogue) -> None:
        self._config = config
        self._totals = Totals()
        self._totals.expect(catalogue)
        self.state = LoopState(
            catalogue, titles(catalogue), time.monotonic(), counters=self._totals.snapshot()
        )
        """The newest one. May be read from any thread, and is replaced whole."""

    def publish(self, engine: Engine, step: Step, frame: Frame) -> None:
        """Publish the state after ``step``, which took in ``frame``."""
        before, audience = self.state, step.audience
        recommender, learning, policy = engine.recommender, engine.learning, engine.policy
        catalogue, known = before.catalogue, before.titles
        if recommender.catalogue is not catalogue:
            catalogue = recommender.catalogue
            known = {**known, **titles(catalogue)}
            self._totals.expect(catalogue)
        self._totals.count(step)
        frame_s, fps = _frame_rate(before, audience)
        believed_s, beliefs = self._beliefs(engine, step)
        self.state = LoopState(
            catalogue=catalogue,
            titles=known,
            step_s=time.monotonic(),
            audience=audience,
            places={} if frame.image is None else places(audience, frame.image.shape[1]),
            frame_s=frame_s,
            fps=fps,
            decision_s=before.decision_s if step.decision is None else step.decision.t_s,
            policy=policy.name,
            model_version=policy.version,
            learned=policy.learned if isinstance(policy, Learner) else None,
            learning_behind=learning.behind,
            orders=step.orders,
            failed_in_a_row=engine.playback.failed_in_a_row,
            last_failure=engine.playback.last_failure,
            failing=recommender.failing,
            checkpoint_problem=learning.problem,
            beliefs=beliefs,
            believed_s=believed_s,
            counters=self._totals.snapshot(),
        )

    def begin(self, engine: Engine) -> None:
        """Publish what is known before the first step."""
        policy = engine.policy
        self.state = replace(
            self.state,
            policy=policy.name,
            learned=policy.learned if isinstance(policy, Learner) else None,
            orders=engine.recommender.orders,
        )

    def note_learning(self, engine: Engine) -> None:
        """Publish what was learned beside the steps."""
        policy, learning = engine.policy, engine.learning
        self.state = replace(
            self.state,
            model_version=policy.version,
            learned=policy.learned if isinstance(policy, Learner) else None,
            learning_behind=learning.behind,
            checkpoint_problem=learning.problem,
        )

    def _beliefs(self, engine: Engine, step: Step) -> tuple[float, Mapping[str, Any] | None]:
        """What the policy expects of each content, and when it was asked."""
        before, audience = self.state, step.audience
        is_due = audience.t_s >= before.believed_s + _BELIEFS_EVERY_S
        if not (is_due and (step.rewards or before.beliefs is None)):
            return before.believed_s, before.beliefs
        beliefs = believed(engine.recommender, self._config, audience.utc)
        t_utc = audience.utc.isoformat(timespec="milliseconds")
        return audience.t_s, beliefs and beliefs | {"t_utc": t_utc}


def titles(catalogue: Catalogue) -> dict[str, str]:
    """Title of each content, by its id."""
    return {name: content.title for name, content in catalogue.items()}


def _frame_rate(before: LoopState, audience: AudienceSnapshot) -> tuple[float | None, float]:
    """When the newest picture was taken, and pictures a second. A tick without one is no frame."""
    passed_s = max(1e-6, audience.t_s - (before.frame_s or audience.t_s))
    if audience.fault == LOST:
        return before.frame_s, 0.0 if passed_s > _FPS_MEMORY_S else before.fps
    if before.frame_s is None:
        return audience.t_s, before.fps
    share = min(1.0, passed_s / _FPS_MEMORY_S)
    return audience.t_s, before.fps + share * (1 / passed_s - before.fps)


def places(audience: AudienceSnapshot, width_px: int) -> dict[str, float]:
    """Where in the picture everybody is, from its left edge, in shares of its width."""
    boxes = {viewer.visit_id: _box(viewer) for viewer in audience.viewers}
    return {
        visit_id: round(min(1.0, max(0.0, (box[0] + box[2]) / 2 / width_px)), 3)
        for visit_id, box in boxes.items()
        if box is not None
    }


def _box(viewer: Viewer) -> tuple[float, float, float, float] | None:
    return viewer.body_xyxy_px or viewer.face_xyxy_px
