"""The scene maker: real people from footage on known paths, with the exact truth of it.

A source of pictures like a video file. Everything is computed from the scene file and the
footage: the same scene gives the same pictures and the same truth every time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from signage.scenes.file import Actor, Facing, Occluder, Scene, load_scene
from signage.scenes.footage import Picture
from signage.scenes.paint import crop, draw, over, paint_background
from signage.scenes.sprites import Cutout, Figure, make_figure
from signage.scenes.truth import ActorTruth, Box, SceneTruth, direction_of
from signage.types.arrays import Image

_NOISE_SHIFT_PX = 64
_SEEN_ALPHA = 128
_MEASURE_PX_PER_M = 100.0
_SHAKE_HZ = (1.7, 2.3)
"""Across and down: somebody's hand, or a bracket in the draught of a door."""


def read_scene(path: Path) -> Iterator[tuple[Picture, SceneTruth]]:
    """Yield the pictures of a scene file with their truth, at the scene's own rate from 0 s.

    Raises ConfigError for a bad scene file and SourceError for footage that cannot be read.
    """
    yield from play_scene(load_scene(path))


def play_scene(scene: Scene) -> Iterator[tuple[Picture, SceneTruth]]:
    """The same of a scene that is not in a file; its ``footage_dir`` must be absolute."""
    stage = _Stage(scene)
    for index in range(max(1, round(scene.duration_s * scene.fps))):
        t_s = index / scene.fps
        image, actors = stage.show(index, t_s)
        yield (t_s, image), SceneTruth(t_s, actors)


def focal_px(scene: Scene) -> float:
    """Focal length of the scene's pinhole camera: pixels for a metre at a metre's distance."""
    longer = max(scene.width_px, scene.height_px)
    return longer / 2 / math.tan(math.radians(scene.lens.fov_deg) / 2)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where an actor is at one moment, and how it moves."""

    visit: int
    x_m: float
    z_m: float
    vx_m_s: float
    vz_m_s: float


def _place(actor: Actor, t_s: float) -> _Place | None:
    """Straight lines between the waypoints; None before, after and between the visits."""
    for visit, path in enumerate(actor.visits):
        if not path[0][0] <= t_s <= path[-1][0]:
            continue
        at = next(i for i in range(1, len(path)) if t_s <= path[i][0])
        (t0, x0, z0), (t1, x1, z1) = path[at - 1], path[at]
        share = (t_s - t0) / (t1 - t0)
        return _Place(
            visit,
            x0 + share * (x1 - x0),
            z0 + share * (z1 - z0),
            (x1 - x0) / (t1 - t0),
            (z1 - z0) / (t1 - t0),
        )
    return None


@dataclass(slots=True)
class _Layer:
    """Something painted at one moment: its pixels within the picture, and how far it is."""

    z_m: float
    left: int
    top: int
    patch: Cutout
    area_px: float
    """Alpha over the whole of it, also beyond the edge, as a number of full pixels."""
    actor: Actor | None = None
    place: _Place | None = None
    face: Box | None = None
    facing: Facing = "towards"
    looks: bool = False

    @property
    def where(self) -> tuple[slice, slice]:
        height, width = self.patch.shape[:2]
        return slice(self.top, self.top + height), slice(self.left, self.left + width)


class _Stage:
    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._focal_px = focal_px(scene)
        self._empty = paint_background(scene, self._focal_px)
        self._cuts = [
            (
                cut.from_s,
                paint_background(scene.model_copy(update={"background": cut}), self._focal_px),
            )
            for cut in scene.cuts
        ]
        self._actors = {actor.id: actor for actor in scene.actors}
        self._figures = {actor.id: self._figure(actor) for actor in scene.actors}
        self._areas_m2 = {name: _area_m2(figure) for name, figure in self._figures.items()}
        self._walls = [
            self._occluder(each, each.x_m) for each in scene.occluders if not each.slides
        ]
        shape = (scene.height_px + _NOISE_SHIFT_PX, scene.width_px + _NOISE_SHIFT_PX, 3)
        noise = np.random.default_rng(scene.seed).normal(0, 1, shape) * scene.lens.noise_sd
        self._noise = np.round(noise).astype(np.int16)
        self._shifts = np.random.default_rng(scene.seed + 1)

    def show(self, index: int, t_s: float) -> tuple[Image, tuple[ActorTruth, ...]]:
        """The picture of one frame, and what is true of it."""
        layers = [*self._walls, *self._doors(t_s)]
        for actor in self._scene.actors:
            layer = self._layer(actor, index, t_s)
            if layer is not None:
                layers.append(layer)
        layers.sort(key=lambda layer: layer.z_m)
        truths = self._truths(layers)
        past = [empty for from_s, empty in self._cuts if from_s <= t_s]
        image = (past[-1] if past else self._empty).copy()
        for layer in reversed(layers):
            _paste(image, layer)
        order = list(self._actors)
        truths.sort(key=lambda truth: order.index(truth.actor_id))
        if self._scene.lens.shake_px > 0:
            image, truths = _shaken(image, truths, self._scene.lens.shake_px, t_s)
        return self._expose(image, t_s), tuple(truths)

    def _figure(self, actor: Actor) -> Figure:
        scene = self._scene
        figure = make_figure(
            scene.sprites[actor.sprite], scene.footage_dir, scene.fps, actor.stature_m
        )
        return _flip(figure) if actor.flipped else figure

    def _layer(self, actor: Actor, index: int, t_s: float) -> _Layer | None:
        wearer = self._actors[actor.worn_by] if actor.worn_by else actor
        place = _place(wearer, t_s)
        if place is None:
            return None
        scene, figure = self._scene, self._figures[actor.id]
        px_per_m = self._focal_px / place.z_m
        middle_px = scene.width_px / 2 + place.x_m * px_per_m
        top_m = wearer.stature_m - actor.below_m if actor.worn_by else actor.stature_m
        top_px = scene.height_px / 2 + (scene.lens.height_m - top_m) * px_per_m

        def to_px(rect_m: Box) -> Box:
            left, top, right, bottom = (side * px_per_m for side in rect_m)
            return middle_px + left, top_px + top, middle_px + right, top_px + bottom

        blur = self._blur_px(place, px_per_m)
        parts = [(figure.at(index + round(actor.phase_s * scene.fps)), to_px(figure.rect_m))]
        if figure.body is not None:
            parts.insert(0, (figure.body, to_px(figure.body_rect_m)))
        left, top, patch = draw(parts, (scene.width_px, scene.height_px), blur)
        return _Layer(
            # What is worn is in front of its wearer, but hides nobody else.
            z_m=place.z_m - (1e-4 if actor.worn_by else 0.0),
            left=left,
            top=top,
            patch=patch,
            area_px=self._areas_m2[actor.id] * px_per_m**2,
            actor=actor,
            place=place,
            face=None if figure.face_m is None else to_px(figure.face_m),
            facing=(sprite := scene.sprites[actor.sprite]).facing,
            looks=actor.kind == "person" and sprite.facing == "towards" and sprite.looks,
        )

    def _blur_px(self, place: _Place, px_per_m: float) -> tuple[float, float]:
        """How far the picture of a moving actor wanders while the shutter is open."""
        exposure_s = self._scene.lens.exposure_s
        towards = place.vz_m_s / place.z_m
        across = (place.vx_m_s - place.x_m * towards) * px_per_m * exposure_s
        down = -self._scene.lens.height_m * 0.1 * towards * px_per_m * exposure_s
        return across, down

    def _doors(self, t_s: float) -> list[_Layer]:
        """The occluders that move, where they are now."""
        doors = []
        for occluder in self._scene.occluders:
            if occluder.slides:
                times, places = zip(*occluder.slides, strict=True)
                doors.append(self._occluder(occluder, float(np.interp(t_s, times, places))))
        return doors

    def _occluder(self, occluder: Occluder, x_m: float) -> _Layer:
        scene, px_per_m = self._scene, self._focal_px / occluder.z_m
        middle_px = scene.width_px / 2 + x_m * px_per_m
        floor_px = scene.height_px / 2 + scene.lens.height_m * px_per_m
        half_px = occluder.width_m / 2 * px_per_m
        box = (
            middle_px - half_px,
            floor_px - occluder.height_m * px_per_m,
            middle_px + half_px,
            floor_px,
        )
        texture = np.full((64, 64, 3), occluder.colour_bgr, dtype=np.uint8)
        if occluder.rect_px is not None:
            texture = crop(self._empty, occluder.rect_px, "the scene's background")
        # Rounded by its shading, so that it can be told from the wall it was taken from.
        shade = 0.95 - 0.35 * np.linspace(-1, 1, texture.shape[1]) ** 2
        image = (texture * shade[None, :, None]).astype(np.uint8)
        cutout = np.dstack([image, np.full(image.shape[:2], 255, dtype=np.uint8)])
        left, top, patch = draw([(cutout, box)], (scene.width_px, scene.height_px), (0.0, 0.0))
        return _Layer(occluder.z_m, left, top, patch, (box[2] - box[0]) * (box[3] - box[1]))

    def _truths(self, layers: list[_Layer]) -> list[ActorTruth]:
        """Of the actors among ``layers``, which are in order from near to far."""
        hidden = np.zeros((self._scene.height_px, self._scene.width_px), dtype=np.uint8)
        truths = []
        for layer in layers:
            covered = hidden[layer.where]
            alpha = layer.patch[..., 3]
            if layer.actor is not None and layer.place is not None:
                truths.append(_truth(layer, layer.actor, layer.place, hidden))
            if layer.actor is None or layer.actor.kind != "print":
                np.maximum(covered, alpha, out=covered)
        return truths

    def _expose(self, image: Image, t_s: float) -> Image:
        """The light of the moment, and the sensor's noise."""
        times, gains = zip(*self._scene.lens.light, strict=True)
        gain = float(np.interp(t_s, times, gains))
        if gain != 1.0:
            image = np.asarray(cv2.convertScaleAbs(image, alpha=gain), dtype=np.uint8)
        if self._scene.lens.noise_sd > 0:
            x, y = self._shifts.integers(0, _NOISE_SHIFT_PX, 2)
            noise = self._noise[y : y + image.shape[0], x : x + image.shape[1]]
            image = np.asarray(cv2.add(image, noise, dtype=cv2.CV_8U), dtype=np.uint8)
        return image


def _truth(layer: _Layer, actor: Actor, place: _Place, hidden: NDArray[np.uint8]) -> ActorTruth:
    alpha = layer.patch[..., 3]
    seen = np.minimum(alpha, ~hidden[layer.where])
    visible = float(seen.sum(dtype=np.int64)) / 255
    visible_share = min(1.0, visible / max(1.0, layer.area_px))
    rows = np.flatnonzero(seen.max(axis=1, initial=0) > _SEEN_ALPHA)
    columns = np.flatnonzero(seen.max(axis=0, initial=0) > _SEEN_ALPHA)
    box = None
    if rows.size:
        box = (
            float(layer.left + columns[0]),
            float(layer.top + rows[0]),
            float(layer.left + columns[-1] + 1),
            float(layer.top + rows[-1] + 1),
        )
    face_share = visible_share if layer.face is None else _uncovered(layer.face, hidden)
    return ActorTruth(
        actor_id=actor.id,
        kind=actor.kind,
        visit=place.visit,
        box_xyxy_px=box,
        face_xyxy_px=layer.face,
        visible_share=visible_share,
        face_visible_share=face_share,
        x_m=place.x_m,
        z_m=place.z_m,
        distance_m=math.hypot(place.x_m, place.z_m),
        direction=direction_of(place.vx_m_s, place.vz_m_s),
        facing=layer.facing,
        looks=layer.looks,
    )


def _shaken(
    image: Image, truths: list[ActorTruth], reach_px: float, t_s: float
) -> tuple[Image, list[ActorTruth]]:
    """The picture and its truth, moved as a hand or a loose mount moves a camera."""
    x, y = (
        round(reach_px * math.sin(2 * math.pi * frequency_hz * t_s)) for frequency_hz in _SHAKE_HZ
    )
    matrix = np.array([[1.0, 0.0, x], [0.0, 1.0, y]])
    size = image.shape[1], image.shape[0]
    moved = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)

    def shift(box: Box | None) -> Box | None:
        return None if box is None else (box[0] + x, box[1] + y, box[2] + x, box[3] + y)

    return np.asarray(moved, dtype=np.uint8), [
        replace(truth, box_xyxy_px=shift(truth.box_xyxy_px), face_xyxy_px=shift(truth.face_xyxy_px))
        for truth in truths
    ]


def _uncovered(face: Box, hidden: NDArray[np.uint8]) -> float:
    """Share of a face's rectangle that is within the picture and behind nothing."""
    height, width = hidden.shape
    left, top, right, bottom = (round(side) for side in face)
    size = max(1, (right - left) * (bottom - top))
    within = hidden[
        min(max(top, 0), height) : min(max(bottom, 0), height),
        min(max(left, 0), width) : min(max(right, 0), width),
    ]
    return min(1.0, (within.size - float(within.sum(dtype=np.int64)) / 255) / size)


def _paste(image: Image, layer: _Layer) -> None:
    if layer.patch.size:
        image[layer.where] = over(layer.patch, image[layer.where])


def _area_m2(figure: Figure) -> float:
    """Area of the whole figure, measured at a scale of its own."""
    parts = [(figure.pictures[0], figure.rect_m)]
    if figure.body is not None:
        parts.insert(0, (figure.body, figure.body_rect_m))
    shift_m = -min(rect[0] for _, rect in parts)

    def to_px(rect: Box) -> Box:
        left, top, right, bottom = (side * _MEASURE_PX_PER_M for side in rect)
        shift_px = shift_m * _MEASURE_PX_PER_M
        return left + shift_px, top, right + shift_px, bottom

    placed = [(picture, to_px(rect)) for picture, rect in parts]
    width, height = (math.ceil(max(box[side] for _, box in placed)) + 1 for side in (2, 3))
    patch = draw(placed, (width, height), (0.0, 0.0))[2]
    return float(patch[..., 3].sum(dtype=np.int64)) / 255 / _MEASURE_PX_PER_M**2


def _flip(figure: Figure) -> Figure:
    """Left and right swapped, about the middle of the face."""

    def swap(rect: Box) -> Box:
        return -rect[2], rect[1], -rect[0], rect[3]

    return replace(
        figure,
        pictures=tuple(np.ascontiguousarray(picture[:, ::-1]) for picture in figure.pictures),
        rect_m=swap(figure.rect_m),
        face_m=None if figure.face_m is None else swap(figure.face_m),
    )
