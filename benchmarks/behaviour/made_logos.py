"""Logos of nobody, and how they look on clothes that a camera sees."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from signage.types.arrays import Floats, Image

_WORDS = (
    "Norvane Kelpo Ruddle Ostaria Bexton Quillo Marvik Tundro Felsen Adagio Brisk Corvale "
    "Dunmor Estrel Fjordic Gantry Hollin Ivarro Jesper Krona Lumiet Mosfel Nimbus Orbeck "
    "Palvi Quarto Rivoso Sandvar Tarmac Ulvera Vostok Wickham Xanadu Yarrow Zephir Alpaca"
)


def drawn_logos() -> dict[str, Image]:
    """Fifty logos of nobody, by brand: black on white, shape (height, width, 3)."""
    rng = np.random.default_rng(5)
    words = _WORDS.split()
    fonts = (cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX, cv2.FONT_HERSHEY_DUPLEX)
    wordmarks = {word: _wordmark(word, fonts[i % 3], 6 + i % 4) for i, word in enumerate(words)}
    emblems = {f"Emblem {i}": _emblem(rng) for i in range(14)}
    # One of either in turn, so that any first few are mixed.
    mixed: dict[str, Image] = {}
    for i, word in enumerate(words):
        mixed[word] = wordmarks[word]
        if i < len(emblems):
            mixed[f"Emblem {i}"] = emblems[f"Emblem {i}"]
    return mixed


def _wordmark(word: str, font: int, thick: int) -> Image:
    (width, height), below = cv2.getTextSize(word, font, 3.0, thick)
    paper = np.full((height + below + 60, width + 60, 3), 255, dtype=np.uint8)
    cv2.putText(paper, word, (30, height + 30), font, 3.0, (0, 0, 0), thick, cv2.LINE_AA)
    return paper


def _emblem(rng: np.random.Generator) -> Image:
    """A silhouette with horns and bays, and a stripe through it."""
    angle = np.linspace(0, 2 * math.pi, 240, endpoint=False)
    radius = np.full(angle.shape, 80.0)
    for wave in range(2, 8):
        swing, phase = rng.uniform(20, 110) / wave, rng.uniform(0, 6)
        radius += swing * np.sin(wave * angle + phase)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1) + 180
    paper = np.full((360, 360, 3), 255, dtype=np.uint8)
    cv2.fillPoly(paper, [np.round(points).astype(np.int32)], (0, 0, 0), cv2.LINE_AA)
    tilt = rng.uniform(0, math.pi)
    along = 200 * np.array([math.cos(tilt), math.sin(tilt)])
    shift = rng.uniform(-30, 30, 2) + 180
    begin, end = np.round(shift - along).astype(int), np.round(shift + along).astype(int)
    cv2.line(paper, begin.tolist(), end.tolist(), (255, 255, 255), 16, cv2.LINE_AA)
    return paper


def write_logos(logos: Mapping[str, Image], folder: Path) -> Path:
    """Write a picture of each brand into ``folder``; returns the folder."""
    for brand, picture in logos.items():
        cv2.imwrite(str(folder / f"{brand}.png"), picture)
    return folder


def cloth(rng: np.random.Generator, side_px: int) -> Image:
    """Plain cloth with soft folds: shape (side, side, 3)."""
    y, x = np.mgrid[:side_px, :side_px] / side_px
    light = 1 + rng.uniform(-0.3, 0.3) * (x - 0.5)
    for _ in range(5):
        angle, waves = rng.uniform(0, math.pi), rng.uniform(1, 6)
        along = x * math.cos(angle) + y * math.sin(angle)
        light += rng.uniform(0.01, 0.07) * np.sin(2 * math.pi * waves * along + rng.uniform(0, 6))
    colour = rng.uniform(15, 235, 3)
    grain = rng.normal(0, 2, (side_px, side_px, 1))
    return np.asarray(np.clip(colour * light[..., None] + grain, 0, 255), dtype=np.uint8)


def worn(
    rng: np.random.Generator,
    logo: Image,
    size_px: float,
    garment: Image | None = None,
    turn_deg: float | None = None,
) -> Image:
    """``logo``, black on white, printed in any colour on a garment and seen by a camera.

    Turned, out of proportion, in perspective, with folds, shaded, blurred, with noise and JPEG
    artefacts; its longer side is about ``size_px``. The garment is made where none is given.
    """
    side = int(np.clip(size_px * rng.uniform(2.2, 4.5), 90, 420))
    picture = cloth(rng, side) if garment is None else garment
    print_ = _printed(rng, logo, size_px, picture.shape[:2], turn_deg)
    brightness = picture.mean(axis=2) + 20
    shade = brightness / (cv2.GaussianBlur(brightness, (0, 0), size_px / 3))
    colour = _another_colour(rng, np.median(picture.reshape(-1, 3), axis=0))
    seen = picture * (1 - print_) + print_ * np.clip(colour * shade[..., None], 0, 255)
    return _photographed(rng, seen)


def _printed(
    rng: np.random.Generator,
    logo: Image,
    size_px: float,
    shape: tuple[int, int],
    turn_deg: float | None,
) -> Floats:
    """How much of each point of the garment is ink, shape (height, width, 1), from 0 to 1."""
    height, width = shape
    ink = (255 - cv2.cvtColor(logo, cv2.COLOR_BGR2GRAY)).astype(np.float32) / 255
    left, top, ink_width, ink_height = cv2.boundingRect((ink > 0.5).astype(np.uint8))
    aspect = math.exp(rng.uniform(-0.35, 0.35) / 2)
    scale = size_px / max(ink_width * aspect, ink_height / aspect)
    turn = math.radians(
        float(np.clip(rng.normal(0, 14), -42, 42) if turn_deg is None else turn_deg)
    )
    y, x = np.mgrid[:height, :width].astype(np.float64)
    x, y = x - width * rng.uniform(0.45, 0.55), y - height * rng.uniform(0.45, 0.55)
    for _ in range(2):
        angle, waves = rng.uniform(0, math.pi), rng.uniform(0.5, 1.5) / size_px
        along = x * math.cos(angle) + y * math.sin(angle)
        fold = 0.02 * size_px * np.sin(2 * math.pi * waves * along + rng.uniform(0, 6))
        x, y = x + fold * rng.uniform(-1, 1), y + fold * rng.uniform(-1, 1)
    away = 1 + (rng.uniform(-0.2, 0.2) * x + rng.uniform(-0.2, 0.2) * y) / size_px
    across = (math.cos(turn) * x + math.sin(turn) * y) / away / (scale * aspect)
    down = (math.cos(turn) * y - math.sin(turn) * x) / away / (scale / aspect)
    soft = cv2.GaussianBlur(ink, (0, 0), max(0.4, 0.4 / scale))
    columns = (across + left + ink_width / 2).astype(np.float32)
    rows = (down + top + ink_height / 2).astype(np.float32)
    return np.asarray(cv2.remap(soft, columns, rows, cv2.INTER_LINEAR)[..., None])


def _photographed(rng: np.random.Generator, seen: Floats) -> Image:
    """A picture as a camera takes it: softer, darker, with noise and JPEG artefacts."""
    soft = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.3, 1.0)) * rng.uniform(0.6, 1.05)
    noisy = soft + rng.normal(0, rng.uniform(1, 5), seen.shape)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 92))]
    _, jpeg = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8), quality)
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8)


def _another_colour(rng: np.random.Generator, cloth_bgr: Floats) -> Floats:
    """A colour that differs clearly from the cloth's."""
    while True:
        colour = rng.uniform(5, 250, 3)
        both = np.stack([colour, cloth_bgr])[None].astype(np.uint8)
        lab = cv2.cvtColor(both, cv2.COLOR_BGR2LAB)[0].astype(float)
        if float(np.linalg.norm(lab[0] - lab[1])) > 45:
            return colour
