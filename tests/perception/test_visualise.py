"""The annotated video, read back."""

from __future__ import annotations

from pathlib import Path

import cv2
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


def drawn(tmp_path: Path, *faces: tuple[float, float, float, float]) -> Image:
    """A white picture with viewers who have these faces."""
    people = [
        viewer(f"1.{index}", last_seen_s=5.0, face_xyxy_px=face) for index, face in enumerate(faces)
    ]
    video = AnnotatedVideo(tmp_path / "out.mp4", 10.0)
    video.add(np.full((360, 640, 3), 255, dtype=np.uint8), snapshot(*people))
    video.close()
    ((_, image),) = read_video(tmp_path / "out.mp4")
    return image


def shaded(image: Image) -> int:
    """Pixels of the dark panels behind the labels."""
    dark = (image.max(axis=2) < 250).astype(np.uint8)
    return int(cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8)).sum())


def test_labels_of_people_side_by_side_cover_neither_each_other_nor_a_face(tmp_path: Path) -> None:
    faces = [(250.0 + 45 * index, 100.0, 285.0 + 45 * index, 145.0) for index in range(3)]
    alone, together = drawn(tmp_path, faces[0]), drawn(tmp_path, *faces)
    assert shaded(alone) > 2000
    assert shaded(together) == pytest.approx(3 * shaded(alone), rel=0.05)
    for left, top, right, bottom in faces:
        assert together[int(top) + 5 : int(bottom) - 5, int(left) + 5 : int(right) - 5].min() > 200


def test_a_gender_that_is_hardly_likelier_than_the_other_is_not_named() -> None:
    names = [viewer(female_prob=prob).gender for prob in (0.2, 0.45, 0.5, 0.6, 0.8)]
    assert names == ["man", None, None, None, "woman"]


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
