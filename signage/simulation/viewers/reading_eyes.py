"""Where the eyes of a simulated reader are, as a camera would tell it.

Fixations of a quarter of a second, a step along the line after each, one in eight back, and a
sweep to the next line at the end (Rayner, "Eye movements in reading and information processing",
Psychological Bulletin 124, 1998), with the independent error of each look that the gaze model has
on a near face. Whether that is reading is for the product's own detector to tell.
"""

from __future__ import annotations

import numpy as np

from signage.audience.screen_plane import ScreenPlane
from signage.types.vision import Gaze, Sighting

SAMPLES_HZ = 15.0
"""What a good camera gives, and the detector asks for at least half of."""

_FIXATION_S = 0.25
_STEP = 0.055
"""Of the screen's width: some eight letters."""
_BACK = 1 / 8
_LEFT, _RIGHT, _TOP, _BOTTOM, _LINE = 0.2, 0.8, 0.3, 0.7, 0.06
_SD_DEG = 1.0


def reading_gaze(
    t_s: float, since_s: float, sighting: Sighting, screen: ScreenPlane, seed: tuple[int, ...]
) -> Gaze:
    """The look at ``t_s`` of somebody who has been reading for ``since_s``; same seed, same eyes.

    ``sighting`` must know where they are.
    """
    number = int(since_s / _FIXATION_S)
    steps = np.random.default_rng(seed).random(number + 1)[:number]
    x, y = _LEFT, _TOP
    for step in steps.tolist():
        x += -_STEP if step < _BACK and x > _LEFT else _STEP
        if x > _RIGHT:
            x, y = _LEFT, y + _LINE if y < _BOTTOM else _TOP
    yaw_deg, pitch_deg = screen.angles_to(sighting, x, y)
    error = np.random.default_rng([*seed, round(t_s * 1000)]).normal(0.0, _SD_DEG, 2)
    return Gaze(t_s, yaw_deg + float(error[0]), pitch_deg + float(error[1]), _SD_DEG)
