"""The schema of ``[audience]``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from signage.config.base import NotNegative, Positive, Seconds, SecondsOrNone, Section


class AudienceConfig(Section):
    """When a person counts as a viewer, as attentive, and as reading."""

    attention_yaw_deg: Positive = Field(
        default=30.0,
        description="Largest turn of an attentive head to the side, in degrees from the middle "
        "of the screen. It counts where the eyes cannot be measured.",
    )
    attention_pitch_deg: Positive = Field(
        default=25.0,
        description="Largest tilt of an attentive head up or down, in degrees from the middle "
        "of the screen. It counts where the eyes cannot be measured.",
    )
    attention_gaze_deg: Positive = Field(
        default=10.0,
        description="How far to the side of the screen attentive eyes may look, in degrees.",
    )
    attention_gaze_up_deg: Positive = Field(
        default=18.0,
        description="How far above or below the screen attentive eyes may look, in degrees. "
        "Eyes are measured less well in this direction: they seem 5 to 10 degrees higher or "
        "lower than they are, depending on the person.",
    )
    min_look_s: SecondsOrNone = Field(
        default=0.5,
        description="Seconds of attention that make a person a watcher, all looks together.",
    )
    range_m: NotNegative = Field(
        default=8.0,
        description="Distance from the camera, in metres, within which a person counts as an "
        "opportunity to see. People who stay beyond it are traffic. They are counted apart, and "
        "no reward depends on them. 0 sets no limit. From 8 metres on, a usual camera shows a "
        "head too small to tell where it looks.",
    )
    reading: bool = Field(
        default=True,
        description="Whether to recognise reading by eye movements. It needs `perception.gaze`.",
    )
    script: Literal["ltr", "rtl", "vertical"] = Field(
        default="ltr",
        description="How lines run on this screen: `ltr` is left to right, `rtl` right to left. "
        "`vertical` is downwards, with each line to the left of the last.",
    )
    forget_after_s: Seconds = Field(
        default=3.0,
        description="A viewer who is out of sight for longer than this, in seconds, counts as "
        "absent. Contents are no longer chosen for them.",
    )
    depart_after_s: Seconds = Field(
        default=10.0,
        description="Seconds out of sight after which a visit has ended. Somebody who is "
        "recognised before continues the same visit. It is never less than `forget_after_s`.",
    )
    confirm_after_s: SecondsOrNone = Field(
        default=0.2,
        description="Seconds for which a clear face must be seen to count as a viewer. A small "
        "face, or a body without a face, takes a second.",
    )
    walking_m_s: Positive = Field(
        default=0.3,
        description="Least speed of a walking person, in metres a second. A slower person stands.",
    )
