"""How right the product is on a made scene, whose truth is known in every frame."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.accuracy.tracking import (
    IMPOSSIBLE,
    Moment,
    TrackingScore,
    assign,
    matches,
    score_tracking,
)
from benchmarks.common.watch import Watched, watch
from signage.config.config import Config
from signage.perception.tracking.boxes import intersection_over_union
from signage.scenes.file import load_scene
from signage.scenes.scene import play_scene
from signage.scenes.truth import ActorTruth, SceneTruth
from signage.types.arrays import Floats, Image
from signage.types.audience import Viewer
from signage.types.vision import Facing

FACE_BANDS_PX = (0, 16, 24, 36, 60, math.inf)
# A face is the actor's when its middle is within this share of the face's height.
_MAX_OFF_FACES = 0.6
_MAX_SIZE_RATIO = 2.0
_MIN_BODY_OVERLAP = 0.3
# Movement is measured over the last moments: so long after a turn it is not compared.
_SETTLE_S = 1.2
_FACING = {"towards": Facing.TOWARDS, "sideways": Facing.SIDEWAYS, "back": Facing.AWAY}

Visit = tuple[str, int]
"""Who, and their how many-th coming."""


@dataclass(slots=True)
class SceneScore:
    """What was counted; scores of several scenes can be added."""

    tracking: TrackingScore = field(default_factory=TrackingScore)
    visits: int = 0
    viewers: int = 0
    """Opportunities to see, as the product counts them."""
    dwell_errors_s: list[float] = field(default_factory=list)
    """Of each visit, what the product says less what is true; infinite where it says nothing."""
    distance_errors: list[float] = field(default_factory=list)
    """The same in shares of the true distance, in each frame."""
    directions: Counter[bool] = field(default_factory=Counter)
    """Frames in which the movement is right or not."""
    visit_directions: Counter[bool] = field(default_factory=Counter)
    """Visits whose longest movement is right or not."""
    facings: Counter[bool] = field(default_factory=Counter)
    faces: dict[int, Counter[bool]] = field(default_factory=lambda: defaultdict(Counter))
    """By the lower edge of ``FACE_BANDS_PX``: frames in which somebody who faces the camera
    is followed or not."""

    def __add__(self, other: SceneScore) -> SceneScore:
        return SceneScore(
            self.tracking + other.tracking,
            self.visits + other.visits,
            self.viewers + other.viewers,
            self.dwell_errors_s + other.dwell_errors_s,
            self.distance_errors + other.distance_errors,
            self.directions + other.directions,
            self.visit_directions + other.visit_directions,
            self.facings + other.facings,
            defaultdict(
                Counter,
                {band: self.faces[band] + other.faces[band] for band in self.faces | other.faces},
            ),
        )


def score_scene(config: Config, path: Path) -> SceneScore:
    """Show the scene of a file to the product. The camera's angle of view is the scene's."""
    scene = load_scene(path)
    camera = config.camera.model_copy(update={"fov_deg": scene.lens.fov_deg})
    truths: list[SceneTruth] = []

    def pictures() -> Iterable[tuple[float, Image]]:
        for picture, truth in play_scene(scene):
            truths.append(truth)
            yield picture

    watched = watch(config.model_copy(update={"camera": camera}), pictures())
    return score(truths, watched)


def score(truths: Sequence[SceneTruth], watched: Watched) -> SceneScore:
    """Compare what is true with what was reported, frame by frame and in sum."""
    result = SceneScore(viewers=len(watched.viewers))
    moments = []
    common: Counter[tuple[Visit, str]] = Counter()
    in_view: dict[Visit, list[ActorTruth]] = defaultdict(list)
    times_s: dict[Visit, list[float]] = defaultdict(list)
    turned: dict[str, tuple[str, float]] = {}
    for index, truth in enumerate(truths):
        people = [actor for actor in truth.actors if actor.kind == "person"]
        viewers = watched.in_sight(index)
        moment = _moment(people, viewers)
        moments.append(moment)
        found = dict(matches(moment))
        by_id = {viewer.visit_id: viewer for viewer in viewers}
        for actor in people:
            if turned.get(actor.actor_id, ("", 0.0))[0] != actor.direction:
                turned[actor.actor_id] = (actor.direction, truth.t_s)
            if not actor.in_view:
                continue
            visit = actor.actor_id, actor.visit
            in_view[visit].append(actor)
            times_s[visit].append(truth.t_s)
            viewer = by_id.get(found.get(_name(actor), ""))
            if actor.facing == "towards" and actor.face_px is not None:
                result.faces[face_band(actor.face_px)][viewer is not None] += 1
            if viewer is None:
                continue
            common[visit, viewer.visit_id] += 1
            settled = truth.t_s - turned[actor.actor_id][1] >= _SETTLE_S
            _compare(result, actor, viewer, settled=settled)
    result.tracking = score_tracking(moments)
    result.visits = len(in_view)
    _compare_visits(result, watched, common, in_view, times_s)
    return result


def face_band(face_px: float) -> int:
    """The lower edge of the band of ``FACE_BANDS_PX`` that a height is in."""
    return int(max(edge for edge in FACE_BANDS_PX if edge <= face_px))


def _moment(people: Sequence[ActorTruth], viewers: Sequence[Viewer]) -> Moment:
    costs = np.full((len(people), len(viewers)), IMPOSSIBLE)
    for row, actor in enumerate(people):
        for column, viewer in enumerate(viewers):
            costs[row, column] = _cost(actor, viewer)
    return Moment(
        [_name(actor) for actor in people],
        [viewer.visit_id for viewer in viewers],
        costs,
        {_name(actor) for actor in people if not actor.in_view},
    )


def _name(actor: ActorTruth) -> str:
    """A name for each visit: whether the product recognises a person is not measured here."""
    return f"{actor.actor_id}.{actor.visit}"


def _cost(actor: ActorTruth, viewer: Viewer) -> float:
    """How badly a viewer fits an actor in one frame: first by the face, else by the body."""
    face, seen = actor.face_xyxy_px, viewer.face_xyxy_px
    if face is not None and seen is not None:
        height, seen_height = face[3] - face[1], seen[3] - seen[1]
        off = math.dist(_middle(face), _middle(seen)) / height
        ratio = max(seen_height / height, height / seen_height)
        return off if off <= _MAX_OFF_FACES and ratio <= _MAX_SIZE_RATIO else IMPOSSIBLE
    if actor.box_xyxy_px is not None and viewer.body_xyxy_px is not None:
        overlap = intersection_over_union(actor.box_xyxy_px, viewer.body_xyxy_px)
        return 2 - overlap if overlap >= _MIN_BODY_OVERLAP else IMPOSSIBLE
    return IMPOSSIBLE


def _middle(box: tuple[float, float, float, float]) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _compare(result: SceneScore, actor: ActorTruth, viewer: Viewer, *, settled: bool) -> None:
    if viewer.distance_m is not None:
        result.distance_errors.append(viewer.distance_m / actor.distance_m - 1)
    if viewer.facing is not None:
        result.facings[viewer.facing is _FACING[actor.facing]] += 1
    if settled and viewer.movement is not None:
        result.directions[viewer.movement == actor.direction] += 1


def _compare_visits(
    result: SceneScore,
    watched: Watched,
    common: Counter[tuple[Visit, str]],
    in_view: dict[Visit, list[ActorTruth]],
    times_s: dict[Visit, list[float]],
) -> None:
    """Give every visit the one viewer who shares most of it, each viewer to one visit."""
    visits, by_id = sorted(in_view), {viewer.visit_id: viewer for viewer in watched.viewers}
    ids = sorted(by_id)
    shared: Floats = np.array(
        [[common[visit, viewer_id] for viewer_id in ids] for visit in visits], dtype=float
    ).reshape(len(visits), len(ids))
    own = dict(assign(np.where(shared > 0, -shared, IMPOSSIBLE)))
    for row, visit in enumerate(visits):
        viewer = by_id[ids[own[row]]] if row in own else None
        true_s = times_s[visit][-1] - times_s[visit][0]
        result.dwell_errors_s.append(math.inf if viewer is None else viewer.dwell_s - true_s)
        if viewer is not None:
            longest = Counter(actor.direction for actor in in_view[visit]).most_common(1)[0][0]
            result.visit_directions[viewer.movement == longest] += 1
