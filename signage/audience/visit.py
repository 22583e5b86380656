"""One person's visit: the aggregate of single sightings."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import replace

import numpy as np

from signage.audience.attention import Attention, is_headed, is_watcher, look_of
from signage.audience.averages import Agreement, Average, Brands, Usual
from signage.audience.evidence import Evidence
from signage.audience.eyes import Eyes
from signage.audience.facing import FacingTimes, facing_of
from signage.audience.movement import Path
from signage.audience.reading import ReadingModel
from signage.audience.screen_plane import ScreenPlane
from signage.audience.way import Way
from signage.config.audience import AudienceConfig
from signage.types.audience import Movement, Viewer
from signage.types.vision import Sighting, Traits

# Out of sight for longer than this, nobody knows where they went.
_MAX_GAP_S = 1.0
_MOOD_MEMORY_S = 3.0


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
        self._config, self._screen = config, screen
        self._attention, self._evidence = Attention(), Evidence(config)
        self._facing, self._eyes = FacingTimes(), Eyes(config, screen, reading)
        self._face_px: float | None = None
        self._path, self._way = Path(config.walking_m_s), Way(config.walking_m_s)
        self._movement_s: defaultdict[Movement, float] = defaultdict(float)
        self._ages, self._female, self._mood, self._mood_now = (Average() for _ in range(4))
        self._agreement = Agreement()
        self._agreeing: float | None = None
        self._peak: dict[str, float] = {}
        self._usual, self._brands = Usual(), Brands()
        self._earlier = before
        self._returning: bool | None = None
        self._last: Sighting | None = None
        self.is_alive = False
        """Whether somebody living was seen; what they gave is never taken back."""
        self.first_seen_s = self.last_seen_s = self._found_s = self._mood_s = math.nan

    @property
    def viewer_id(self) -> str:
        """The person: the first visit that is known of them."""
        return self._earlier[0] if self._earlier else self.visit_id

    @property
    def is_confirmed(self) -> bool:
        """Whether there is enough to believe that somebody is, or was, there."""
        is_picture = self._last is not None and self._last.is_picture and not self.is_alive
        return not is_picture and self._evidence.is_enough(self.dwell_s)

    @property
    def is_in_range(self) -> bool:
        """Whether they ever came near enough to count; else they are traffic."""
        return self._evidence.is_in_range

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
        is_found, step_s = sighting.missed_s == 0, t_s - self.last_seen_s
        self.last_seen_s, self._last = t_s, sighting
        self.is_alive |= sighting.is_alive
        self._found_s = max(self.first_seen_s, t_s - sighting.missed_s)
        headed = is_headed(sighting, self._config, self._screen)
        self._facing.add(t_s, facing_of(sighting, headed=headed), is_found=is_found)
        if is_found:
            was_shut = self._attention.is_shut
            look = look_of(sighting, self._config, self._screen, was_shut=was_shut)
            self._attention.add(t_s, look)
            self._evidence.add(sighting)
        self._eyes.add(t_s, sighting, attentive=self._attention.is_attentive)
        if (face := sighting.face_xyxy_px) is not None:
            self._face_px = max(self._face_px or 0.0, face[3] - face[1])
        self._add_place(t_s, step_s, sighting)
        if sighting.traits is not None:
            self._add_traits(t_s, sighting.traits)
        self._usual.add(t_s, sighting.expression)
        for name, value in sighting.expression.items():
            self._peak[name] = max(value, self._peak.get(name, 0.0))
        if sighting.logos is not None:
            self._brands.add(sighting.logos)

    def _add_place(self, t_s: float, step_s: float, sighting: Sighting) -> None:
        if sighting.position_m is None:
            return
        by_face = sighting.face_xyxy_px is not None
        self._path.add(t_s, sighting.position_m, by_face=by_face)
        if sighting.missed_s == 0:
            self._way.add(t_s, sighting.position_m, by_face=by_face)
            self._evidence.note_distance(self._path.distance_m)
        if (movement := self._path.movement) is not None and step_s <= _MAX_GAP_S:
            self._movement_s[movement] += step_s

    def _add_traits(self, t_s: float, traits: Traits) -> None:
        if traits.age_probs is not None:
            self._ages.add(traits.age_probs, traits.weight)
        if traits.female_prob is not None:
            self._female.add(np.array([traits.female_prob]), traits.weight)
        self._agreement.add(traits)
        self._agreeing = self._agreement.share(self._ages.mean, self._female_prob)
        if traits.mood_probs is not None:
            self._mood.add(traits.mood_probs, traits.weight)
            keep = math.exp(-(t_s - self._mood_s) / _MOOD_MEMORY_S)
            self._mood_now.add(traits.mood_probs, traits.weight, keep)
            self._mood_s = t_s

    @property
    def _female_prob(self) -> float | None:
        return None if self._female.mean is None else float(self._female.mean[0])

    def join(self, other: Visit) -> None:
        """Take in a visit of the same person, which began later under another track."""
        if other.last_seen_s >= self.last_seen_s:
            self._path, self._last = other._path, other._last
            self._mood_now, self._mood_s = other._mood_now, other._mood_s
        for mine, theirs in (
            (self._ages, other._ages),
            (self._female, other._female),
            (self._mood, other._mood),
        ):
            mine.join(theirs)
        self._attention.join(other._attention)
        self._evidence.join(other._evidence)
        self._facing.join(other._facing)
        self._eyes.join(other._eyes)
        self._way.join(other._way)
        self._usual.join(other._usual)
        self._brands.join(other._brands)
        self._agreement.join(other._agreement)
        self._agreeing = self._agreement.share(self._ages.mean, self._female_prob)
        for movement, time_s in other._movement_s.items():
            self._movement_s[movement] += time_s
        if other._face_px is not None:
            self._face_px = max(self._face_px or 0.0, other._face_px)
        for name, value in other._peak.items():
            self._peak[name] = max(value, self._peak.get(name, 0.0))
        self.last_seen_s = max(self.last_seen_s, other.last_seen_s)
        self._found_s = max(self._found_s, other._found_s)
        self.is_alive |= other.is_alive
        self._join_earlier(other)

    def _join_earlier(self, other: Visit) -> None:
        """What was taken for an earlier visit may have been this one."""
        names = dict.fromkeys((*self._earlier, *other._earlier))
        self._earlier = tuple(n for n in names if n not in (self.visit_id, other.visit_id))
        is_known = self._returning is not None or other._returning is not None
        self._returning = bool(self._earlier) if is_known else None

    def viewer(self) -> Viewer:
        """As of now."""
        last, dwell_s = self._last, self.dwell_s
        assert last is not None  # noqa: S101 - a visit begins with a sighting
        attention = self._attention.within(dwell_s)
        return Viewer(
            visit_id=self.visit_id,
            viewer_id=self.viewer_id,
            earlier_visits=self._earlier,
            returning=self._returning,
            first_seen_s=self.first_seen_s,
            last_seen_s=self.last_seen_s,
            dwell_s=dwell_s,
            attention_s=attention.total_s,
            attention_eyes_s=attention.eyes_s,
            attention_head_s=attention.head_s,
            attention_unknown_s=attention.unknown_s,
            is_watcher=is_watcher(attention.total_s, self._config.min_look_s),
            attentive=self._attention.is_attentive,
            face_px=self._face_px,
            face_xyxy_px=last.face_xyxy_px,
            body_xyxy_px=last.body_xyxy_px,
            distance_m=self._path.distance_m,
            movement=self._path.movement,
            facing=self._facing.now,
            facing_share=min(1.0, self._facing.towards_s / dwell_s) if dwell_s > 0 else 0.0,
            gaze=self._eyes.point(self.last_seen_s),
            reading=self._eyes.is_reading,
            reading_region=self._eyes.region,
            reading_s=self._eyes.reading_s,
            logos=self._brands.logos,
            age_probs=self._ages.mean,
            female_prob=self._female_prob,
            traits_agreement=self._agreeing,
            mood_probs=self._mood_now.mean,
            expression=last.expression,
            expression_baseline=self._usual.medians,
            expression_peak=dict(self._peak),
        )

    def departed(self) -> Viewer:
        """The visit as a whole."""
        return replace(
            self.viewer(),
            last_seen_s=self._found_s,
            movement=self._way.movement(self._movement_s),
            facing=self._facing.most,
            mood_probs=self._mood.mean,
        )
