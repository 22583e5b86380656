"""How well logos are found on clothing, and how long a look takes.

    python -m benchmarks.behaviour.logos --data DIR

DIR holds logos/pairs.csv with pictures of logos and of garments, and videos/ of people who wear
none of these logos. Every logo is looked for on every garment. How small a logo may be is
measured on made pictures: drawn marks, printed on cloth as a camera sees it.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import cv2
import numpy as np

from benchmarks.common.paths import MODELS
from signage.perception.logos.detector import LogoFinder, torso_of
from signage.perception.models.face_detector import FaceDetector
from signage.types.arrays import Floats, Image

SIZES_PX = (24, 32, 48, 64, 96, 128)
_SCENES_A_SIZE = 20
_BRANDS = (1, 6, 20, 50)
_TIMED_LOOKS = 9
_FRAMES_A_CLIP, _LEAST_STEP = 25, 10
_FACE_SCORE, _SEARCH_PX = 0.5, 1280

_WORDS = (
    "Norvane Kelpo Ruddle Ostaria Bexton Quillo Marvik Tundro Felsen Adagio Brisk Corvale "
    "Dunmor Estrel Fjordic Gantry Hollin Ivarro Jesper Krona Lumiet Mosfel Nimbus Orbeck "
    "Palvi Quarto Rivoso Sandvar Tarmac Ulvera Vostok Wickham Xanadu Yarrow Zephir Alpaca"
)

Row = tuple[str, str, str]
"""What, here, goal."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.behaviour.logos", description=__doc__
    )
    parser.add_argument("--data", type=Path, metavar="DIR", required=True)
    chosen = parser.parse_args()
    if not (chosen.data / "logos" / "pairs.csv").is_file():
        parser.error(f"There is no {chosen.data / 'logos' / 'pairs.csv'}.")
    print("| what | here | goal |\n|---|---|---|")
    for row in logo_rows(chosen.data):
        print("| " + " | ".join(row) + " |", flush=True)


def logo_rows(data: Path) -> Iterator[Row]:
    """Rows about the pairs and the plain torsos in ``data``, the time, and the size needed."""
    pairs = list(csv.DictReader((data / "logos" / "pairs.csv").open(encoding="utf-8")))
    with tempfile.TemporaryDirectory() as name:
        finder = LogoFinder(_library_of(pairs, data / "logos", Path(name)))
    yield from _pair_rows(finder, pairs, data / "logos")
    if (data / "videos").is_dir():
        torsos = list(plain_torsos(data / "videos"))
        told = [logo.brand for torso in torsos for logo in finder.find(torso)]
        here = f"{len(told)} on {len(torsos)} torsos {' '.join(sorted(set(told)))}".strip()
        yield "brands told where there is none", here, "0"
    looks = [_read(data / "logos" / pair["scene"]) for pair in pairs][:_TIMED_LOOKS]
    yield from time_rows(looks)
    yield from size_rows()


def _library_of(pairs: list[dict[str, str]], source: Path, folder: Path) -> Path:
    for pair in pairs:
        picture = source / pair["logo"]
        (folder / f"{pair['brand']}{picture.suffix}").write_bytes(picture.read_bytes())
    return folder


def _pair_rows(finder: LogoFinder, pairs: list[dict[str, str]], folder: Path) -> Iterator[Row]:
    found, wrong = 0, 0
    for pair in pairs:
        told = {logo.brand: logo.score for logo in finder.find(_read(folder / pair["scene"]))}
        others = sorted(set(told) - {pair["brand"]})
        found += pair["brand"] in told
        wrong += len(others)
        here = f"found, {told[pair['brand']]:.2f}" if pair["brand"] in told else "not found"
        yield f"{pair['brand']}, {pair['scene_type']}", " and ".join([here, *others]), ""
    yield "pairs found", f"{found} of {len(pairs)}", "8 of 12"
    yield "wrong brands on them", str(wrong), "0"


def plain_torsos(videos: Path) -> Iterator[Image]:
    """The clothes below every face in some frames of every clip."""
    detector = FaceDetector(MODELS / "centerface.onnx", _FACE_SCORE)
    for clip in sorted(videos.iterdir()):
        print(f"\r\033[K{clip.name}", end="\r", file=sys.stderr, flush=True)
        for frame in _some_frames(clip):
            for face in detector.detect(frame, _SEARCH_PX):
                if (box := torso_of(face.box_xyxy_px, frame.shape)) is not None:
                    left, top, right, bottom = box
                    yield frame[top:bottom, left:right]


def _some_frames(clip: Path) -> Iterator[Image]:
    video = cv2.VideoCapture(str(clip))
    if not video.isOpened():
        return
    step = max(_LEAST_STEP, int(video.get(cv2.CAP_PROP_FRAME_COUNT)) // _FRAMES_A_CLIP)
    index = 0
    while video.grab():
        if index % step == 0:
            yield np.asarray(video.retrieve()[1], dtype=np.uint8)
        index += 1


def time_rows(looks: list[Image]) -> Iterator[Row]:
    """Milliseconds a look at ``looks``, by the number of brands looked for."""
    drawn = drawn_logos()
    for count in _BRANDS:
        with tempfile.TemporaryDirectory() as name:
            chosen = dict(list(drawn.items())[:count])
            finder = LogoFinder(write_logos(chosen, Path(name)))
        finder.find(looks[0])
        times = []
        for look in looks:
            begin = time.perf_counter()
            finder.find(look)
            times.append(time.perf_counter() - begin)
        yield f"a look for {count} brands", f"{1000 * float(np.median(times)):.0f} ms", ""


def size_rows(brands: int = 12, scenes: int = _SCENES_A_SIZE) -> Iterator[Row]:
    """How many logos of a size are found, on made pictures."""
    drawn = dict(list(drawn_logos().items())[:brands])
    with tempfile.TemporaryDirectory() as name:
        finder = LogoFinder(write_logos(drawn, Path(name)))
    rng = np.random.default_rng(20)
    for size in SIZES_PX:
        found, wrong = 0, 0
        for index in range(scenes):
            brand = list(drawn)[index % len(drawn)]
            told = {logo.brand for logo in finder.find(worn(rng, drawn[brand], size))}
            found += brand in told
            wrong += len(told - {brand})
        here = f"{found / scenes:.0%} of {scenes}, {wrong} wrong"
        yield f"made logos, {size} px", here, ""


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
    height, width = picture.shape[:2]
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
    print_ = cv2.remap(
        soft,
        (across + left + ink_width / 2).astype(np.float32),
        (down + top + ink_height / 2).astype(np.float32),
        cv2.INTER_LINEAR,
    )[..., None]
    brightness = picture.mean(axis=2) + 20
    shade = brightness / (cv2.GaussianBlur(brightness, (0, 0), size_px / 3))
    colour = _another_colour(rng, np.median(picture.reshape(-1, 3), axis=0))
    seen = picture * (1 - print_) + print_ * np.clip(colour * shade[..., None], 0, 255)
    seen = cv2.GaussianBlur(seen, (0, 0), rng.uniform(0.3, 1.0)) * rng.uniform(0.6, 1.05)
    seen += rng.normal(0, rng.uniform(1, 5), seen.shape)
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(50, 92))]
    _, jpeg = cv2.imencode(".jpg", np.clip(seen, 0, 255).astype(np.uint8), quality)
    return np.asarray(cv2.imdecode(jpeg, cv2.IMREAD_COLOR), dtype=np.uint8)


def _another_colour(rng: np.random.Generator, cloth_bgr: Floats) -> Floats:
    """One that is told from the cloth easily."""
    while True:
        colour = rng.uniform(5, 250, 3)
        both = np.stack([colour, cloth_bgr])[None].astype(np.uint8)
        lab = cv2.cvtColor(both, cv2.COLOR_BGR2LAB)[0].astype(float)
        if float(np.linalg.norm(lab[0] - lab[1])) > 45:
            return colour


def _read(path: Path) -> Image:
    return np.asarray(cv2.imread(str(path)), dtype=np.uint8)


if __name__ == "__main__":
    main()
