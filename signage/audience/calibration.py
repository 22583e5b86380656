"""How this installation's gaze is off, from looks at points whose place is known.

The page shows one point after the other; what the eyes of the nearest person say meanwhile, less
the first moments in which they find it, is compared with where they must have looked. An affine
map of yaw and pitch takes what all people have in common with this camera: how it hangs, what
its lens does, and where exactly it is on the screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from signage.audience.screen_plane import ScreenPlane
from signage.config.screen import Affine, ScreenConfig
from signage.errors import ConfigError
from signage.types.arrays import Floats
from signage.types.vision import Sighting

POINTS = tuple((x, y) for y in (0.1, 0.5, 0.9) for x in (0.1, 0.5, 0.9))
"""In shares of the screen, from the left and the top."""
_SETTLE_S, _LOOK_S = 0.8, 1.4
_MAX_STEP_S = 0.5
# Of nine points; a map has three unknowns in each direction.
_MIN_POINTS = 6
_MIN_LOOKS = 5
# As if so many points had been looked at without any error: few points do not bend the map much.
_TRUST_IN_DEFAULT = 0.5
_BETTER_THAN_BLIND = 0.6


@dataclass(frozen=True, slots=True)
class CalibrationFit:
    """What a calibration found. Errors are medians, in degrees."""

    correction: tuple[Affine, Affine]
    before_deg: float
    after_deg: float
    """Of each point, by a map that was fitted to the others."""
    points: int


class Calibration:
    """Which point to show, and what the eyes say to it."""

    def __init__(self, screen: ScreenConfig) -> None:
        # What is measured is the gaze without any correction.
        identity = ScreenConfig().gaze_correction
        self._screen = ScreenPlane(screen.model_copy(update={"gaze_correction": identity}))
        self._looks: list[list[tuple[float, float, float, float]]] = [[] for _ in POINTS]
        self._last_s: float | None = None
        self._shown_s = 0.0

    def step(self, t_s: float, sightings: Sequence[Sighting]) -> tuple[float, float] | None:
        """Take in one frame; returns the point to look at now, None when all were shown."""
        # While the page was away nobody could look at anything.
        self._shown_s += min(_MAX_STEP_S, t_s - (t_s if self._last_s is None else self._last_s))
        self._last_s = t_s
        number, passed_s = divmod(self._shown_s, _SETTLE_S + _LOOK_S)
        if number >= len(POINTS):
            return None
        point = POINTS[int(number)]
        nearest = min(
            (s for s in sightings if s.gaze is not None and s.position_m is not None),
            key=lambda s: s.position_m[1] if s.position_m else 0.0,
            default=None,
        )
        gaze = nearest.gaze if nearest else None
        if nearest and gaze and gaze.t_s == t_s and passed_s >= _SETTLE_S:
            true = self._screen.angles_to(nearest, *point)
            self._looks[int(number)].append((gaze.yaw_deg, gaze.pitch_deg, *true))
        return point

    def fit(self) -> CalibrationFit:
        """The correction. Raises ConfigError when too few points were looked at, or it is of no
        use."""
        looked = [np.median(looks, axis=0) for looks in self._looks if len(looks) >= _MIN_LOOKS]
        if len(looked) < _MIN_POINTS:
            raise ConfigError(
                f"The eyes were seen at only {len(looked)} of {len(POINTS)} points. One "
                "person should stand in front of the screen in good light, near enough for a "
                "face of 60 px, and follow the points with the eyes."
            )
        seen, true = np.array(looked)[:, :2], np.array(looked)[:, 2:]
        before_deg = float(np.median(np.linalg.norm(seen - true, axis=1)))
        others = [np.arange(len(seen)) != i for i in range(len(seen))]
        corrected = [_applied(_affine(seen[o], true[o]), seen[i]) for i, o in enumerate(others)]
        guessed = [true[o].mean(axis=0) for o in others]
        after_deg = float(np.median(np.linalg.norm(corrected - true, axis=1)))
        # Who knew nothing of the eyes would say the middle of the other points.
        blind_deg = float(np.median(np.linalg.norm(guessed - true, axis=1)))
        if after_deg >= min(before_deg, _BETTER_THAN_BLIND * blind_deg):
            raise ConfigError(
                f"The gaze does not follow the points: it is off by {before_deg:.1f} degrees "
                f"before, and by {after_deg:.1f} with a correction, where a blind guess is "
                f"off by {blind_deg:.1f}. Nothing was changed. Look at each point until it "
                "moves, and check [screen] in the configuration."
            )
        a, b = _affine(seen, true).round(4).tolist()
        return CalibrationFit(
            ((a[0], a[1], a[2]), (b[0], b[1], b[2])), before_deg, after_deg, len(looked)
        )


def _affine(seen: Floats, true: Floats) -> Floats:
    """Least squares from ``seen`` to ``true``, both (n, 2), drawn towards no change; (2, 3)."""
    inputs = np.column_stack([np.ones(len(seen)), seen])
    identity = np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    weights = _TRUST_IN_DEFAULT * np.diag([0.0, *seen.var(axis=0).clip(1.0)])
    change = np.linalg.solve(inputs.T @ inputs + weights, inputs.T @ (true - inputs @ identity.T))
    return np.asarray(identity + change.T)


def _applied(correction: Floats, said: Floats) -> Floats:
    return np.asarray(correction @ np.array([1.0, *said]))
