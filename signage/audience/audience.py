"""The audience stage: sightings become viewers, aggregated over their visit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from signage.audience.movement import Path
from signage.config import AudienceConfig
from signage.types import (
    AudienceSnapshot,
    Facing,
    Floats,
    Frame,
    HeadPose,
    Movement,
    Sighting,
    Viewer,
)

# Out of sight for longer than this, nobody knows where they looked.
_MAX_GAP_S = 1.0
# A head turned further than this from the screen shows its back.
_AWAY_YAW_DEG = 110.0
_MOOD_MEMORY_S = 3.0


class Audience:
    """Everybody in front of the screen. ``run`` makes the viewers' ids unique in a journal."""

    def __init__(self, config: AudienceConfig, run: int = 1) -> None:
        self._config = config
        self._run = run
        self._visits: dict[int, _Visit] = {}
        self._departed: list[Viewer] = []

    def update(self, frame: Frame, sightings: Sequence[Sighting] | None) -> AudienceSnapshot:
        """Add what a frame told; None when it could tell nothing (the camera is lost)."""
        now_s = frame.t_s
        for sighting in sightings or ():
            visit = self._visits.get(sighting.track)
            if visit is None:
                visit_id = f"{self._run}.{sighting.track}"
                self._visits[sighting.track] = _Visit(visit_id, self._config, now_s, sighting)
            else:
                visit.add(now_s, sighting)
        self._part(now_s)
        return AudienceSnapshot(
            t_s=now_s,
            utc=frame.utc,
            viewers=tuple(v.viewer() for v in self._visits.values() if self._is_confirmed(v)),
            observed=sightings is not None,
        )

    def take_departed(self) -> list[Viewer]:
        """The viewers who left since the last call."""
        departed, self._departed = self._departed, []
        return departed

    def close(self) -> list[Viewer]:
        """Let everybody leave: the viewers still present, and those not taken yet."""
        self._part(float("inf"))
        return self.take_departed()

    def _is_confirmed(self, visit: _Visit) -> bool:
        return visit.dwell_s >= self._config.confirm_after_s and not visit.is_picture

    def _part(self, now_s: float) -> None:
        gone = [
            number
            for number, visit in self._visits.items()
            if now_s - visit.last_seen_s > self._config.forget_after_s
        ]
        for number in gone:
            visit = self._visits.pop(number)
            if self._is_confirmed(visit):
                self._departed.append(visit.departed())


def is_attentive(pose: HeadPose | None, config: AudienceConfig) -> bool:
    """Whether the head is towards the screen: attention, until gaze can tell better."""
    return (
        pose is not None
        and abs(pose.yaw_deg - config.screen_yaw_deg) <= config.attention_yaw_deg
        and abs(pose.pitch_deg - config.screen_pitch_deg) <= config.attention_pitch_deg
    )


def facing_of(sighting: Sighting, config: AudienceConfig) -> Facing | None:
    """Which way somebody stands: by the head where it is known, else by the shoulders."""
    pose = sighting.head_pose
    if pose is None:
        # Shoulders to the screen and yet no face: the head is turned.
        is_turned = sighting.body_facing is Facing.TOWARDS and sighting.face_xyxy_px is None
        return Facing.SIDEWAYS if is_turned else sighting.body_facing
    if is_attentive(pose, config):
        return Facing.TOWARDS
    is_away = abs(pose.yaw_deg - config.screen_yaw_deg) > _AWAY_YAW_DEG
    return Facing.AWAY if is_away else Facing.SIDEWAYS


class _Average:
    """Weighted mean of what single looks said. Means of probabilities keep their doubt."""

    def __init__(self) -> None:
        self._sum: Floats | None = None
        self._weight = 0.0

    def add(self, value: Floats, weight: float, keep: float = 1.0) -> None:
        """``keep``: share of what was said before that still counts."""
        total = np.zeros_like(value) if self._sum is None else self._sum
        self._sum = keep * total + weight * value
        self._weight = keep * self._weight + weight

    @property
    def mean(self) -> Floats | None:
        return None if self._sum is None or self._weight <= 0 else self._sum / self._weight


class _Visit:
    """One person's visit as it grows."""

    def __init__(
        self, viewer_id: str, config: AudienceConfig, t_s: float, sighting: Sighting
    ) -> None:
        self.viewer_id = viewer_id
        self.first_seen_s = self.last_seen_s = t_s
        self._config = config
        self._attention_s = self._facing_s = 0.0
        self._attentive = False
        self._facing: Facing | None = None
        self._face_px: float | None = None
        self._path = Path(config.walking_m_s)
        self._movement_s: dict[Movement, float] = {}
        self._ages, self._female, self._mood, self._mood_now = (_Average() for _ in range(4))
        self._mood_s = t_s
        self._peak: dict[str, float] = {}
        self.add(t_s, sighting)

    @property
    def is_picture(self) -> bool:
        return self._last.is_picture

    @property
    def dwell_s(self) -> float:
        """Until they were last found; where they were said to be since then is a guess."""
        return self._found_s - self.first_seen_s

    def add(self, t_s: float, sighting: Sighting) -> None:
        attentive = is_attentive(sighting.head_pose, self._config)
        facing = facing_of(sighting, self._config)
        step_s = t_s - self.last_seen_s
        if step_s <= _MAX_GAP_S:
            # Half of the time between two looks belongs to each of them.
            self._attention_s += step_s * (self._attentive + attentive) / 2
            towards = (self._facing is Facing.TOWARDS) + (facing is Facing.TOWARDS)
            self._facing_s += step_s * towards / 2
        self.last_seen_s, self._attentive, self._facing = t_s, attentive, facing
        self._last = sighting
        self._found_s = max(self.first_seen_s, t_s - sighting.missed_s)
        if sighting.face_xyxy_px is not None:
            _, top, _, bottom = sighting.face_xyxy_px
            self._face_px = max(self._face_px or 0.0, bottom - top)
        if sighting.position_m is not None:
            self._path.add(t_s, sighting.position_m, by_face=sighting.face_xyxy_px is not None)
            if (movement := self._path.movement) is not None:
                self._movement_s[movement] = self._movement_s.get(movement, 0.0) + step_s
        self._add_traits(t_s, sighting)
        for name, value in sighting.expression.items():
            self._peak[name] = max(value, self._peak.get(name, 0.0))

    def _add_traits(self, t_s: float, sighting: Sighting) -> None:
        if (traits := sighting.traits) is None:
            return
        if traits.age_probs is not None:
            self._ages.add(traits.age_probs, traits.weight)
        if traits.female_prob is not None:
            self._female.add(np.array([traits.female_prob]), traits.weight)
        if traits.mood_probs is not None:
            self._mood.add(traits.mood_probs, traits.weight)
            keep = math.exp(-(t_s - self._mood_s) / _MOOD_MEMORY_S)
            self._mood_now.add(traits.mood_probs, traits.weight, keep)
            self._mood_s = t_s

    def viewer(self) -> Viewer:
        """As of now."""
        last, female, dwell_s = self._last, self._female.mean, self.dwell_s
        return Viewer(
            viewer_id=self.viewer_id,
            first_seen_s=self.first_seen_s,
            last_seen_s=self.last_seen_s,
            dwell_s=dwell_s,
            attention_s=min(self._attention_s, dwell_s),
            attentive=self._attentive,
            face_px=self._face_px,
            face_xyxy_px=last.face_xyxy_px,
            body_xyxy_px=last.body_xyxy_px,
            distance_m=self._path.distance_m,
            movement=self._path.movement,
            facing=self._facing,
            facing_share=min(1.0, self._facing_s / dwell_s) if dwell_s > 0 else 0.0,
            age_probs=self._ages.mean,
            female_prob=None if female is None else float(female[0]),
            mood_probs=self._mood_now.mean,
            expression=last.expression,
            expression_peak=dict(self._peak),
        )

    def departed(self) -> Viewer:
        """The visit as a whole."""
        movement = max(self._movement_s, key=lambda m: self._movement_s[m], default=None)
        return replace(
            self.viewer(),
            last_seen_s=self._found_s,
            movement=movement,
            mood_probs=self._mood.mean,
        )
