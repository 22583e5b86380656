"""The pictures of logos in a folder, and what of each is looked for on clothing.

A logo is its *mark*: the shape that stands out from the picture's plain background. Colours
are not kept, since the same mark is printed in any colour on any other; nor is the picture's
aspect ratio relied upon, since logos from the web have often lost theirs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.errors import ConfigError
from signage.types.arrays import Floats, Image

Pixels = NDArray[np.float32]
"""Numbers of a picture; the shape is said where it is used."""

_NOT_PICTURES = frozenset({".txt", ".md", ".db", ".ini"})
"""What people and desktops leave in folders."""
_MAX_PICTURE_PX = 800
_MIN_MARK_PX = 12
"""Longer sides of the largest picture worth looking at, and of the smallest mark in it."""
_MIN_CONTRAST = 12.0
"""Between mark and background, in Lab; below, it is the noise of an empty picture."""
_SPECK = 0.002
"""Share of a mark's surface below which a piece of it is dirt of the picture."""
_MARK_PX = 200
"""The longer side to which marks are brought."""
_MARK_RIM = 0.15
_PLAIN = 0.9
"""Likeness to a disc, a bar or a triangle from which a mark is not worth looking for: every
button, pocket and fold would be it."""

# The whitened view, for finding: so many pixels along, so many standard deviations each way.
_VIEW_PX, _VIEW_REACH = 12, 2.4
TURNS_DEG = range(-90, 90, 5)
"""By which a mark is looked for turned in its whitened view. They are more than a person leans,
because squeezing or shearing a mark turns that view, too."""

# The canvas, for comparing: so many pixels of surface, with so wide a rim of cloth around.
_CANVAS_PX2, _CANVAS_RIM_PX, _MAX_CANVAS_ASPECT = 4200.0, 6, 4.0


@dataclass(frozen=True, slots=True)
class Ellipse:
    """Where the surface of a shape is, and how it spreads."""

    centre_px: Floats
    """Shape (2,): x, y."""
    spread_px: Floats
    """Shape (2, 2): the symmetric square root of the covariance of x and y."""

    @staticmethod
    def from_shape(shape: Image) -> Ellipse:
        """Of the pixels of ``shape``, (height, width), that are not 0; there are some."""
        m = cv2.moments(shape, binaryImage=True)
        centre = np.array([m["m10"], m["m01"]]) / m["m00"]
        covariance = np.array([[m["mu20"], m["mu11"]], [m["mu11"], m["mu02"]]]) / m["m00"]
        # A pixel has a surface, too: a row of them is not infinitely thin.
        values, vectors = np.linalg.eigh(covariance + np.eye(2) / 12)
        return Ellipse(centre, vectors @ np.diag(np.sqrt(values)) @ vectors.T)


def rotation(angle_deg: float) -> Floats:
    """The matrix, shape (2, 2), that turns by so much."""
    angle = math.radians(angle_deg)
    return np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])


def whitened(shape: Pixels, ellipse: Ellipse, turn_deg: float = 0.0) -> Pixels:
    """``shape`` as it looks when its ellipse is made a circle: shape (144,), mean 0, norm 1.

    Two shapes that differ by any affine map have the same view, but for a turn: affine
    normalisation by moments (Rothe, Süsse & Voss, "The method of normalization to determine
    invariants", 1996). ``shape`` is (height, width), from 0 to 1.
    """
    side = 2 * _VIEW_PX
    step = ellipse.spread_px @ rotation(turn_deg) * (2 * _VIEW_REACH / side)
    corner = ellipse.centre_px - step @ np.full(2, side / 2 - 0.5)
    view = cv2.warpAffine(
        shape,
        np.column_stack([step, corner]),
        (side, side),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    view = np.asarray(cv2.resize(view, (_VIEW_PX, _VIEW_PX), interpolation=cv2.INTER_AREA))
    view = view.ravel() - view.mean()
    return np.asarray(view / max(1e-6, float(np.linalg.norm(view))), dtype=np.float32)


def quadratic(x: Floats, y: Floats) -> Floats:
    """Terms of a quadratic map, shape (n, 6): 1, x, y, x², xy, y²."""
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


@dataclass(frozen=True, slots=True)
class Level:
    """A mark's canvas at one resolution, prepared for alignment.

    Places on the canvas are x and y from -1 to 1, whatever the resolution.
    """

    size: tuple[int, int]
    """Width and height, in pixels."""
    blur_px: float
    terms: Pixels
    """Shape (pixels, 6): the ``quadratic`` terms of each pixel's place."""
    target: Pixels
    """Shape (pixels,): the mark, blurred, less its mean."""
    affine_step: Pixels
    """Shape (6, pixels): from what is too much at each pixel to the change of the map."""
    full_step: Pixels
    """Shape (12, pixels): the same, with bending."""

    @staticmethod
    def from_canvas(canvas: Pixels, shrink: int, blur_px: float) -> Level:
        """Of ``canvas``, shape (height, width), shrunk so many times."""
        height, width = canvas.shape[0] // shrink, canvas.shape[1] // shrink
        small = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
        target = np.asarray(cv2.GaussianBlur(small, (0, 0), blur_px), dtype=np.float32)
        x, y = np.meshgrid(
            (np.arange(width) + 0.5) * 2 / width - 1, (np.arange(height) + 0.5) * 2 / height - 1
        )
        terms = quadratic(x.ravel(), y.ravel())
        along_x = cv2.Sobel(target, cv2.CV_32F, 1, 0, scale=width / 16).reshape(-1, 1)
        along_y = cv2.Sobel(target, cv2.CV_32F, 0, 1, scale=height / 16).reshape(-1, 1)
        change = np.hstack([along_x * terms, along_y * terms])
        bending = np.array([3, 4, 5, 9, 10, 11])
        stiff = np.zeros(12)
        stiff[bending] = _STIFFNESS
        flat = np.setdiff1d(np.arange(12), bending)
        return Level(
            (width, height),
            blur_px,
            terms.astype(np.float32),
            np.asarray((target - target.mean()).ravel(), dtype=np.float32),
            _step(change[:, flat], stiff[flat]),
            _step(change, stiff),
        )


_STIFFNESS = 0.02
"""How much cloth resists bending, as a share of what a shift costs; picked by eye."""
_DAMPING = 0.01
"""Of every parameter, for steps that the mark's outlines hardly tell."""


def _step(change: Floats, stiff: Floats) -> Pixels:
    """The Gauss-Newton step, shape (parameters, pixels)."""
    hessian = change.T @ change
    scale = np.diag(hessian)
    hessian = hessian + np.diag(_DAMPING * scale + stiff * scale.mean())
    return np.asarray(np.linalg.solve(hessian, change.T), dtype=np.float32)


class Mark:
    """One logo, as it is looked for."""

    def __init__(self, shape: Pixels) -> None:
        """``shape`` is (height, width), 1 where the mark is and 0 beside it, cut out closely."""
        self.plainness = _plainness(shape > 0.5)
        height, width = shape.shape
        scale = _MARK_PX / max(width, height)
        rim = math.ceil(_MARK_RIM * max(width, height))
        wide = np.pad(shape, rim)
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        self._shape = np.asarray(
            cv2.resize(wide, None, fx=scale, fy=scale, interpolation=how), dtype=np.float32
        )
        # Fine lines are fainter at this size.
        self.ellipse = Ellipse.from_shape((self._shape > 0.5 * self._shape.max()).astype(np.uint8))
        aspect = min(_MAX_CANVAS_ASPECT, max(1 / _MAX_CANVAS_ASPECT, width / height))
        inner = np.array([math.sqrt(_CANVAS_PX2 * aspect), math.sqrt(_CANVAS_PX2 / aspect)])
        self._size = np.round(inner + 2 * _CANVAS_RIM_PX).astype(int)
        per_px = np.array([width, height]) * scale / (self._size - 2 * _CANVAS_RIM_PX)
        middle = scale * (rim + np.array([width, height]) / 2) - 0.5
        self.from_canvas = np.column_stack([np.diag(per_px * self._size / 2), middle])
        """Shape (2, 3): from places on the canvas to pixels of the mark's shape."""
        # All that looking for it needs is made here: a look has a budget, reading has none.
        self.views = self._seen_whitened()
        """Shape (turns, 144): the whitened view at each of ``TURNS_DEG``."""
        turned = [self.ellipse.spread_px @ rotation(turn) for turn in TURNS_DEG]
        self.unturned: Floats = np.linalg.inv(np.array(turned))
        """Shape (turns, 2, 2): from the mark to each of those views."""
        self.canvas = self._on_canvas()
        """Shape (height, width): the mark with a rim of cloth, from 0 to 1."""
        self.levels = (
            Level.from_canvas(self.canvas, 2, 1.25),
            Level.from_canvas(self.canvas, 1, 1.0),
        )
        """Coarse and fine."""

    def _seen_whitened(self) -> Pixels:
        soft = np.asarray(cv2.GaussianBlur(self._shape, (0, 0), 1.0), dtype=np.float32)
        return np.stack([whitened(soft, self.ellipse, turn) for turn in TURNS_DEG])

    def _on_canvas(self) -> Pixels:
        per_px = np.diag(self.from_canvas) * 2 / self._size
        soft = cv2.GaussianBlur(self._shape, (0, 0), max(0.5, 0.45 * float(per_px.max())))
        corner = self.from_canvas[:, 2] - per_px * (self._size - 1) / 2
        canvas = cv2.warpAffine(
            soft,
            np.column_stack([np.diag(per_px), corner]),
            (int(self._size[0]), int(self._size[1])),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        )
        return np.asarray(canvas / canvas.max(), dtype=np.float32)


def read_marks(folder: Path) -> dict[str, list[Mark]]:
    """The marks of every brand in ``folder``, by brand, in alphabetical order.

    A picture in the folder itself is a brand by its name; a folder in it is a brand with all
    pictures therein. Raises ConfigError for a folder that is not there, a picture that cannot
    be read or shows nothing to be recognised, and a brand without pictures.
    """
    if not folder.is_dir():
        raise ConfigError(
            f"{folder}: there is no such folder. Put the pictures of the logos there."
        )
    pictures: dict[str, list[Path]] = {}
    for entry in _entries(folder):
        if not entry.is_dir():
            pictures.setdefault(entry.stem, []).append(entry)
            continue
        inside = [path for path in _entries(entry) if path.is_file()]
        if not inside:
            raise ConfigError(
                f"{entry}: this folder has no picture of the brand {entry.name}. Put one "
                "there, or remove the folder."
            )
        pictures.setdefault(entry.name, []).extend(inside)
    return {brand: [_mark_of(path) for path in paths] for brand, paths in sorted(pictures.items())}


def _entries(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if not path.name.startswith(".") and path.suffix.lower() not in _NOT_PICTURES:
            yield path


def _mark_of(path: Path) -> Mark:
    mark = Mark(_shape_of(path))
    if mark.plainness > _PLAIN:
        raise ConfigError(
            f"{path}: this logo is too plain to recognise: a button or a pocket would "
            "look like it. Use a picture with more of the logo, such as its lettering."
        )
    return mark


def _shape_of(path: Path) -> Pixels:
    """The mark of a picture, cut out: shape (height, width), from 0 to 1."""
    read = _read(path)
    shrink = min(1.0, _MAX_PICTURE_PX / max(read.shape[:2]))
    small = cv2.resize(read, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    picture = cv2.cvtColor(small, cv2.COLOR_BGR2LAB).astype(np.float32)
    rim = max(2, round(0.02 * min(picture.shape[:2])))
    inside = np.zeros(picture.shape[:2], dtype=bool)
    inside[rim:-rim, rim:-rim] = True
    distance = np.linalg.norm(picture - np.median(picture[~inside], axis=0), axis=2)
    otsu, _ = cv2.threshold(
        np.minimum(distance, 255).astype(np.uint8), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU
    )
    limit = max(otsu, _MIN_CONTRAST)
    on = _without_specks(distance > limit)
    rows, columns = np.nonzero(on)
    if len(rows) == 0 or max(np.ptp(rows), np.ptp(columns)) < _MIN_MARK_PX:
        raise ConfigError(
            f"{path}: this picture shows no logo. Use one with the mark alone, on a "
            "background of one colour."
        )
    cut = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    near = cv2.dilate(on.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    soft = np.clip(distance / limit - 0.5, 0, 1) * near
    return np.asarray(soft[cut], dtype=np.float32)


def _read(path: Path) -> Image:
    """A picture, shape (height, width, 3), BGR. Whatever is transparent gets one colour."""
    try:
        data = np.fromfile(path, dtype=np.uint8)
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except (OSError, cv2.error):
        picture = None
    if picture is None or min(picture.shape[:2]) < _MIN_MARK_PX:
        raise ConfigError(
            f"{path}: this file cannot be read as a picture. Save the logo as PNG or "
            "JPEG, or remove the file."
        )
    raw = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if raw is None or raw.ndim < 3 or raw.shape[2] < 4:
        return np.asarray(picture, dtype=np.uint8)
    opaque = 65535 if raw.dtype == np.uint16 else 255
    opacity = raw[:, :, 3:].astype(np.float32) / opaque
    if opacity.min() == 1:
        return np.asarray(picture, dtype=np.uint8)
    # A background on which the mark stands out: dark behind a bright one, and the reverse.
    brightness = float((picture * opacity).sum() / max(1e-6, 3 * float(opacity.sum())))
    behind = 255.0 if brightness < 128 else 0.0
    return np.asarray(picture * opacity + behind * (1 - opacity), dtype=np.uint8)


def _without_specks(on: NDArray[np.bool_]) -> NDArray[np.bool_]:
    _, labels, stats, _ = cv2.connectedComponentsWithStats(on.astype(np.uint8))
    kept = stats[:, cv2.CC_STAT_AREA] >= _SPECK * on.sum()
    kept[0] = False
    return np.asarray(kept[labels])


def _plainness(on: NDArray[np.bool_]) -> float:
    """How much a mark looks like a plain shape, up to 1. The view makes every ellipse a disc,
    every parallelogram a square, and every triangle an equilateral one."""
    wide = np.pad(on, max(on.shape) // 2).astype(np.uint8)
    view = whitened(wide.astype(np.float32), Ellipse.from_shape(wide))
    return max(float(view @ plain) for plain in _plain_views())


def _plain_views() -> Iterator[Pixels]:
    side = 201
    blank = np.zeros((side, side), dtype=np.uint8)
    middle = side // 2
    disc = cv2.circle(blank.copy(), (middle, middle), 60, 1, -1)
    bar = cv2.rectangle(blank.copy(), (60, 60), (140, 140), 1, -1)
    triangle = cv2.fillConvexPoly(blank.copy(), np.array([[100, 40], [40, 145], [160, 145]]), 1)
    for shape in (disc, bar, triangle):
        plain = np.asarray(shape, dtype=np.uint8)
        ellipse = Ellipse.from_shape(plain)
        for turn_deg in range(0, 360, 15):
            yield whitened(plain.astype(np.float32), ellipse, turn_deg)
