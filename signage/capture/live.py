"""The live source: a thread that keeps the newest frame, and comes back after a loss."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import cv2
from numpy.typing import NDArray

from signage.capture.faults import Fault, FaultWatch
from signage.capture.picture import upright
from signage.capture.source import read_source
from signage.config.camera import CameraConfig, is_live
from signage.errors import SourceError
from signage.scenes.footage import Picture
from signage.text.plain import host_only
from signage.types.arrays import Image
from signage.types.vision import SLOW, Frame

log = logging.getLogger(__name__)

_TICK_S = 0.2
_SILENT_S = 1.0
"""After so long without a picture the loop goes on without: plays end, and orders come."""
_RETRY_S = (0.5, 1.0, 2.0, 5.0)

_OPEN_MS = 5000
"""A camera across a busy network may take so long to begin."""
_PROBE_S = 2.5
_PROBE_LASTS_S = 1.5
"""Some cameras begin with black pictures, until they have found the light."""


LOST = "lost"
"""The fault of a camera that delivers nothing."""
_PACE_S = 5.0
"""Pictures a second are counted over this long."""


def read_camera(source: str, silent_s: float = 2.0) -> Iterator[tuple[float, NDArray[Any]]]:
    """Yield what a camera index or stream URL delivers, as it comes, timed on arrival.

    Ends when the camera stops delivering; a stream also when it has been silent for
    ``silent_s``. Raises SourceError when it cannot be opened.
    """
    is_index = source.isdigit()
    capture = cv2.VideoCapture()
    try:
        if is_index:
            capture.open(int(source))
        else:
            capture.open(source, cv2.CAP_FFMPEG, _timeouts(silent_s))
        if not capture.isOpened():
            raise SourceError(
                f"Camera {source} cannot be opened. Check that it is plugged in, that no "
                "other program uses it, and that your user may read it (group `video`). `ls "
                "/dev/video*` lists the cameras."
                if is_index
                else f"The stream {host_only(source)} cannot be opened. Check the address, the "
                "user and password in it, and the network."
            )
        while True:
            ok, image = capture.read()
            if not ok:
                return
            yield time.monotonic(), image
    finally:
        capture.release()


def _timeouts(silent_s: float) -> list[int]:
    """FFmpeg itself would wait for half a minute."""
    silent_ms = round(silent_s * 1000)
    return [
        cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
        max(silent_ms, _OPEN_MS),
        cv2.CAP_PROP_READ_TIMEOUT_MSEC,
        silent_ms,
    ]


def is_recorded(config: CameraConfig) -> bool:
    """Whether the source is footage, which ends, and not a camera or a stream."""
    return bool(config.reel) or not is_live(config.source or "0")


class _Pace:
    """Counts what is taken, and says when that is too little."""

    def __init__(self, min_fps: float) -> None:
        self._min_fps = min_fps
        self._times_s: deque[float] = deque()
        self.is_slow = False

    def note(self, t_s: float) -> None:
        """A picture was taken at ``t_s``."""
        times_s = self._times_s
        times_s.append(t_s)
        if t_s - times_s[0] < _PACE_S:
            return  # too early to say
        while len(times_s) > 2 and t_s - times_s[1] >= _PACE_S:
            times_s.popleft()
        self.is_slow = (len(times_s) - 1) / (t_s - times_s[0]) < self._min_fps

    def restart(self) -> None:
        """There was a gap for another reason."""
        self._times_s.clear()
        self.is_slow = False


class LiveCapture:
    """Reads a source in its own thread; whoever asks gets the newest frame, older ones drop.

    A camera that is away, or goes away, is opened anew, for ever, with growing pauses. Recorded
    footage is played at its own speed, over and over.

    ``_newest`` guards the picture and the failure that cross from the thread; what else is
    public are single values, which any thread may read.
    """

    def __init__(self, config: CameraConfig) -> None:
        self._config = config
        self._newest = threading.Condition()
        self._image: Image | None = None
        self._unfit: str | None = None
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._last_picture_s = time.monotonic()
        self._faults = FaultWatch(config.frozen_after_s)
        self._pace = _Pace(config.min_fps)
        self._has_delivered = False
        self.fault: Fault | None = None
        """What is wrong with the pictures just now, if anything."""
        self.lost = False
        """Whether the camera is delivering nothing just now."""
        self.slow = False
        """Whether too few pictures are taken to follow anybody."""
        self.problem: str | None = None
        """Why the camera could not be opened, with what to do, as long as it is lost."""
        self.dropped = 0
        """Frames that were overtaken by a newer one before anyone took them."""

    @property
    def state(self) -> str:
        """``ok``, ``lost``, ``slow`` or the name of the fault."""
        if self.lost:
            return LOST
        return self.fault or (SLOW if self.slow else "ok")

    def start(self) -> None:
        """Start reading. Footage is waited for: raises SourceError where it cannot be read.

        A camera is not: what plays does not depend on it.
        """
        self._thread.start()
        if is_recorded(self._config):
            with self._newest:
                self._newest.wait_for(lambda: self._image is not None or self._failure is not None)
            if self._failure is not None:
                raise self._failure

    def stop(self) -> None:
        """End the thread. A camera that hangs in its driver is left behind."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    @property
    def is_waiting(self) -> bool:
        """Whether an untaken frame is waiting."""
        return self._image is not None

    def next(self) -> Frame:
        """Wait for a newer frame; returns one without an image if none arrives.

        Raises what ended the reading, if it ended for good.
        """
        with self._newest:
            while not self._newest.wait_for(lambda: self._image is not None, timeout=_TICK_S):
                if self._failure is not None:
                    raise self._failure
                silent_s = time.monotonic() - self._last_picture_s
                is_lost = silent_s > self._config.lost_after_s
                if is_lost:
                    self._note_loss(lost=True)
                    self._pace.restart()
                if silent_s > _SILENT_S or is_lost or not self._has_delivered:
                    return Frame(time.monotonic(), datetime.now(UTC), None, LOST)
            image, self._image = self._image, None
            t_s, fault = self._last_picture_s, self._unfit
        self._pace.note(t_s)
        self._note_slow(slow=self._pace.is_slow)
        # Both times are of the picture, however late it is taken: plays are timed by them.
        utc = datetime.now(UTC) - timedelta(seconds=time.monotonic() - t_s)
        return Frame(t_s, utc, image, fault or (SLOW if self.slow else None))

    def _note_loss(self, *, lost: bool) -> None:
        if lost != self.lost:
            self.lost = lost
            why = f" {self.problem}" if self.problem else ""
            log.warning(
                "The camera %s.%s", "sends no pictures; trying again" if lost else "is back", why
            )

    def _note_slow(self, *, slow: bool) -> None:
        if slow != self.slow:
            self.slow = slow
            log.warning(
                "Too few pictures arrive to follow anyone: the audience counts as unknown."
                if slow
                else "Enough pictures arrive again."
            )

    def _note_fault(self, fault: Fault | None) -> None:
        if fault is not self.fault:
            self.fault = fault
            if fault is None:
                log.warning("The camera sends good pictures again.")
            else:
                log.warning("The camera %s. %s", fault.reason, fault.remedy)

    def _run(self) -> None:
        try:
            if is_recorded(self._config):
                while not self._stop.is_set():
                    self._play(read_source(self._config))
            else:
                self._watch_camera(self._config.source or "0")
        except Exception as error:  # noqa: BLE001 - it is raised again in the engine's thread
            with self._newest:
                self._failure = error
                self._newest.notify_all()

    def _publish(self, image: Image) -> None:
        now_s = time.monotonic()
        fault = self._faults.look(now_s, image)
        with self._newest:
            if self._image is not None:
                self.dropped += 1
            self._image, self._last_picture_s = image, now_s
            self._unfit = fault or self._faults.symptom
            self._has_delivered, self.problem = True, None
            self._note_loss(lost=False)
            self._newest.notify_all()
        self._note_fault(fault)

    def _play(self, pictures: Iterator[Picture]) -> None:
        """Publish recorded pictures at the speed they were recorded."""
        begin_s, is_empty = time.monotonic(), True
        for media_s, image in pictures:
            if self._stop.wait(max(0.0, begin_s + media_s - time.monotonic())):
                return
            self._publish(image)
            is_empty = False
        if is_empty:
            raise SourceError(
                "The recorded source has no picture. Make its segments longer, or choose "
                "another source."
            )

    def _watch_camera(self, source: str) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                for _, image in _see(source, self._config):
                    failures = 0
                    self._publish(image)
                    if self._stop.is_set():
                        return
                if not self._has_delivered:
                    self._note_problem(_no_picture(source))
            except (SourceError, cv2.error) as error:
                self._note_problem(str(error))
            self._stop.wait(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
            failures += 1

    def _note_problem(self, problem: str) -> None:
        """Once in the log, and for ``/health`` as long as it lasts."""
        if problem != self.problem:
            log.warning("%s The screen keeps running and keeps trying the camera.", problem)
        self.problem = problem


def probe_camera(config: CameraConfig) -> tuple[str, str] | None:
    """Take some seconds of pictures from a camera, video or stream.

    None when they come and are fit to see by; else what is wrong, and what to do.
    """
    source = config.source or "0"
    faults = FaultWatch(_PROBE_LASTS_S, _PROBE_LASTS_S)
    first_s: float | None = None
    try:
        for t_s, image in read_source(config) if is_recorded(config) else _see(source, config):
            first_s = t_s if first_s is None else first_s
            faults.look(t_s, image)
            if t_s - first_s > _PROBE_S:
                break
    except SourceError as error:
        return str(error), "Plug it in, or choose another source."
    if first_s is None:
        return _no_picture(source), "Choose another source."
    if faults.fault is None:
        return None
    return f"the camera {faults.fault.reason}", faults.fault.remedy


def _see(source: str, config: CameraConfig) -> Iterator[Picture]:
    for t_s, raw in read_camera(source, config.lost_after_s):
        yield t_s, upright(raw, config)


def _no_picture(source: str) -> str:
    what = f"Camera {source}" if source.isdigit() else f"The stream {host_only(source)}"
    return (
        f"{what} opens but sends no pictures. Check that no other program uses it. A "
        "camera can have several numbers, some without pictures: try another."
    )
