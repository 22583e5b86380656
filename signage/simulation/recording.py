"""What perception said of recorded videos, once, to be lived through again and again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from signage.capture.recorded import Picture
from signage.capture.source import read_recording, read_source
from signage.config import Config
from signage.errors import SourceError
from signage.perception.perceiver import Perceiver
from signage.types import Frame, Sighting

# Where simulated time begins: a Monday morning. Fixed, so that a run can be repeated.
BEGIN_UTC = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

_FPS = 5.0
"""Frames a second are enough for who is there; the looks are simulated."""

_GAP_S = 2.0
"""Between two videos nobody is there, for longer than anyone is remembered."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of a recording: who was there. Tracks are numbered over the whole of it."""

    t_s: float
    people: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """What was seen, moment by moment."""

    moments: tuple[Moment, ...]
    duration_s: float
    people: int
    """How many different people it shows."""


def record(
    config: Config,
    videos: Sequence[Path],
    report: Callable[[float], None] = lambda _: None,
) -> Recording:
    """Perceive ``videos``, or the reel of ``config`` if there are none.

    ``report`` is told the media time done so far, in seconds. Raises SourceError when a
    video cannot be read or nobody is to be seen in any.
    """
    moments: list[Moment] = []
    people = 0
    offset_s = 0.0
    for stream in _streams(config, videos):
        perceiver = Perceiver(config)
        last_s, next_s, first = 0.0, 0.0, people
        try:
            for media_s, image in stream:
                last_s = media_s
                if media_s < next_s:
                    continue
                next_s += 1 / _FPS
                utc = BEGIN_UTC + timedelta(seconds=offset_s + media_s)
                sightings = perceiver.perceive(Frame(media_s, utc, image)) or []
                there = tuple(sighting.numbered_from(first) for sighting in sightings)
                people = max([people, *(sighting.track for sighting in there)])
                moments.append(Moment(offset_s + media_s, there))
                report(offset_s + media_s)
        finally:
            perceiver.close()
        offset_s += last_s + _GAP_S
    if not people:
        raise SourceError("Nobody is to be seen in the recording: there is no audience to play to.")
    return Recording(tuple(moments), offset_s, people)


def _streams(config: Config, videos: Sequence[Path]) -> list[Iterator[Picture]]:
    if videos:
        return [read_recording(path, config.camera) for path in videos]
    return [read_source(config.camera)]
