"""The audience of a recorded video: perception and viewers alone, without a screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from signage.audience.audience import open_audience
from signage.capture.faults import FaultWatch
from signage.capture.source import read_recording, recording_fps
from signage.config.config import Config
from signage.errors import ConfigError
from signage.perception.perceiver import Perceiver
from signage.perception.visualise import AnnotatedVideo
from signage.types.audience import Viewer
from signage.types.vision import Frame

_BEGIN_UTC = datetime(2026, 1, 5, tzinfo=UTC)
"""Any will do: nothing here depends on the time of day."""


def observe(
    config: Config,
    video: Path,
    annotated: Path | None = None,
    on_progress: Callable[[float], None] = lambda _: None,
) -> dict[str, Any]:
    """One record for each viewer in ``video``, as ``signage audience --json`` prints it.

    ``annotated`` gets the video with what was seen drawn on it; ``on_progress`` gets the
    media time done so far, in seconds. Raises SourceError when the video cannot be read,
    ConfigError when it would be written over.
    """
    if annotated is not None and annotated.resolve() == video.resolve():
        raise ConfigError(f"--annotate would overwrite {video}. Choose another file.")
    audience = open_audience(config)
    perceiver = Perceiver(config)
    out = AnnotatedVideo(annotated, recording_fps(video)) if annotated else None
    viewers: list[Viewer] = []
    frames, last_s, blind_s, most_unfollowed = 0, 0.0, 0.0, 0
    faults = FaultWatch(config.camera.frozen_after_s)
    try:
        for media_s, image in read_recording(video, config.camera):
            fault = faults.look(media_s, image) or faults.symptom
            frame = Frame(media_s, _BEGIN_UTC + timedelta(seconds=media_s), image, fault)
            blind_s += media_s - last_s if fault else 0.0
            snapshot = audience.update(frame, perceiver.perceive(frame), perceiver.unfollowed)
            most_unfollowed = max(most_unfollowed, snapshot.unfollowed)
            viewers += audience.take_departed()
            if out is not None:
                out.add(image, snapshot)
            frames, last_s = frames + 1, media_s
            on_progress(media_s)
    finally:
        perceiver.close()
        if out is not None:
            out.close()
    viewers += audience.close()
    viewers.sort(key=lambda viewer: (viewer.first_seen_s, viewer.visit_id))
    return {
        "video": str(video),
        "duration_s": round(last_s, 3),
        "frames": frames,
        "blind_s": round(blind_s, 3),
        "ots": len(viewers),
        "watchers": sum(viewer.is_watcher for viewer in viewers),
        "passed": audience.passed,
        "most_unfollowed": most_unfollowed,
        "viewers": [viewer.record() for viewer in viewers],
    }
