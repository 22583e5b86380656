"""The live source: a thread that keeps the newest frame, and comes back after a loss."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import cv2
from numpy.typing import NDArray

from signage.capture.faults import Fault, FaultWatch
from signage.capture.picture import upright
from signage.capture.recorded import Picture
from signage.capture.source import read_source
from signage.config import CameraConfig, is_live
from signage.errors import SourceError
from signage.types import Frame, Image

log = logging.getLogger(__name__)

_TICK_S = 0.2
_RETRY_S = (0.5, 1.0, 2.0, 5.0)

_PROBE_S = 2.5
_PROBE_LASTS_S = 1.5
"""Some cameras begin with black pictures, until they have found the light."""


def read_camera(source: str) -> Iterator[tuple[float, NDArray[Any]]]:
    """Yield what a camera index or stream URL delivers, as it comes, timed on arrival.

    Ends when the camera stops delivering. Raises SourceError when it cannot be opened.
    """
    is_index = source.isdigit()
    capture = cv2.VideoCapture(int(source)) if is_index else cv2.VideoCapture(source)
    try:
        if not capture.isOpened():
            raise SourceError(
                f"Camera {source} cannot be opened. Check that it is plugged in, that no other "
                "program uses it, and that you may read it (group `video`); `ls /dev/video*` "
                "lists what there is."
                if is_index
                else f"The stream {source} cannot be opened. Check the address and the network."
            )
        while True:
            ok, image = capture.read()
            if not ok:
                return
            yield time.monotonic(), image
    finally:
        capture.release()


def is_recorded(config: CameraConfig) -> bool:
    """Whether the source is footage, which ends, and not a camera or a stream."""
    return bool(config.reel) or not is_live(config.source or "0")


class LiveCapture:
    """Reads a source in its own thread; whoever asks gets the newest frame, older ones drop.

    A camera that goes away is opened anew, for ever, with growing pauses. Recorded
    footage is played at its own speed, over and over.
    """

    def __init__(self, config: CameraConfig) -> None:
        self._config = config
        self._newest = threading.Condition()
        self._image: Image | None = None
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)
        self._last_picture_s = time.monotonic()
        self._faults = FaultWatch(config.frozen_after_s)
        self.fault: Fault | None = None
        """What is wrong with the pictures just now, if anything."""
        self.lost = False
        """Whether the camera is delivering nothing just now."""
        self.dropped = 0
        """Frames that were overtaken by a newer one before anyone took them."""

    def start(self) -> None:
        """Start reading; returns with the first frame. Raises SourceError if there is none."""
        self._thread.start()
        with self._newest:
            self._newest.wait_for(lambda: self._image is not None or self._failure is not None)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End the thread. A camera that hangs in its driver is left behind."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def next(self) -> Frame:
        """Wait for a frame newer than the last; one without image while the camera is lost.

        Raises what ended the reading, if it ended for good.
        """
        with self._newest:
            while not self._newest.wait_for(lambda: self._image is not None, timeout=_TICK_S):
                if self._failure is not None:
                    raise self._failure
                silent_s = time.monotonic() - self._last_picture_s
                if silent_s > self._config.lost_after_s:
                    self._note_loss(lost=True)
                    return Frame(time.monotonic(), datetime.now(UTC), None)
            image, self._image = self._image, None
            return Frame(self._last_picture_s, datetime.now(UTC), image)

    def _note_loss(self, *, lost: bool) -> None:
        if lost != self.lost:
            self.lost = lost
            log.warning("The camera %s.", "delivers nothing; trying again" if lost else "is back")

    def _note_fault(self, fault: Fault | None) -> None:
        if fault is not self.fault:
            self.fault = fault
            if fault is None:
                log.warning("The camera delivers good pictures again.")
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
        with self._newest:
            if self._image is not None:
                self.dropped += 1
            self._image, self._last_picture_s = image, now_s
            self._note_loss(lost=False)
            self._newest.notify_all()
        self._note_fault(self._faults.look(now_s, image))

    def _play(self, pictures: Iterator[Picture]) -> None:
        """Publish recorded pictures at the speed they were recorded."""
        begin_s = time.monotonic()
        for media_s, image in pictures:
            if self._stop.wait(max(0.0, begin_s + media_s - time.monotonic())):
                return
            self._publish(image)

    def _watch_camera(self, source: str) -> None:
        failures = 0
        ever_seen = False
        while not self._stop.is_set():
            try:
                for _, image in _see(source, self._config):
                    failures, ever_seen = 0, True
                    self._publish(image)
                    if self._stop.is_set():
                        return
                if not ever_seen:
                    raise SourceError(_no_picture(source))
            except SourceError:
                if not ever_seen:
                    raise  # wrong from the start: the user must mend it
            self._stop.wait(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
            failures += 1


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
    for t_s, raw in read_camera(source):
        yield t_s, upright(raw, config)


def _no_picture(source: str) -> str:
    what = f"Camera {source}" if source.isdigit() else f"The stream {source}"
    return (
        f"{what} opens but delivers no picture. Check that no other program uses it, and that "
        "it is what you mean: a camera can have several numbers, some without pictures."
    )
