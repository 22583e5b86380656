"""The perception stage: every model that looks at pictures, called as often as it pays.

Faces are searched for in the whole picture and, in turn, in enlarged tiles of it; bodies
now and then. In between everybody is followed. Who is followed is looked at more closely,
a few at a time, so that no frame takes long. What is done in which frame depends on the
frames' own times alone: the same video gives the same answer twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from signage.assets.manifest import require
from signage.config.config import Config
from signage.perception.models.bodies import Body, BodyDetector
from signage.perception.models.face_detector import DetectedFace, FaceDetector
from signage.perception.scheduler import CloserLook, Findings
from signage.perception.tracking.colours import colours_of_face
from signage.perception.tracking.flow import Flow, Light, small_grey
from signage.perception.tracking.people import People, is_covered
from signage.perception.tracking.person import Person
from signage.perception.tracking.place import (
    below_axis_m,
    focal_length_px,
    place_by_body,
    place_by_face,
)
from signage.perception.tracking.stillness import PictureFilter
from signage.types.arrays import Image
from signage.types.vision import SLOW, Facing, Frame, Sighting

_STALE_S = 1.0
"""A head pose older than this is not known any more."""
_STALE_GAZE_S = 0.3
"""Nor are eyes: they jump three times a second."""
# A face that the whole picture shows lower than this is only found in the tiles.
_MIN_WHOLE_PX = 20.0
_CONTINUE_SCORE = 0.3
"""Of a face that only continues somebody who is being followed."""
_CROSSING = 0.6
"""Where people cross, they are searched for after this share of the usual time."""
# Large faces are only found in the whole picture: it is not left out for longer than this.
_MAX_WITHOUT_WHOLE_S = 0.4
_TILE_OVERLAP = 0.1
_TILE_EDGE = 0.1
_TILE_FACE = 0.4
"""Of the height of a tile."""

Faces = list[DetectedFace]
Bodies = list[Body]


class Perceiver:
    """Finds and follows the people in a video. Frames must come in order of time.

    Raises AssetError when a model is missing or is not what the manifest says.
    """

    def __init__(self, config: Config, *, live: bool = False) -> None:
        """``live``: pictures do not wait, so that long work is cut at its budget."""
        perception = config.perception
        manifest = perception.models_dir / "manifest.toml"
        self._config = perception
        self._fov_deg = config.camera.fov_deg
        self._face_detector = FaceDetector(require(manifest, "centerface.onnx"), _CONTINUE_SCORE)
        self._body_detector = BodyDetector(
            require(manifest, "movenet-multipose.onnx"), perception.min_confidence
        )
        self._flow, self._light = Flow(), Light()
        keep_s = max(config.audience.depart_after_s, config.audience.forget_after_s)
        self._people = People(config.audience.forget_after_s, perception.max_people, keep_s)
        self._pictures = PictureFilter(perception.still_after_s)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="detect")
        self._tiles = itertools.count()
        self._was_tile, self._whole_s = True, float("-inf")
        # Last: it must be closed, and whatever fails before leaves nothing open.
        self._closer = CloserLook(perception, self._people, live=live, away_s=keep_s)
        self._faces_due_s = float("-inf")
        self._bodies_due_s = float("inf")
        self._last_s = float("-inf")
        self._size: tuple[int, int] | None = None

    def perceive(self, frame: Frame) -> list[Sighting] | None:
        """The sightings in ``frame``; None if its picture is unusable.

        Raises ValueError when its picture is none of the kind that ``Image`` says.
        """
        image, t_s = frame.image, frame.t_s
        # Where the models themselves are too slow, only their going on tells when they are not.
        if image is None or frame.fault not in (None, SLOW):
            self._closer.forget(t_s)
            return None
        _check(image)
        if self._size is None:
            self._bodies_due_s = t_s  # in the frame after the first, which is for the faces
        size = image.shape[1], image.shape[0]
        if self._size is not None and self._size != size:
            self._people.rescale(size[0] / self._size[0], size[1] / self._size[1])
        self._size = size
        grey, scale = small_grey(image)
        if self._flow.is_cut(grey):
            self._people.persons.clear()  # nobody goes on into another scene
        if self._light.jumped(grey):
            self._closer.relight()
        self._follow(grey, scale, t_s)
        detected = self._pool.submit(self._start_detection(t_s), image)
        findings = self._closer.look(image, t_s)
        self._take_in(image, t_s, detected, float(grey.mean()))
        findings = self._closer.look_at_newcomers(image, t_s, findings)
        self._people.forget(t_s)
        self._closer.forget(t_s)
        self._pictures.judge(self._people.persons, grey, scale, t_s)
        self._last_s = t_s
        focal_px = focal_length_px(self._fov_deg, image.shape[1], image.shape[0])
        return [
            self._sighting(person, t_s, focal_px, findings)
            for person in self._people.present(t_s)
            if person.is_sure
        ]

    @property
    def unfollowed(self) -> int:
        """How many people are in view beside those who are followed, as ``max_people`` says."""
        return self._people.unfollowed

    def close(self) -> None:
        self._pool.shutdown()
        self._closer.close()

    def _follow(self, grey: NDArray[np.uint8], scale: float, t_s: float) -> None:
        present = self._people.present(self._last_s)
        moves = self._flow.follow(grey, scale, [person.box for person in present])
        moved = dict(zip((person.number for person in present), moves, strict=True))
        covered = {person.number for person in present if is_covered(person, present)}
        for person in self._people.persons:
            move = moved.get(person.number)
            # In front of who is covered, the flow follows somebody else.
            if move is not None and person.number not in covered and person.was_just_seen(t_s):
                person.move(move.shift_px, move.growth, t_s - self._last_s)
            else:
                person.in_doubt |= person.number in moved  # the picture in their box has changed
                person.drift(t_s)

    def _start_detection(self, t_s: float) -> Callable[[Image], tuple[Faces, Bodies]]:
        """What to search for in this frame. Faces go first, bodies have the frames between."""
        with_faces = t_s >= self._faces_due_s
        wait_s = t_s - self._bodies_due_s
        # Both would take long; where frames are so slow that bodies would never have their
        # turn, there is the time.
        with_bodies = wait_s > self._config.bodies_every_s if with_faces else wait_s >= 0
        sooner = _CROSSING if any(p.in_doubt for p in self._people.present(t_s)) else 1.0
        if with_faces:
            self._faces_due_s = t_s + self._config.detect_every_s * sooner
        if with_bodies:
            self._bodies_due_s = t_s + self._config.bodies_every_s * sooner
        in_tile = self._tile(t_s) if with_faces else None

        def detect(image: Image) -> tuple[Faces, Bodies]:
            faces = self._detect_faces(image, in_tile) if with_faces else []
            if not with_bodies:
                return faces, []
            return faces, self._body_detector.detect(image, self._config.bodies_px)

        return detect

    def _tile(self, t_s: float) -> int | None:
        """Which tile comes next; None when it is the whole picture's turn."""
        if self._was_tile or t_s - self._whole_s > _MAX_WITHOUT_WHOLE_S:
            self._was_tile, self._whole_s = False, t_s
            return None
        self._was_tile = True
        return next(self._tiles)

    def _detect_faces(self, image: Image, number: int | None) -> Faces:
        tiles = _tiles(image, self._config.detect_px, self._config.far_px)
        if number is None or not tiles:
            return self._face_detector.detect(image, self._config.detect_px)
        tile = left, top, right, bottom = tiles[number % len(tiles)]
        in_tile = self._face_detector.detect(
            image[top:bottom, left:right],
            round(self._config.far_px * max(right - left, bottom - top) / max(image.shape[:2])),
        )
        faces = [face.shifted(left, top) for face in in_tile]
        return [face for face in faces if _is_of_tile(face, tile, image.shape[:2])]

    def _take_in(
        self, image: Image, t_s: float, detected: Future[tuple[Faces, Bodies]], light: float
    ) -> None:
        faces, bodies = detected.result()
        if faces:
            colours = [colours_of_face(image, face.box_xyxy_px, light) for face in faces]
            self._people.see_faces(t_s, faces, colours, self._config.min_confidence)
        if bodies:
            colours = [colours_of_face(image, body.head_xyxy_px, light) for body in bodies]
            self._people.see_bodies(t_s, bodies, colours)
        whole_px = self._config.detect_px / max(image.shape[:2])
        for person in self._people.persons:
            if person.face is not None:
                is_far = (person.face[3] - person.face[1]) * min(1.0, whole_px) < _MIN_WHOLE_PX
                person.face_is_far = is_far

    def _sighting(
        self, person: Person, t_s: float, focal_px: float, findings: Findings
    ) -> Sighting:
        assert self._size is not None  # noqa: S101 - of the picture at hand
        has_face, has_body = person.shows_face(t_s), person.shows_body(t_s)
        details = person.details if has_face and t_s - person.details_s <= _STALE_S else None
        if has_body and person.body_facing is Facing.AWAY and details is None:
            has_face = False  # hair, from behind
        position_m: tuple[float, float] | None
        if has_face:
            assert person.face is not None  # noqa: S101
            position_m = place_by_face(person.face, focal_px, self._size)
        else:
            assert person.body is not None  # noqa: S101
            position_m = place_by_body(person.body, person.torso_px, focal_px, self._size)
        _, top, _, bottom = (person.face if has_face else person.head) or person.box
        return Sighting(
            track=person.number,
            face_xyxy_px=person.face if has_face else None,
            body_xyxy_px=person.body if has_body else None,
            position_m=position_m,
            below_m=0.0
            if position_m is None
            else below_axis_m((top + bottom) / 2, position_m[1], focal_px, self._size[1]),
            head_pose=details.head_pose if details else None,
            gaze=person.gaze if details and t_s - person.details_s <= _STALE_GAZE_S else None,
            eyes_shut=details.eyes_shut if details else None,
            body_facing=person.body_facing if has_body else None,
            traits=findings.traits.get(person.number),
            expression=person.expression
            if details and t_s - person.expression_s <= _STALE_S
            else {},
            logos=findings.logos.get(person.number),
            earlier_tracks=self._closer.earlier(person, t_s),
            joined=person.joined,
            missed_s=t_s - person.last_seen_s,
            is_picture=person.is_picture or person.may_be_picture,
            is_alive=person.is_alive,
        )


def _check(image: Image) -> None:
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise ValueError(
            "A picture has shape (height, width, 3) and type uint8, "
            f"not {image.shape} and {image.dtype}."
        )


def _tiles(image: Image, whole_px: int, far_px: int) -> list[tuple[int, int, int, int]]:
    """Regions that cover the picture, each about as costly to search at ``far_px`` as the
    whole at ``whole_px``; none where the whole is searched at its own size already."""
    height, width = image.shape[:2]
    far_px = min(far_px, max(height, width))
    if far_px <= whole_px * 1.2:
        return []
    per_side = max(2, round(far_px / whole_px))
    tile_w, tile_h = width / per_side, height / per_side
    margin_w, margin_h = tile_w * _TILE_OVERLAP, tile_h * _TILE_OVERLAP
    return [
        (
            max(0, round(column * tile_w - margin_w)),
            max(0, round(row * tile_h - margin_h)),
            min(width, round((column + 1) * tile_w + margin_w)),
            min(height, round((row + 1) * tile_h + margin_h)),
        )
        for row in range(per_side)
        for column in range(per_side)
    ]


def _is_of_tile(face: DetectedFace, tile: tuple[int, int, int, int], size: tuple[int, ...]) -> bool:
    """Whether a tile shows the whole of a ``face``, in a picture of ``size`` (height, width).

    Large faces are for the whole picture to find: of those, tiles hold parts that look
    like faces too.
    """
    left, top, right, bottom = face.box_xyxy_px
    height = bottom - top
    is_cut = (
        (left < tile[0] + _TILE_EDGE * height and tile[0] > 0)
        or (top < tile[1] + _TILE_EDGE * height and tile[1] > 0)
        or (right > tile[2] - _TILE_EDGE * height and tile[2] < size[1])
        or (bottom > tile[3] - _TILE_EDGE * height and tile[3] < size[0])
    )
    return not is_cut and height < _TILE_FACE * (tile[3] - tile[1])
