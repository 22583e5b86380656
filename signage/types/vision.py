"""What a camera delivers, and what one picture tells about the people in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from signage.types.arrays import Floats, Image

SLOW = "slow"
"""The fault of pictures that come, or are worked through, too seldom to follow anybody."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One look of the camera, or a tick without one.

    ``image`` is None when the camera delivered nothing: time goes on, but what the
    audience did in between is unknown (not: nobody was there).
    """

    t_s: float
    utc: datetime
    image: Image | None = None
    fault: str | None = None
    """What is wrong with the camera ("black", "lost", …): nothing can be told from ``image``."""


Box = tuple[float, float, float, float]
"""A box as ``xyxy_px``: left, top, right and bottom edge, in pixels of the picture."""


MOODS = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
"""The expressions of Ekman & Friesen (1971), and none of them."""


class Facing(StrEnum):
    """Which way a person stands to the screen."""

    TOWARDS = "towards"
    SIDEWAYS = "sideways"
    AWAY = "away"
    """The back is turned."""


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Where the nose points, relative to the line from the face to the camera.

    All zero: the person looks straight into the lens. ``yaw_deg`` > 0: turned to the
    right of the picture. ``pitch_deg`` > 0: looking up.
    """

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True)
class Gaze:
    """Where the eyes look, relative to the line from the face to the camera, as `HeadPose`."""

    t_s: float
    """When they were looked at."""
    yaw_deg: float
    pitch_deg: float
    sd_deg: float
    """Standard deviation of one look, in each direction: what differs from look to look. How
    far all looks at one person may be off is what calibration is for."""


@dataclass(frozen=True, slots=True)
class Logo:
    """A brand seen on a person's clothes."""

    brand: str
    score: float
    """Probability that it is this brand's logo, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What one look at a face tells about the person. Unknown values are None."""

    weight: float
    """How much this look counts beside others of the same person: a large, frontal and
    sharp face tells more."""
    age_probs: Floats | None = None
    """Shape (101,): probability of each whole year of age, 0 to 100."""
    female_prob: float | None = None
    mood_probs: Floats | None = None
    """Shape (7,): probability of each of ``MOODS``."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one frame tells about one person. Unknown values are None."""

    track: int
    """Whose path this continues: the same number for as long as perception can follow."""
    face_xyxy_px: Box | None
    body_xyxy_px: Box | None = None
    position_m: tuple[float, float] | None = None
    """To the right of the camera's axis, and along it, in metres."""
    below_m: float = 0.0
    """How far the eyes are below the camera's axis, in metres."""
    head_pose: HeadPose | None = None
    """Of this frame, or of one a moment ago."""
    gaze: Gaze | None = None
    """The same; None also while the eyes are shut, or where the face is too small."""
    eyes_shut: float | None = None
    """How far the lids are down, in [0, 1], of this frame or of one a moment ago."""
    body_facing: Facing | None = None
    """Which way the shoulders stand."""
    traits: Traits | None = None
    """Only in frames in which the face was looked at for them."""
    expression: Mapping[str, float] = field(default_factory=dict)
    """Activation in [0, 1] of ``smile``, ``surprise`` and ``frown``; empty where not told."""
    logos: Mapping[str, float | None] | None = None
    """Of every brand, how surely it was found on the clothes in this frame: 0 where not, None
    where it was not looked for this time; None in frames in which none was."""
    earlier_tracks: tuple[int, ...] | None = None
    """Tracks that were the same person before this one, as far as remembered, oldest first;
    empty where nobody remembered is alike, None as long as that cannot be told."""
    joined: tuple[int, ...] = ()
    """Other tracks that turned out to be this person's within this visit."""
    missed_s: float = 0.0
    """For how long no detector has found them; whether they are still there is a guess."""
    is_picture: bool = False
    """A face on a poster or a T-shirt, or one that nothing yet tells from a poster: nobody."""
    is_alive: bool = False
    """They have blinked, moved the mouth or walked: what was seen so far was a person."""

    def numbered_from(self, first: int, **changes: Any) -> Sighting:
        """The same where there were ``first`` tracks before, with ``changes``."""
        earlier = self.earlier_tracks
        if earlier is not None:
            earlier = tuple(first + track for track in earlier)
        joined = tuple(first + track for track in self.joined)
        return replace(
            self, track=first + self.track, earlier_tracks=earlier, joined=joined, **changes
        )
