"""What a policy expects of each content before audiences that everybody can picture.

For the operator's eyes alone: nothing decides by it. The audiences are made as perception would
tell them, with its doubt, and asked about at the hour that it is. Belongs to the thread that owns
the policy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np

from signage.config.clock import local_time
from signage.config.config import Config
from signage.recommend.context import audience_context
from signage.recommend.policies.base import Learner, Question
from signage.recommend.recommender import Recommender
from signage.types.arrays import Floats
from signage.types.audience import AudienceSnapshot, Movement, Viewer
from signage.types.vision import Facing

_AGE_SD = 6.0
"""How far the age of a face is usually off, in years."""
_SURE = 0.95
"""Of a gender that is segments."""


@dataclass(frozen=True, slots=True)
class Segment:
    """An audience to ask about."""

    name: str
    viewers: tuple[Viewer, ...] = ()
    needs: frozenset[str] = field(default_factory=frozenset)
    """Switches without which nobody could tell it from others."""


def believed(recommender: Recommender, config: Config, utc: datetime) -> dict[str, Any] | None:
    """The reward expected of each content before each segment; None of a policy that has none.

    ``{"learned", "segments": [{"name", "estimates": {content_id: reward}}]}``; ``learned`` is the
    count of examples behind it, or None. A reward is None where the segment must not see the
    content; what is never drawn (mandatory) is left out.
    """
    policy, catalogue = recommender.policy, recommender.catalogue
    actions = {name: c.features for name, c in catalogue.items() if not c.mandatory}
    if not actions:
        return None
    local = local_time(utc, config.timezone)
    segments = []
    for segment in _segments():
        if not all(_tells(config, switch) for switch in segment.needs):
            continue
        audience = AudienceSnapshot(0.0, utc, segment.viewers)
        context = audience_context(audience, local, demographics=config.perception.demographics)
        question = recommender.with_advice(Question(context, actions, {}, local.hour))
        estimates = policy.answer(question).estimates
        if estimates is None:
            return None
        expected = {
            name: None if recommender.excludes(name, audience) else round(float(value), 4)
            for name, value in zip(actions, estimates, strict=True)
        }
        segments.append({"name": segment.name, "estimates": expected})
    learned = policy.learned if isinstance(policy, Learner) else None
    return {"learned": learned, "segments": segments}


def _tells(config: Config, switch: str) -> bool:
    if switch == "reading":
        return config.audience.reading and config.perception.gaze
    return bool(getattr(config.perception, switch))


def _segments() -> Iterator[Segment]:
    who = frozenset({"demographics"})
    for years in (25, 45):
        for gender, female in (("Woman", _SURE), ("Man", 1 - _SURE)):
            yield Segment(f"{gender}, {years}", (_person(age=years, female=female),), who)
    child = _person("2", age=8, female=0.5, distance_m=2.5)
    yield Segment("Woman with a child", (_person(age=35, female=_SURE), child), who)
    yield Segment("Someone watching", (_person(),))
    yield Segment(
        "Returning reader",
        (_person(reading=True, returning=True, distance_m=1.0),),
        frozenset({"reading", "returning"}),
    )
    yield Segment(
        "Passer-by",
        (
            _person(
                attentive=False,
                movement=Movement.PASSING_LEFT,
                facing=Facing.SIDEWAYS,
                distance_m=4.0,
            ),
        ),
    )
    yield Segment("Nobody")


def _person(
    visit_id: str = "1",
    *,
    age: int | None = None,
    female: float | None = None,
    **seen: Any,
) -> Viewer:
    """A standing, watching viewer with the given traits."""
    values: dict[str, Any] = {
        "attentive": True,
        "distance_m": 2.0,
        "movement": Movement.STANDING,
        "facing": Facing.TOWARDS,
        "reading": None,
        "returning": None,
    }
    return Viewer(
        visit_id=visit_id,
        viewer_id=visit_id,
        earlier_visits=(),
        first_seen_s=0.0,
        last_seen_s=0.0,
        dwell_s=3.0,
        attention_s=2.0,
        attention_eyes_s=2.0,
        attention_head_s=0.0,
        attention_unknown_s=0.0,
        is_watcher=True,
        face_px=None,
        face_xyxy_px=None,
        body_xyxy_px=None,
        facing_share=1.0,
        gaze=None,
        reading_region=None,
        reading_s=None,
        logos=None,
        age_probs=None if age is None else _ages(age),
        female_prob=female,
        traits_agreement=None,
        mood_probs=None,
        expression={},
        expression_baseline={},
        expression_peak={},
        **(values | seen),
    )


def _ages(mean: int) -> Floats:
    """A bell over the whole years, shape (101,)."""
    years = np.arange(101)
    bell = np.exp(-0.5 * ((years - mean) / _AGE_SD) ** 2)
    return np.asarray(bell / bell.sum())
