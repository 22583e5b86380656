"""How well logos are found on clothes, and how long a look takes.

Every logo of ``logos/pairs.csv`` is looked for on every garment, and on the clothes of people in
``videos/``, who wear none of them. How small a logo may be is measured on made pictures.
"""

from __future__ import annotations

import csv
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from benchmarks.behaviour.made_logos import drawn_logos, worn, write_logos
from benchmarks.common.paths import MODELS
from benchmarks.common.progress import note
from benchmarks.common.tables import Row
from signage.perception.logos.detector import LogoFinder, torso_of
from signage.perception.models.face_detector import FaceDetector
from signage.types.arrays import Image

SIZES_PX = (24, 32, 48, 64, 96, 128)
_SCENES_A_SIZE = 20
_BRANDS = (1, 6, 20, 50)
_TIMED_LOOKS = 9
_FRAMES_A_CLIP, _LEAST_STEP = 25, 10
_FACE_SCORE, _SEARCH_PX = 0.5, 1280


def logo_rows(data: Path) -> Iterator[Row]:
    """Rows about the pairs and the plain torsos in ``data``, the time, and the size needed."""
    pairs = list(csv.DictReader((data / "logos" / "pairs.csv").open(encoding="utf-8")))
    with tempfile.TemporaryDirectory() as name:
        finder = LogoFinder(_library_of(pairs, data / "logos", Path(name)))
    yield from _pair_rows(finder, pairs, data / "logos")
    if (data / "videos").is_dir():
        torsos = list(plain_torsos(data / "videos"))
        brands = [logo.brand for torso in torsos for logo in finder.find(torso)]
        here = f"{len(brands)} on {len(torsos)} torsos {' '.join(sorted(set(brands)))}".strip()
        yield "brands reported where there is none", here, "0"
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
        scores = {logo.brand: logo.score for logo in finder.find(_read(folder / pair["scene"]))}
        others = sorted(set(scores) - {pair["brand"]})
        found += pair["brand"] in scores
        wrong += len(others)
        here = f"found, {scores[pair['brand']]:.2f}" if pair["brand"] in scores else "not found"
        yield f"{pair['brand']}, {pair['scene_type']}", " and ".join([here, *others]), ""
    yield "pairs found", f"{found} of {len(pairs)}", "8 of 12"
    yield "wrong brands on them", str(wrong), "0"


def plain_torsos(videos: Path) -> Iterator[Image]:
    """The clothes below every face in some frames of every clip."""
    detector = FaceDetector(MODELS / "centerface.onnx", _FACE_SCORE)
    for clip in sorted(videos.iterdir()):
        note(clip.name)
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
            brands_seen = {logo.brand for logo in finder.find(worn(rng, drawn[brand], size))}
            found += brand in brands_seen
            wrong += len(brands_seen - {brand})
        here = f"{found / scenes:.0%} of {scenes}, {wrong} wrong brands"
        yield f"made logos, {size} px", here, ""


def _read(path: Path) -> Image:
    return np.asarray(cv2.imread(str(path)), dtype=np.uint8)
