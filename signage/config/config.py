"""The schema of ``configs/*.toml``.

Unknown keys and bad values are errors that name the key, the value and the reason
(``config_file.py``). Relative paths are relative to the file they stand in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from signage.config.base import (
    DAY_S,
    MOST,
    Age,
    Colour,
    Count,
    CountOrNone,
    Hour,
    Link,
    NotNegative,
    PolicyName,
    Positive,
    Probability,
    Seconds,
    SecondsOrNone,
    Section,
    Seed,
)
from signage.config.clock import ZoneName
from signage.config.experiment import ExperimentConfig


class ReelSegment(Section):
    """A piece of a clip, or of a still picture, as it would pass in front of the camera."""

    clip: str
    """File name in the footage folder."""
    from_s: SecondsOrNone = 0.0
    to_s: Seconds | None = None
    """End within the clip; without it the clip's own end. A still needs it."""

    @model_validator(mode="after")
    def _ordered(self) -> ReelSegment:
        if self.to_s is not None and self.to_s <= self.from_s:
            raise ValueError(f"to_s ({self.to_s:g}) must be greater than from_s ({self.from_s:g})")
        return self


def is_live(source: str) -> bool:
    """Whether ``source`` names a camera or a stream, and not a video file, which ends."""
    return source.isdigit() or "://" in source


class CameraConfig(Section):
    """Where the pictures come from."""

    source: str | None = "0"
    """Camera index, video file, scene file (``*.toml``), or stream URL."""
    reel: tuple[ReelSegment, ...] = ()
    """Clips played one after the other, over and over, in place of a camera."""
    footage_dir: Path = Path("footage")
    rotate_deg: Literal[0, 90, 180, 270] = 0
    """Turns every picture clockwise by this much, so that people stand upright in it."""
    mirrored: bool = False
    """The camera delivers a mirror image: swap left and right, after turning it upright."""
    fov_deg: Annotated[float, Field(ge=10, le=160)] = 70.0
    """Angle of view along the longer side of the picture."""
    lost_after_s: Seconds = 2.0
    """Without a frame for this long, the camera counts as lost and is opened anew."""
    frozen_after_s: Seconds = 10.0
    """The very same picture for this long: the camera hangs. A sensor's noise never repeats;
    a stream of a still room may, from one key picture of its encoder to the next."""
    min_fps: Positive = 2.0
    """Fewer pictures a second than this, from the camera or through the models: people cannot be
    followed, and the audience counts as unknown."""


class PerceptionConfig(Section):
    """What is looked for in a picture, and how often."""

    models_dir: Path = Path("../models")
    max_people: Annotated[int, Field(ge=1, le=50)] = 20
    """More people than this are not followed: those farthest away are left out."""
    min_confidence: Probability = 0.5
    """Of the detectors."""
    detect_every_s: SecondsOrNone = 0.12
    """Faces are searched for this often, and followed in between."""
    bodies_every_s: SecondsOrNone = 0.4
    """The same for bodies."""
    detect_px: Annotated[int, Field(ge=128, le=4096)] = 640
    """The whole picture is searched for faces at this length of its longer side."""
    far_px: Annotated[int, Field(ge=128, le=8192)] = 1280
    """Every other time one tile of the picture is searched at this scale, for faces far away."""
    bodies_px: Annotated[int, Field(ge=128, le=4096)] = 448
    """The picture is searched for bodies at this length of its longer side."""
    landmarks_every_s: SecondsOrNone = 0.2
    """How often each face is looked at for where it turns and what it expresses."""
    still_after_s: Seconds = 5.0
    """A face that stays the very same for this long is on a poster, or on a T-shirt."""
    demographics: bool = True
    """Estimate age and gender. With this off the loop learns from behaviour alone."""
    mood: bool = False
    """Estimate the mood. Some laws forbid it, and in some places (``venue``): off unless
    switched on by who knows."""
    expression: bool = True
    """Tell smile, surprise and frown, for the reaction to the content. Never at workplaces or in
    schools (``venue``)."""
    gaze: bool = True
    """Tell where the eyes look, of faces high enough for it."""
    min_gaze_px: Positive = 60.0
    """Lower than this (from brow to chin), the head alone tells where somebody looks."""
    returning: bool = False
    """Recognise who comes back, by the face, within ``remember_s``. Some laws forbid it, or ask
    for consent: off unless switched on by who knows."""
    remember_s: Seconds = 3600.0
    """Faces are kept this long after they were last seen: in memory alone, never stored."""
    logos_dir: Path | None = None
    """Folder of logo pictures, one or more a brand, to look for on clothes; without it none are
    looked for."""
    logos_every_s: Annotated[float, Field(ge=1, le=DAY_S)] = 1.0
    """Each person's clothes are searched this often at most; less often the longer they stay."""
    logos_budget_ms: Positive = 60.0
    """A live screen begins no further brand after this much of one search, and goes on with it in
    the next. To find what might be a logo takes 30 to 130 ms, whatever the brands."""
    traits_every_s: SecondsOrNone = 1.0
    """Age, gender and mood of each person are estimated this often, and averaged."""
    min_face_px: Positive = 36.0
    """No age, gender or mood from faces lower than this: the model guesses."""
    max_yaw_deg: Positive = 45.0
    """No age, gender or mood from faces turned further than this."""
    min_sharpness: NotNegative = 0.11
    """No age, gender or mood from faces more blurred than this."""


class AudienceConfig(Section):
    """When a sighting is a viewer, and when a viewer is attentive, or reads."""

    attention_yaw_deg: Positive = 30.0
    """Where the eyes cannot be told: a head turned further than this from the middle of the
    screen is not attentive."""
    attention_pitch_deg: Positive = 25.0
    attention_gaze_deg: Positive = 10.0
    """Eyes that look farther than this to the side of the screen are not attentive."""
    attention_gaze_up_deg: Positive = 18.0
    """The same above and below it, where eyes are told less well: from person to person they
    seem 5 to 10 degrees higher or lower than they are."""
    reading: bool = True
    """Tell who reads, by the movements of the eyes (needs ``perception.gaze``)."""
    script: Literal["ltr", "rtl", "vertical"] = "ltr"
    """How lines run on this screen: left to right, right to left, or down and then leftwards."""
    forget_after_s: Seconds = 3.0
    """A viewer missed for longer than this has left; who comes then is someone new."""
    confirm_after_s: SecondsOrNone = 0.2
    """Somebody seen for less than this is not a viewer yet."""
    walking_m_s: Positive = 0.3
    """Who moves slower than this stands."""


Factor = Annotated[float, Field(ge=-1000, le=1000)]
Affine = tuple[Factor, Factor, Factor]

Metres = Annotated[float, Field(ge=-100, le=100)]


class ScreenConfig(Section):
    """The screen, and where the camera is on it, as who stands before it sees them.

    The camera is in the plane of the screen, or close to it.
    """

    width_m: Positive = 0.95
    """Of the picture: 43 inches as it stands here."""
    height_m: Positive = 0.54
    camera_right_m: Metres = 0.0
    """How far the lens is to the right of the middle of the screen."""
    camera_up_m: Metres = 0.32
    """How far the lens is above the middle of the screen; below is negative."""
    camera_tilt_deg: Annotated[float, Field(ge=-60, le=60)] = 0.0
    """How far the camera looks down."""
    gaze_correction: tuple[Affine, Affine] = ((0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    """What `signage calibrate` found: the true yaw, and pitch, of the eyes in degrees as a sum of
    1, the yaw and the pitch that were told, each times these."""


class ContentConfig(Section):
    """What can be shown."""

    dir: Path = Path("content")
    fallback: str | None = None
    """Content that plays when nothing else may; without it the first in the folder that
    no constraint restricts."""


class DecisionConfig(Section):
    """Who decides, and when."""

    policy: PolicyName = "vw"
    min_play_s: SecondsOrNone = 3.0
    """A play is not cut short before, except by an audience that must not see it."""
    settle_s: SecondsOrNone = 1.0
    """Another main viewer must have been there for this long to change the content."""
    lead_s: Seconds = 1.5
    """The next content is chosen this long before the running one ends, to load it."""
    start_timeout_s: Seconds = 5.0
    """A play that the screen does not confirm within this has failed."""


class ConstraintsConfig(Section):
    """What may not be shown, to whom, and how often."""

    adult_age: Annotated[int, Field(ge=1, le=100)] = 18
    max_minor_prob: Probability = 0.10
    """Adults-only content is kept back when anyone in view is younger than ``adult_age``
    with more than this probability, or has no known age."""
    max_per_hour: Count | None = None
    """Plays of one content in any 60 minutes; a content's own figure goes first."""
    repeat_min_attention: Probability = 0.0
    """What the main viewer has watched before comes again only if it earned this: the share of its
    time that they looked at it, less where they took it badly. Gives way where nothing else may
    play; 0 lets everything come again."""
    share_window_plays: Annotated[int, Field(ge=10, le=10_000)] = 200
    """Shares of voice are of this many plays, one after the other; forced ones do not count."""
    separation_plays: CountOrNone = 1
    """A content does not follow on one that it competes with within this many plays; 0: it may."""
    exploration_max: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The most probability that one decision may give to contents other than the one with the
    best estimate; for policies that estimate. Gives way to ``share_min``."""


class ReactionConfig(Section):
    """What each part of a reaction counts (``recommend/reaction.py``)."""

    smile: NotNegative = 1.0
    surprise: NotNegative = 0.4
    frown: NotNegative = 0.6
    """Counts against it."""
    attention: NotNegative = 0.3
    nearer: NotNegative = 0.5
    leaves: NotNegative = 0.2
    """Counts against it."""


class RewardConfig(Section):
    """Weights of the parts of the reward (``recommend/reward.py``)."""

    min_opportunity_s: Seconds = 1.0
    """Persons present for less had no opportunity to see the play."""
    look_s: Seconds = 1.0
    """Where nobody watches when a play begins, somebody who looks for this long is won: the
    threshold of the published counts of looks."""
    attention: Annotated[float, Field(gt=0, le=1)] = 0.7
    """What undivided attention earns alone; the rest up to 1 is for what raises it."""
    stay: NotNegative = 0.2
    """For those still there when the play ends."""
    reaction: Annotated[float, Field(ge=0, lt=1)] = 0.5
    """For how the people reacted, for better or worse; 0 leaves it out."""
    reading: NotNegative = 0.5
    """For the share of their attention that they read."""
    more: NotNegative = 0.5
    """For the share of their attention that they read what had unfolded beside it."""
    reactions: ReactionConfig = ReactionConfig()


class VwConfig(Section):
    """The learner (``recommend/ensemble.py``)."""

    learning_rate: Positive = 0.05
    reward_baseline: Probability = 0.35
    """Cost is this less the reward; a little above the mean reward works best."""
    wander: Annotated[float, Field(ge=0, le=0.05)] = 0.001
    """How fast tastes are thought to change where they do: the share of its own doubt that one
    of the regressions takes up again with every lesson."""
    fair_trials: CountOrNone = 20
    """A new content is shown about this often within its first ``fair_within`` plays, whatever is
    expected of it."""
    fair_within: Count = 500
    gamma_scale: Positive = 27.0
    """Exploration narrows with gamma = gamma_scale · plays^gamma_exponent / noise, the standard
    deviation of rewards around what is expected."""
    gamma_exponent: NotNegative = 0.5
    exploration: Probability = 0.04
    """Share of the plays drawn uniformly, for ever."""
    warm_start: Path | None = None
    """A checkpoint of another screen, whose audience is thought to be much like this one's, to
    begin with."""
    checkpoint_every: Count = 50
    """Rewards learned between two checkpoints of the model."""
    checkpoint_days: Annotated[int, Field(ge=0, le=36_500)] = 14
    """For so many days the day's last checkpoint is kept, to roll back to."""


class ApprenticeConfig(Section):
    """When the learner takes over from the rules table (``recommend/apprentice.py``)."""

    tolerance: NotNegative = 0.01
    """The learner takes over when it is surely no worse than this much reward below the table."""
    error: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """How often that may be wrong, or the handing back."""
    min_plays: Annotated[int, Field(ge=30, le=MOST)] = 100
    """Rewarded plays before the first judgement after a change."""
    window_plays: Annotated[int, Field(ge=100, le=MOST)] = 3000
    """Then the comparison starts anew."""
    other_share: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    """Share of the plays that whoever acts leaves to the other: the table to chance, the learner
    to the table."""


class Rule(Section):
    """One row of a mined table: who sees which categories, first match wins."""

    gender: Literal["female", "male"] | None = None
    min_age: Age = 0
    max_age: Age = 100
    hours: tuple[Hour, Hour] | None = None
    """From the first hour to before the second, by the screen's clock."""
    categories: Annotated[tuple[str, ...], Field(min_length=1)]


class PoliciesConfig(Section):
    """What each policy needs to know."""

    vw: VwConfig = VwConfig()
    apprentice: ApprenticeConfig = ApprenticeConfig()
    rules: tuple[Rule, ...] = ()


class RevealConfig(Section):
    """When what is ``more`` of a content unfolds, and folds again (``recommend/reveal.py``)."""

    near_m: Positive = 1.5
    """Who comes this near has approached."""
    dwell_s: Seconds = 5.0
    """Who has looked at a content for this long dwells on it."""
    min_open_s: Seconds = 4.0
    """It is never open for less, except when the content must leave the screen."""
    fold_after_s: Seconds = 2.5
    """It folds when nobody has read, or looked, for this long."""
    hold_max_s: SecondsOrNone = 20.0
    """A content that is being read on stays this much longer than its duration at most."""


class NoticeConfig(Section):
    """A notice to the public, in a corner of the screen."""

    text: Annotated[str, Field(min_length=1, max_length=300)]
    link: Link | None = None
    """Shown as a QR code: where the privacy policy stands."""
    corner: Literal["top_left", "top_right", "bottom_left", "bottom_right"] = "bottom_left"


class PlayerConfig(Section):
    """How the page on the screen looks."""

    transition: Literal["fade", "slide", "cut"] = "fade"
    transition_ms: Annotated[int, Field(ge=0, le=1000)] = 300
    background: Colour = "#16202b"
    """Beside a medium that does not fill the screen; a content's own goes first."""
    loop: tuple[str, ...] = ()
    """Contents that the page plays by itself while the kiosk is away; without any, the
    fallback."""
    notice: NoticeConfig | None = None


class ServerConfig(Section):
    """The web server of the player page and of the API."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """0: any free one."""
    token: str | None = None
    """Asked of every client when ``host`` is not loopback; made up at each start if not set."""
    local_users: tuple[str, ...] = ("signage-screen",)
    """Users of this machine who may open the page and the dashboard over loopback, besides root and
    the one that the kiosk runs as. Others need the token of the orders."""


class Config(Section):
    """A whole configuration file."""

    screen_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] = "screen"
    venue: Literal["public", "workplace", "school"] = "public"
    """Where the screen stands. At a workplace or in a school neither moods nor expressions are
    told, whatever ``perception`` says (EU AI Act, article 5 (1) f)."""
    data_dir: Path = Path("../data")
    """Journal and model checkpoints."""
    seed: Seed = 0
    """Of the draws between contents."""
    timezone: ZoneName | None = None
    """Of the screen's clock, by its IANA name, such as "Europe/Berlin": for hours, dates and
    weekdays everywhere. Without it, the machine's own."""
    camera: CameraConfig = CameraConfig()
    perception: PerceptionConfig = PerceptionConfig()
    screen: ScreenConfig = ScreenConfig()
    audience: AudienceConfig = AudienceConfig()
    content: ContentConfig = ContentConfig()
    decision: DecisionConfig = DecisionConfig()
    constraints: ConstraintsConfig = ConstraintsConfig()
    reward: RewardConfig = RewardConfig()
    policies: PoliciesConfig = PoliciesConfig()
    experiment: ExperimentConfig | None = None
    """Without it ``decision.policy`` decides alone."""
    reveal: RevealConfig = RevealConfig()
    player: PlayerConfig = PlayerConfig()
    server: ServerConfig = ServerConfig()

    @model_validator(mode="after")
    def _one_arm_decides_alone(self) -> Config:
        experiment, policy = self.experiment, self.decision.policy
        if experiment is not None and policy not in experiment.arms:
            raise ValueError(
                f"decision.policy ({policy}) is not one of experiment.arms "
                f"({', '.join(experiment.arms)}), and decides where the experiment does not: "
                "make it one of them"
            )
        return self
