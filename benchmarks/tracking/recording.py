"""One recording, shown to the product: who was there, and whom it followed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.accuracy.tracking import IMPOSSIBLE, Moment, matches
from benchmarks.common.watch import Watched, watch
from signage.config.config import Config
from signage.perception.tracking.boxes import intersection_over_union
from signage.scenes.file import load_scene
from signage.scenes.scene import play_scene
from signage.scenes.truth import ActorTruth, SceneTruth
from signage.types.arrays import Image
from signage.types.audience import Viewer
from signage.types.vision import Box

# A face is a person's when its middle is within this share of the face's height.
_MAX_OFF_FACES = 0.6
_MAX_SIZE_RATIO = 2.0
_MIN_BODY_OVERLAP = 0.3


OnPicture = Callable[[float, Image], None]
"""Sees each picture with its time in seconds, before the product does."""


def ignore(t_s: float, image: Image) -> None:
    """Do nothing with a picture."""


@dataclass(frozen=True, slots=True)
class Person:
    """One person in one picture, as a human sees it."""

    name: str
    """The person, and the how many-th visit; the same name for as long as a visit lasts."""
    face: Box | None
    """The face, or the back of the head."""
    body: Box | None
    """Around what can be seen of the whole person; None where that is not known."""
    counts: bool
    """False for who is hidden or is nobody's audience: may be followed, but need not be."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Pictures with their truth, and what the product reported of them."""

    name: str
    times_s: Sequence[float]
    people: Sequence[Sequence[Person]]
    """Of each picture."""
    watched: Watched
    actors: Sequence[SceneTruth] = ()
    """What is true of a made scene; empty for a clip."""

    def owners(self, index: int) -> dict[str, str]:
        """Whose each visit is in one picture, of the visits that were detected in it."""
        detected = self.watched.detected(index)
        return {visit: person for person, visit in matches(self.moment(index, detected))}

    def moment(self, index: int, viewers: Sequence[Viewer] | None = None) -> Moment:
        """One picture, ready to be scored; with all viewers in sight unless some are given."""
        viewers = self.watched.in_sight(index) if viewers is None else viewers
        people = self.people[index]
        costs = np.full((len(people), len(viewers)), IMPOSSIBLE)
        for row, person in enumerate(people):
            for column, viewer in enumerate(viewers):
                costs[row, column] = _cost(person, viewer)
        return Moment(
            [person.name for person in people],
            [viewer.visit_id for viewer in viewers],
            costs,
            {person.name for person in people if not person.counts},
        )


def show_scene(
    config: Config,
    path: Path,
    traffic_beyond_m: float = math.inf,
    on_picture: OnPicture = ignore,
) -> Recording:
    """Show the scene of a file to the product. The camera's angle of view is the scene's.

    Whoever never comes nearer than ``traffic_beyond_m`` need not be followed.
    """
    scene = load_scene(path)
    camera = config.camera.model_copy(update={"fov_deg": scene.lens.fov_deg})
    truths: list[SceneTruth] = []

    def pictures() -> Iterable[tuple[float, Image]]:
        for picture, truth in play_scene(scene):
            truths.append(truth)
            on_picture(*picture)
            yield picture

    watched = watch(config.model_copy(update={"camera": camera}), pictures())
    nearest_m: dict[str, float] = {}
    for truth in truths:
        for actor in truth.actors:
            nearest_m[actor.actor_id] = min(
                actor.distance_m, nearest_m.get(actor.actor_id, math.inf)
            )
    traffic = {name for name, distance_m in nearest_m.items() if distance_m > traffic_beyond_m}
    people = [
        [_person(actor, traffic) for actor in truth.actors if actor.kind == "person"]
        for truth in truths
    ]
    return Recording(path.stem, [truth.t_s for truth in truths], people, watched, truths)


def _person(actor: ActorTruth, traffic: set[str]) -> Person:
    return Person(
        visit_name(actor),
        actor.face_xyxy_px,
        actor.box_xyxy_px,
        actor.in_view and actor.actor_id not in traffic,
    )


def visit_name(actor: ActorTruth) -> str:
    """The name of an actor's visit."""
    return actor.actor_id if actor.visit == 0 else f"{actor.actor_id}, visit {actor.visit + 1}"


def _cost(person: Person, viewer: Viewer) -> float:
    """How badly a viewer fits a person in one picture: first by the face, else by the body."""
    if person.face is not None and viewer.face_xyxy_px is not None:
        height, seen_height = _height(person.face), _height(viewer.face_xyxy_px)
        off = math.dist(_middle(person.face), _middle(viewer.face_xyxy_px)) / height
        ratio = max(seen_height / height, height / seen_height)
        return off if off <= _MAX_OFF_FACES and ratio <= _MAX_SIZE_RATIO else IMPOSSIBLE
    if viewer.body_xyxy_px is None:
        return IMPOSSIBLE
    if person.body is not None:
        overlap = intersection_over_union(person.body, viewer.body_xyxy_px)
        return 2 - overlap if overlap >= _MIN_BODY_OVERLAP else IMPOSSIBLE
    if person.face is not None:
        return _cost_of_head(person.face, viewer.body_xyxy_px)
    return IMPOSSIBLE


def _cost_of_head(head: Box, body: Box) -> float:
    """The same for a head alone: it is in the upper part of a body that is not too small."""
    x, y = _middle(head)
    left, top, right, bottom = body
    size = _height(head)
    inside = left - 0.5 * size <= x <= right + 0.5 * size and top - size <= y <= top + 1.2 * size
    if not inside or bottom - top < 1.5 * size:
        return IMPOSSIBLE
    return 2 + abs(x - (left + right) / 2) / size


def _height(box: Box) -> float:
    return max(1e-6, box[3] - box[1])


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
