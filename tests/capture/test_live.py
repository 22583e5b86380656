"""The live source. The camera itself is the one piece of hardware, and is played by a fake."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from queue import Queue
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from signage.capture import live
from signage.capture.faults import Fault
from signage.capture.live import LiveCapture, is_recorded, probe_camera
from signage.config.camera import CameraConfig, ReelSegment
from signage.errors import SourceError
from signage.types.vision import Frame
from tests.support.builders import FOOTAGE

_GONE = None
_BROKEN = -1


def picture(brightness: int) -> NDArray[np.uint8]:
    """Something to be seen: a shelf of boxes, the first of which is as bright as said."""
    image = np.zeros((32, 32, 3), np.uint8)
    image[:, 8:16], image[8:16], image[20:26, 18:30] = 180, 90, 230
    image[:6, :6] = brightness
    return image


class FakeCamera:
    """Delivers what the test says, when it says so: a brightness, a picture, or that it goes."""

    def __init__(self) -> None:
        self._said: Queue[int | NDArray[Any] | None] = Queue()
        self.opened = 0

    def read(self, source: str, silent_s: float = 2.0) -> Iterator[tuple[float, NDArray[Any]]]:
        self.opened += 1
        while (said := self._said.get()) is not _GONE:
            if isinstance(said, int) and said == _BROKEN:
                self._said.task_done()
                raise SourceError(f"Camera {source} cannot be opened.")
            yield 0.0, picture(said) if isinstance(said, int) else said
            self._said.task_done()
        self._said.task_done()

    def say(self, *said: int | NDArray[Any] | None) -> None:
        for each in said:
            self._said.put(each)

    def wait(self) -> None:
        """Until everything said has been taken in."""
        self._said.join()


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> FakeCamera:
    fake = FakeCamera()
    monkeypatch.setattr(live, "read_camera", fake.read)
    return fake


@pytest.fixture
def start(camera: FakeCamera) -> Iterator[Callable[[CameraConfig], LiveCapture]]:
    started: list[LiveCapture] = []

    def begin(config: CameraConfig) -> LiveCapture:
        started.append(LiveCapture(config))
        started[-1].start()
        return started[-1]

    yield begin
    camera.say(_GONE)
    for each in started:
        each.stop()


def brightness(frame: Frame) -> int | None:
    return None if frame.image is None else int(frame.image[0, 0, 0])


def await_picture(capture: LiveCapture) -> Frame:
    frame = capture.next()
    while frame.image is None:
        frame = capture.next()
    return frame


def await_picture_of(level: int, camera: FakeCamera, capture: LiveCapture) -> Frame:
    camera.say(np.full((32, 32, 3), level, np.uint8))
    return await_picture(capture)


def is_lost(capture: LiveCapture) -> bool:
    return capture.lost


def problem_of(capture: LiveCapture) -> str | None:
    return capture.problem


def fault_of(capture: LiveCapture) -> Fault | None:
    return capture.fault


def test_the_newest_frame_wins_and_the_others_are_counted(
    camera: FakeCamera, start: Callable[[CameraConfig], LiveCapture]
) -> None:
    capture = start(CameraConfig())
    camera.say(1, 2, 3)
    camera.wait()
    first = capture.next()
    assert (brightness(first), capture.dropped) == (3, 2)
    camera.say(4)
    second = capture.next()
    assert (brightness(second), capture.dropped) == (4, 2)
    assert second.t_s > first.t_s
    assert second.utc >= first.utc


def test_a_camera_that_goes_away_is_lost_and_comes_back(
    camera: FakeCamera,
    start: Callable[[CameraConfig], LiveCapture],
    caplog: pytest.LogCaptureFixture,
) -> None:
    camera.say(1, _GONE, _BROKEN)
    capture = start(CameraConfig(lost_after_s=0.1))
    assert brightness(await_picture(capture)) == 1
    lost = [capture.next(), capture.next()]
    assert [brightness(frame) for frame in lost] == [None, None]
    assert is_lost(capture)
    camera.say(2)
    frames = lost
    while frames[-1].image is None:
        frames.append(capture.next())
    assert brightness(frames[-1]) == 2
    assert not is_lost(capture)
    assert camera.opened == 3
    assert all(earlier.t_s < later.t_s for earlier, later in pairwise(frames))
    assert sorted(caplog.messages) == [
        "Camera 0 cannot be opened. The screen keeps running and keeps trying the camera.",
        "The camera is back.",
        "The camera sends no pictures; trying again.",
    ]
    assert caplog.messages[-1] == "The camera is back."


def test_a_recorded_source_is_played_over_and_over(
    start: Callable[[CameraConfig], LiveCapture],
) -> None:
    reel = (ReelSegment(clip="single_face.mp4", to_s=0.3),)
    capture = start(CameraConfig(reel=reel, footage_dir=FOOTAGE))
    frames = [capture.next() for _ in range(24)]  # the piece has 9
    assert all(frame.image is not None for frame in frames)
    assert all(earlier.t_s < later.t_s for earlier, later in pairwise(frames))
    pictures = {frame.image.tobytes() for frame in frames if frame.image is not None}
    assert len(pictures) <= 9


def test_a_recorded_source_that_cannot_be_read_is_an_error_at_the_start() -> None:
    with pytest.raises(SourceError, match=r"There is no video nowhere\.mp4"):
        LiveCapture(CameraConfig(source="nowhere.mp4")).start()


def test_a_camera_that_is_not_there_holds_nothing_up_and_says_what_to_do() -> None:
    capture = LiveCapture(CameraConfig(source="97", lost_after_s=0.1))
    capture.start()
    frame = capture.next()
    while not capture.lost or capture.problem is None:
        frame = capture.next()
    capture.stop()
    assert (frame.image, frame.fault, capture.state) == (None, "lost", "lost")
    assert "Camera 97 cannot be opened" in capture.problem
    assert "plugged in" in capture.problem
    assert "ls /dev/video*" in capture.problem
    told = probe_camera(CameraConfig(source="97"))
    assert told is not None
    assert told[0] == capture.problem


def test_a_camera_that_opens_but_never_delivers_is_waited_for(
    camera: FakeCamera, start: Callable[[CameraConfig], LiveCapture]
) -> None:
    capture = start(CameraConfig(lost_after_s=0.1))
    camera.say(_GONE)
    while (problem := capture.problem) is None:
        assert capture.next().fault == "lost"
    assert "opens but sends no pictures" in problem
    camera.say(7)
    frame = capture.next()
    while frame.image is None:
        frame = capture.next()
    assert (brightness(frame), frame.fault, problem_of(capture)) == (7, None, None)


def test_stop_ends_the_thread_and_may_be_called_at_any_time(
    camera: FakeCamera, start: Callable[[CameraConfig], LiveCapture]
) -> None:
    LiveCapture(CameraConfig()).stop()
    camera.say(1)
    capture = start(CameraConfig())
    camera.say(_GONE)
    capture.stop()
    capture.stop()
    assert not capture._thread.is_alive()


def test_footage_ends_and_a_camera_or_a_stream_does_not() -> None:
    assert is_recorded(CameraConfig(source="clip.mp4"))
    assert is_recorded(CameraConfig(reel=(ReelSegment(clip="clip.mp4"),)))
    assert not is_recorded(CameraConfig(source="0"))
    assert not is_recorded(CameraConfig(source="rtsp://camera/1"))


def test_a_probe_tells_a_source_that_works_from_one_that_does_not(camera: FakeCamera) -> None:
    assert probe_camera(CameraConfig(source=str(FOOTAGE / "single_face.mp4"))) is None
    camera.say(1, _GONE)
    assert probe_camera(CameraConfig()) is None
    camera.say(_GONE)
    told = probe_camera(CameraConfig())
    assert told is not None
    assert "Camera 0 opens but sends no pictures" in told[0]


def test_pictures_of_a_camera_are_turned_and_may_change_their_size_and_kind(
    camera: FakeCamera, start: Callable[[CameraConfig], LiveCapture]
) -> None:
    capture = start(CameraConfig(rotate_deg=90))
    kinds = ((20, 30, 3), (40, 60, 3), (20, 30), (40, 60, 4))
    shapes = []
    for kind in kinds:
        camera.say(np.zeros(kind, dtype=np.uint8))
        shapes.append(await_picture(capture).image)
    assert [None if image is None else image.shape for image in shapes] == [
        (30, 20, 3), (60, 40, 3), (30, 20, 3), (60, 40, 3),
    ]  # fmt: skip


def test_a_camera_that_delivers_no_pictures_at_all_is_told_in_words(
    camera: FakeCamera, start: Callable[[CameraConfig], LiveCapture]
) -> None:
    capture = start(CameraConfig())
    camera.say(np.zeros((1, 1, 3), dtype=np.uint8))
    while capture.problem is None:
        capture.next()
    assert "too small to see anyone" in capture.problem


@pytest.mark.parametrize("level", [2, 128, 250], ids=["covered", "taped over", "blinded"])
def test_who_is_there_is_unknown_from_the_first_picture_that_shows_nothing(
    camera: FakeCamera, start: Callable[[CameraConfig], LiveCapture], level: int
) -> None:
    capture = start(CameraConfig())
    camera.say(100)
    assert await_picture(capture).fault is None
    frame = await_picture_of(level, camera, capture)
    while frame.fault is None:  # pictures near to each other are not looked at
        frame = await_picture_of(level, camera, capture)
    assert frame.fault == ("black" if level == 2 else "blank")
    assert capture.fault is None  # a hand that passes is not worth a word


def test_pictures_that_come_too_seldom_to_follow_anybody_are_told(
    camera: FakeCamera, start: Callable[[CameraConfig], LiveCapture]
) -> None:
    pace = live._Pace(min_fps=2.0)
    told = []
    for t_s in [*np.arange(0, 10, 1 / 3), *np.arange(10, 20, 1.0), *np.arange(20, 30, 1 / 3)]:
        pace.note(float(t_s))
        told.append((t_s, pace.is_slow))
    slow = [t_s for t_s, is_slow in told if is_slow]
    assert 10 < slow[0] < 15
    assert 20 < slow[-1] < 25


def test_passwords_in_an_address_are_in_no_message(caplog: pytest.LogCaptureFixture) -> None:
    address = "rtsp://admin:sec/r@t@127.0.0.1:9/live?user=admin&password=hidden"
    capture = LiveCapture(CameraConfig(source=address))
    capture.start()
    while capture.problem is None:
        capture.next()
    capture.stop()
    probed = probe_camera(CameraConfig(source=address))
    for text in (capture.problem, caplog.text, str(probed)):
        assert "127.0.0.1:9/…" in text
        assert not any(secret in text for secret in ("admin", "sec", "hidden"))


def test_a_frozen_camera_is_told_and_logged_once(
    camera: FakeCamera,
    start: Callable[[CameraConfig], LiveCapture],
    caplog: pytest.LogCaptureFixture,
) -> None:
    camera.say(100)
    capture = start(CameraConfig(frozen_after_s=0.3))
    for _ in range(10):
        camera.say(100)
        camera.wait()
        time.sleep(0.1)
    assert capture.fault is Fault.FROZEN
    camera.say(*range(100, 130))
    camera.wait()
    time.sleep(0.2)
    camera.say(200)
    camera.wait()
    assert fault_of(capture) is None
    assert caplog.messages == [
        "The camera keeps sending the same picture. Unplug the camera and plug it in "
        "again, or restart the stream.",
        "The camera sends good pictures again.",
    ]


def test_a_probe_tells_what_is_wrong_with_the_pictures(tmp_path: Path) -> None:
    path = tmp_path / "covered.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for _ in range(40):
        writer.write(np.zeros((240, 320, 3), dtype=np.uint8))
    writer.release()
    assert probe_camera(CameraConfig(source=str(path))) == (
        "the camera sends only black pictures",
        "Take the cover off the lens, open its shutter, or switch on the light.",
    )
