"""What is true of a scene, frame by frame, and in sum: what tests and benches compare with.

Pixels are those of the scene's picture, metres those of its floor plan (``file.py``).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from signage.scenes.file import Facing, Kind

Direction = Literal["approaching", "leaving", "passing_left", "passing_right", "standing"]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels; may reach beyond the picture."""

IN_VIEW_SHARE = 0.5
"""Someone is in view while at least this share of the face can be seen."""
_STANDING_M_S = 0.15


@dataclass(frozen=True, slots=True)
class ActorTruth:
    """One actor in one frame, from coming to going; also while hidden."""

    actor_id: str
    kind: Kind
    visit: int
    """0 for the first, 1 after coming back."""
    box_xyxy_px: Box | None
    """Around what can be seen of the actor, within the picture; None when that is nothing."""
    face_xyxy_px: Box | None
    """All of the face, or the back of the head, hidden or not; None when none is known."""
    visible_share: float
    """Of the actor's whole area, what is neither hidden nor beyond the edge, in [0, 1]."""
    face_visible_share: float
    """The same of the face's rectangle; where no face is known, of the whole actor."""
    x_m: float
    """To the right of the camera's axis."""
    z_m: float
    """Along the camera's axis."""
    distance_m: float
    """From the camera, on the floor plan."""
    direction: Direction
    """Where the actor goes; left and right are those of the picture."""
    facing: Facing
    looks: bool
    """Whether the face is turned to the screen, and the eyes are on it."""

    @property
    def in_view(self) -> bool:
        """Whether enough of the face can be seen to count."""
        return self.face_visible_share >= IN_VIEW_SHARE

    @property
    def face_px(self) -> float | None:
        """Height of the face, in pixels."""
        return None if self.face_xyxy_px is None else self.face_xyxy_px[3] - self.face_xyxy_px[1]


@dataclass(frozen=True, slots=True)
class SceneTruth:
    """What is true of one frame."""

    t_s: float
    actors: tuple[ActorTruth, ...]
    """Those on stage, in the order of the scene file."""


@dataclass(frozen=True, slots=True)
class ActorSummary:
    """One actor over the whole scene."""

    actor_id: str
    kind: Kind
    facing: Facing
    first_in_view_s: float
    last_in_view_s: float
    dwell_s: float
    """From first to last in view, hidden or not in between, summed over the visits."""
    in_view_s: float
    """Of that the time in view, without the time hidden."""
    visits: int
    """How often the actor came into view anew."""
    nearest_m: float
    smallest_face_px: float | None
    largest_face_px: float | None


@dataclass(frozen=True, slots=True)
class SceneSummary:
    """A whole scene."""

    duration_s: float
    frames: int
    actors: tuple[ActorSummary, ...]
    """Those who were ever in view, in the order of their coming."""
    ots: int
    """Opportunities to see: persons who were ever in view. No posters, no prints."""


def direction_of(vx_m_s: float, vz_m_s: float) -> Direction:
    """Where a walk leads, by the larger part of its velocity on the floor plan."""
    if max(abs(vx_m_s), abs(vz_m_s)) < _STANDING_M_S:
        return "standing"
    if abs(vz_m_s) >= abs(vx_m_s):
        return "approaching" if vz_m_s < 0 else "leaving"
    return "passing_left" if vx_m_s < 0 else "passing_right"


def summarise(truths: Iterable[SceneTruth], fps: float) -> SceneSummary:
    """Sum up the truth of a scene's frames, ``fps`` of them a second."""
    seen: dict[str, list[tuple[float, ActorTruth]]] = {}
    frames = 0
    for truth in truths:
        frames += 1
        for actor in truth.actors:
            if actor.in_view:
                seen.setdefault(actor.actor_id, []).append((truth.t_s, actor))
    actors = tuple(_sum_up(looks, fps) for looks in seen.values())
    ots = sum(actor.kind == "person" for actor in actors)
    return SceneSummary(frames / fps, frames, actors, ots)


def _sum_up(looks: list[tuple[float, ActorTruth]], fps: float) -> ActorSummary:
    times: dict[int, list[float]] = {}
    for t_s, actor in looks:
        times.setdefault(actor.visit, []).append(t_s)
    faces = [actor.face_px for _, actor in looks if actor.face_px is not None]
    first = looks[0][1]
    return ActorSummary(
        actor_id=first.actor_id,
        kind=first.kind,
        facing=first.facing,
        first_in_view_s=looks[0][0],
        last_in_view_s=looks[-1][0],
        dwell_s=sum(visit[-1] - visit[0] for visit in times.values()),
        in_view_s=sum(
            later - earlier
            for visit in times.values()
            for earlier, later in pairwise(visit)
            if later - earlier < 1.5 / fps
        ),
        visits=len(times),
        nearest_m=min(actor.distance_m for _, actor in looks),
        smallest_face_px=min(faces, default=None),
        largest_face_px=max(faces, default=None),
    )
