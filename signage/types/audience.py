"""Who is in front of the screen, aggregated over each visit."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

import numpy as np

from signage.types.arrays import Floats
from signage.types.vision import MOODS, Box, Facing, Logo

_SURE_GENDER = 0.65
"""The dashboard names a gender from the same probability on."""


class Movement(StrEnum):
    """Where a person goes. Left and right are those of the picture."""

    APPROACHING = "approaching"
    LEAVING = "leaving"
    PASSING_LEFT = "passing_left"
    PASSING_RIGHT = "passing_right"
    STANDING = "standing"


@dataclass(frozen=True, slots=True)
class ScreenPoint:
    """A point on the plane of the screen, as who stands before it sees it."""

    x: float
    """Share of the screen's width from its left edge; outside [0, 1] beside the screen."""
    y: float
    """Share of its height from the top."""
    sd_x: float
    """Standard deviation, in the same units."""
    sd_y: float


@dataclass(frozen=True, slots=True)
class Viewer:
    """One person tracked over frames, with everything aggregated so far."""

    visit_id: str
    """From coming into view to leaving it."""
    viewer_id: str
    """The person: that of their first visit, where it is recognised that they were here before."""
    earlier_visits: tuple[str, ...]
    """Visits of the same person before this one, as far as remembered, oldest first."""
    returning: bool | None
    """Whether there are any; None as long as that cannot be told."""
    first_seen_s: float
    last_seen_s: float
    dwell_s: float
    attention_s: float | None
    """By the eyes and by the head together; None where it could never be told."""
    attention_eyes_s: float
    """Of this, by the eyes."""
    attention_head_s: float
    """Of this, by the head, where the eyes could not be measured."""
    attention_unknown_s: float
    """For how long nobody could tell whether they looked: the head was too small."""
    is_watcher: bool
    """Whether they looked for ``audience.min_look_s`` or longer, all looks together."""
    attentive: bool
    """Whether they look at the screen at this moment."""
    face_px: float | None
    """Largest face height seen, in pixels; None where no face was ever seen."""
    face_xyxy_px: Box | None
    """The last box of the face, where it is to be seen."""
    body_xyxy_px: Box | None
    distance_m: float | None
    """From the camera."""
    movement: Movement | None
    """At this moment; of somebody who has left: from where they came to where they went."""
    facing: Facing | None
    """At this moment; of somebody who has left: for most of the visit."""
    facing_share: float
    """Share of the dwell time turned towards the screen."""
    gaze: ScreenPoint | None
    """Where the eyes rest at this moment."""
    reading: bool | None
    """Whether the eyes move as in reading, at this moment; None where that cannot be told."""
    reading_region: Box | None
    """Where they read: left, top, right, bottom in shares of the screen."""
    reading_s: float | None
    """Time spent reading; None where it could not be told for any of the time."""
    logos: tuple[Logo, ...] | None
    """Brands seen on the clothes, the surest first; None where none were looked for."""
    age_probs: Floats | None
    """Shape (101,), over the whole track."""
    female_prob: float | None
    traits_agreement: float | None
    """Share of the looks at the face that agree with this age and gender; None without any."""
    mood_probs: Floats | None
    """Shape (7,): probability of each of ``MOODS``, over the last seconds; of somebody who has
    left: over the whole visit."""
    expression: Mapping[str, float]
    """The last activations of ``smile``, ``surprise`` and ``frown``."""
    expression_baseline: Mapping[str, float]
    """What is usual for this person: the median of each over the visit so far."""
    expression_peak: Mapping[str, float]
    """The highest of each over the track."""

    @property
    def gender(self) -> Literal["woman", "man"] | None:
        """The gender to name in words; None where it is less than 65 % likely."""
        female = self.female_prob
        if female is None or max(female, 1 - female) < _SURE_GENDER:
            return None
        return "woman" if female > 0.5 else "man"

    @property
    def age_years(self) -> float | None:
        """Mean of the age distribution."""
        if self.age_probs is None:
            return None
        return float(self.age_probs @ np.arange(len(self.age_probs)))

    @property
    def age_sd(self) -> float | None:
        """Standard deviation of the age distribution, in years."""
        if self.age_probs is None:
            return None
        years = np.arange(len(self.age_probs))
        mean = float(self.age_probs @ years)
        return math.sqrt(max(0.0, float(self.age_probs @ (years - mean) ** 2)))

    def record(self) -> dict[str, Any]:
        """The record of a viewer for people and other tools; unknown values are None."""
        female = self.female_prob
        return {
            "viewer_id": self.viewer_id,
            "visit_id": self.visit_id,
            "first_seen_s": round(self.first_seen_s, 3),
            "last_seen_s": round(self.last_seen_s, 3),
            "dwell_s": round(self.dwell_s, 3),
            "attention_s": _rounded(self.attention_s, 3),
            "attention_eyes_s": round(self.attention_eyes_s, 3),
            "attention_head_s": round(self.attention_head_s, 3),
            "attention_unknown_s": round(self.attention_unknown_s, 3),
            "is_watcher": self.is_watcher,
            "attentive": self.attentive,
            "age_years": _rounded(self.age_years, 1),
            "age_sd": _rounded(self.age_sd, 1),
            "gender": None
            if female is None
            else {"female": round(female, 3), "male": round(1 - female, 3)},
            "traits_agreement": _rounded(self.traits_agreement, 3),
            "mood": None
            if self.mood_probs is None
            else {
                name: round(float(prob), 3)
                for name, prob in zip(MOODS, self.mood_probs, strict=True)
            },
            "movement": self.movement,
            "facing": self.facing,
            "facing_share": round(self.facing_share, 3),
            "distance_m": _rounded(self.distance_m, 1),
            "gaze": None
            if self.gaze is None
            else {name: round(getattr(self.gaze, name), 3) for name in ("x", "y", "sd_x", "sd_y")},
            "reading": self.reading,
            "reading_region": None
            if self.reading_region is None
            else [round(edge, 3) for edge in self.reading_region],
            "reading_s": _rounded(self.reading_s, 3),
            "logos": None
            if self.logos is None
            else [{"brand": logo.brand, "score": round(logo.score, 3)} for logo in self.logos],
            "returning": self.returning,
            "face_px": _rounded(self.face_px, 0),
            "expression_peak": {k: round(v, 3) for k, v in self.expression_peak.items()},
        }

    def prob_younger_than(self, years: int) -> float | None:
        """Probability of an age below ``years``; None if the age is unknown."""
        return None if self.age_probs is None else float(self.age_probs[:years].sum())


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


@dataclass(frozen=True, slots=True)
class JoinedVisit:
    """A visit that turned out to be part of another visit of the same person."""

    visit_id: str
    """The one that there is no more."""
    into: str
    """The visit that it is part of."""
    viewer_id: str
    """The person."""


@dataclass(frozen=True, slots=True)
class AudienceSnapshot:
    """The viewers in front of the screen at one moment. No pixels, no embeddings."""

    t_s: float
    utc: datetime
    viewers: tuple[Viewer, ...] = ()
    observed: bool = True
    """False while the camera does not see: the audience is unknown, not empty."""
    fault: str | None = None
    """What is wrong with the camera, where that is why."""
    unfollowed: int = 0
    """People in view beyond ``perception.max_people``: counted, but not followed."""
    traffic: int = 0
    """People in view who have not come within ``audience.range_m``."""
    passed: int = 0
    """People who have left without ever coming within it, since the start of the run."""

    @property
    def main(self) -> Viewer | None:
        """The viewer who counts most, of those in sight: attentive before not, then the nearest."""

        def importance(viewer: Viewer) -> tuple[bool, float, str]:
            distance_m = math.inf if viewer.distance_m is None else viewer.distance_m
            return viewer.attentive, -distance_m, viewer.viewer_id

        in_sight = [viewer for viewer in self.viewers if viewer.last_seen_s >= self.t_s]
        return max(in_sight or self.viewers, key=importance, default=None)

    def utc_at(self, t_s: float) -> datetime:
        """The time of day at ``t_s``, which may lie before or after this moment."""
        return self.utc + timedelta(seconds=t_s - self.t_s)
