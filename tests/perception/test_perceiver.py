"""What the real models say of real people."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from signage.capture.recorded import read_video
from signage.config import PerceptionConfig
from signage.errors import AssetError
from signage.perception.perceiver import Perceiver
from signage.types import Frame, Image, Sighting
from tests.builders import FOOTAGE, ROOT, utc

MODELS = ROOT / "models"


def perceiver(**config: Any) -> Perceiver:
    return Perceiver(PerceptionConfig(**{"models_dir": MODELS} | config))


def see(image: Image, frames: int = 1, **config: Any) -> list[list[Sighting]]:
    """What a fresh perceiver says of a still picture, ten frames a second."""
    eyes = perceiver(**config)
    try:
        return [perceive(eyes, image, index / 10) for index in range(frames)]
    finally:
        eyes.close()


def perceive(eyes: Perceiver, image: Image, t_s: float) -> list[Sighting]:
    sightings = eyes.perceive(Frame(t_s, utc(t_s), image))
    assert sightings is not None
    return sightings


def watch(clip: str, every: int = 1) -> list[list[Sighting]]:
    """What is seen in the clip, looking at one of ``every`` frames."""
    eyes = perceiver()
    try:
        pictures = islice(read_video(FOOTAGE / clip), None, None, every)
        return [perceive(eyes, image, t_s) for t_s, image in pictures]
    finally:
        eyes.close()


def age_years(sightings: Sequence[Sighting]) -> float:
    told = [s.age_probs for s in sightings if s.age_probs is not None]
    return float(np.mean(told, axis=0) @ np.arange(101))


def female_prob(sightings: Sequence[Sighting]) -> float:
    return float(np.mean([s.female_prob for s in sightings if s.female_prob is not None]))


@pytest.fixture(scope="module")
def man() -> list[list[Sighting]]:
    return watch("single_face.mp4")


@pytest.fixture(scope="module")
def portrait() -> Image:
    """The man, looking into the lens: shape (360, 640, 3)."""
    return next(read_video(FOOTAGE / "single_face.mp4"))[1]


@pytest.fixture
def eyes() -> Iterator[Perceiver]:
    made = perceiver()
    yield made
    made.close()


def test_the_man_is_seen_in_every_frame_and_told_to_be_one(man: list[list[Sighting]]) -> None:
    assert {len(sightings) for sightings in man} == {1}
    seen = [sightings[0] for sightings in man]
    assert female_prob(seen) < 0.1
    assert 22 < age_years(seen) < 42
    for sighting in seen:
        assert sighting.head_pose is not None
        assert abs(sighting.head_pose.yaw_deg) < 15
        assert abs(sighting.head_pose.pitch_deg) < 15
        assert sighting.face_px == pytest.approx(190, abs=15)
        assert all(0 <= value <= 1 for value in sighting.expression.values())


def test_age_is_a_distribution_and_estimated_only_now_and_then(man: list[list[Sighting]]) -> None:
    told = [s for (s,) in man if s.age_probs is not None]
    # 2.4 s, every 0.4 s
    assert len(told) == 6
    for sighting in told:
        assert sighting.age_probs is not None
        assert sighting.age_probs.shape == (101,)
        assert sighting.age_probs.min() >= 0
        assert sighting.age_probs.sum() == pytest.approx(1.0)
        assert sighting.female_prob is not None
    assert all(s.female_prob is None for (s,) in man if s.age_probs is None)


def test_nobody_is_seen_where_nobody_is() -> None:
    assert not any(watch("no_face.mp4"))


def test_the_woman_is_one_and_her_smile_grows() -> None:
    watched = watch("WolfgangLanger_Pexels.mp4", every=3)
    seen = [sighting for sightings in watched for sighting in sightings]
    assert len(seen) == len(watched)
    assert female_prob(seen) > 0.9
    smiles = np.array([sighting.expression["smile"] for sighting in seen])
    third = len(smiles) // 3
    assert smiles[-third:].mean() > smiles[:third].mean() + 0.2


def test_several_people_are_seen_at_once() -> None:
    group = cv2.imread(str(FOOTAGE / "multi_face.jpg"))
    assert group is not None
    assert len(see(np.asarray(group, dtype=np.uint8))[0]) >= 2
    near = np.asarray(group[:, 150:817], dtype=np.uint8)
    (sightings,) = see(near)
    people = sorted(sightings, key=lambda sighting: sighting.box_xyxy_px[0])
    women = [round(female_prob([person])) for person in people]
    assert women == [0, 1, 0, 1, 1]
    assert all(15 < age_years([person]) < 40 for person in people)
    assert len(see(near, max_faces=3)[0]) == 3


def test_a_newcomer_is_estimated_at_once(eyes: Perceiver, portrait: Image) -> None:
    assert perceive(eyes, np.zeros_like(portrait), 0.0) == []
    (sighting,) = perceive(eyes, portrait, 0.05)
    assert sighting.age_probs is not None
    (again,) = perceive(eyes, portrait, 0.1)
    assert again.age_probs is None


def test_a_small_face_gets_no_age_and_no_gender(portrait: Image) -> None:
    small = np.asarray(cv2.resize(portrait, None, fx=0.15, fy=0.15), dtype=np.uint8)
    ((sighting,),) = see(small)
    assert sighting.face_px < 36
    assert sighting.age_probs is None
    assert sighting.female_prob is None
    ((sighting,),) = see(small, min_face_px=20.0)
    assert sighting.age_probs is not None


def test_a_turned_face_gets_no_age_and_no_gender() -> None:
    turned = next(read_video(FOOTAGE / "WolfgangLanger_Pexels.mp4", from_s=8.0))[1]
    ((sighting,),) = see(turned)
    assert sighting.age_probs is not None
    ((sighting,),) = see(turned, max_yaw_deg=4.0)
    assert sighting.head_pose is not None
    assert abs(sighting.head_pose.yaw_deg) > 4.0
    assert sighting.age_probs is None
    assert sighting.female_prob is None


def test_without_a_picture_nothing_is_told(eyes: Perceiver) -> None:
    assert eyes.perceive(Frame(0.0, utc(0.0))) is None


def test_pictures_of_nothing_and_of_any_size_are_taken(eyes: Perceiver, portrait: Image) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (200, 300, 1), dtype=np.uint8)
    empty = [
        np.zeros((480, 640, 3), dtype=np.uint8),
        np.zeros((1, 1, 3), dtype=np.uint8),
        np.zeros((1, 999, 3), dtype=np.uint8),
        np.full((480, 640, 3), 255, dtype=np.uint8),
        np.repeat(noise, 3, axis=2),
    ]
    for index, image in enumerate(empty):
        assert perceive(eyes, image, index / 10) == []
    half = portrait[::2, ::2]  # not contiguous either
    for index, image in enumerate([portrait, half, portrait[:, ::-1], half]):
        assert len(perceive(eyes, image, 1 + index / 10)) == 1


def test_times_that_stand_still_or_go_back_do_no_harm(eyes: Perceiver, portrait: Image) -> None:
    for t_s in (1.0, 1.0, 1.0001, 0.5, -3.0, 0.0, 100.0, 5.0):
        assert len(perceive(eyes, portrait, t_s)) == 1


def test_with_demographics_off_no_such_model_is_loaded(tmp_path: Path, portrait: Image) -> None:
    for name in ("manifest.toml", "face_landmarker.task"):
        shutil.copy(MODELS / name, tmp_path)
    ((sighting,),) = see(portrait, models_dir=tmp_path, demographics=False)
    assert sighting.age_probs is None
    assert sighting.female_prob is None
    assert sighting.expression
    with pytest.raises(AssetError, match=r"age-v1\.onnx is missing"):
        perceiver(models_dir=tmp_path)


@pytest.mark.parametrize("name", ["face_landmarker.task", "age-v1.onnx", "gender-v1.onnx"])
def test_a_model_that_is_missing_or_not_the_right_one_is_named(name: str, tmp_path: Path) -> None:
    for path in MODELS.iterdir():
        shutil.copy(path, tmp_path)
    model = tmp_path / name
    model.write_bytes(model.read_bytes()[:-1] + b"?")
    with pytest.raises(AssetError, match="is not the file that") as corrupt:
        perceiver(models_dir=tmp_path)
    model.unlink()
    with pytest.raises(AssetError, match="is missing") as missing:
        perceiver(models_dir=tmp_path)
    for raised in (corrupt, missing):
        assert str(model) in str(raised.value)
        assert "signage models pull" in str(raised.value)
