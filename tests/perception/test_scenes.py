"""The product on made scenes, whose truth is known in every frame.

Real people from the footage walk known paths; perception and audience say who was there.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pytest

from signage.audience.audience import open_audience
from signage.config.audience import AudienceConfig
from signage.config.camera import CameraConfig
from signage.config.config import Config
from signage.config.perception import PerceptionConfig
from signage.perception.perceiver import Perceiver
from signage.scenes.file import Scene, load_scene
from signage.scenes.scene import play_scene
from signage.scenes.truth import ActorSummary, ActorTruth, SceneTruth, summarise
from signage.types.audience import AudienceSnapshot, Movement, Viewer
from signage.types.vision import Frame
from tests.support.builders import ROOT, utc

pytestmark = pytest.mark.models

# Movement is told from the last moments: so long after a turn nobody is asked.
SETTLE_S = 1.2


@dataclass(frozen=True)
class Watched:
    """A scene, and what the product made of it."""

    scene: Scene
    truths: Sequence[SceneTruth]
    snapshots: Sequence[AudienceSnapshot]
    viewers: Sequence[Viewer]
    """Everybody, as they had left."""

    @cached_property
    def summary(self) -> dict[str, ActorSummary]:
        found = summarise(self.truths, self.scene.fps).actors
        return {actor.actor_id: actor for actor in found}

    def meetings(self) -> Iterator[tuple[float, ActorTruth, Viewer]]:
        """Who was taken for whom, moment by moment: viewers whose face is on an actor's."""
        for truth, snapshot in zip(self.truths, self.snapshots, strict=True):
            for actor in truth.actors:
                for viewer in snapshot.viewers:
                    seen = viewer.last_seen_s == truth.t_s
                    if seen and actor.in_view and is_on(viewer, actor):
                        yield truth.t_s, actor, viewer

    def ids(self, actor_id: str) -> Counter[str]:
        """In how many frames the actor went by each viewer's name."""
        return Counter(
            viewer.visit_id for _, actor, viewer in self.meetings() if actor.actor_id == actor_id
        )

    def viewer(self, actor_id: str) -> Viewer:
        (most, _), *_ = self.ids(actor_id).most_common()
        return next(viewer for viewer in self.viewers if viewer.visit_id == most)


def is_on(viewer: Viewer, actor: ActorTruth) -> bool:
    if viewer.face_xyxy_px is None or actor.face_xyxy_px is None or actor.face_px is None:
        return False
    (left, top, right, bottom), (a, b, c, d) = viewer.face_xyxy_px, actor.face_xyxy_px
    off = math.hypot((left + right - a - c) / 2, (top + bottom - b - d) / 2)
    return off < 0.6 * actor.face_px and 0.5 < (bottom - top) / actor.face_px < 2


@cache
def watch(
    name: str,
    *actors: str,
    from_s: float = 0.0,
    to_s: float,
    fps: float = 10.0,
) -> Watched:
    """A piece of a scene, with all of its actors or with these."""
    whole = load_scene(ROOT / "configs" / "scenes" / f"{name}.toml")
    chosen = tuple(
        actor.model_copy(
            update={
                "visits": tuple(
                    tuple((t_s - from_s, x_m, z_m) for t_s, x_m, z_m in path)
                    for path in actor.visits
                )
            }
        )
        for actor in whole.actors
        if not actors or actor.id in actors
    )
    piece = {"duration_s": to_s - from_s, "fps": fps, "actors": chosen}
    return show(whole.model_copy(update=piece))


def show(scene: Scene) -> Watched:
    config = Config(
        camera=CameraConfig(fov_deg=scene.lens.fov_deg),
        audience=AudienceConfig(range_m=0.0),
        perception=PerceptionConfig(models_dir=ROOT / "models", demographics=False, mood=False),
    )
    perceiver, audience = Perceiver(config), open_audience(config)
    truths, snapshots, viewers = [], [], []
    try:
        for (t_s, image), truth in play_scene(scene):
            frame = Frame(t_s, utc(t_s), image)
            truths.append(truth)
            snapshots.append(audience.update(frame, perceiver.perceive(frame)))
            viewers += audience.take_departed()
    finally:
        perceiver.close()
    return Watched(scene, truths, snapshots, viewers + audience.close())


def crossing() -> Watched:
    """Two cross, one in front of the other."""
    return watch("crossing", to_s=8.0)


def behind_a_pillar() -> Watched:
    return watch("hidden", "captain", to_s=10.0)


def behind_somebody() -> Watched:
    return watch("hidden", "brunette", "franck", from_s=8.0, to_s=19.0)


def passing() -> Watched:
    """One to the right, one to the left."""
    return watch("passing", "captain", "redhead", to_s=8.0)


def pictures() -> Watched:
    """A poster, a T-shirt with a face, its wearer, and somebody who walks past the poster."""
    return watch("poster", to_s=17.0)


def crowd() -> Watched:
    """Ten, of whom the farthest have faces of 24 px."""
    return watch("crowd", to_s=12.0, fps=15.0)


@cache
def coming_and_going() -> Watched:
    whole = load_scene(ROOT / "configs" / "scenes" / "approach_and_leave.toml")
    path = ((0.5, 0.3, 5.5), (4.0, 0.0, 1.5), (6.5, 0.0, 1.5), (10.0, -0.3, 5.5))
    (walker,) = whole.actors
    actors = (walker.model_copy(update={"visits": (path,)}),)
    return show(whole.model_copy(update={"duration_s": 10.0, "fps": 10.0, "actors": actors}))


SCENES = {
    each.__name__: each
    for each in (crossing, behind_a_pillar, behind_somebody, passing, pictures, coming_and_going)
}


@pytest.fixture(params=SCENES)
def watched(request: pytest.FixtureRequest) -> Watched:
    return SCENES[request.param]()


def people(watched: Watched) -> list[ActorSummary]:
    return [actor for actor in watched.summary.values() if actor.kind == "person"]


def test_everybody_is_counted_once_and_keeps_the_name(watched: Watched) -> None:
    assert len(watched.viewers) == len(people(watched))
    names = set()
    for actor in people(watched):
        ids = watched.ids(actor.actor_id)
        ((name, frames),) = ids.most_common(1)
        assert frames > 0.95 * ids.total()
        names.add(name)
    assert len(names) == len(people(watched))


def test_the_scenes_do_hide_somebody_for_about_two_seconds() -> None:
    for watched, actor in ((behind_a_pillar(), "captain"), (behind_somebody(), "brunette")):
        summary = watched.summary[actor]
        assert summary.dwell_s - summary.in_view_s > 1.5


def test_whoever_is_in_view_is_seen(watched: Watched) -> None:
    for actor in people(watched):
        looks = sum(
            each.actor_id == actor.actor_id and each.in_view
            for truth in watched.truths
            for each in truth.actors
        )
        assert watched.ids(actor.actor_id).total() > 0.8 * looks


def test_the_dwell_is_right_to_a_second(watched: Watched) -> None:
    for actor in people(watched):
        viewer = watched.viewer(actor.actor_id)
        assert viewer.dwell_s == pytest.approx(actor.dwell_s, abs=1.0)
        assert viewer.first_seen_s == pytest.approx(actor.first_in_view_s, abs=1.0)
        assert (viewer.attention_s or 0) <= viewer.dwell_s


def test_the_distance_is_right_to_a_quarter(watched: Watched) -> None:
    errors: dict[str, list[float]] = {}
    for _, actor, viewer in watched.meetings():
        if actor.kind == "person" and viewer.distance_m is not None:
            error = abs(viewer.distance_m / actor.distance_m - 1)
            errors.setdefault(actor.actor_id, []).append(error)
    assert errors
    for of_one in errors.values():
        assert np.quantile(of_one, 0.95) < 0.25
        assert np.median(of_one) < 0.15


def test_where_somebody_goes_is_told_while_they_go(watched: Watched) -> None:
    since = {
        (truth.t_s, actor.actor_id): since_s for truth, (actor, since_s) in going_on(watched.truths)
    }
    told: Counter[bool] = Counter()
    for t_s, actor, viewer in watched.meetings():
        settled = t_s - since[t_s, actor.actor_id] > SETTLE_S
        if actor.kind == "person" and settled and viewer.movement is not None:
            told[viewer.movement == actor.direction] += 1
    assert told.total() > 2 * watched.scene.fps
    assert told[True] > 0.9 * told.total()


def going_on(
    truths: Sequence[SceneTruth],
) -> Iterator[tuple[SceneTruth, tuple[ActorTruth, float]]]:
    """Since when each actor has gone the same way, in view."""
    now: dict[str, tuple[object, float]] = {}
    for truth in truths:
        for actor in truth.actors:
            state = actor.direction, actor.in_view
            if now.get(actor.actor_id, (None, 0.0))[0] != state:
                now[actor.actor_id] = state, truth.t_s
            yield truth, (actor, now[actor.actor_id][1])


def test_who_left_is_said_to_have_passed_to_their_side_or_to_have_stood() -> None:
    assert passing().viewer("captain").movement is Movement.PASSING_RIGHT
    assert passing().viewer("redhead").movement is Movement.PASSING_LEFT
    assert pictures().viewer("captain").movement is Movement.STANDING


def test_posters_and_prints_are_no_viewers_once_they_are_known() -> None:
    watched = pictures()
    late = Counter(actor.actor_id for t_s, actor, _ in watched.meetings() if t_s > 11.0)
    assert late["captain"] > 20
    assert late["redhead"] > 20
    assert late["poster"] <= 3  # while somebody's face is on it
    assert late["shirt"] == 0


def test_ten_people_are_counted_each_once() -> None:
    watched = crowd()
    assert len(people(watched)) == 10
    assert len(watched.viewers) == 10
    assert len({watched.viewer(actor.actor_id).visit_id for actor in people(watched)}) == 10
    counted = [
        sum(viewer.last_seen_s == truth.t_s for viewer in snapshot.viewers)
        for truth, snapshot in zip(watched.truths, watched.snapshots, strict=True)
        if truth.t_s > 9.0 and all(actor.in_view for actor in truth.actors)
    ]
    assert len(counted) > 15
    assert set(counted) == {10}
