"""How one person took one play, as one number in [-1, 1], and its parts.

    reaction = smile + surprise - frown + attention + nearer - leaves

each part times its weight (``[reward.reactions]``), the sum cut to [-1, 1]:

- ``smile``, ``surprise``, ``frown``: the largest change during the play from what was usual for
  this person when it began, in [-1, 1]; expressions of half a second, not of single looks,
- ``attention``: its share in the second half of their time less that in the first,
- ``nearer``: the share of the way to the screen that they came nearer; farther is negative,
- ``leaves``: 1 for who left before the play was over.

What could not be told, or is switched off, is 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from signage.config.reward import ReactionConfig
from signage.recommend.course import Course, Given
from signage.types.audience import Viewer
from signage.types.rewards import Impression, ShortStay
from signage.types.vision import Box

EXPRESSIONS = ("smile", "surprise", "frown")
# An expression lasts half a second to four (Ekman); single looks are noisy.
_SMOOTH_S = 0.5


class ViewerDuringPlay:
    """One person during one play, from when they are first seen in it."""

    def __init__(
        self,
        t_s: float,
        viewer: Viewer,
        dwell_before_s: float = 0.0,
        attention_before_s: float = 0.0,
        course: Course | None = None,
    ) -> None:
        """``dwell_before_s``, ``attention_before_s``: what of these was before the play.

        Where their ``course`` is known from before the play on, it tells that itself.
        """
        if course is None:
            course = Course()
            course.add_totals(t_s, dwell_before_s, attention_before_s, viewer.reading_s)
        self.course = course
        self._usual = dict(viewer.expression_baseline)
        self._distance_m = viewer.distance_m
        self._smooth = dict(viewer.expression)
        self._change = dict.fromkeys(EXPRESSIONS, 0.0)
        self._region: Box | None = None
        self._began_s = self._last_s = t_s
        self._now = viewer

    def update(self, t_s: float, viewer: Viewer) -> None:
        """Add what they did until ``t_s``."""
        share = 1 - math.exp(-max(0.0, t_s - self._last_s) / _SMOOTH_S)
        smoothed, usual, changed = self._smooth, self._usual, self._change
        for name, value in viewer.expression.items():
            smooth = smoothed.get(name, value)
            smoothed[name] = smooth = smooth + share * (value - smooth)
            change = smooth - usual.setdefault(name, smooth)
            if abs(change) > abs(changed.get(name, 0.0)):
                changed[name] = change
        self._distance_m = self._distance_m or viewer.distance_m
        self._region = viewer.reading_region or self._region
        self._last_s, self._now = t_s, viewer
        self.course.add(t_s, viewer)

    def short_stay(self, given: Given) -> ShortStay:
        """What they gave, where they were there for too short to count."""
        return ShortStay(
            visit_id=self._now.visit_id,
            viewer_id=self._now.viewer_id,
            present_s=given.present_s,
            attention_s=given.attention_s,
            reading_s=given.reading_s,
            attention_eyes_s=given.attention_eyes_s,
            attention_unknown_s=given.attention_unknown_s,
        )

    def impression(
        self,
        weights: ReactionConfig,
        *,
        stayed: bool,
        from_s: float | None = None,
        to_s: float | None = None,
    ) -> Impression:
        """What they made of the play from ``from_s`` to ``to_s``; without these, of all of it."""
        from_s = self._began_s if from_s is None else from_s
        to_s = self._last_s if to_s is None else to_s
        given = self.course.between(from_s, to_s)
        parts = {
            **self._change,
            "attention": self._attention_change(from_s, to_s),
            "nearer": self._nearer,
            "leaves": float(not stayed),
        }
        return Impression(
            visit_id=self._now.visit_id,
            viewer_id=self._now.viewer_id,
            present_s=given.present_s,
            attention_s=given.attention_s,
            stayed=stayed,
            reading_s=given.reading_s,
            reading_region=self._region,
            reaction=round(react(parts, weights), 4),
            parts={name: round(value, 4) for name, value in parts.items()},
            attention_eyes_s=given.attention_eyes_s,
            attention_unknown_s=given.attention_unknown_s,
        )

    def _attention_change(self, from_s: float, to_s: float) -> float:
        early, late = self.course.halves(from_s, to_s)
        if not early.possible_s or not late.possible_s:
            return 0.0
        return (late.attention_s or 0.0) / late.possible_s - (
            early.attention_s or 0.0
        ) / early.possible_s

    @property
    def _nearer(self) -> float:
        now_m = self._now.distance_m
        if not self._distance_m or now_m is None:
            return 0.0
        return min(1.0, max(-1.0, (self._distance_m - now_m) / self._distance_m))


def react(parts: Mapping[str, float], weights: ReactionConfig) -> float:
    """The reaction, of its parts."""
    total = (
        weights.smile * parts["smile"]
        + weights.surprise * parts["surprise"]
        - weights.frown * parts["frown"]
        + weights.attention * parts["attention"]
        + weights.nearer * parts["nearer"]
        - weights.leaves * parts["leaves"]
    )
    return min(1.0, max(-1.0, total))
