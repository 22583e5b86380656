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
from signage.types.audience import AudienceSnapshot, JoinedVisit, Viewer
from signage.types.vision import Frame, Sighting

_LAST_VISITS = 100
"""No track goes on after so many others have ended."""
_JOINED_TRACKS = 1000
"""Faces are remembered for an hour or so, in which no more tracks are joined."""


class Audience:
    """Everybody in front of the screen. ``run`` makes the visits' ids unique in a journal.

    A visit that is out of sight for ``forget_after_s`` leaves the snapshot, and departs after
    ``depart_after_s``. Until then the same track, or one that is joined with it, continues it.
    """

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
        """By track; several tracks may be of one visit."""
        self._names: dict[int, str] = {}
        """Visits of the newest tracks that were joined with another, by track."""
        self._past: deque[str] = deque(maxlen=_LAST_VISITS)
        self._departed: list[Viewer] = []
        self._joined: list[JoinedVisit] = []
        self._withdrawn: list[str] = []
        self._shown: set[str] = set()
        """Ids of the visits that a snapshot had, and that are not over."""
        self._passed = 0
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
            visit = self._visit_of(sighting)
            if sighting.is_picture and visit.is_alive:
                continue  # their path goes on at a picture, and they have left
            visit.add(now_s, sighting)
            if sighting.earlier_tracks is not None:
                earlier = dict.fromkeys(self._name_of(track) for track in sighting.earlier_tracks)
                visit.set_earlier_visits(tuple(n for n in earlier if n != visit.visit_id))
        if sightings is None:
            self._blind_s, self._fault = now_s, frame.fault
        # Who is there is not known before there was time to believe that somebody is.
        observed = now_s - self._blind_s >= self._config.confirm_after_s and sightings is not None
        present = self._present(now_s)
        viewers = tuple(visit.viewer() for visit in present if visit.is_in_range)
        self._shown.update(viewer.visit_id for viewer in viewers)
        return AudienceSnapshot(
            t_s=now_s,
            utc=frame.utc,
            viewers=viewers,
            observed=observed,
            fault=None if observed else self._fault,
            unfollowed=unfollowed,
            traffic=len(present) - len(viewers),
            passed=self._passed,
        )

    def take_departed(self) -> list[Viewer]:
        """The viewers who left since the last call."""
        departed, self._departed = self._departed, []
        return departed

    def take_joined(self) -> list[JoinedVisit]:
        """The visits that turned out to be part of another since the last call."""
        joined, self._joined = self._joined, []
        return joined

    def take_withdrawn(self) -> list[str]:
        """Ids of the visits that turned out to be nobody's since the last call.

        Snapshots had them before it was known that the face was on a picture.
        """
        withdrawn, self._withdrawn = self._withdrawn, []
        return withdrawn

    def close(self) -> list[Viewer]:
        """Let everybody leave at once: the viewers still present, and those not taken yet."""
        self._part(math.inf)
        return self.take_departed()

    @property
    def passed(self) -> int:
        """How many people have left without ever coming within ``range_m``."""
        return self._passed

    def _visit_of(self, sighting: Sighting) -> Visit:
        """The visit that a sighting continues, or begins."""
        known = self._visits.get(sighting.track)
        if known is not None and all(self._visits.get(n, known) is known for n in sighting.joined):
            return known
        tracks = [n for n in (sighting.track, *sighting.joined) if n in self._visits]
        visits = list(dict.fromkeys(self._visits[track] for track in tracks))
        if not visits:
            return self._begin(sighting.track)
        first, *others = sorted(visits, key=lambda visit: visit.first_seen_s)
        for other in others:
            self._join(first, other)
        self._visits[sighting.track] = first
        if first.visit_id != f"{self._run}.{sighting.track}":
            self._remember(sighting.track, first.visit_id)
        return first

    def _join(self, first: Visit, other: Visit) -> None:
        first.join(other)
        for track, visit in self._visits.items():
            if visit is other:
                self._visits[track] = first
                self._remember(track, first.visit_id)
        if other.visit_id in self._shown:
            self._shown.discard(other.visit_id)
            self._joined.append(JoinedVisit(other.visit_id, first.visit_id, first.viewer_id))

    def _remember(self, track: int, name: str) -> None:
        self._names.pop(track, None)
        self._names[track] = name
        if len(self._names) > _JOINED_TRACKS:
            del self._names[next(iter(self._names))]

    def _name_of(self, track: int) -> str:
        """The visit that a track was last part of."""
        if (visit := self._visits.get(track)) is not None:
            return visit.visit_id
        return self._names.get(track, f"{self._run}.{track}")

    def _begin(self, track: int) -> Visit:
        """A visit of its own also for a track that goes on after its visit ended."""
        name = f"{self._run}.{track}"
        before = tuple(past for past in self._past if past == name or past.startswith(f"{name}-"))
        own_name = f"{name}-{len(before) + 1}" if before else name
        visit = Visit(own_name, self._config, self._screen, self._reading, before)
        self._visits[track] = visit
        return visit

    def _present(self, now_s: float) -> list[Visit]:
        """Whom there is enough of to believe in, and who is not out of sight for too long."""
        return [
            visit
            for visit in dict.fromkeys(self._visits.values())
            if visit.is_confirmed and now_s - visit.last_seen_s <= self._config.forget_after_s
        ]

    def _part(self, now_s: float) -> None:
        wait_s = max(self._config.depart_after_s, self._config.forget_after_s)
        gone = [t for t, visit in self._visits.items() if now_s - visit.last_seen_s > wait_s]
        for visit in dict.fromkeys(self._visits.pop(track) for track in gone):
            if not visit.is_confirmed:
                if visit.visit_id in self._shown:
                    self._withdrawn.append(visit.visit_id)
            elif visit.is_in_range:
                self._past.append(visit.visit_id)
                self._departed.append(visit.departed())
            else:
                self._passed += 1
            self._shown.discard(visit.visit_id)


def open_audience(config: Config, run: str = "1") -> Audience:
    """The audience of one run, with all that ``config`` switches on.

    Raises AssetError when the model of reading is missing or broken.
    """
    reading = None
    if config.audience.reading and config.perception.gaze:
        manifest = config.perception.models_dir / "manifest.toml"
        reading = load_reading_model(require(manifest, "reading.json"))
    return Audience(config.audience, run, config.screen, reading)
