"""Other trackers on the same heads, scored by TrackEval like the product.

The packages are installed by their registry's client into a folder that goes away again.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.common.paths import ROOT
from benchmarks.tracking.detections import Head, HeadDetector, distinct
from benchmarks.tracking.recording import Recording
from signage.types.arrays import Image

PACKAGES = ("trackers==2.6.1", "trackeval==1.3.0")
PEERS = {
    "SORTTracker": "SORT",
    "ByteTrackTracker": "ByteTrack",
    "OCSORTTracker": "OC-SORT",
    "BoTSORTTracker": "BoT-SORT",
}
_INSTALL_LIMIT_S = 1200
_RUN_LIMIT_S = 3600
_GRID_S = 0.12
"""As often as the product searches for faces."""


@dataclass(slots=True)
class HeadRecorder:
    """Keeps the heads of every picture of a grid in time."""

    detector: HeadDetector
    heads: dict[int, list[Head]] = field(default_factory=dict)
    """All, by the place of the picture in its recording."""
    found: list[tuple[float, Head]] = field(default_factory=list)
    """Those that the product found, with their times in seconds."""
    _next_s: float = 0.0
    _seen: int = 0

    def see(self, t_s: float, image: Image) -> None:
        """Look at the next picture, if the grid asks for it."""
        if t_s >= self._next_s - 1e-3:
            self.heads[self._seen] = self.detector.detect(image)
            self._next_s = t_s + _GRID_S
        self._seen += 1


def exchange(recording: Recording, recorder: HeadRecorder) -> dict[str, Any]:
    """What the program in the other environment needs of a recording."""
    heads, before_s, frames = recorder.heads, -math.inf, []
    for index, every_head in heads.items():
        t_s = recording.times_s[index]
        # What was found since the last picture of the grid: bodies have the pictures between.
        found = distinct([head for at_s, head in recorder.found if before_s < at_s <= t_s])
        before_s = t_s
        frames.append(
            {
                "people": [
                    {
                        "name": person.name,
                        "head": person.face,
                        "body": person.body,
                        "counts": person.counts,
                    }
                    for person in recording.people[index]
                    if person.face is not None
                ],
                "product": [
                    (viewer.visit_id, viewer.face_xyxy_px, True)
                    if viewer.face_xyxy_px is not None
                    else (viewer.visit_id, viewer.body_xyxy_px, False)
                    for viewer in recording.watched.in_sight(index)
                ],
                "found": [(*head.box, head.score) for head in found],
                "every": [(*head.box, head.score) for head in every_head],
            }
        )
    span_s = recording.times_s[max(heads)] - recording.times_s[min(heads)]
    return {"name": recording.name, "rate_hz": (len(heads) - 1) / span_s, "frames": frames}


def scores(recordings: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """HOTA, IDF1, tracks and mixed tracks of each tracker at its best.

    By the heads that it had (``found`` or ``every``), tracker and recording.
    """
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        _call([sys.executable, "-m", "venv", made], _INSTALL_LIMIT_S)
        python = str(folder / "bin" / "python")
        _call([python, "-m", "pip", "install", "--quiet", *PACKAGES], _INSTALL_LIMIT_S)
        data = folder / "recordings.json"
        data.write_text(json.dumps(recordings), encoding="utf-8")
        program = Path(__file__).with_name("peer_scores.py")
        printed = _call([python, str(program), str(data)], _RUN_LIMIT_S)
    result: dict[str, Any] = json.loads(printed.splitlines()[-1])
    return result


def _call(command: Sequence[str], limit_s: float) -> str:
    """What a command prints. Ends the benchmark with its last line where it fails."""
    done = subprocess.run(  # noqa: S603 - the commands are those above
        command,
        capture_output=True,
        text=True,
        check=False,
        timeout=limit_s,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["It failed and printed nothing."]
        raise SystemExit(f"The other trackers could not be run: {lines[-1][:300]}")
    return done.stdout
