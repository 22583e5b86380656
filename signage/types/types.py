"""The frozen types that flow between the stages.

    Frame → Sighting → Viewer → AudienceSnapshot → Decision → PlayEvent → Reward

Times ending in ``_s`` are monotonic seconds of the capture clock (``Frame.t_s``);
``utc`` is the wall clock, which also comes in with the frame. No stage reads a clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
"""A picture, shape (height, width, 3), BGR, 0 to 255."""

SLOW = "slow"
"""The fault of pictures that come, or are worked through, too seldom to follow anybody."""

Floats = NDArray[np.float64]
"""A vector or matrix of numbers; the shape is said where it is used."""


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


class Movement(StrEnum):
    """Where a person goes. Left and right are those of the picture."""

    APPROACHING = "approaching"
    LEAVING = "leaving"
    PASSING_LEFT = "passing_left"
    PASSING_RIGHT = "passing_right"
    STANDING = "standing"


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
class Logo:
    """A brand seen on somebody's clothes."""

    brand: str
    score: float
    """Probability that it is this brand's logo, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What one look at a face tells about the person. A value that could not be told is None."""

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
    """What one frame tells about one person. A value that could not be told is None."""

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
    missed_s: float = 0.0
    """For how long no detector has found them; whether they are still there is a guess."""
    is_picture: bool = False
    """A face on a poster or a T-shirt: nobody."""

    def numbered_from(self, first: int, **changes: Any) -> Sighting:
        """The same where there were ``first`` tracks before, with ``changes``."""
        earlier = self.earlier_tracks
        if earlier is not None:
            earlier = tuple(first + track for track in earlier)
        return replace(self, track=first + self.track, earlier_tracks=earlier, **changes)


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
    attention_s: float
    attentive: bool
    """Whether the face is towards the screen at this moment."""
    face_px: float | None
    """Largest face height seen, in pixels; None where no face was ever seen."""
    face_xyxy_px: Box | None
    """The last box of the face, where it is to be seen."""
    body_xyxy_px: Box | None
    distance_m: float | None
    """From the camera."""
    movement: Movement | None
    """At this moment; of somebody who has left: what they did for the longest time."""
    facing: Facing | None
    """At this moment."""
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
    def is_watcher(self) -> bool:
        """Whether they looked at the screen at least once."""
        return self.attention_s > 0

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
        """What is known, for people and other tools; what could not be told is None."""
        female = self.female_prob
        return {
            "viewer_id": self.viewer_id,
            "visit_id": self.visit_id,
            "first_seen_s": round(self.first_seen_s, 3),
            "last_seen_s": round(self.last_seen_s, 3),
            "dwell_s": round(self.dwell_s, 3),
            "attention_s": round(self.attention_s, 3),
            "attentive": self.attentive,
            "age_years": _rounded(self.age_years, 1),
            "age_sd": _rounded(self.age_sd, 1),
            "gender": None
            if female is None
            else {"female": round(female, 3), "male": round(1 - female, 3)},
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
        """Probability mass below ``years``; None where the age could not be told."""
        return None if self.age_probs is None else float(self.age_probs[:years].sum())


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


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

    @property
    def main(self) -> Viewer | None:
        """The viewer who counts most, of those in sight: attentive before not, then the nearest."""

        def importance(viewer: Viewer) -> tuple[bool, float, str]:
            distance_m = math.inf if viewer.distance_m is None else viewer.distance_m
            return viewer.attentive, -distance_m, viewer.viewer_id

        in_sight = [viewer for viewer in self.viewers if viewer.last_seen_s >= self.t_s]
        return max(in_sight or self.viewers, key=importance, default=None)


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which arm of an experiment had a decision, and why (``recommend/experiment.py``)."""

    experiment: str
    arm: str
    """The policy that acted."""
    unit: str
    """What was given to the arm: the number of a time block, or a visit."""
    washout: bool
    """Too early in its block to be analysed."""
    design: str
    """The experiment's arms and how they are assigned, as JSON."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a policy learns from: what it saw, what was shown, what came back."""

    decision_id: str
    context: Mapping[str, float]
    actions: Mapping[str, tuple[str, ...]]
    """Features, by name, of every content that was eligible."""
    content_id: str
    reward: float
    propensity: float = 1.0
    """Probability with which ``content_id`` was drawn."""
    shadow: Mapping[str, float] = field(default_factory=dict)
    """What the policies beside the one that decided would have done (``Decision.shadow``)."""
    assignment: Assignment | None = None
    """Of the decision, where it was part of an experiment."""


class Trigger(StrEnum):
    """Why a decision was due."""

    START = "start"
    PLAY_ENDS = "play_ends"
    FIRST_PERSON = "first_person"
    NEW_MAIN_VIEWER = "new_main_viewer"
    NO_LONGER_ALLOWED = "no_longer_allowed"
    PLAY_FAILED = "play_failed"
    ORDERED = "ordered"
    """The operator called an item, or let go of it."""
    MANDATORY = "mandatory"
    """The hours of a mandatory item began or ended."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Which content, out of which eligible ones, with which probabilities, by whom."""

    decision_id: str
    t_s: float
    utc: datetime
    trigger: Trigger
    content_id: str
    propensity: float
    """Probability with which ``content_id`` was drawn, after masking."""
    eligible: Mapping[str, float]
    """Probability of every eligible content. Sums to 1."""
    masked: Mapping[str, str]
    """Content that was not eligible, with the constraint that says so."""
    context: Mapping[str, float]
    """The features the policy saw, by name."""
    policy: str
    policy_version: str
    catalogue_version: str
    actions: Mapping[str, tuple[str, ...]]
    """Features, by name, of every eligible content."""
    forced: bool = False
    """True where nothing was left to chance (an order, a mandatory item, the fallback because
    nothing was eligible): not learned from."""
    estimates: Mapping[str, float] = field(default_factory=dict)
    """Reward that the policy expects of each eligible content, where it says so."""
    gave_way: Mapping[str, str] = field(default_factory=dict)
    """Constraints that could not be kept, by content, each with what it gave way to."""
    reasons: Mapping[str, float] = field(default_factory=dict)
    """What spoke most for and against ``content_id``: a feature, and by how much it raised the
    reward expected of it above that of the other eligible contents."""
    shadow: Mapping[str, float] = field(default_factory=dict)
    """Where one policy acts and others watch: numbers that judge them later (``apprentice.py``)."""
    utc_offset_min: int = 0
    """Minutes by which the clock on the wall, where the screen stands, is ahead of UTC."""
    assignment: Assignment | None = None
    """Where the decision is part of an experiment."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What the operator has ordered, and not taken back."""

    frozen: bool = False
    """Rewards are recorded and not learned."""
    pinned: str | None = None
    """Content that plays as long as no audience or date forbids it."""
    emergency: str | None = None
    """Content that plays at once, and alone, whatever else."""


@dataclass(frozen=True, slots=True)
class Play:
    """What the constraints count of a decision."""

    utc: datetime
    """When it began; of one on its way to the screen: when it was decided."""
    content_id: str
    decision_id: str
    forced: bool = False
    started: bool = True
    """False as long as the screen has not confirmed it."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What the screen is asked to show, and when."""

    decision_id: str
    content_id: str
    title: str
    medium: str
    """``html``, ``image`` or ``video``."""
    file: str
    """Path of the media file within the content's own folder."""
    version: str
    """Part of the address of its files: another one whenever a file of the folder changes."""
    duration_s: float
    now: bool
    """True: as soon as it is loaded. False: when the running play ends."""
    adults_only: bool = False
    """Must not stay on screen when nobody can say any more who is in view."""
    fit: str = "contain"
    """``contain`` or ``cover``."""
    background: str | None = None
    sound: bool = False
    more: More | None = None


@dataclass(frozen=True, slots=True)
class More:
    """What can unfold beside a content."""

    title: str | None = None
    text: str | None = None
    link: str | None = None
    """Shown as a QR code."""
    medium: str | None = None
    file: str | None = None
    """As a cue's."""


@dataclass(frozen=True, slots=True)
class Unfold:
    """What is more of the running content is to be open, beside where somebody reads."""

    decision_id: str
    reason: str
    """``reading``, ``approach`` or ``dwell``."""
    region: Box | None
    """Left, top, right, bottom in shares of the screen; None where nobody can tell."""


class PlayState(StrEnum):
    """What the screen says about a play."""

    STARTED = "started"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    SUPERSEDED = "superseded"
    """Replaced by a later decision before it was ever shown."""
    FAILED = "failed"
    """The screen could not show it, or went away before it did."""
    UNFOLDED = "unfolded"
    """What is more of it is to be seen."""
    FOLDED = "folded"
    """And is not any more. The end of a play folds it, too."""

    @property
    def is_end(self) -> bool:
        """Whether nothing follows it."""
        return self not in (PlayState.STARTED, PlayState.UNFOLDED, PlayState.FOLDED)


@dataclass(frozen=True, slots=True)
class PlayEvent:
    """A confirmation by the screen (proof of play)."""

    decision_id: str
    state: PlayState
    t_s: float
    page: str
    """Which page showed it."""
    reason: str = ""
    """Of one that failed: what went wrong, for the operator."""


@dataclass(frozen=True, slots=True)
class PagePlay:
    """A play that a page ended on its own, while nobody could be told."""

    play_id: str
    """That of the decision, where one had asked for it."""
    content_id: str
    state: PlayState
    started_s: float
    ended_s: float
    page: str


@dataclass(frozen=True, slots=True)
class Unfolding:
    """What is more of a content was open for some time."""

    reason: str
    utc: datetime
    open_s: float
    read_s: float
    """For how long it was read while it was open, by everybody together; at most ``open_s``."""


@dataclass(frozen=True, slots=True)
class Impression:
    """One person's opportunity to see one play, and what they made of it."""

    visit_id: str
    viewer_id: str
    present_s: float
    attention_s: float
    stayed: bool
    """Still present when the play ended."""
    reading_s: float | None
    """Time spent reading; None where it could not be told."""
    reading_region: Box | None
    """What they read last: left, top, right, bottom in shares of the screen."""
    reaction: float
    """How they took the play, in [-1, 1], of its parts (``recommend/reaction.py``)."""
    parts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ShortStay:
    """One person before a play for too short to count as an impression."""

    visit_id: str
    viewer_id: str
    present_s: float
    attention_s: float
    reading_s: float | None
    """Time spent reading; None where it could not be told."""


@dataclass(frozen=True, slots=True)
class Reward:
    """What the audience gave a play.

    ``value`` is in [0, 1], or None when nobody could have seen the play: no opportunity
    is no reward and no learning.
    """

    decision_id: str
    t_s: float
    utc: datetime
    value: float | None
    parts: Mapping[str, Any]
    impressions: tuple[Impression, ...] = ()
    unfoldings: tuple[Unfolding, ...] = ()
    short_stays: tuple[ShortStay, ...] = ()
