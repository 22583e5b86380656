"""Shows pictures to the product's perception and audience, and keeps what they report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from signage.audience.audience import open_audience
from signage.config.config import Config
from signage.perception.perceiver import Perceiver
from signage.types.arrays import Image
from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.vision import Frame, Sighting

_BEGIN_UTC = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Watched:
    """What the product reported."""

    snapshots: Sequence[AudienceSnapshot]
    """One for each picture. A visit that turned out to be part of another has that one's name."""
    viewers: Sequence[Viewer]
    """Everybody, as they had left."""
    sightings: Sequence[Sequence[Sighting]] = ()
    """What perception alone reported of each picture."""

    def in_sight(self, index: int) -> list[Viewer]:
        """The viewers whom the picture ``index`` shows."""
        snapshot = self.snapshots[index]
        return [viewer for viewer in snapshot.viewers if viewer.last_seen_s == snapshot.t_s]

    def detected(self, index: int) -> list[Viewer]:
        """Of those, the ones whom a detector has found in this very picture."""
        boxes = {
            (sighting.face_xyxy_px, sighting.body_xyxy_px)
            for sighting in self.sightings[index]
            if sighting.missed_s == 0
        }
        viewers = self.in_sight(index)
        return [each for each in viewers if (each.face_xyxy_px, each.body_xyxy_px) in boxes]


def watch(config: Config, pictures: Iterable[tuple[float, Image]]) -> Watched:
    """Show ``pictures``, with their times in seconds, to perception and audience."""
    perceiver, audience = Perceiver(config), open_audience(config)
    snapshots: list[AudienceSnapshot] = []
    viewers: list[Viewer] = []
    sightings: list[Sequence[Sighting]] = []
    whole: dict[str, str] = {}
    try:
        for t_s, image in pictures:
            frame = Frame(t_s, _BEGIN_UTC + timedelta(seconds=t_s), image)
            seen = perceiver.perceive(frame)
            sightings.append(seen or ())
            snapshots.append(audience.update(frame, seen, perceiver.unfollowed))
            viewers += audience.take_departed()
            whole |= {part.visit_id: part.into for part in audience.take_joined()}
    finally:
        perceiver.close()
    viewers += audience.close()
    whole |= {part.visit_id: part.into for part in audience.take_joined()}
    return Watched([_renamed(snapshot, whole) for snapshot in snapshots], viewers, sightings)


def _renamed(snapshot: AudienceSnapshot, whole: Mapping[str, str]) -> AudienceSnapshot:
    """The snapshot with every part of a visit named as the ``whole``."""

    def rename(viewer: Viewer) -> Viewer:
        name = viewer.visit_id
        while name in whole:
            name = whole[name]
        return viewer if name == viewer.visit_id else replace(viewer, visit_id=name)

    return replace(snapshot, viewers=tuple(map(rename, snapshot.viewers)))
