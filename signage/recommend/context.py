"""The context of a decision: named numbers about the audience, the time and the visit.

Probabilities, not labels, and few of them: context that does not matter slows learning.
The audience is described as a distribution over the people present, in which the main
viewer (nearest of the attentive) has as much weight as all the others together.

| name | value |
|---|---|
| ``age=BAND``, ``gender=female`` | probability, averaged over the people present |
| ``age=unknown``, ``gender=unknown`` | share of them of whom it could not be told |
| ``group=N`` | 1 for the size of the group; ``unknown`` while the camera does not see |
| ``state=…`` | 1 for what the screen has to do: hold, where somebody watches, or attract |
| ``attentive`` | share of the people whose face is towards the screen |
| ``smile`` | the main viewer's smile, in [0, 1] |
| ``mood=…`` | probability, of the main viewer |
| ``movement=…``, ``facing=…`` | 1 for where the main viewer goes, and which way they stand |
| ``distance=…`` | 1 for how near the main viewer is: personal, social or public |
| ``daypart=…``, ``weekend`` | 1 for the time, by the screen's clock |
| ``reading``, ``returning`` | 1 while the main viewer reads; if they were here before |
| ``wears=BRAND`` | how surely the main viewer wears it, in [0, 1] |
| ``liked:category=…``, ``liked:tag=…`` | attention that the main viewer gave it so far, in [0, 1] |
| ``moved:category=…``, ``moved:tag=…`` | how they reacted to it, on average, in [-1, 1] |
| ``seen:CONTENT`` | how often the main viewer had it before them |
| ``earned:CONTENT`` | attention that they gave it, less where they took it badly, in [0, 1] |
| ``advised:CONTENT`` | 1 where the rules table would choose it |

"So far" and "before" are in this visit and, where who returns is recognised, in those before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime

import numpy as np

from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.vision import MOODS

AGE_BANDS = {
    "0-12": (0, 13),
    "13-17": (13, 18),
    "18-24": (18, 25),
    "25-34": (25, 35),
    "35-44": (35, 45),
    "45-54": (45, 55),
    "55-64": (55, 65),
    "65+": (65, 101),
}
"""From the first year to before the second."""

LIKED, MOVED = "liked:", "moved:"
SEEN, EARNED = "seen:", "earned:"
ADVISED = "advised:"

_MAIN_WEIGHT = 0.5
# Edges of personal, social and public distance (Hall, "The Hidden Dimension", 1966).
_DISTANCES = ((1.2, "personal"), (3.7, "social"), (math.inf, "public"))
_DAYPARTS = ((6, "night"), (11, "morning"), (14, "noon"), (18, "afternoon"), (24, "evening"))


def audience_context(
    snapshot: AudienceSnapshot, local: datetime, *, demographics: bool
) -> dict[str, float]:
    """The features of the audience and of the hour, which is ``local`` by the screen's clock."""
    context = _time(local)
    viewers, main = snapshot.viewers, snapshot.main
    context[f"group={_group(len(viewers)) if snapshot.observed else 'unknown'}"] = 1.0
    watched = any(viewer.attentive for viewer in viewers)
    context["state=hold" if watched else "state=attract"] = 1.0
    if main is None:
        return context
    others = len(viewers) - 1
    for viewer in viewers:
        if not others:
            weight = 1.0
        else:
            weight = _MAIN_WEIGHT if viewer is main else (1 - _MAIN_WEIGHT) / others
        features = {"attentive": float(viewer.attentive)}
        if demographics:
            features |= _demographics(viewer)
        for name, value in features.items():
            context[name] = context.get(name, 0.0) + weight * value
    context["smile"] = float(main.expression.get("smile", 0.0))
    context |= _behaviour(main)
    return {name: round(value, 4) for name, value in context.items()}


def expected_age(context: Mapping[str, float]) -> float | None:
    """Mean age in ``context`` in years; None if no age is known."""
    known = {band: context.get(f"age={band}", 0.0) for band in AGE_BANDS}
    total = sum(known.values())
    if total <= 0:
        return None
    return sum(p * (sum(AGE_BANDS[band]) - 1) / 2 for band, p in known.items()) / total


def _behaviour(main: Viewer) -> dict[str, float]:
    """What the main viewer does, as far as it is known."""
    features: dict[str, float] = {}
    if main.reading:
        features["reading"] = 1.0
    if main.returning:
        features["returning"] = 1.0
    for logo in main.logos or ():
        features[f"wears={logo.brand}"] = logo.score
    if main.movement is not None:
        features[f"movement={main.movement}"] = 1.0
    if main.facing is not None:
        features[f"facing={main.facing}"] = 1.0
    if main.distance_m is not None:
        near = next(name for until_m, name in _DISTANCES if main.distance_m < until_m)
        features[f"distance={near}"] = 1.0
    if main.mood_probs is not None:
        for name, prob in zip(MOODS, main.mood_probs, strict=True):
            features[f"mood={name}"] = float(prob)
    return features


def _demographics(viewer: Viewer) -> dict[str, float]:
    features = {}
    if viewer.age_probs is None:
        features["age=unknown"] = 1.0
    else:
        for band, (low, high) in AGE_BANDS.items():
            features[f"age={band}"] = float(np.sum(viewer.age_probs[low:high]))
    if viewer.female_prob is None:
        features["gender=unknown"] = 1.0
    else:
        features["gender=female"] = viewer.female_prob
        features["gender=male"] = 1 - viewer.female_prob
    return features


def _time(local: datetime) -> dict[str, float]:
    daypart = next(name for until, name in _DAYPARTS if local.hour < until)
    context = {f"daypart={daypart}": 1.0}
    if local.weekday() >= 5:
        context["weekend"] = 1.0
    return context


def _group(size: int) -> str:
    return str(size) if size < 3 else "3-4" if size < 5 else "5+"
