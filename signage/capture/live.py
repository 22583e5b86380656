"""The live source: a thread that keeps the newest frame, and comes back after a loss."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime

import cv2
import numpy as np

from signage.capture.recorded import Picture, read_source
from signage.config import CameraConfig, is_live
from signage.errors import SourceError
from signage.types import Frame, Image

log = logging.getLogger(__name__)

_TICK_S = 0.2
_RETRY_S = (0.5, 1.0, 2.0, 5.0)


def read_camera(source: str) -> Iterator[Picture]:
    """Yield pictures of a camera index or stream URL as they come, timed on arrival.

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
            yield time.monotonic(), np.asarray(image, dtype=np.uint8)
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
        with self._newest:
            if self._image is not None:
                self.dropped += 1
            self._image, self._last_picture_s = image, time.monotonic()
            self._note_loss(lost=False)
            self._newest.notify_all()

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
                for _, image in read_camera(source):
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


def probe_camera(source: str) -> str | None:
    """Take one picture from a camera, video or stream; None when it comes, else why not."""
    config = CameraConfig(source=source)
    try:
        pictures = read_source(config) if is_recorded(config) else read_camera(source)
        return None if next(pictures, None) else _no_picture(source)
    except SourceError as error:
        return str(error)


def _no_picture(source: str) -> str:
    what = f"Camera {source}" if source.isdigit() else f"The stream {source}"
    return (
        f"{what} opens but delivers no picture. Check that no other program uses it, and that "
        "it is what you mean: a camera can have several numbers, some without pictures."
    )
