"""What is perceived once, and kept."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from signage.config.config import Config
from signage.errors import SourceError
from signage.journal.reader import JournalReader
from signage.scenes.footage import read_video
from signage.simulation.recordings import recording
from signage.simulation.recordings import store as recordings
from signage.simulation.recordings.file import dump, load
from signage.simulation.recordings.recording import Recording, record
from signage.simulation.recordings.store import record_all
from signage.simulation.simulate import Simulation
from tests.support.builders import FOOTAGE, catalogue, defaults

pytestmark = pytest.mark.models

MAN, NOBODY = FOOTAGE / "single_face.mp4", FOOTAGE / "no_face.mp4"
CONFIG = defaults()


def perceive(cache: Path, *videos: Path, config: Config = CONFIG, workers: int = 1) -> Recording:
    return record_all(config, videos or (MAN,), folder=cache, workers=workers)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that has the man."""
    cache = tmp_path_factory.mktemp("cache")
    perceive(cache)
    return cache


@pytest.fixture
def cache(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "cache"))


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The videos that were really watched."""
    videos: list[Any] = []
    really: Callable[..., Recording] = recording.watch

    def watch(config: Config, video: Path, *more: Any) -> Recording:
        videos.append(video)
        return really(config, video, *more)

    monkeypatch.setattr(recordings, "watch", watch)
    return videos


def test_what_is_kept_is_what_was_seen(cache: Path, watched: list[Any], tmp_path: Path) -> None:
    kept = perceive(cache)
    assert watched == []
    assert dump(kept) == dump(record(CONFIG, [MAN]))
    other_name = tmp_path / "other.mp4"
    shutil.copy(MAN, other_name)
    assert dump(perceive(cache, other_name)) == dump(kept)
    assert watched == []
    assert dump(load(dump(kept))) == dump(kept)


def test_another_setting_of_perception_is_perceived_anew(cache: Path, watched: list[Any]) -> None:
    perception = CONFIG.perception.model_copy(update={"min_confidence": 0.6})
    perceive(cache, config=CONFIG.model_copy(update={"perception": perception}))
    assert watched == [MAN]
    assert len(list(cache.iterdir())) == 2
    perceive(cache, config=CONFIG.model_copy(update={"seed": 5}))
    assert watched == [MAN]


@pytest.mark.parametrize("damage", ["cut", "empty", "flipped"])
def test_a_damaged_file_is_computed_anew(
    damage: str, cache: Path, watched: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    (path,) = cache.iterdir()
    good = path.read_bytes()
    bad = {"cut": good[:500], "empty": b"", "flipped": good[:-3] + b"\0\0\0"}[damage]
    path.write_bytes(bad)
    with caplog.at_level(logging.WARNING):
        perceive(cache)
    assert watched == [MAN]
    assert "is damaged" in caplog.text
    assert path.read_bytes() == good
    assert list(cache.iterdir()) == [path]


def test_a_cache_that_cannot_be_written_costs_only_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taken = tmp_path / "file"
    taken.touch()
    assert perceive(taken / "cache").people == 1
    assert "Choose another --cache" in caplog.text


def test_several_processes_see_the_same(cache: Path, tmp_path: Path) -> None:
    done: list[float] = []
    found = record_all(
        CONFIG, (NOBODY, MAN), folder=tmp_path / "fresh", workers=2, on_progress=done.append
    )
    assert dump(found) == dump(perceive(cache, NOBODY, MAN))
    assert done == sorted(done)
    assert done[-1] == pytest.approx(1)
    assert len(set(done)) > 4  # within a video, too


def test_what_is_wrong_with_a_video_is_said_whenever_it_is_used(
    tmp_path: Path, watched: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    whole = (FOOTAGE / "WolfgangLanger_Pexels.mp4").read_bytes()
    cut, copy = tmp_path / "cut.mp4", tmp_path / "copy.mp4"
    for path in (cut, copy):
        path.write_bytes(whole[: len(whole) // 8])
    for path, times in ((cut, 1), (cut, 1), (copy, 1)):
        caplog.clear()
        perceive(tmp_path / "cache", path)
        assert caplog.text.count(f"{path} is cut off: ") == times
    assert watched == [cut]


def test_a_video_that_is_not_there_and_one_with_nobody(cache: Path) -> None:
    with pytest.raises(SourceError, match=r"There is no video nowhere\.mp4"):
        perceive(cache, Path("nowhere.mp4"))
    with pytest.raises(SourceError, match="The recording shows nobody"):
        perceive(cache, NOBODY)


def test_the_users_folder_is_where_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert recordings.default_cache() == Path("/somewhere/signage/recordings")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert recordings.default_cache() == Path.home() / ".cache" / "signage" / "recordings"


def test_a_covered_stretch_of_a_video_is_no_empty_room(tmp_path: Path) -> None:
    video = tmp_path / "covered.avi"
    pictures = list(islice(read_video(MAN), 50))
    height, width = pictures[0][1].shape[:2]
    writer = cv2.VideoWriter(str(video), cv2.VideoWriter.fourcc(*"MJPG"), 25, (width, height))
    covered = np.full((height, width, 3), 3, dtype=np.uint8)
    for image in [image for _, image in pictures] + [covered] * 100:
        writer.write(image)
    writer.release()
    seen = load(dump(record(CONFIG, [video])))
    # Pictures nearer than a fifth of a second to each other are not looked at.
    sharp = [moment for moment in seen.moments if not 1.95 < moment.t_s < 2.25]
    assert {(m.t_s > 2, m.fault) for m in sharp} == {(False, None), (True, "black")}
    wine = catalogue({"news": {}, "wine": {"adults_only": True}})
    Simulation(CONFIG, wine, seen, tmp_path).run(8)
    blind = [
        decision
        for decision in JournalReader(tmp_path / "journal.sqlite").decisions()
        if decision["context"].get("group=unknown")
    ]
    assert blind
    assert {decision["content_id"] for decision in blind} == {"news"}
    assert "(camera: black)" in blind[0]["masked"]["wine"]
