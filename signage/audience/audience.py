"""The audience stage: sightings become viewers, aggregated over their visit."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from signage.assets.manifest import require
from signage.audience.reading import ReadingModel, load_reading_model
from signage.audience.screen_plane import ScreenPlane
from signage.audience.visit import Visit
from signage.config.audience import AudienceConfig
from signage.config.config import Config
from signage.config.screen import ScreenConfig
from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.vision import Frame, Sighting

_LAST_VISITS = 100
"""No track goes on after so many others have ended."""


class Audience:
    """Everybody in front of the screen. ``run`` makes the visits' ids unique in a journal."""

    def __init__(
        self,
        config: AudienceConfig,
        run: str = "1",
        screen: ScreenConfig | None = None,
        reading: ReadingModel | None = None,
    ) -> None:
        """Without the ``reading`` model, nobody counts as reading."""
        self._config = config
        self._run = run
        self._screen = ScreenPlane(screen or ScreenConfig())
        self._reading = reading
        self._visits: dict[int, Visit] = {}
        self._past: deque[str] = deque(maxlen=_LAST_VISITS)
        self._departed: list[Viewer] = []
        self._blind_s = -math.inf
        self._fault: str | None = None
        """What was wrong with the camera when it last did not see, at ``_blind_s``."""

    def begin_run(self, run: str) -> None:
        """Name the visits with ``run`` from now on."""
        self._run = run

    def update(
        self, frame: Frame, sightings: Sequence[Sighting] | None, unfollowed: int = 0
    ) -> AudienceSnapshot:
        """Add the sightings of a frame; None if the camera cannot see.

        ``unfollowed``: how many more people are in view than perception follows.
        """
        now_s = frame.t_s
        self._part(now_s)  # whoever was not seen for so long has left, even if their track goes on
        for sighting in sightings or ():
            visit = self._visits.get(sighting.track)
            if visit is None:
                visit = self._begin(sighting.track)
            if sighting.is_picture and visit.is_alive:
                continue  # their path goes on at a picture, and they have left
            visit.add(now_s, sighting)
            if sighting.earlier_tracks is not None:
                earlier = (f"{self._run}.{track}" for track in sighting.earlier_tracks)
                visit.set_earlier_visits(tuple(earlier))
        self._part(now_s)
        if sightings is None:
            self._blind_s, self._fault = now_s, frame.fault
        # Who is there is not known before there was time to believe that somebody is.
        observed = now_s - self._blind_s >= self._config.confirm_after_s and sightings is not None
        return AudienceSnapshot(
            t_s=now_s,
            utc=frame.utc,
            viewers=tuple(v.viewer() for v in self._visits.values() if self._is_confirmed(v)),
            observed=observed,
            fault=None if observed else self._fault,
            unfollowed=unfollowed,
        )

    def take_departed(self) -> list[Viewer]:
        """The viewers who left since the last call."""
        departed, self._departed = self._departed, []
        return departed

    def close(self) -> list[Viewer]:
        """Let everybody leave: the viewers still present, and those not taken yet."""
        self._part(float("inf"))
        return self.take_departed()

    def _begin(self, track: int) -> Visit:
        """A visit of its own also for a track that goes on after its visit ended."""
        name = f"{self._run}.{track}"
        before = tuple(past for past in self._past if past == name or past.startswith(f"{name}-"))
        own_name = f"{name}-{len(before) + 1}" if before else name
        visit = Visit(own_name, self._config, self._screen, self._reading, before)
        self._visits[track] = visit
        return visit

    def _is_confirmed(self, visit: Visit) -> bool:
        return visit.dwell_s >= self._config.confirm_after_s and not visit.is_picture

    def _part(self, now_s: float) -> None:
        gone = [
            number
            for number, visit in self._visits.items()
            if now_s - visit.last_seen_s > self._config.forget_after_s
        ]
        for number in gone:
            visit = self._visits.pop(number)
            if self._is_confirmed(visit):
                self._past.append(visit.visit_id)
                self._departed.append(visit.departed())


def open_audience(config: Config, run: str = "1") -> Audience:
    """The audience of one run, with all that ``config`` switches on.

    Raises AssetError when the model of reading is missing or broken.
    """
    reading = None
    if config.audience.reading and config.perception.gaze:
        manifest = config.perception.models_dir / "manifest.toml"
        reading = load_reading_model(require(manifest, "reading.json"))
    return Audience(config.audience, run, config.screen, reading)
