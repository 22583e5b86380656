"""The audience stage: sightings become viewers, aggregated over their visit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from signage.audience.tracker import Tracker
from signage.config import AudienceConfig
from signage.types import AudienceSnapshot, Floats, Frame, HeadPose, Sighting, Viewer


class Audience:
    """Everybody in front of the screen. ``run`` makes the viewers' ids unique in a journal."""

    def __init__(self, config: AudienceConfig, run: int = 1) -> None:
        self._config = config
        self._run = run
        self._tracker = Tracker(config.forget_after_s)
        self._visits: dict[int, _Visit] = {}
        self._departed: list[Viewer] = []

    def update(self, frame: Frame, sightings: Sequence[Sighting] | None) -> AudienceSnapshot:
        """Add what a frame told; None when it could tell nothing (the camera is lost)."""
        now_s = frame.t_s
        tracks = self._tracker.update(now_s, sightings or ())
        for track, sighting in zip(tracks, sightings or (), strict=True):
            attentive = is_attentive(sighting.head_pose, self._config)
            visit = self._visits.get(track.number)
            if visit is None:
                visit_id = f"{self._run}.{track.number}"
                self._visits[track.number] = _Visit(visit_id, now_s, sighting, attentive)
            else:
                visit.add(now_s, sighting, attentive=attentive)
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
        return visit.last_seen_s - visit.first_seen_s >= self._config.confirm_after_s

    def _part(self, now_s: float) -> None:
        gone = [
            number
            for number, visit in self._visits.items()
            if now_s - visit.last_seen_s > self._config.forget_after_s
        ]
        for number in gone:
            visit = self._visits.pop(number)
            if self._is_confirmed(visit):
                self._departed.append(visit.viewer())


def is_attentive(pose: HeadPose | None, config: AudienceConfig) -> bool:
    """Whether the head is towards the screen: attention, until gaze can tell better."""
    return (
        pose is not None
        and abs(pose.yaw_deg - config.screen_yaw_deg) <= config.attention_yaw_deg
        and abs(pose.pitch_deg - config.screen_pitch_deg) <= config.attention_pitch_deg
    )


class _Visit:
    """One person's visit as it grows."""

    def __init__(self, viewer_id: str, t_s: float, sighting: Sighting, attentive: bool) -> None:  # noqa: FBT001
        self.viewer_id = viewer_id
        self.first_seen_s = self.last_seen_s = t_s
        self._attention_s = 0.0
        self._attentive = attentive
        self._sightings = self._facing = 0
        self._face_px = 0.0
        self._ages: Floats | None = None
        self._age_weight = self._female = self._female_weight = 0.0
        self._peak: dict[str, float] = {}
        self.add(t_s, sighting, attentive=attentive)

    def add(self, t_s: float, sighting: Sighting, *, attentive: bool) -> None:
        # Half of the time between two looks belongs to each of them.
        self._attention_s += (t_s - self.last_seen_s) * (self._attentive + attentive) / 2
        self.last_seen_s, self._attentive = t_s, attentive
        self._last = sighting
        self._sightings += 1
        self._facing += attentive
        self._face_px = max(self._face_px, sighting.face_px)
        # A larger face tells more. Averages of probabilities keep the doubt of each estimate.
        weight = sighting.face_px
        if sighting.age_probs is not None:
            total = np.zeros_like(sighting.age_probs) if self._ages is None else self._ages
            self._ages = total + weight * sighting.age_probs
            self._age_weight += weight
        if sighting.female_prob is not None:
            self._female += weight * sighting.female_prob
            self._female_weight += weight
        for name, value in sighting.expression.items():
            self._peak[name] = max(value, self._peak.get(name, 0.0))

    def viewer(self) -> Viewer:
        return Viewer(
            viewer_id=self.viewer_id,
            first_seen_s=self.first_seen_s,
            last_seen_s=self.last_seen_s,
            dwell_s=self.last_seen_s - self.first_seen_s,
            attention_s=self._attention_s,
            attentive=self._attentive,
            face_px=self._face_px,
            box_xyxy_px=self._last.box_xyxy_px,
            facing_share=self._facing / self._sightings,
            age_probs=None if self._ages is None else self._ages / self._age_weight,
            female_prob=self._female / self._female_weight if self._female_weight else None,
            expression=self._last.expression,
            expression_peak=dict(self._peak),
        )
