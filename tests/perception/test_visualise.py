"""The annotated video, read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from signage.errors import ConfigError, SourceError
from signage.perception.visualise import AnnotatedVideo
from signage.scenes.footage import read_video
from signage.types.arrays import Image
from tests.support.builders import snapshot, viewer

BLACK: Image = np.zeros((360, 640, 3), dtype=np.uint8)


def is_green(image: Image) -> bool:
    pixels = image.astype(int)
    return bool((pixels[..., 1] > pixels[..., 2] + 80).any())


def test_viewers_are_drawn_where_they_are_and_only_when_they_are_seen(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    video = AnnotatedVideo(path, 10.0)
    attentive = viewer(last_seen_s=5.0)
    elsewhere = viewer(last_seen_s=5.0, attentive=False, age=None, female_prob=None)
    video.add(BLACK, snapshot())
    video.add(BLACK, snapshot(attentive))
    video.add(BLACK, snapshot(elsewhere))
    video.add(BLACK, snapshot(viewer(last_seen_s=4.0)))
    video.close()
    nobody, seen, away, missed = (image for _, image in read_video(path))
    assert nobody.shape == BLACK.shape
    assert nobody.max() < 30
    assert seen[150:250, 260:340].max() > 150
    assert seen[:100].max() < 30
    assert is_green(seen)
    assert away.max() > 100
    assert not is_green(away)
    assert missed.max() < 30
    assert BLACK.max() == 0


def test_a_video_that_changes_its_size_is_still_written(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    video = AnnotatedVideo(path, 10.0)
    video.add(BLACK, snapshot())
    video.add(BLACK[::2, ::2], snapshot())
    video.close()
    assert [image.shape for _, image in read_video(path)] == [BLACK.shape] * 2


def test_where_it_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"out\.avi must end in \.mp4"):
        AnnotatedVideo(tmp_path / "out.avi", 10.0)
    nowhere = AnnotatedVideo(tmp_path / "nowhere" / "out.mp4", 10.0)
    with pytest.raises(SourceError, match="Check that the folder exists"):
        nowhere.add(BLACK, snapshot())
    nowhere.close()
    AnnotatedVideo(tmp_path / "unused.mp4", 10.0).close()
