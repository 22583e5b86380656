"""Whatever a camera delivers becomes the same kind of picture, upright, or one clear error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from signage.capture.picture import as_bgr, upright
from signage.capture.source import read_recording, read_source
from signage.config.camera import CameraConfig, ReelSegment
from signage.errors import SourceError
from signage.types.arrays import Image
from tests.support.builders import FOOTAGE


def corners(image: Image) -> list[int]:
    """Brightness at the top left, top right, bottom right and bottom left."""
    return [int(image[y, x, 0]) for y, x in ((0, 0), (0, -1), (-1, -1), (-1, 0))]


def marked() -> Image:
    """20 high, 30 wide, another brightness in each corner: 10, 20, 30, 40 clockwise."""
    image = np.zeros((20, 30, 3), dtype=np.uint8)
    image[0, 0], image[0, -1], image[-1, -1], image[-1, 0] = 10, 20, 30, 40
    return image


@pytest.mark.parametrize(
    ("raw", "bgr"),
    [
        (np.full((20, 30), 7, dtype=np.uint8), (7, 7, 7)),
        (np.full((20, 30, 1), 7, dtype=np.uint8), (7, 7, 7)),
        (np.full((20, 30, 3), (1, 2, 3), dtype=np.uint8), (1, 2, 3)),
        (np.full((20, 30, 4), (1, 2, 3, 99), dtype=np.uint8), (1, 2, 3)),
        (np.full((20, 30, 3), (256, 512, 65535), dtype=np.uint16), (1, 2, 255)),
        (np.full((20, 30), 40000, dtype=np.uint16), (156, 156, 156)),
    ],
    ids=["grey", "one channel", "BGR", "BGRA", "16 bit", "16 bit grey"],
)
def test_unusual_pictures_become_bgr(raw: NDArray[Any], bgr: tuple[int, int, int]) -> None:
    image = as_bgr(raw)
    assert image.shape == (20, 30, 3)
    assert image.dtype == np.uint8
    assert tuple(image[3, 4]) == bgr


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (np.zeros((1, 1, 3), dtype=np.uint8), "1 × 1 × 3 pixels, too small to see anyone"),
        (np.zeros((0, 640, 3), dtype=np.uint8), "too small"),
        (np.zeros((0,), dtype=np.uint8), "is not a picture"),
        (np.zeros((20, 30, 2), dtype=np.uint8), "20 × 30 × 2, which is not a picture"),
        (np.zeros((20, 30, 3), dtype=np.float32), "float32"),
    ],
)
def test_what_is_no_picture_is_refused_with_a_reason(raw: NDArray[Any], reason: str) -> None:
    with pytest.raises(SourceError, match=reason):
        as_bgr(raw)


@pytest.mark.parametrize(
    ("rotate_deg", "mirrored", "shape", "wanted"),
    [
        (0, False, (20, 30, 3), [10, 20, 30, 40]),
        (90, False, (30, 20, 3), [40, 10, 20, 30]),
        (180, False, (20, 30, 3), [30, 40, 10, 20]),
        (270, False, (30, 20, 3), [20, 30, 40, 10]),
        (0, True, (20, 30, 3), [20, 10, 40, 30]),
        (90, True, (30, 20, 3), [10, 40, 30, 20]),
    ],
)
def test_a_picture_is_turned_clockwise_and_then_mirrored(
    rotate_deg: Any, mirrored: bool, shape: tuple[int, int, int], wanted: list[int]
) -> None:
    image = upright(marked(), CameraConfig(rotate_deg=rotate_deg, mirrored=mirrored))
    assert image.shape == shape
    assert corners(image) == wanted


def test_recordings_and_reels_are_turned_like_the_camera_that_took_them(tmp_path: Path) -> None:
    still = tmp_path / "still.png"
    cv2.imwrite(str(still), marked())
    reel = CameraConfig(
        reel=(ReelSegment(clip=still.name, to_s=0.1),), footage_dir=tmp_path, rotate_deg=90
    )
    assert [corners(image) for _, image in read_source(reel)] == [[40, 10, 20, 30]]
    clip = FOOTAGE / "single_face.mp4"
    plain = next(read_recording(clip, CameraConfig()))[1]
    turned = next(read_recording(clip, CameraConfig(rotate_deg=270)))[1]
    assert plain.shape == (360, 640, 3)
    assert np.array_equal(np.rot90(plain), turned)
