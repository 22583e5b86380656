"""From looks at known points to a correction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from signage.audience.calibration import POINTS, Calibration, CalibrationFit
from signage.audience.screen_plane import ScreenPlane
from signage.config.screen import ScreenConfig
from signage.errors import ConfigError
from signage.types.vision import Gaze, Sighting
from tests.support.builders import sighting

SCREEN = ScreenConfig()
FPS = 15
Eyes = Callable[[tuple[float, float]], tuple[float, float] | None]
"""What is told of eyes that look at these angles."""


def calibrate(eyes: Eyes, noise_deg: float = 1.0) -> CalibrationFit:
    """Somebody 1.5 m away whose eyes follow the points a third of a second late."""
    rng, calibration = np.random.default_rng(0), Calibration(SCREEN)
    shown = [POINTS[0]]
    for frame in range(60 * FPS):
        t_s = frame / FPS
        late = shown[max(0, len(shown) - 1 - FPS // 3)]
        where = ScreenPlane(SCREEN).angles_to(somebody(), *late)
        said = eyes(where)
        gaze = None
        if said is not None:
            yaw, pitch = np.array(said) + rng.normal(0, noise_deg, 2)
            gaze = Gaze(t_s, float(yaw), float(pitch), noise_deg)
        point = calibration.step(t_s, [somebody(gaze)])
        if point is None:
            assert set(shown) == set(POINTS)
            return calibration.fit()
        shown.append(point)
    raise AssertionError("It never ended.")


def somebody(gaze: Gaze | None = None) -> Sighting:
    return sighting(position_m=(0.1, 1.5), below_m=0.2, gaze=gaze)


def bent(where: tuple[float, float]) -> tuple[float, float]:
    return 6.0 + 0.7 * where[0] + 0.1 * where[1], -5.0 + 0.5 * where[1]


def test_what_is_off_in_the_same_way_everywhere_is_corrected() -> None:
    fit = calibrate(bent)
    assert fit.points == len(POINTS)
    assert fit.before_deg > 5
    assert fit.after_deg < 1.5
    corrected = ScreenConfig(gaze_correction=fit.correction)
    for x, y in POINTS:
        yaw_deg, pitch_deg = bent(ScreenPlane(SCREEN).angles_to(somebody(), x, y))
        found = ScreenPlane(corrected).point(somebody(Gaze(0.0, yaw_deg, pitch_deg, 1.0)))
        assert found is not None
        assert (found.x, found.y) == pytest.approx((x, y), abs=0.06)


def test_eyes_that_do_not_follow_change_nothing() -> None:
    with pytest.raises(ConfigError, match="does not follow the points"):
        calibrate(lambda _: (0.0, -6.0), noise_deg=6.0)


def test_eyes_that_are_not_seen_are_too_few() -> None:
    with pytest.raises(ConfigError, match="at only 0 of 9 points"):
        calibrate(lambda _: None)
