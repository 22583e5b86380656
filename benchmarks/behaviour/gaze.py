"""How well the direction of the eyes is estimated, as far as unlabelled pictures can tell.

No picture here has a labelled gaze. Three things stand in for labels:

- eyes painted into real faces, turned by a known angle: exact, but the lids do not follow, and
  paint is clearer than eyes behind lashes and glasses;
- faces of FairFace with the head turned a little: many of them look into the lens all the same,
  so that the most frequent direction of the eyes should be that of the lens;
- clips against themselves, made smaller: what size takes away, not what was wrong before.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from benchmarks.behaviour.rendered_head import RenderedHead
from benchmarks.common.labelled_faces import SingleFaceFinder, read_folder
from benchmarks.common.paths import FOOTAGE
from benchmarks.common.tables import Row
from signage.config.audience import AudienceConfig
from signage.perception.models.gaze import read_gaze
from signage.scenes.footage import read_still, read_video
from signage.types.arrays import Floats, Image
from signage.types.vision import Gaze

_MIN_PX = 60.0
_LARGE_PX = 120
_YAWS, _PITCHES = range(-25, 26, 5), (-10, 0, 10)
_SIZES_PX = (150, 110, 80, 60, 45)
_TURNED_DEG = (10.0, 20.0)
# Rectangles of single people in the footage's photograph of five.
_GROUP = ((270, 190, 450, 410), (400, 160, 560, 340), (495, 270, 665, 480), (660, 245, 830, 445))
_MAX_PORTRAITS = 900
_MODE_SD_DEG = 3.0
_CLIP_S = 6.0


def gaze_rows(data: Path | None) -> Iterator[Row]:
    """Rows about painted eyes and the product's own clips; with ``data``, about portraits, too."""
    finder = SingleFaceFinder()
    try:
        heads = [RenderedHead.find(image, finder) for image in _heads(data)]
        large = [head for head in heads if _height(head) >= _LARGE_PX]
        small = [head for head in heads if _height(head) < _LARGE_PX]
        yield from _painted_rows(f"{_LARGE_PX} px and more", large, finder)
        yield from _painted_rows(f"less than {_LARGE_PX} px", small, finder)
        yield from _looking_rows(heads, finder)
        if data is not None and (folder := data / "faces" / "fairface_train").is_dir():
            yield from _portrait_rows(folder, finder)
        yield from _size_rows(finder)
    finally:
        finder.close()


def _heads(data: Path | None) -> Iterator[Image]:
    yield _picture("single_face.mp4", 0.0)
    yield _picture("franck.mp4", 62.5)
    yield _picture("WolfgangLanger_Pexels.mp4", 14.2)
    group = read_still(FOOTAGE / "multi_face.jpg")
    for left, top, right, bottom in _GROUP:
        yield np.ascontiguousarray(group[top:bottom, left:right])
    if data is not None and (clip := data / "videos" / "woman-smile-gaze.mp4").exists():
        image = next(read_video(clip, from_s=12.5))[1]
        yield np.ascontiguousarray(image[40:360, 150:620])


def _picture(clip: str, at_s: float) -> Image:
    return next(read_video(FOOTAGE / clip, from_s=at_s))[1]


def _height(head: RenderedHead) -> float:
    _, top, _, bottom = head.face.box_xyxy_px
    return bottom - top


def _measured(head: RenderedHead, finder: SingleFaceFinder) -> Floats:
    """Rows of true and measured yaw and pitch, degrees; NaN where no gaze was reported."""
    rows = []
    for yaw in _YAWS:
        for pitch in _PITCHES:
            face = finder.find_face(head.looking(yaw, pitch))
            gaze = face and read_gaze(face, 0.0, _MIN_PX)
            angles = (gaze.yaw_deg, gaze.pitch_deg) if gaze else (math.nan, math.nan)
            rows.append((yaw, pitch, *angles))
    return np.array(rows)


def _painted_rows(
    name: str, heads: Sequence[RenderedHead], finder: SingleFaceFinder
) -> Iterator[Row]:
    tables = [_measured(head, finder) for head in heads]
    whole = np.concatenate(tables)
    seen = np.isfinite(whole[:, 2])
    yield f"painted eyes, faces of {name}: gaze reported", f"{seen.mean():.0%} of {len(seen)}", ""
    for axis, word in ((0, "across"), (1, "up and down")):
        off = np.abs(whole[:, 2 + axis] - whole[:, axis])[seen]
        gains, biases, spreads = [], [], []
        for table in tables:
            there = table[np.isfinite(table[:, 2])]
            gain, bias = np.polyfit(there[:, axis], there[:, 2 + axis], 1)
            gains.append(gain)
            biases.append(bias)
            spreads.append(np.std(there[:, 2 + axis] - gain * there[:, axis] - bias))
        detail = (
            f"{np.median(off):.1f}° ({np.median(spreads):.1f}° once a person's own offset and gain "
            f"are known; gain {min(gains):.2f} to {max(gains):.2f})"
        )
        yield f"painted eyes, {name}: error {word}, median", detail, ""


def _looking_rows(heads: Sequence[RenderedHead], finder: SingleFaceFinder) -> Iterator[Row]:
    """Eyes on the lens or near it against eyes well beside it, with a head that does not move."""
    margin_deg = AudienceConfig().attention_gaze_deg
    hits: dict[bool, list[bool]] = {True: [], False: []}
    for head in heads:
        for yaw in (-25, -22, -5, 0, 5, 22, 25):
            face = finder.find_face(head.looking(yaw, 0))
            gaze = face and read_gaze(face, 0.0, _MIN_PX)
            if gaze:
                hits[abs(yaw) <= 5].append(abs(gaze.yaw_deg) <= margin_deg)
    looking, away = float(np.mean(hits[True])), 1 - float(np.mean(hits[False]))
    yield (
        "painted eyes on the lens (within 5°) reported as looking",
        f"{looking:.0%}",
        "head pose: all",
    )
    yield (
        "painted eyes 22° and more beside it reported as not looking",
        f"{away:.0%}",
        "head pose: none",
    )


def _portrait_rows(folder: Path, finder: SingleFaceFinder) -> Iterator[Row]:
    head, eyes = [], []
    for item in islice(read_folder(folder), _MAX_PORTRAITS):
        face = finder.find_face(item.image)
        if face is None or not _TURNED_DEG[0] <= abs(face.head_pose.yaw_deg) <= _TURNED_DEG[1]:
            continue
        if gaze := read_gaze(face, 0.0, _MIN_PX):
            side = math.copysign(1, face.head_pose.yaw_deg)
            head.append(side * face.head_pose.yaw_deg)
            eyes.append(side * gaze.yaw_deg)
    what = f"heads turned by {_TURNED_DEG[0]:.0f} to {_TURNED_DEG[1]:.0f}°, {len(eyes)} of them"
    direction = f"{_mode(np.array(eyes)):+.0f}°"
    yield (
        f"{what}: most frequent direction of the eyes",
        direction,
        f"head: {_mode(np.array(head)):+.0f}°",
    )


def _mode(values_deg: Floats) -> float:
    """Where most of them are, by a Gaussian kernel."""
    grid = np.arange(-40.0, 40.5, 0.5)
    density = np.exp(-0.5 * ((grid[:, None] - values_deg) / _MODE_SD_DEG) ** 2).sum(axis=1)
    return float(grid[density.argmax()])


def _size_rows(finder: SingleFaceFinder) -> Iterator[Row]:
    clips = [_frames("single_face.mp4", 0.0), _frames("franck.mp4", 60.0)]
    for size_px in _SIZES_PX:
        off: list[float] = []
        sds: list[float] = []
        for frames in clips:
            face = finder.find_face(frames[0])
            assert face is not None  # noqa: S101 - these clips begin with one
            _, top, _, bottom = face.box_xyxy_px
            scale = min(1.0, size_px / (bottom - top))
            large = [_gaze(image, finder) for image in frames]
            small = [_gaze(_smaller(image, scale), finder) for image in frames]
            pairs = [(a, b) for a, b in zip(large, small, strict=True) if a and b]
            change = np.array([b.yaw_deg - a.yaw_deg for a, b in pairs])
            off += list(change - change.mean())
            sds += [b.sd_deg for _, b in pairs]
        noise = f"{np.std(off):.1f}° (reported {np.mean(sds):.1f}°)"
        yield f"faces made {size_px} px high: noise across against the large ones, sd", noise, ""


def _frames(name: str, from_s: float) -> list[Image]:
    pictures = read_video(FOOTAGE / name, from_s=from_s, to_s=from_s + _CLIP_S)
    return [image for _, image in pictures][::4]


def _gaze(image: Image, finder: SingleFaceFinder) -> Gaze | None:
    face = finder.find_face(image)
    return read_gaze(face, 0.0, 1.0) if face else None


def _smaller(image: Image, scale: float) -> Image:
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    noise = np.random.default_rng(0).normal(0, 2, small.shape)
    return np.asarray(np.clip(small + noise, 0, 255), dtype=np.uint8)
