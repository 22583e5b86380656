"""The schema of ``[audience]``."""

from __future__ import annotations

from typing import Literal

from signage.config.base import Positive, Seconds, SecondsOrNone, Section


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
