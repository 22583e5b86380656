"""Viewers with plausible values, for benchmarks and tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from signage.types.arrays import Floats
from signage.types.audience import Movement, Viewer
from signage.types.vision import Facing


def ages(mean: float, spread: float = 4.0) -> Floats:
    """A bell over the whole years, shape (101,)."""
    bell = np.exp(-0.5 * ((np.arange(101) - mean) / spread) ** 2)
    return np.asarray(bell / bell.sum())


def viewer(viewer_id: str = "1.1", age: float | None = 40.0, **more: Any) -> Viewer:
    """Somebody 2 m away who looks at the screen; ``more`` replaces single values."""
    values: dict[str, Any] = {
        "visit_id": viewer_id,
        "viewer_id": viewer_id,
        "earlier_visits": (),
        "returning": None,
        "first_seen_s": 0.0,
        "last_seen_s": 5.0,
        "dwell_s": 5.0,
        "attention_s": 3.0,
        "attention_unknown_s": 0.0,
        "attention_head_s": 0.0,
        "attentive": True,
        "face_px": 100.0,
        "face_xyxy_px": (260.0, 150.0, 340.0, 250.0),
        "body_xyxy_px": None,
        "distance_m": 2.0,
        "movement": Movement.STANDING,
        "facing": Facing.TOWARDS,
        "facing_share": 0.6,
        "gaze": None,
        "reading": None,
        "reading_region": None,
        "reading_s": None,
        "logos": None,
        "age_probs": None if age is None else ages(age),
        "female_prob": 0.9,
        "traits_agreement": 1.0,
        "mood_probs": None,
        "expression": {"smile": 0.1, "surprise": 0.0, "frown": 0.0},
        "expression_baseline": {"smile": 0.1, "surprise": 0.0, "frown": 0.0},
        "expression_peak": {"smile": 0.1, "surprise": 0.0, "frown": 0.0},
    }
    values |= more
    if "attention_eyes_s" not in more:
        values["attention_eyes_s"] = values["attention_s"] or 0.0
    if "is_watcher" not in more:
        values["is_watcher"] = (values["attention_s"] or 0.0) > 0
    return Viewer(**values)
