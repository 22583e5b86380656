"""Where on a garment a mark could be, and how well it fits there.

A mark on cloth stands out from the cloth around it. So whatever stands out, in pieces and in
groups of pieces, is compared with the mark in a view in which squeezing and shearing do not
matter; the best places are then fitted, with the bending of cloth, and judged by how much of
the mark's outline is really there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.perception.logos.library import (
    TURNS_DEG,
    Ellipse,
    Level,
    Mark,
    Pixels,
    quadratic,
    whitened,
)
from signage.types.arrays import Floats, Image

Mask = NDArray[np.bool_]

# What stands out is told from the median around, in windows of these shares of the picture,
# by these differences in Lab.
_SMALL_PX = 120
_WINDOWS = (0.45, 0.16)
_DIFFERENCES = (10.0, 20.0, 38.0)
_KINDS = 3
"""Into how many kinds the differing pixels are parted by the direction of the difference, so
that red letters come apart from the shadow of a fold."""
_LIGHTNESS_WEIGHT = np.array([0.3, 1.0, 1.0], dtype=np.float32)
_MIN_DIRECTED = 8.0
_GAPS_PX = (0, 2, 5, 9)
"""Pieces closer than twice this are also taken together, as one mark."""
_MIN_REGION_PX, _MIN_REGION_LENGTH_PX, _MIN_REGION_PX2 = 7, 14, 50
_MAX_REGION = 0.95
"""Of the picture's width or height."""

_MIN_LIKENESS = 0.45
_SEEN_PLACES, _TRIED_PLACES, _FITTED_PLACES = 12, 4, 1
_NEAR = 0.12
"""Places closer than this share of their size are one."""
_MIN_SCALE = 0.3
"""Pixels of the picture to one of the canvas. Below, anything can be anything."""
_MIN_CONTRAST = 5.0
"""Between mark and cloth, in Lab: twice what an eye just sees."""
_MIN_COARSE = 0.72
_NOISE = 4.0
"""Variance of a pixel's Lab values that tells nothing."""

# What a person can do to a logo, with a margin for pictures of logos out of proportion.
_MAX_LEAN_DEG, _MAX_SHEAR_DEG, _MAX_SQUEEZE, _MAX_STRETCH = 60.0, 35.0, 6.0, 4.0
_CONVERGED = 3e-3


@dataclass(frozen=True, slots=True)
class Regions:
    """What stands out in a picture."""

    centres_px: Floats
    """Shape (n, 2), and likewise the ``Ellipse.spread_px`` of each, shape (n, 2, 2)."""
    spreads_px: Floats
    views: Pixels
    """Shape (n, 144): the whitened view of each."""


@dataclass(frozen=True, slots=True)
class LogoAlignment:
    """A mark, fitted to a place in a picture."""

    agreement: float
    """Correlation of the outlines, up to 1."""
    scale: float
    """Pixels of the picture to one of the canvas."""
    outline_px: Floats
    """Shape (4, 2): the corners of the mark in the picture."""


def find_regions(lab: Image) -> Regions:
    """What stands out in ``lab``, shape (height, width, 3), CIE Lab as OpenCV codes it."""
    centres: list[Floats] = []
    spreads: list[Floats] = []
    views: list[Pixels] = []
    seen: set[tuple[int, ...]] = set()
    for layer in _layers(lab):
        for box, region in _groups(layer):
            key = (*box, int(np.count_nonzero(region)) // 8)
            if key in seen:
                continue
            seen.add(key)
            ellipse = Ellipse.from_shape(region)
            centres.append(ellipse.centre_px + box[:2])
            spreads.append(ellipse.spread_px)
            views.append(whitened(region.astype(np.float32), ellipse))
    return Regions(np.array(centres), np.array(spreads), np.array(views))


def _layers(lab: Image) -> Iterator[Mask]:
    height, width = lab.shape[:2]
    shrink = min(1.0, _SMALL_PX / max(height, width))
    small = cv2.resize(lab, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    for window in _WINDOWS:
        side = max(3, int(window * _SMALL_PX) | 1)
        around = cv2.resize(cv2.medianBlur(small, side), (width, height))
        difference = lab.astype(np.float32) - around
        size = np.linalg.norm(difference, axis=2)
        for least in _DIFFERENCES:
            yield size > least
        directed = difference * _LIGHTNESS_WEIGHT
        on = np.linalg.norm(directed, axis=2) > _MIN_DIRECTED
        samples = directed[on]
        if len(samples) < _MIN_REGION_PX2:
            continue
        samples = np.ascontiguousarray(samples[:: len(samples) // 4000 + 1])
        # The same picture gives the same kinds twice.
        cv2.setRNGSeed(1)
        stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 8, 1.0)
        _, _, kinds = cv2.kmeans(
            samples, _KINDS, np.empty(0, np.int32), stop, 1, cv2.KMEANS_PP_CENTERS
        )
        nearest = ((kinds**2).sum(1) - 2 * directed @ kinds.T).argmin(axis=2)
        for kind in range(_KINDS):
            yield on & (nearest == kind)


def _groups(layer: Mask) -> Iterator[tuple[tuple[int, int, int, int], Image]]:
    """Pieces, and groups of pieces close to each other: where (x, y, width, height), and
    which pixels of that box, shape (height, width)."""
    height, width = layer.shape
    pieces = layer.astype(np.uint8)
    for gap in _GAPS_PX:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * gap + 1, 2 * gap + 1))
        grown = cv2.dilate(pieces, kernel) if gap else pieces
        _, labels, stats, _ = cv2.connectedComponentsWithStats(grown)
        for label, (x, y, w, h, area) in enumerate(stats.tolist()):
            short, long = min(w, h) - 2 * gap, max(w, h) - 2 * gap
            if (
                label == 0
                or short < _MIN_REGION_PX
                or long < _MIN_REGION_LENGTH_PX
                or area < _MIN_REGION_PX2
                or w > _MAX_REGION * width
                or h > _MAX_REGION * height
            ):
                continue
            box = np.s_[y : y + h, x : x + w]
            region = np.asarray(pieces[box] * (labels[box] == label), dtype=np.uint8)
            if np.count_nonzero(region) >= _MIN_REGION_PX2:
                left, top, across, down = cv2.boundingRect(region)
                tight = region[top : top + down, left : left + across]
                yield (x + left, y + top, across, down), tight


def fit(mark: Mark, lab: Pixels, regions: Regions) -> LogoAlignment | None:
    """The best place of ``mark`` in ``lab``, shape (height, width, 3), if there is a likely one."""
    likely = sorted(_places(mark, lab, regions), key=lambda place: -place[0])[:_TRIED_PLACES]
    coarse = [_aligned(mark.levels[0], lab, place, (6, 4)) for _, place in likely]
    chosen = sorted((c for c in coarse if c[0] >= _MIN_COARSE), key=lambda place: -place[0])
    fits = (_fit_at(mark, lab, place) for _, place in chosen[:_FITTED_PLACES])
    return max(
        (alignment for alignment in fits if alignment is not None),
        key=lambda f: f.agreement,
        default=None,
    )


def _places(mark: Mark, lab: Pixels, regions: Regions) -> Iterator[tuple[float, Floats]]:
    """Maps, shape (2, 6), from places on the canvas to pixels, each with how likely it is."""
    if not len(regions.views):
        return
    # Not by `@`: the threads of a large matrix product would spin for longer than it takes.
    likeness = np.einsum("rp,tp->rt", regions.views, mark.views)
    order = np.argsort(-likeness, axis=None)[: 16 * _SEEN_PLACES]
    order = order[likeness.flat[order] >= _MIN_LIKENESS]
    at, turn = np.divmod(order, len(TURNS_DEG))
    matrices = regions.spreads_px[at] @ mark.unturned[turn]
    tried: list[Floats] = []
    for index in np.flatnonzero(_are_possible(matrices, margin=1.25)):
        place = np.zeros((2, 6))
        place[:, [1, 2, 0]] = matrices[index] @ mark.from_canvas
        place[:, 0] += regions.centres_px[at[index]] - matrices[index] @ mark.ellipse.centre_px
        corners = _corners(place)
        size = float(np.abs(place[:, 1:3]).sum())
        if any(float(np.abs(corners - other).mean()) < _NEAR * size for other in tried):
            continue
        tried.append(corners)
        if _scale(mark, place, 0, 0) >= _MIN_SCALE:
            level = mark.levels[0]
            yield _mixture(level.target, _seen(level, lab, place))[0], place
        if len(tried) == _SEEN_PLACES:
            return


def _fit_at(mark: Mark, lab: Pixels, place: Floats) -> LogoAlignment | None:
    # The canvas sees fewer pixels than the picture has: without blur, it would alias.
    excess = _scale(mark, place, 0, 0)
    if excess > 1.3:
        lab = np.asarray(cv2.GaussianBlur(lab, (0, 0), 0.45 * excess), dtype=np.float32)
    _, place = _aligned(mark.levels[1], lab, place, (4, 8))
    to_px = np.linalg.inv(mark.from_canvas[:, :2])
    if not _are_possible((place[:, 1:3] @ to_px)[None])[0]:
        return None
    grid = (-0.9, 0.0, 0.9)
    scales = [_scale(mark, place, x, y) for x in grid for y in grid]
    if min(scales) <= 0 or max(scales) ** 2 > _MAX_STRETCH * min(scales) ** 2:
        return None
    scale = scales[4]
    agreement = _agreement(mark, lab, place, scale)
    return LogoAlignment(agreement, scale, _corners(place))


def _are_possible(matrices: Floats, margin: float = 1.0) -> Mask:
    """Whether a person who stands there can show a mark so: shape (n,).

    ``matrices``, shape (n, 2, 2), are from the mark to the picture.
    """
    across, down = matrices[:, :, 0], matrices[:, :, 1]
    lean = np.degrees(np.arctan2(across[:, 1], across[:, 0]))
    hang = np.degrees(np.arctan2(-down[:, 0], down[:, 1]))
    squeeze = np.abs(np.log(np.hypot(*across.T) / np.hypot(*down.T)))
    return np.asarray(
        (np.linalg.det(matrices) > 0)
        & (np.maximum(np.abs(lean), np.abs(hang)) <= margin * _MAX_LEAN_DEG)
        & (np.abs(lean - hang) <= margin * _MAX_SHEAR_DEG)
        & (squeeze <= math.log(margin * _MAX_SQUEEZE))
    )


def _aligned(
    level: Level, lab: Pixels, place: Floats, rounds: tuple[int, int]
) -> tuple[float, Floats]:
    """How much of the mark is explained at the place when it is improved, and that place.

    Inverse compositional alignment (Baker & Matthews, "Lucas-Kanade 20 years on", 2004): first
    of an affine map, then of a quadratic one, which also bends as cloth does. Composed maps are
    brought back to quadratic ones by least squares on a grid.
    """
    best, best_place = -1.0, place
    strength = float(level.target.std())
    for steps, count in ((level.affine_step, rounds[0]), (level.full_step, rounds[1])):
        for _ in range(count):
            explained, mixture = _mixture(level.target, _seen(level, lab, place))
            if explained > best:
                best, best_place = explained, place
            too_much = mixture * (strength / (float(mixture.std()) + 1e-6)) - level.target
            change = np.clip(steps @ too_much, -0.25, 0.25).astype(np.float64)
            moved = np.zeros((2, 6))
            terms = len(change) // 2
            moved[:, :terms] = change.reshape(2, terms)
            back = _GRID - _GRID_TERMS @ moved.T
            place = (_GRID_FIT @ quadratic(back[:, 0], back[:, 1]) @ place.T).T
            if float(np.abs(change).max()) < _CONVERGED:
                break
    explained, _ = _mixture(level.target, _seen(level, lab, place))
    return (explained, place) if explained > best else (best, best_place)


_GRID = np.stack(np.meshgrid(np.linspace(-1, 1, 7), np.linspace(-1, 1, 7)), axis=-1).reshape(-1, 2)
_GRID_TERMS = quadratic(_GRID[:, 0], _GRID[:, 1])
_GRID_FIT = np.linalg.pinv(_GRID_TERMS)


def _sampled(level: Level, lab: Pixels, place: Floats) -> Pixels:
    """What the picture shows on the canvas: shape (height, width, 3)."""
    width, height = level.size
    x, y = (place.astype(np.float32) @ level.terms.T).reshape(2, height, width)
    return np.asarray(
        cv2.remap(lab, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.float32
    )


def _seen(level: Level, lab: Pixels, place: Floats) -> Pixels:
    """The same, as blurred as the level's target: shape (pixels, 3)."""
    blurred = cv2.GaussianBlur(_sampled(level, lab, place), (0, 0), level.blur_px)
    return np.asarray(blurred, dtype=np.float32).reshape(-1, 3)


def _mixture(target: Pixels, colours: Pixels) -> tuple[float, Pixels]:
    """Multiple correlation of ``target``, shape (n,) and mean 0, with ``colours``, shape (n, 3).

    Whatever colour the mark has and whatever the cloth, the best mixture of the channels is
    taken; so a white mark on black is as good as a black one on white.
    """
    channels = np.ascontiguousarray(colours.T)
    channels -= channels.mean(axis=1, keepdims=True)
    spread = channels @ channels.T + np.eye(3, dtype=np.float32) * (_NOISE * len(target))
    mixture = np.linalg.solve(spread, channels @ target) @ channels
    norms = float(np.linalg.norm(mixture) * np.linalg.norm(target))
    return float(mixture @ target) / (norms + 1e-9), np.asarray(mixture, dtype=np.float32)


def _agreement(mark: Mark, lab: Pixels, place: Floats, scale: float) -> float:
    """Correlation of the outlines of the mark and of what is there, up to 1.

    0 where the two hardly differ in colour. Outlines, because surfaces agree between all marks
    of about the same shape.
    """
    fine = mark.levels[1]
    seen = _sampled(fine, lab, place)
    on, off = mark.canvas > 0.6, mark.canvas < 0.2
    contrast = float(np.linalg.norm(seen[on].mean(axis=0) - seen[off].mean(axis=0)))
    if contrast < _MIN_CONTRAST:
        return 0.0
    # A small mark is only as sharp as its pixels let it be.
    canvas = mark.canvas if scale >= 0.9 else cv2.GaussianBlur(mark.canvas, (0, 0), 0.5 / scale)
    target = np.asarray((canvas - canvas.mean()).ravel(), dtype=np.float32)
    mixture = _mixture(target, seen.reshape(-1, 3))[1].reshape(mark.canvas.shape)
    of_mark, in_picture = _outlines(np.asarray(canvas, dtype=np.float32)), _outlines(mixture)
    norms = float(np.linalg.norm(of_mark) * np.linalg.norm(in_picture))
    return float((of_mark * in_picture).sum()) / (norms + 1e-9)


def _outlines(picture: Pixels) -> Pixels:
    """The gradient, shape (2, height, width)."""
    soft = cv2.GaussianBlur(picture, (0, 0), 0.8)
    return np.stack([cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)])


def _scale(mark: Mark, place: Floats, x: float, y: float) -> float:
    """Pixels of the picture to one of the fine canvas, at a place on it; 0 if mirrored there."""
    across = place @ np.array([0, 1, 0, 2 * x, y, 0])
    down = place @ np.array([0, 0, 1, 0, x, 2 * y])
    surface = float(across[0] * down[1] - across[1] * down[0])
    width, height = mark.levels[1].size
    return math.sqrt(max(0.0, surface) * 4 / (width * height))


def _corners(place: Floats) -> Floats:
    """Shape (4, 2), in pixels."""
    x, y = np.array([-1.0, 1.0, 1.0, -1.0]), np.array([-1.0, -1.0, 1.0, 1.0])
    return np.asarray(quadratic(x, y) @ place.T)
