"""How the parts of a scene are painted: cut-outs into boxes, and the background."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.errors import SourceError
from signage.scenes.file import Background, Rect, Scene
from signage.scenes.footage import is_still, read_still, read_video
from signage.scenes.sprites import Cutout, median_image
from signage.scenes.truth import Box
from signage.types.arrays import Image

_SHRINK_BY_AREA = 0.75


def draw(
    parts: Sequence[tuple[Cutout, Box]], size: tuple[int, int], blur_px: tuple[float, float]
) -> tuple[int, int, Cutout]:
    """Paint cut-outs into their boxes, one over the other, as far as they are within ``size``.

    Returns left, top and pixels of the result; the latter may be empty. Boxes are not
    rounded to whole pixels, so that what moves slowly moves smoothly.
    """
    margin = math.ceil(max(map(abs, blur_px)) / 2) + 1
    left, top = (max(0, math.floor(min(box[side] for _, box in parts)) - margin) for side in (0, 1))
    right, bottom = (
        min(size[side - 2], math.ceil(max(box[side] for _, box in parts)) + margin)
        for side in (2, 3)
    )
    if right <= left or bottom <= top:
        return 0, 0, np.zeros((0, 0, 4), dtype=np.uint8)
    shape = (right - left, bottom - top)
    patch: Cutout | None = None
    for picture, (x0, y0, x1, y1) in parts:
        source = _shrink(picture, x1 - x0, y1 - y0)
        scale_x, scale_y = (x1 - x0) / source.shape[1], (y1 - y0) / source.shape[0]
        # Of pixels' middles, which are at half pixels of the boxes.
        matrix = np.array(
            [
                [scale_x, 0, x0 - left + (scale_x - 1) / 2],
                [0, scale_y, y0 - top + (scale_y - 1) / 2],
            ]
        )
        drawn = np.asarray(cv2.warpAffine(source, matrix, shape), dtype=np.uint8)
        patch = drawn if patch is None else over(drawn, patch)
    assert patch is not None  # noqa: S101  there is always a part
    return left, top, _blur(patch, blur_px)


def _shrink(picture: Cutout, width_px: float, height_px: float) -> Cutout:
    """Shrink a picture by area, close to its final size, so that it does not flicker."""
    if height_px > _SHRINK_BY_AREA * picture.shape[0]:
        return picture
    size = max(1, round(width_px)), max(1, round(height_px))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _blur(patch: Cutout, blur_px: tuple[float, float]) -> Cutout:
    """A straight streak of that many pixels to the right and down."""
    length = math.hypot(*blur_px)
    if length < 1.5:
        return patch
    size = 2 * math.ceil(length / 2) + 1
    kernel = np.zeros((size, size), dtype=np.float32)
    half = np.array(blur_px) / 2
    ends = [tuple(int(v) for v in np.round(size // 2 + sign * half)) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    streak = cv2.filter2D(patch, -1, kernel / kernel.sum(), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(streak, dtype=np.uint8)


def over(upper: Cutout, lower: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """``upper`` in front of ``lower``; both of the same size, with the same channels kept."""
    through = cv2.bitwise_not(upper[..., 3])
    channels = lower.shape[2]
    kept = cv2.multiply(lower, cv2.merge([through] * channels), scale=1 / 255)
    return np.asarray(cv2.add(kept, upper[..., :channels]), dtype=np.uint8)


def paint_background(scene: Scene, focal_px: float) -> Image:
    """The empty scene, (height, width, 3). Raises SourceError for footage that cannot be read."""
    background, size = scene.background, (scene.width_px, scene.height_px)
    if background.clip is None:
        top, bottom = np.array(background.top_bgr), np.array(background.bottom_bgr)
        share = np.linspace(0, 1, scene.height_px)[:, None]
        column = (1 - share) * top + share * bottom
        image = np.repeat(column[:, None], scene.width_px, axis=1).astype(np.uint8)
    else:
        picture = _background_picture(background, scene.footage_dir / background.clip)
        if background.rect_px is not None:
            picture = crop(picture, background.rect_px, background.clip)
        image = np.asarray(cv2.resize(picture, size), dtype=np.uint8)
        enlarged = max(1.0, scene.width_px / picture.shape[1])
        if enlarged > 1.5:  # the blocks of its compression would be seen
            image = np.asarray(cv2.GaussianBlur(image, (0, 0), 2 * enlarged), dtype=np.uint8)
    if background.floor_bgr is not None:
        begins = scene.height_px / 2 + focal_px * scene.lens.height_m / background.wall_m
        first = min(round(begins), scene.height_px)
        light = np.linspace(0.75, 1.1, scene.height_px - first)[:, None, None]
        image[first:] = np.clip(np.array(background.floor_bgr) * light, 0, 255)
    return image


def _background_picture(background: Background, path: Path) -> Image:
    if is_still(path):
        return read_still(path)
    if background.median_s is not None:
        return median_image(path, background.at_s, background.median_s)
    return next(read_video(path, background.at_s))[1]


def crop(picture: Image, rect: Rect, name: str) -> Image:
    """A piece of ``picture``. Raises SourceError, with its ``name``, when that is too small."""
    left, top, right, bottom = (round(side) for side in rect)
    if right > picture.shape[1] or bottom > picture.shape[0]:
        size = f"{picture.shape[1]} × {picture.shape[0]}"
        raise SourceError(f"{name} is {size} pixels; {rect} is not within.")
    return picture[top:bottom, left:right]
