"""Cuts people out of footage: for each sprite a short loop of pictures with soft edges.

Pictures here are BGRA with the colours already multiplied by alpha, (height, width, 4), so
that shrinking and blurring bring in nothing from where they were cut out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.errors import SourceError
from signage.scenes.file import Rect, Sprite
from signage.scenes.footage import is_still, read_still, read_video
from signage.types.arrays import Image

Cutout = NDArray[np.uint8]
"""Shape (height, width, 4): BGR multiplied by alpha, and alpha."""
Mask = NDArray[np.uint8]
"""Shape (height, width), 0 to 255."""

_BODY_PX_PER_M = 150
_SKIN = np.array((120.0, 145.0, 190.0))
_STILL_LOOP_S = 4.0
_GRABCUT_PX = 160
"""At this height it takes some 25 ms a picture."""
_MARGIN = 0.15
"""GrabCut sees this share of the rectangle more on each side, as what is not the person."""


@dataclass(frozen=True)
class Figure:
    """A cut-out person, ready to be placed. Metres are from the middle of the face to the
    right, and from the upper edge down."""

    pictures: tuple[Cutout, ...]
    """One a frame of the scene; to be played to and fro without a jump at the end."""
    rect_m: tuple[float, float, float, float]
    face_m: tuple[float, float, float, float] | None
    body: Cutout | None
    body_rect_m: tuple[float, float, float, float]

    def at(self, index: int) -> Cutout:
        """The picture of one frame, going to and fro."""
        period = max(1, 2 * len(self.pictures) - 2)
        place = index % period
        return self.pictures[min(place, period - place)]


@lru_cache(maxsize=64)
def make_figure(sprite: Sprite, footage: Path, fps: float, stature_m: float, /) -> Figure:
    """Cut ``sprite`` out of its clip, at ``fps`` pictures a second, with a body if it has one.

    Raises SourceError when the clip cannot be read or the rectangle is outside of it.
    """
    path = footage / sprite.clip
    images = _images(path, sprite, fps)
    height, width = images[0].shape[:2]
    left, top, right, bottom = (round(side) for side in sprite.rect_px)
    if right > width or bottom > height:
        raise SourceError(f"{path} is {width} × {height} pixels; {sprite.rect_px} is not within.")
    pictures = _CUTTERS[sprite.cut](images, (left, top, right, bottom), path)
    if sprite.sway:
        pictures = _sway(pictures[0], fps)
    m_per_px = sprite.height_m / (bottom - top)
    face = sprite.face_px or sprite.rect_px
    middle_px = (face[0] + face[2]) / 2

    def to_m(rect: Rect) -> tuple[float, float, float, float]:
        return (
            (rect[0] - middle_px) * m_per_px,
            (rect[1] - top) * m_per_px,
            (rect[2] - middle_px) * m_per_px,
            (rect[3] - top) * m_per_px,
        )

    face_m = None if sprite.face_px is None else to_m(sprite.face_px)
    body, body_rect_m = None, (0.0, 0.0, 0.0, 0.0)
    if sprite.garment_bgr is not None:
        chin_m = sprite.height_m if face_m is None else face_m[3]
        body, body_rect_m = _body(sprite.garment_bgr, chin_m, stature_m)
        pictures = [_fade_below(picture) for picture in pictures]
    return Figure(tuple(pictures), to_m(sprite.rect_px), face_m, body, body_rect_m)


def _images(path: Path, sprite: Sprite, fps: float) -> list[Image]:
    """The clip's pictures in the sprite's time, one for each frame of the scene."""
    if is_still(path):
        return [read_still(path)]
    if not sprite.pieces:
        return _piece(path, sprite.from_s, sprite.to_s, fps)
    images: list[Image] = []
    for begin_s, end_s in sprite.pieces:
        piece = _piece(path, min(begin_s, end_s), max(begin_s, end_s), fps)
        images += piece if begin_s < end_s else reversed(piece)
    return images


def _piece(path: Path, from_s: float, to_s: float | None, fps: float) -> list[Image]:
    images: list[Image] = []
    for t_s, image in read_video(path, from_s, to_s):
        while t_s >= len(images) / fps - 1e-6:
            images.append(image)
    return images


def _cut_rect(images: Sequence[Image], box: tuple[int, int, int, int], _: Path) -> list[Cutout]:
    left, top, right, bottom = box
    mask = np.full((bottom - top, right - left), 255, dtype=np.uint8)
    return [_with_alpha(image[top:bottom, left:right], mask) for image in images]


def _cut_ellipse(images: Sequence[Image], box: tuple[int, int, int, int], _: Path) -> list[Cutout]:
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    mask = np.zeros((height, width), dtype=np.uint8)
    soft = max(3, width // 16)
    axes = (width // 2 - soft, height // 2 - soft)
    cv2.ellipse(mask, (width // 2, height // 2), axes, 0, 0, 360, 255, cv2.FILLED)
    mask = _soften(mask, soft)
    return [_with_alpha(image[top:bottom, left:right], mask) for image in images]


def _cut_motion(
    images: Sequence[Image], box: tuple[int, int, int, int], path: Path
) -> list[Cutout]:
    """What differs from the clip's median: the camera did not move, the person did."""
    left, top, right, bottom = box
    empty = median_image(path, 0.0, math.inf)[top:bottom, left:right]
    pictures = []
    for image in images:
        part = image[top:bottom, left:right]
        change = cv2.absdiff(cv2.GaussianBlur(part, (3, 3), 0), cv2.GaussianBlur(empty, (3, 3), 0))
        mask = np.where(change.max(axis=2) > 22, 255, 0).astype(np.uint8)
        mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, _disc(7)), dtype=np.uint8)
        mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, _disc(3)), dtype=np.uint8)
        pictures.append(_with_alpha(part, _soften(_largest(mask), 1)))
    return pictures


def _cut_grabcut(images: Sequence[Image], box: tuple[int, int, int, int], _: Path) -> list[Cutout]:
    """C. Rother et al., "GrabCut", ACM Transactions on Graphics 23(3), 2004: the rectangle's
    surroundings tell what the background looks like. After the first picture only the rim of
    the person is in question."""
    left, top, right, bottom = box
    width = images[0].shape[1]
    around = round(_MARGIN * (right - left)), round(_MARGIN * (bottom - top))
    x0, y0 = max(0, left - around[0]), max(0, top - around[1])
    x1, y1 = min(width, right + around[0]), bottom
    inner = np.zeros((y1 - y0, x1 - x0), dtype=bool)
    inner[top - y0 :, left - x0 : right - x0] = True
    scale = min(1.0, _GRABCUT_PX / inner.shape[0])
    size = round(scale * inner.shape[1]), round(scale * inner.shape[0])
    labels = np.asarray(
        cv2.resize(_first_labels(inner), size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8
    )
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    pictures = []
    for number, image in enumerate(images):
        part = image[y0:y1, x0:x1]
        small = cv2.resize(part, (labels.shape[1], labels.shape[0]), interpolation=cv2.INTER_AREA)
        rounds, mode = (1, cv2.GC_EVAL) if number else (4, cv2.GC_INIT_WITH_MASK)
        cv2.setRNGSeed(number)
        cv2.grabCut(small, labels, (0, 0, 1, 1), background, foreground, rounds, mode)
        person = np.where((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), 255, 0)
        mask = _largest(person.astype(np.uint8))
        mask = np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, _disc(5)), dtype=np.uint8)
        labels = _rim_labels(mask)
        mask = np.asarray(
            cv2.resize(mask, (part.shape[1], part.shape[0]), interpolation=cv2.INTER_LINEAR),
            dtype=np.uint8,
        )
        mask = _soften(mask, 2)
        rows, columns = slice(top - y0, None), slice(left - x0, right - x0)
        pictures.append(_with_alpha(part[rows, columns], mask[rows, columns]))
    return pictures


def _first_labels(inner: NDArray[np.bool_]) -> Mask:
    """Outside of the rectangle is background, a head and shoulders in its middle are not."""
    labels = np.where(inner, cv2.GC_PR_BGD, cv2.GC_BGD).astype(np.uint8)
    rows, columns = np.nonzero(inner)
    top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
    height, width = int(bottom - top), int(right - left)
    middle = int(left + right) // 2
    head = (middle, int(top + 0.42 * height))
    cv2.ellipse(
        labels, head, (int(0.3 * width), int(0.42 * height)), 0, 0, 360, cv2.GC_PR_FGD, cv2.FILLED
    )
    cv2.ellipse(
        labels, head, (int(0.16 * width), int(0.27 * height)), 0, 0, 360, cv2.GC_FGD, cv2.FILLED
    )
    labels[int(top + 0.88 * height) :, middle - width // 4 : middle + width // 4] = cv2.GC_FGD
    return labels


def _rim_labels(mask: Mask) -> Mask:
    """For the next picture: well within is the person, well outside is not."""
    labels = np.full(mask.shape, cv2.GC_BGD, dtype=np.uint8)
    labels[cv2.dilate(mask, _disc(13)) > 0] = cv2.GC_PR_BGD
    labels[mask > 0] = cv2.GC_PR_FGD
    labels[cv2.erode(mask, _disc(13)) > 0] = cv2.GC_FGD
    return labels


_CUTTERS = {
    "rect": _cut_rect,
    "ellipse": _cut_ellipse,
    "grabcut": _cut_grabcut,
    "motion": _cut_motion,
}


@lru_cache(maxsize=8)
def median_image(path: Path, from_s: float, length_s: float) -> Image:
    """The median of a clip over a time, (height, width, 3): empty, if its camera stood still."""
    end_s = None if math.isinf(length_s) else from_s + length_s
    images = [image for _, image in read_video(path, from_s, end_s)]
    chosen = images[:: max(1, len(images) // 25)]
    return np.asarray(np.median(np.stack(chosen), axis=0), dtype=np.uint8)


def _sway(picture: Cutout, fps: float) -> list[Cutout]:
    """A still head that nods by 3 degrees and breathes by 2 %, as a loop to and fro."""
    height, width = picture.shape[:2]
    pictures = []
    for index in range(round(_STILL_LOOP_S * fps)):
        turn = 2 * math.pi * index / fps
        matrix = cv2.getRotationMatrix2D(
            (width / 2, 0.9 * height), 3 * math.sin(turn / 3.1), 1 + 0.02 * math.sin(turn / 2.3)
        )
        moved = cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LINEAR)
        pictures.append(np.asarray(moved, dtype=np.uint8))
    return pictures


def _body(
    colour: tuple[int, int, int], chin_m: float, stature_m: float
) -> tuple[Cutout, tuple[float, float, float, float]]:
    """Neck, jumper, arms and trousers of a plain colour, from the chin to the floor."""
    top_m, half_m = max(0.0, chin_m - 0.015), 0.33
    length_m = max(0.5, stature_m - top_m)
    width, height = round(2 * half_m * _BODY_PX_PER_M), round(length_m * _BODY_PX_PER_M)
    # Not black where nothing is: it would show along the soft edges.
    image = np.full((height, width, 3), np.array(colour) * 0.8, dtype=np.uint8)
    mask = np.zeros((height, width), dtype=np.uint8)

    def fill(points_m: Sequence[tuple[float, float]], share: float) -> None:
        """A half outline and its mirror image, filled with a share of the colour."""
        right = [(half_m + x, y) for x, y in points_m]
        left = [(half_m - x, y) for x, y in reversed(points_m)]
        points = np.round(np.array([*right, *left]) * _BODY_PX_PER_M * 16).astype(np.int32)
        cv2.fillPoly(image, [points], [share * value for value in colour], cv2.LINE_AA, shift=4)
        cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, shift=4)

    legs = [(0.17, 0.6), (0.15, length_m - 0.05), (0.14, length_m)]
    fill([*legs, (0.02, length_m), (0.0, 0.85)], 0.5)
    for side in (-1, 1):
        joints_m = [(0.2, 0.18), (0.25, 0.45), (0.245, 0.68), (0.235, 0.74)]
        joints = [
            (round((half_m + side * x) * _BODY_PX_PER_M), round(y * _BODY_PX_PER_M))
            for x, y in joints_m
        ]
        for (one, other), paint in zip(
            pairwise(joints), (np.array(colour) * 0.8, np.array(colour) * 0.8, _SKIN), strict=True
        ):
            thickness = round((0.07 if paint is _SKIN else 0.1) * _BODY_PX_PER_M)
            cv2.line(image, one, other, [float(value) for value in paint], thickness, cv2.LINE_AA)
            cv2.line(mask, one, other, 255, thickness, cv2.LINE_AA)
    fill([(0.055, 0.0), (0.06, 0.06), (0.2, 0.13), (0.2, 0.3), (0.175, 0.5), (0.18, 0.68)], 1.0)
    across = np.abs(np.linspace(-1, 1, width))[None]
    weave = np.random.default_rng(0).normal(1.0, 0.05, (height, width))
    shade = (1.05 - 0.4 * across**2) * np.asarray(cv2.GaussianBlur(weave, (0, 0), 1.5))
    shaded = np.clip(image * shade[..., None], 0, 255).astype(np.uint8)
    cutout = _with_alpha(shaded, _soften(mask, 1))
    return cutout, (-half_m, top_m, half_m, top_m + length_m)


def _fade_below(picture: Cutout) -> Cutout:
    """The lower edge made soft, where the painted body goes on."""
    height = picture.shape[0]
    length = max(1, height // 10)
    ramp = np.ones(height)
    ramp[-length:] = np.linspace(1, 0, length)
    return np.asarray(picture * ramp[:, None, None], dtype=np.uint8)


def _with_alpha(image: Image, mask: Mask) -> Cutout:
    colours = cv2.multiply(image, cv2.merge([mask] * 3), scale=1 / 255)
    return np.dstack([colours, mask]).astype(np.uint8)


def _soften(mask: Mask, radius_px: int) -> Mask:
    """The edge drawn in a little, and soft over twice ``radius_px``."""
    drawn_in = cv2.erode(mask, _disc(2 * (radius_px // 2) + 1))
    size = 2 * radius_px + 1
    return np.asarray(cv2.GaussianBlur(drawn_in, (size, size), 0), dtype=np.uint8)


def _largest(mask: Mask) -> Mask:
    """The largest connected part of a mask of 0 and 255, with its holes filled."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    if outlines:
        cv2.drawContours(filled, [max(outlines, key=cv2.contourArea)], -1, 255, cv2.FILLED)
    return filled


def _disc(size: int) -> Mask:
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), dtype=np.uint8)
