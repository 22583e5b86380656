"""Recorded video: every frame at its own time, and a clear word on what cannot be read."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from signage.capture.source import read_source
from signage.config.camera import CameraConfig, ReelSegment
from signage.errors import SourceError
from signage.scenes.footage import read_reel, read_video, video_duration_s, video_fps
from tests.support import films
from tests.support.builders import FOOTAGE

CLIPS = sorted(path.name for path in FOOTAGE.iterdir() if path.suffix in {".mp4", ".mov"})


def write_video(path: Path, frames: int, fps: float = 10.0) -> Path:
    """Frames that grow brighter, one after the other."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), fps, (64, 48))
    for index in range(frames):
        writer.write(np.full((48, 64, 3), 5 * index, dtype=np.uint8))
    writer.release()
    return path


def cut(path: Path, to: Path, share: float) -> Path:
    data = path.read_bytes()
    to.write_bytes(data[: int(share * len(data))])
    return to


def test_frames_come_at_their_own_times_and_not_at_the_mean_rate() -> None:
    path = FOOTAGE / "noface_face.mov"
    times = [time_s for time_s, _ in read_video(path)]
    steps = np.diff(times)
    assert len(times) == 169
    assert times[0] == 0
    assert np.median(steps) == pytest.approx(1 / 24, abs=1e-4)
    assert steps.min() < 0.02
    assert video_fps(path) == pytest.approx(26.5, abs=0.1)
    assert times[-1] == pytest.approx(6.35, abs=0.01)
    assert video_duration_s(path) == pytest.approx(times[-1], abs=0.1)


def test_a_piece_of_a_clip_is_that_piece_and_begins_at_0() -> None:
    path = FOOTAGE / "single_face.mp4"
    whole = list(read_video(path))
    piece = list(read_video(path, 1.0, 2.0))
    wanted = [(time_s, image) for time_s, image in whole if 1.0 <= time_s < 2.0]
    assert len(piece) == len(wanted) == 30
    for (time_s, image), (own_s, own) in zip(piece, wanted, strict=True):
        assert time_s == pytest.approx(own_s - 1.0, abs=1e-6)
        assert np.array_equal(image, own)


def test_a_reel_joins_clips_and_stills_on_one_increasing_time() -> None:
    segments = (
        ReelSegment(clip="noface_face.mov", to_s=1.0),
        ReelSegment(clip="multi_face.jpg", to_s=2.0),
        ReelSegment(clip="single_face.mp4", from_s=1.0),
    )
    pictures = list(read_reel(segments, FOOTAGE))
    times = [time_s for time_s, _ in pictures]
    assert all(0 < later - earlier < 0.15 for earlier, later in pairwise(times))
    assert times[-1] == pytest.approx(1.0 + 2.0 + 1.4, abs=0.1)
    still = cv2.imread(str(FOOTAGE / "multi_face.jpg"))
    assert still is not None
    shown = [time_s for time_s, image in pictures if np.array_equal(image, still)]
    assert shown[0] == pytest.approx(1.0, abs=0.05)
    assert shown[-1] == pytest.approx(2.9, abs=0.05)


def test_the_reel_goes_before_the_camera(tmp_path: Path) -> None:
    video = write_video(tmp_path / "grey.avi", 3)
    assert len(list(read_source(CameraConfig(source=str(video))))) == 3
    reel = (ReelSegment(clip=video.name), ReelSegment(clip=video.name))
    assert len(list(read_source(CameraConfig(reel=reel, footage_dir=tmp_path)))) == 6


def test_what_cannot_be_read_is_named_with_what_to_do(tmp_path: Path) -> None:
    text, empty = tmp_path / "text1.mp4", tmp_path / "empty.mp4"
    text.write_text("not a video\n" * 100)
    empty.touch()
    without_frames = write_video(tmp_path / "none.avi", 0)
    without_index = cut(FOOTAGE / "single_face.mp4", tmp_path / "cut.mp4", 0.5)
    short = write_video(tmp_path / "short.avi", 5)
    for path, reason in {
        tmp_path / "nowhere.mp4": "There is no video",
        tmp_path: "There is no video",
        text: "cannot be read as a video",
        empty: "cannot be read as a video",
        without_index: "cut off before its index",
        without_frames: "has no frames",
    }.items():
        with pytest.raises(SourceError, match=reason) as raised:
            list(read_video(path))
        assert str(path) in str(raised.value)
    with pytest.raises(SourceError, match="has no frames after 60 s"):
        list(read_video(short, 60.0))
    with pytest.raises(SourceError, match="signage models pull"):
        list(read_reel([ReelSegment(clip="still.jpg", to_s=1.0)], tmp_path))
    assert video_duration_s(text) == 0


@pytest.mark.parametrize("source", ["WolfgangLanger_Pexels.mp4", "motion.avi"])
def test_a_truncated_video_plays_what_it_has_and_says_so_once(
    source: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = FOOTAGE / source
    if not whole.exists():
        whole = write_video(tmp_path / source, 50)
    path = cut(whole, tmp_path / f"cut_{source}", 0.5)
    promised = sum(1 for _ in read_video(whole))
    caplog.clear()
    pictures = list(read_video(path))
    assert 0.2 * promised < len(pictures) < 0.7 * promised
    for (time_s, image), (own_s, own) in zip(islice(pictures, 10), read_video(whole), strict=False):
        assert time_s == own_s
        assert np.array_equal(image, own)
    (warning,) = caplog.messages
    assert warning == (
        f"{path} is cut off: only {len(pictures)} of {promised} frames can be "
        "decoded. These are used."
    )


@pytest.mark.parametrize("clip", CLIPS)
def test_a_complete_clip_is_not_called_cut_off(clip: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    times = [time_s for time_s, _ in read_video(FOOTAGE / clip)]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert not caplog.messages


def test_there_are_clips_to_test_with() -> None:
    assert len(CLIPS) >= 8


@pytest.mark.parametrize(
    "make",
    [
        lambda p: films.make(
            p, "libvpx", how={"deadline": "realtime"}, sound="libopus", sound_s=3.0
        ),
        lambda p: films.make(p, "libvpx", how={"deadline": "realtime"}, at_s=[0, 0.1, 0.2, 3.0]),
        lambda p: films.trimmed(
            p.with_suffix(".mp4"), 0.7, 1.6, seconds=2.0, how={"g": "25", "bf": "2"}
        ),
    ],
    ids=["long sound", "any rate", "trimmed"],
)
def test_what_promises_more_than_it_shows_is_not_called_cut_off(
    make: Callable[[Path], Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert list(read_video(make(tmp_path / "a.webm")))
    assert caplog.messages == []


def test_the_shortest_piece_of_a_still_is_a_picture() -> None:
    reel = [ReelSegment(clip="multi_face.jpg", to_s=0.01)]
    assert len(list(read_reel(reel, FOOTAGE))) == 1
