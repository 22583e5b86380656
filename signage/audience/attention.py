"""Whether somebody looks at the screen, and for how long they did.

The eyes decide where they can be measured, else the head does. Both are added up apart. Lids that
are down for longer than a blink look nowhere, whatever the head does. A head that is too small
says nothing: for that time nobody knows whether the person looked.
"""

from __future__ import annotations

from dataclasses import dataclass

from signage.audience.screen_plane import ScreenPlane
from signage.config.audience import AudienceConfig
from signage.types.vision import Box, Facing, Sighting

# Lids further down than the first look nowhere, until they are less far down than the second. Of
# 2,267 faces of FairFace, those above 0.5 look at something below them, or have the eyes shut; up
# to 0.4 nearly all eyes are open, also of people who look down at a screen.
_SHUT, _OPEN_AGAIN = 0.5, 0.4
# The lids of a face too small for its eyes to be measured are told less well: open eyes of 57 and
# 61 px seemed to be at 0.56 and 0.48 in made scenes. They must be further down than this.
_SHUT_SMALL = 0.6
# Heights of faces, as the detector frames them. Clips of nine scenes were made smaller and compared
# with themselves, as a camera shows them: with noise, and compressed as JPEG at quality 45. From
# 28 px on, 99.6 % of the head poses are within 15 degrees of the large face's; at 24 px it is 98 %,
# but of heads turned by 18 degrees or more only 89 %. Lids are told from 40 px on: open eyes seem
# shut in 0.5 % of the looks there, and in up to 10 % below.
_MIN_HEAD_PX, _MIN_LIDS_PX = 28.0, 40.0
_MIN_EYES_PX = 69.0
"""The eyes of a smaller face cannot be measured: 1.15 times ``perception.min_gaze_px``, which is of
the landmarks."""
# A blink takes 0.1 to 0.4 s (Schiffman 2001).
_BLINK_S = 0.4
# Out of sight for longer than this, nobody knows where they looked.
_MAX_GAP_S = 1.0
# Share of a body's height that its face has, and of its width.
_FACE_OF_HEIGHT, _FACE_OF_WIDTH = 0.12, 0.4


@dataclass(frozen=True, slots=True)
class Look:
    """What one sighting tells of a look at the screen."""

    at_screen: bool | None
    """None where that cannot be told."""
    by_eyes: bool = False
    """Whether the eyes say so; else it is the head."""
    is_shut: bool = False
    """Whether the lids are down."""


_UNKNOWN, _LIDS_DOWN = Look(None), Look(at_screen=False, is_shut=True)


def look_of(
    sighting: Sighting, config: AudienceConfig, screen: ScreenPlane, *, was_shut: bool = False
) -> Look:
    """Whether a person looks at the screen: by the eyes if resolvable, else by the head.

    Who looks into the lens, or between it and the screen, counts: the camera belongs to it.
    ``was_shut``: whether the lids were down a moment ago.
    """
    if _is_shut(sighting, _OPEN_AGAIN if was_shut else _SHUT):
        return _LIDS_DOWN
    if sighting.gaze is not None:
        yaws_deg, pitches_deg = screen.extent(sighting)
        yaw_deg, pitch_deg = screen.corrected(sighting.gaze)
        at_screen = _is_within(yaw_deg, yaws_deg, config.attention_gaze_deg) and _is_within(
            pitch_deg, pitches_deg, config.attention_gaze_up_deg
        )
        return Look(at_screen, by_eyes=True)
    if _is_too_small(sighting):
        return _UNKNOWN
    is_far = sighting.face_xyxy_px is not None and _height(sighting.face_xyxy_px) < _MIN_EYES_PX
    return Look(
        is_headed(sighting, config, screen)
        and (not is_far or _is_headed_at_screen(sighting, config, screen))
    )


def _is_shut(sighting: Sighting, limit: float) -> bool:
    face, eyes_shut = sighting.face_xyxy_px, sighting.eyes_shut
    if face is None or eyes_shut is None or _height(face) < _MIN_LIDS_PX:
        return False
    return eyes_shut > (_SHUT_SMALL if _height(face) < _MIN_EYES_PX else limit)


def is_attentive(sighting: Sighting, config: AudienceConfig, screen: ScreenPlane) -> bool:
    """Whether a person surely looks at the screen in this moment."""
    return look_of(sighting, config, screen).at_screen is True


def is_headed(sighting: Sighting, config: AudienceConfig, screen: ScreenPlane) -> bool:
    """Whether the head points to the middle of the screen, to the lens, or between."""
    if (pose := sighting.head_pose) is None:
        return False
    yaws_deg, pitches_deg = screen.extent(sighting)
    yaw_deg, pitch_deg = sum(yaws_deg) / 2, sum(pitches_deg) / 2
    return _is_within(pose.yaw_deg, (yaw_deg, yaw_deg), config.attention_yaw_deg) and _is_within(
        pose.pitch_deg, (pitch_deg, pitch_deg), config.attention_pitch_deg
    )


def _is_headed_at_screen(sighting: Sighting, config: AudienceConfig, screen: ScreenPlane) -> bool:
    """The same as for eyes: who is far away sees a small screen, and turns the head to it."""
    assert sighting.head_pose is not None  # noqa: S101 - it points somewhere
    yaws_deg, _ = screen.extent(sighting)
    return _is_within(sighting.head_pose.yaw_deg, yaws_deg, config.attention_gaze_deg)


def _height(box: Box) -> float:
    return box[3] - box[1]


def _is_within(angle_deg: float, extent_deg: tuple[float, float], margin_deg: float) -> bool:
    """Whether an angle is within an extent, or between that and the lens, with a margin."""
    low_deg, high_deg = min(0.0, extent_deg[0]), max(0.0, extent_deg[1])
    return bool(low_deg - margin_deg <= angle_deg <= high_deg + margin_deg)


def _is_too_small(sighting: Sighting) -> bool:
    """Whether the head says nothing, because too few pixels show it.

    Where no face was found, a larger one would have been, unless it was turned away.
    """
    if (face := sighting.face_xyxy_px) is not None:
        return _height(face) < _MIN_HEAD_PX
    if (body := sighting.body_xyxy_px) is None or sighting.body_facing is Facing.AWAY:
        return False
    left, top, right, bottom = body
    face_px = max(_FACE_OF_HEIGHT * (bottom - top), _FACE_OF_WIDTH * (right - left))
    return face_px < _MIN_HEAD_PX


def is_watcher(attention_s: float | None, min_look_s: float) -> bool:
    """Whether somebody looked for long enough, over all looks; to the millisecond."""
    return attention_s is not None and attention_s > 0 and round(attention_s, 3) >= min_look_s


@dataclass(frozen=True, slots=True)
class AttentionTime:
    """For how long somebody looked, in seconds."""

    eyes_s: float
    """By the eyes."""
    head_s: float
    """By the head, where the eyes could not be measured."""
    unknown_s: float
    """For how long nobody could tell whether they looked."""
    total_s: float | None
    """By eyes and head; None where it could never be told."""


class Attention:
    """Time with the eyes, or the head, towards the screen. Both are in seconds."""

    def __init__(self) -> None:
        self._eyes_s = self._head_s = self._unknown_s = 0.0
        self._is_told = False
        self._last: tuple[float, Look] | None = None
        self._shut_since_s: float | None = None

    @property
    def is_shut(self) -> bool:
        """Whether the lids are down at this moment."""
        return self._shut_since_s is not None

    @property
    def is_attentive(self) -> bool:
        """At this moment; a blink changes nothing."""
        return self._last is not None and self._last[1].at_screen is True

    def within(self, dwell_s: float) -> AttentionTime:
        """All of it, as a part of ``dwell_s``: two tracks of one person may have overlapped."""
        if not self._is_told:
            return AttentionTime(0.0, 0.0, dwell_s, None)
        total_s = self._eyes_s + self._head_s + self._unknown_s
        share = min(1.0, dwell_s / total_s) if total_s > 0 else 1.0
        eyes_s, head_s = share * self._eyes_s, share * self._head_s
        return AttentionTime(eyes_s, head_s, share * self._unknown_s, eyes_s + head_s)

    def add(self, t_s: float, look: Look) -> None:
        """Add a moment in which the person was found."""
        if not look.is_shut:
            self._shut_since_s = None
            self._count(t_s, look)
            return
        if self._shut_since_s is None:
            self._shut_since_s = t_s
        if self._last is None or t_s - self._shut_since_s > _BLINK_S:
            if self._last is None or self._last[0] < self._shut_since_s:
                self._count(self._shut_since_s, look)
            self._count(t_s, look)

    def _count(self, t_s: float, look: Look) -> None:
        """Half of the time between two looks belongs to each of them."""
        if self._last is not None and 0 < (step_s := t_s - self._last[0]) <= _MAX_GAP_S:
            self._add_time(step_s / 2, self._last[1])
            self._add_time(step_s / 2, look)
        self._is_told |= look.at_screen is not None
        self._last = t_s, look

    def _add_time(self, time_s: float, look: Look) -> None:
        if look.at_screen is None:
            self._unknown_s += time_s
        elif look.at_screen and look.by_eyes:
            self._eyes_s += time_s
        elif look.at_screen:
            self._head_s += time_s

    def join(self, other: Attention) -> None:
        """Add what another track of the same person gave."""
        self._eyes_s += other._eyes_s
        self._head_s += other._head_s
        self._unknown_s += other._unknown_s
        self._is_told |= other._is_told
        if other._last is not None and (self._last is None or self._last[0] < other._last[0]):
            self._last, self._shut_since_s = other._last, other._shut_since_s
