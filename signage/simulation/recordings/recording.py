"""Sightings of recorded videos, perceived once and replayed often."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from signage.capture.faults import FaultWatch
from signage.capture.source import read_recording, read_source
from signage.config.config import Config
from signage.errors import SourceError
from signage.perception.perceiver import Perceiver
from signage.scenes.footage import Picture
from signage.types.vision import Frame, Sighting

# Where simulated time begins: a Monday morning. Fixed, so that a run can be repeated.
BEGIN_UTC = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

_PICTURE_LOGS = [logging.getLogger(room) for room in ("signage.capture", "signage.scenes")]

_FPS = 5.0
"""Frames a second are enough for who is there; the looks are simulated."""

_GAP_S = 2.0
"""Between two videos nobody is there, for longer than anyone is remembered."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of a recording: who was there. Tracks are numbered over the whole of it."""

    t_s: float
    people: tuple[Sighting, ...]
    fault: str | None = None
    """What was wrong with the camera: who was there is unknown."""
    unfollowed: int = 0
    """How many more were there than are followed."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What was seen, moment by moment."""

    moments: tuple[Moment, ...]
    duration_s: float
    people: int
    """How many different people it shows."""
    messages: tuple[str, ...] = ()
    """What is wrong with the video, in words for the user, its path as ``{video}``."""


def record(
    config: Config,
    videos: Sequence[Path],
    on_progress: Callable[[float], None] = lambda _: None,
) -> Recording:
    """Perceive ``videos``, or the reel of ``config`` if there are none, one after the other.

    ``on_progress`` gets the media time done so far, in seconds. Raises SourceError when a
    video cannot be read or nobody is to be seen in any. ``store.py`` does it with several
    processes, and only once for each video.
    """
    parts: list[Recording] = []
    sources: list[Path | None] = [*videos] or [None]
    for video in sources:
        begin_s = sum(part.duration_s for part in parts)
        parts.append(watch(config, video, partial(_add, on_progress, begin_s)))
    return joined(parts)


def _add(on_progress: Callable[[float], None], begin_s: float, t_s: float) -> None:
    on_progress(begin_s + t_s)


def watch(
    config: Config, video: Path | None, on_progress: Callable[[float], None] = lambda _: None
) -> Recording:
    """Perceive one video, or the reel of ``config``; the result may be empty.

    ``on_progress`` gets the media time done, in seconds. Raises SourceError when it cannot be read.
    """
    moments: list[Moment] = []
    people, last_s, next_s = 0, 0.0, 0.0
    perceiver, faults = Perceiver(config), FaultWatch(config.camera.frozen_after_s)
    warning_log = _WarningLog()
    for log in _PICTURE_LOGS:
        log.addHandler(warning_log)
    try:
        for media_s, image in _pictures(config, video):
            last_s = media_s
            fault = faults.look(media_s, image) or faults.symptom
            if media_s < next_s:
                continue
            next_s += 1 / _FPS
            utc = BEGIN_UTC + timedelta(seconds=media_s)
            people_in_view = tuple(perceiver.perceive(Frame(media_s, utc, image, fault)) or ())
            people = max([people, *(sighting.track for sighting in people_in_view)])
            moments.append(Moment(media_s, people_in_view, fault, perceiver.unfollowed))
            on_progress(media_s)
    finally:
        for log in _PICTURE_LOGS:
            log.removeHandler(warning_log)
        perceiver.close()
    messages = tuple(message.replace(str(video), "{video}") for message in warning_log.messages)
    return Recording(tuple(moments), last_s + _GAP_S, people, messages)


class _WarningLog(logging.Handler):
    """Keeps warnings, beside whoever else hears them."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def joined(parts: Sequence[Recording]) -> Recording:
    """One after the other, each with people of its own.

    Raises SourceError when nobody is to be seen in any.
    """
    moments: list[Moment] = []
    begin_s, people = 0.0, 0
    for part in parts:
        for moment in part.moments:
            people_in_view = tuple(sighting.numbered_from(people) for sighting in moment.people)
            moments.append(replace(moment, t_s=begin_s + moment.t_s, people=people_in_view))
        begin_s += part.duration_s
        people += part.people
    if not people:
        raise SourceError(
            "The recording shows nobody, so there is no audience to play to. Choose another video."
        )
    return Recording(tuple(moments), begin_s, people)


def _pictures(config: Config, video: Path | None) -> Iterator[Picture]:
    if video is None:
        return read_source(config.camera)
    return read_recording(video, config.camera)
