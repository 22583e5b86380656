"""Shows pictures to the product's perception and audience, and keeps what they report."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from signage.audience.audience import open_audience
from signage.config.config import Config
from signage.perception.perceiver import Perceiver
from signage.types.arrays import Image
from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.vision import Frame

_BEGIN_UTC = datetime(2026, 1, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Watched:
    """What the product reported."""

    snapshots: Sequence[AudienceSnapshot]
    """One for each picture."""
    viewers: Sequence[Viewer]
    """Everybody, as they had left."""

    def in_sight(self, index: int) -> list[Viewer]:
        """The viewers whom the picture ``index`` shows."""
        snapshot = self.snapshots[index]
        return [viewer for viewer in snapshot.viewers if viewer.last_seen_s == snapshot.t_s]


def watch(config: Config, pictures: Iterable[tuple[float, Image]]) -> Watched:
    """Show ``pictures``, with their times in seconds, to perception and audience."""
    perceiver, audience = Perceiver(config), open_audience(config)
    snapshots: list[AudienceSnapshot] = []
    viewers: list[Viewer] = []
    try:
        for t_s, image in pictures:
            frame = Frame(t_s, _BEGIN_UTC + timedelta(seconds=t_s), image)
            sightings = perceiver.perceive(frame)
            snapshots.append(audience.update(frame, sightings, perceiver.unfollowed))
            viewers += audience.take_departed()
    finally:
        perceiver.close()
    return Watched(snapshots, viewers + audience.close())
