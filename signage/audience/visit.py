"""One person's visit: the aggregate of single sightings."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from statistics import median

import numpy as np

from signage.audience.fixation import Fixation
from signage.audience.movement import Path
from signage.audience.reading import ReadingDetector, ReadingModel, ReadingTime
from signage.audience.screen_plane import ScreenPlane
from signage.config.audience import AudienceConfig
from signage.types.arrays import Floats
from signage.types.audience import Movement, Viewer
from signage.types.vision import Facing, Logo, Sighting

# Out of sight for longer than this, nobody knows where they looked, or went.
_MAX_GAP_S = 1.0
# A head turned further than this from the screen shows its back.
_AWAY_YAW_DEG = 110.0
_MOOD_MEMORY_S = 3.0
# What is usual for a face: the median of so many values, one every so often.
_USUAL_VALUES, _USUAL_EVERY_S = 60, 0.5
# Who reads keeps the head still; while it turns farther than this within such a time, what the eyes
# seem to do is the head's doing. A woman who laughs and looks about was told to read otherwise.
_STILL_HEAD_DEG, _STILL_HEAD_S = 8.0, 1.5
# A brand is believed when it was found in so many looks.
_LOGO_LOOKS = 2


def is_attentive(sighting: Sighting, config: AudienceConfig, screen: ScreenPlane) -> bool:
    """Whether a person looks at the screen: by the eyes if resolvable, else by the head.

    Who looks into the lens, or between it and the screen, counts: the camera belongs to it.
    """
    return _looks(sighting, config, screen, headed=_is_headed(sighting, config, screen))


def _looks(
    sighting: Sighting, config: AudienceConfig, screen: ScreenPlane, *, headed: bool
) -> bool:
    if sighting.gaze is None:
        return headed
    yaws_deg, pitches_deg = screen.extent(sighting)
    yaw_deg, pitch_deg = screen.corrected(sighting.gaze)
    return _is_within(yaw_deg, yaws_deg, config.attention_gaze_deg) and _is_within(
        pitch_deg, pitches_deg, config.attention_gaze_up_deg
    )


def _is_headed(sighting: Sighting, config: AudienceConfig, screen: ScreenPlane) -> bool:
    """Whether the head points to the middle of the screen, to the lens, or between."""
    if (pose := sighting.head_pose) is None:
        return False
    yaws_deg, pitches_deg = screen.extent(sighting)
    yaw_deg, pitch_deg = sum(yaws_deg) / 2, sum(pitches_deg) / 2
    return _is_within(pose.yaw_deg, (yaw_deg, yaw_deg), config.attention_yaw_deg) and _is_within(
        pose.pitch_deg, (pitch_deg, pitch_deg), config.attention_pitch_deg
    )


def _is_within(angle_deg: float, extent_deg: tuple[float, float], margin_deg: float) -> bool:
    """Whether an angle is within an extent, or between that and the lens, with a margin."""
    low_deg, high_deg = min(0.0, extent_deg[0]), max(0.0, extent_deg[1])
    return bool(low_deg - margin_deg <= angle_deg <= high_deg + margin_deg)


def _facing_of(sighting: Sighting, *, headed: bool) -> Facing | None:
    """Which way a person faces: by the head if known, else by the shoulders."""
    pose = sighting.head_pose
    if pose is None:
        # Shoulders to the screen and yet no face: the head is turned.
        is_turned = sighting.body_facing is Facing.TOWARDS and sighting.face_xyxy_px is None
        return Facing.SIDEWAYS if is_turned else sighting.body_facing
    if headed:
        return Facing.TOWARDS
    return Facing.AWAY if abs(pose.yaw_deg) > _AWAY_YAW_DEG else Facing.SIDEWAYS


class _Average:
    """Weighted mean over single looks. Means of probabilities keep their uncertainty."""

    def __init__(self) -> None:
        self._sum: Floats | None = None
        self._weight = 0.0
        self.mean: Floats | None = None
        """Never changed, but replaced: whoever was given it keeps it."""

    def add(self, value: Floats, weight: float, keep: float = 1.0) -> None:
        """Add a value. ``keep`` is the share of the earlier weight that still counts."""
        total = np.zeros_like(value) if self._sum is None else self._sum
        self._sum = keep * total + weight * value
        self._weight = keep * self._weight + weight
        self.mean = self._sum / self._weight if self._weight > 0 else None


class _Usual:
    """What is usual for a face: the median of each expression over the last half minute."""

    def __init__(self) -> None:
        self._values: dict[str, deque[float]] = {}
        self._last_s = -math.inf
        self.medians: dict[str, float] = {}
        """Never changed, but replaced: whoever was given them keeps them."""

    def add(self, t_s: float, expression: Mapping[str, float]) -> None:
        if t_s - self._last_s < _USUAL_EVERY_S or not expression:
            return
        self._last_s = t_s
        for name, value in expression.items():
            self._values.setdefault(name, deque(maxlen=_USUAL_VALUES)).append(value)
        self.medians = {name: float(median(values)) for name, values in self._values.items()}


class _Brands:
    """What was found on the clothes, search by search: the same brand again is surer."""

    def __init__(self) -> None:
        self._scores: dict[str, list[float]] = {}
        self.logos: tuple[Logo, ...] | None = None
        """The brands found more than once, unless they were looked for only once; None as long
        as none is found and some were not looked for."""

    def add(self, searched: Mapping[str, float | None]) -> None:
        for brand, score in searched.items():
            scores = self._scores.setdefault(brand, [])
            if score is not None:
                scores.append(score)
        self.logos = self._found()

    def _found(self) -> tuple[Logo, ...] | None:
        logos = [
            Logo(brand, max(scores))
            for brand, scores in self._scores.items()
            if sum(score > 0 for score in scores) >= max(1, min(_LOGO_LOOKS, len(scores)))
        ]
        if not logos and not (self._scores and all(self._scores.values())):
            return None
        return tuple(sorted(logos, key=lambda logo: (-logo.score, logo.brand)))


class Visit:
    """One person's visit as it grows."""

    def __init__(
        self,
        name: str,
        config: AudienceConfig,
        screen: ScreenPlane,
        reading: ReadingModel | None,
        before: tuple[str, ...] = (),
    ) -> None:
        """``name`` is its id; ``before``: visits that the same track made."""
        self.visit_id = name
        self._before = before
        self._config = config
        self._screen = screen
        self._attention_s = self._facing_s = 0.0
        self._attentive = False
        self._facing: Facing | None = None
        # When they were last found, and whether they looked, and faced the screen, then.
        self._look = -math.inf, False, False
        self._face_px: float | None = None
        self._path = Path(config.walking_m_s)
        self._movement_s: dict[Movement, float] = {}
        self._ages, self._female, self._mood, self._mood_now = (_Average() for _ in range(4))
        self._peak: dict[str, float] = {}
        self._usual, self._brands, self._fixation = _Usual(), _Brands(), Fixation()
        self._reading = (
            None if reading is None else ReadingDetector(reading, config.script, screen.aspect)
        )
        self._reading_time = ReadingTime()
        self._gaze_s = -math.inf
        self._head: deque[tuple[float, float, float]] = deque()
        self._earlier = before
        self._returning: bool | None = None
        self._last: Sighting | None = None
        self.is_alive = False
        """Whether somebody living was seen; what they gave is never taken back."""
        self.first_seen_s = self.last_seen_s = self._found_s = self._mood_s = math.nan

    @property
    def is_picture(self) -> bool:
        """Whether all that was seen may have been a picture."""
        return self._last is not None and self._last.is_picture and not self.is_alive

    @property
    def dwell_s(self) -> float:
        """Time in seconds until the person was last detected; later positions are predictions."""
        return self._found_s - self.first_seen_s

    def set_earlier_visits(self, earlier: tuple[str, ...]) -> None:
        """Take in which visits of the same person are remembered, oldest first."""
        self._earlier = earlier + tuple(name for name in self._before if name not in earlier)
        self._returning = bool(self._earlier)

    def add(self, t_s: float, sighting: Sighting) -> None:
        """The first one begins the visit."""
        if self._last is None:
            self.first_seen_s = self.last_seen_s = self._mood_s = t_s
        headed = _is_headed(sighting, self._config, self._screen)
        attentive = _looks(sighting, self._config, self._screen, headed=headed)
        facing = _facing_of(sighting, headed=headed)
        step_s = t_s - self.last_seen_s
        self.last_seen_s, self._attentive, self._facing = t_s, attentive, facing
        self._last = sighting
        self.is_alive |= sighting.is_alive
        if sighting.missed_s == 0:
            self._add_look(t_s, attentive=attentive, towards=facing is Facing.TOWARDS)
        self._found_s = max(self.first_seen_s, t_s - sighting.missed_s)
        if sighting.face_xyxy_px is not None:
            _, top, _, bottom = sighting.face_xyxy_px
            self._face_px = max(self._face_px or 0.0, bottom - top)
        if sighting.position_m is not None:
            self._path.add(t_s, sighting.position_m, by_face=sighting.face_xyxy_px is not None)
            if (movement := self._path.movement) is not None and step_s <= _MAX_GAP_S:
                self._movement_s[movement] = self._movement_s.get(movement, 0.0) + step_s
        self._add_gaze(t_s, step_s, sighting, attentive=attentive)
        self._add_traits(t_s, sighting)
        self._usual.add(t_s, sighting.expression)
        peak = self._peak
        for name, value in sighting.expression.items():
            peak[name] = max(value, peak.get(name, 0.0))
        if sighting.logos is not None:
            self._brands.add(sighting.logos)

    def _add_look(self, t_s: float, *, attentive: bool, towards: bool) -> None:
        """Add attention of a detected moment; predicted positions have none.

        As dwell time, attention of that time counts when they are found again.
        """
        found_s, was_attentive, was_towards = self._look
        step_s = t_s - found_s
        if step_s <= _MAX_GAP_S:
            # Half of the time between two looks belongs to each of them.
            self._attention_s += step_s * (was_attentive + attentive) / 2
            self._facing_s += step_s * (was_towards + towards) / 2
        self._look = t_s, attentive, towards

    def _add_gaze(self, t_s: float, step_s: float, sighting: Sighting, *, attentive: bool) -> None:
        # A look at the plane of the screen, and not one that is told again.
        look = None
        if sighting.gaze is not None and sighting.gaze.t_s == t_s:
            look = self._screen.point(sighting)
        if look is not None:
            self._fixation.add(t_s, look)
        if self._reading is None:
            return
        if not attentive and sighting.head_pose is not None:
            # What is read beside the screen, on a telephone, is none of its contents.
            self._reading.add(t_s, None, (0.0, 0.0))
        elif not self._keeps_head_still(t_s, sighting):
            self._reading.forget()
        elif look is not None:
            self._reading.add(t_s, (look.x, look.y), (look.sd_x, look.sd_y))
            self._gaze_s = t_s
        elif t_s - self._gaze_s > _MAX_GAP_S:
            self._reading.forget()
        counts = sighting.missed_s == 0 and step_s <= _MAX_GAP_S
        self._reading_time.add(step_s if counts else 0.0, is_reading=self._reading.is_reading)

    def _keeps_head_still(self, t_s: float, sighting: Sighting) -> bool:
        if (pose := sighting.head_pose) is not None:
            self._head.append((t_s, pose.yaw_deg, pose.pitch_deg))
        while self._head and self._head[0][0] < t_s - _STILL_HEAD_S:
            self._head.popleft()
        if not self._head:
            return True
        _, yaws_deg, pitches_deg = zip(*self._head, strict=True)
        turned_deg = max(yaws_deg) - min(yaws_deg), max(pitches_deg) - min(pitches_deg)
        return bool(max(turned_deg) <= _STILL_HEAD_DEG)

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
        assert last is not None  # noqa: S101 - a visit begins with a sighting
        earlier, reading = self._earlier, self._reading
        return Viewer(
            visit_id=self.visit_id,
            viewer_id=earlier[0] if earlier else self.visit_id,
            earlier_visits=earlier,
            returning=self._returning,
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
            gaze=self._fixation.point(self.last_seen_s),
            reading=None if reading is None else reading.is_reading,
            reading_region=None if reading is None else reading.region,
            reading_s=self._reading_time.total_s,
            logos=self._brands.logos,
            age_probs=self._ages.mean,
            female_prob=None if female is None else float(female[0]),
            mood_probs=self._mood_now.mean,
            expression=last.expression,
            expression_baseline=self._usual.medians,
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
