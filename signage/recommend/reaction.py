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

from signage.config import ReactionConfig
from signage.types import Box, Impression, Viewer

EXPRESSIONS = ("smile", "surprise", "frown")
# An expression lasts half a second to four (Ekman); single looks are noisy.
_SMOOTH_S = 0.5


class Witness:
    """One person during one play, from when they are first seen in it."""

    def __init__(
        self, t_s: float, viewer: Viewer, dwell_before_s: float, attention_before_s: float
    ) -> None:
        """``dwell_before_s``, ``attention_before_s``: what of these was before the play."""
        self._usual = dict(viewer.expression_baseline)
        self._before_s, self._attention_before_s = dwell_before_s, attention_before_s
        self._reading_before_s = viewer.reading_s or 0.0
        self._distance_m = viewer.distance_m
        self._smooth = dict(viewer.expression)
        self._change = dict.fromkeys(EXPRESSIONS, 0.0)
        self._given_s: list[tuple[float, float]] = []
        self._region: Box | None = None
        self._last_s, self._now = t_s, viewer

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
        self._given_s.append((self.present_s, self.attention_s))

    @property
    def present_s(self) -> float:
        return max(0.0, self._now.dwell_s - self._before_s)

    @property
    def attention_s(self) -> float:
        given_s = max(0.0, self._now.attention_s - self._attention_before_s)
        return min(self.present_s, given_s)

    @property
    def reading_s(self) -> float | None:
        """None where it could not be told for any of the time."""
        now_s = self._now.reading_s
        return None if now_s is None else max(0.0, now_s - self._reading_before_s)

    def impression(self, weights: ReactionConfig, *, stayed: bool) -> Impression:
        """What they made of the play, at its end or when they left."""
        parts = {
            **self._change,
            "attention": self._attention_change,
            "nearer": self._nearer,
            "leaves": float(not stayed),
        }
        reading_s = self.reading_s
        return Impression(
            visit_id=self._now.visit_id,
            viewer_id=self._now.viewer_id,
            present_s=round(self.present_s, 3),
            attention_s=round(self.attention_s, 3),
            stayed=stayed,
            reading_s=None if reading_s is None else round(reading_s, 3),
            reading_region=self._region,
            reaction=round(react(parts, weights), 4),
            parts={name: round(value, 4) for name, value in parts.items()},
        )

    @property
    def _attention_change(self) -> float:
        middle_s = self.present_s / 2
        first = next(((p, a) for p, a in self._given_s if p >= middle_s), None)
        if first is None or not 0 < first[0] < self.present_s:
            return 0.0
        present_s, given_s = first
        later = (self.attention_s - given_s) / (self.present_s - present_s)
        return later - given_s / present_s

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
