"""Looks, and where they meet the screen."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signage.audience.screen_plane import ScreenPlane
from signage.config.screen import ScreenConfig
from signage.types.vision import Gaze, Sighting
from tests.support.builders import sighting

SCREEN = ScreenConfig(width_m=1.0, height_m=0.6, camera_up_m=0.35)
share = st.floats(0.0, 1.0)


def looking(yaw_deg: float, pitch_deg: float, **where: Any) -> Sighting:
    return sighting(gaze=Gaze(0.0, yaw_deg, pitch_deg, 1.0), **where)


def point(seen: Sighting, config: ScreenConfig = SCREEN) -> tuple[float, float]:
    found = ScreenPlane(config).point(seen)
    assert found is not None
    return found.x, found.y


def test_who_looks_into_the_lens_looks_at_where_it_is() -> None:
    above = (0.5, 0.5 - 0.35 / 0.6)
    for place in ((0.0, 1.0), (0.7, 2.0), (-1.0, 3.0)):
        assert point(looking(0, 0, position_m=place, below_m=0.4)) == pytest.approx(above)
    beside = SCREEN.model_copy(update={"camera_up_m": 0.0, "camera_right_m": 0.5})
    assert point(looking(0, 0), beside) == pytest.approx((1.0, 0.5))


def test_eyes_turned_to_the_right_of_the_picture_look_to_the_left_of_the_screen() -> None:
    seen: dict[str, Any] = {
        "position_m": (0.0, 1.0),
        "below_m": 0.35,
    }  # before the middle of the screen
    pitch_deg = -math.degrees(math.atan(0.35))
    middle = point(looking(0.0, pitch_deg, **seen))
    assert middle == pytest.approx((0.5, 0.5))
    aside = point(looking(20.0, pitch_deg, **seen))
    assert aside[0] == pytest.approx(0.5 - math.tan(math.radians(20)), abs=0.01)
    up = point(looking(0.0, pitch_deg + 10, **seen))
    assert up[1] == pytest.approx(0.5 - math.tan(math.radians(10)) / 0.6, abs=0.05)


def test_a_camera_that_looks_down_sees_the_same_person_lower() -> None:
    level = looking(0.0, -15.0, position_m=(0.2, 2.0), below_m=0.5)
    tilt = math.radians(20.0)
    along = 2.0 * math.cos(tilt) + 0.5 * math.sin(tilt)
    below = 0.5 * math.cos(tilt) - 2.0 * math.sin(tilt)
    tilted = looking(0.0, -15.0, position_m=(0.2, along), below_m=below)
    config = SCREEN.model_copy(update={"camera_tilt_deg": 20.0})
    assert point(tilted, config) == pytest.approx(point(level))


@given(share, share, st.floats(-1.0, 1.0), st.floats(0.6, 4.0), st.floats(-0.5, 0.8))
def test_the_angles_to_a_point_lead_to_it(
    x: float, y: float, right_m: float, along_m: float, below_m: float
) -> None:
    seen = sighting(position_m=(right_m, along_m), below_m=below_m)
    yaw_deg, pitch_deg = ScreenPlane(SCREEN).angles_to(seen, x, y)
    there = looking(yaw_deg, pitch_deg, position_m=(right_m, along_m), below_m=below_m)
    assert point(there) == pytest.approx((x, y), abs=1e-6)
    yaws, pitches = ScreenPlane(SCREEN).extent(seen)
    assert yaws[0] - 1e-6 <= yaw_deg <= yaws[1] + 1e-6
    # Seen from the side, its far corners are a little nearer or farther than its middle.
    assert pitches[0] - 12.0 <= pitch_deg <= pitches[1] + 12.0


def test_farther_away_the_same_doubt_of_the_eyes_is_more_of_the_screen() -> None:
    near = ScreenPlane(SCREEN).point(looking(0, 0, position_m=(0.0, 1.0)))
    far = ScreenPlane(SCREEN).point(looking(0, 0, position_m=(0.0, 3.0)))
    assert near is not None
    assert far is not None
    assert near.sd_x == pytest.approx(math.radians(1.0))
    assert far.sd_x == pytest.approx(3 * near.sd_x)
    assert near.sd_y == pytest.approx(near.sd_x / 0.6)


def test_eyes_turned_away_meet_no_screen() -> None:
    assert ScreenPlane(SCREEN).point(looking(85.0, 0.0)) is None
    assert ScreenPlane(SCREEN).point(sighting()) is None
    assert ScreenPlane(SCREEN).point(looking(0.0, 0.0, position_m=None)) is None


def test_a_correction_moves_the_look() -> None:
    bent = SCREEN.model_copy(update={"gaze_correction": ((5.0, 1.0, 0.0), (0.0, 0.0, 2.0))})
    assert point(looking(0.0, -5.0), bent) == pytest.approx(point(looking(5.0, -10.0)))
