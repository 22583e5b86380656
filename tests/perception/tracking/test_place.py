"""Where people stand, against a pinhole camera computed by hand."""

from __future__ import annotations

import math

import pytest

from signage.perception.tracking.place import focal_length_px, place_by_body, place_by_face

# 90 degrees over 1000 px: 500 px for a metre at a metre's distance.
FOCAL_PX, SIZE_PX = 500.0, (1000, 600)


@pytest.mark.parametrize(
    ("fov_deg", "size", "focal_px"),
    [
        (90, (1000, 500), 500.0),
        (90, (500, 1000), 500.0),  # upright: the longer side counts
        (70, (1280, 720), 640 / math.tan(math.radians(35))),
        (53.13, (1920, 1080), 1920.0),
    ],
)
def test_the_focal_length_is_that_of_the_longer_side(
    fov_deg: float, size: tuple[int, int], focal_px: float
) -> None:
    assert focal_length_px(fov_deg, *size) == pytest.approx(focal_px, rel=1e-4)


@pytest.mark.parametrize(
    ("x", "height_px", "right_m", "along_m"),
    [
        # 500 px a metre at a metre: 0.205 m are 102.5 px there.
        (500, 102.5, 0.0, 1.0),
        (500, 51.25, 0.0, 2.0),
        (500, 20.5, 0.0, 5.0),
        (750, 51.25, 1.0, 2.0),
        (250, 51.25, -1.0, 2.0),
        (1000, 20.5, 5.0, 5.0),
    ],
)
def test_a_face_stands_where_its_height_and_place_say(
    x: float, height_px: float, right_m: float, along_m: float
) -> None:
    for width_px in (80, 30):  # turning the head does not move it
        box = (x - width_px / 2, 100.0, x + width_px / 2, 100.0 + height_px)
        assert place_by_face(box, FOCAL_PX, SIZE_PX) == pytest.approx((right_m, along_m))


def test_a_body_stands_where_its_torso_says_or_else_its_whole_height() -> None:
    # A torso of 0.5 m and a body of 1.7 m, both at 4 m: 62.5 px and 212.5 px.
    box = (700.0, 100.0, 800.0, 312.5)
    assert place_by_body(box, None, FOCAL_PX, SIZE_PX) == pytest.approx((2.0, 4.0))
    cut = (700.0, 500.0, 800.0, 600.0)  # at the lower edge of the picture
    assert place_by_body(cut, 62.5, FOCAL_PX, SIZE_PX) == pytest.approx((2.0, 4.0))


def test_a_body_that_an_edge_cuts_stands_nowhere_without_a_torso() -> None:
    """Whoever comes into the picture from below shows more and more, and is no nearer for it."""
    for box in ((700.0, 500.0, 800.0, 598.0), (700.0, 1.0, 800.0, 300.0)):
        assert place_by_body(box, None, FOCAL_PX, SIZE_PX) is None


def test_a_face_that_an_edge_cuts_is_as_near_as_its_width_says() -> None:
    whole, cut = (500.0, 100.0, 582.0, 202.5), (500.0, -1.0, 582.0, 40.0)
    assert place_by_face(whole, FOCAL_PX, SIZE_PX)[1] == pytest.approx(1.0)
    assert place_by_face(cut, FOCAL_PX, SIZE_PX)[1] == pytest.approx(1.0, rel=0.01)


def test_a_box_of_no_height_is_far_away_and_no_error() -> None:
    right_m, along_m = place_by_face((10.0, 10.0, 10.0, 10.0), FOCAL_PX, SIZE_PX)
    assert math.isfinite(right_m)
    assert along_m > 50
