"""From what a camera delivers to the picture everyone else sees: BGR, upright, not mirrored."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.config.camera import CameraConfig
from signage.errors import SourceError
from signage.types.arrays import Image

SMALLEST_PX = 16
"""Nobody can be seen in a picture with a side shorter than this."""

_TURNS = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


def as_bgr(raw: NDArray[Any]) -> Image:
    """Any picture of a camera as (height, width, 3) BGR, 0 to 255.

    Takes grey (height, width) or (height, width, 1), BGR, and BGRA, whose transparency is
    dropped; of 16 bits the upper 8. A picture that is all right is returned as it is, not
    copied. Raises SourceError for anything else.
    """
    shape = " × ".join(str(side) for side in raw.shape)
    grey = raw.ndim == 2
    if not grey and (raw.ndim != 3 or raw.shape[2] not in {1, 3, 4}):
        raise SourceError(
            f"The camera sends data of shape {shape or 'nothing'}, which is not a "
            "picture. Set it to send colour or grey pictures."
        )
    if min(raw.shape[:2]) < SMALLEST_PX:
        raise SourceError(
            f"The camera sends pictures of {shape} pixels, too small to see anyone. Set "
            "it to a resolution of 640 × 360 or more."
        )
    if raw.dtype == np.uint16:
        raw = (raw >> 8).astype(np.uint8)
    if raw.dtype != np.uint8:
        raise SourceError(
            f"The camera sends pictures of type {raw.dtype}. Set it to 8 or 16 bits a channel."
        )
    if grey or raw.shape[2] == 1:
        return np.asarray(cv2.cvtColor(raw, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    if raw.shape[2] == 4:
        return np.asarray(cv2.cvtColor(raw, cv2.COLOR_BGRA2BGR), dtype=np.uint8)
    return np.asarray(raw, dtype=np.uint8)


def upright(raw: NDArray[Any], camera: CameraConfig) -> Image:
    """The picture as a person would see it who stands behind the camera, (height, width, 3).

    Raises SourceError for what is no picture (see ``as_bgr``).
    """
    image = as_bgr(raw)
    if camera.rotate_deg:
        image = np.asarray(cv2.rotate(image, _TURNS[camera.rotate_deg]), dtype=np.uint8)
    if camera.mirrored:
        image = np.asarray(cv2.flip(image, 1), dtype=np.uint8)
    return image
