"""What the real models say of real people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from signage.config.config import Config
from signage.config.perception import PerceptionConfig
from signage.errors import AssetError
from signage.perception.perceiver import Perceiver
from signage.scenes.footage import read_video
from signage.types.arrays import Image
from signage.types.vision import MOODS, Frame, Sighting, Traits
from tests.support.builders import FOOTAGE, ROOT, utc

pytestmark = pytest.mark.models

MODELS = ROOT / "models"
FPS = 15
CLIP_FPS = 30
TRAITS_OFF = {"demographics": False, "mood": False}


def perceiver(**config: Any) -> Perceiver:
    return Perceiver(Config(perception=PerceptionConfig(**{"models_dir": MODELS} | config)))


def see(image: Image, frames: int = 1, **config: Any) -> list[list[Sighting]]:
    """What a fresh perceiver says of a still picture."""
    eyes = perceiver(**config)
    try:
        return [perceive(eyes, image, index / FPS) for index in range(frames)]
    finally:
        eyes.close()


def perceive(eyes: Perceiver, image: Image, t_s: float) -> list[Sighting]:
    sightings = eyes.perceive(Frame(t_s, utc(t_s), image))
    assert sightings is not None
    return sightings


def watch(clip: str, every: int = 1, **config: Any) -> list[list[Sighting]]:
    """What is seen in the clip, looking at one of ``every`` frames."""
    eyes = perceiver(**config)
    try:
        pictures = islice(read_video(FOOTAGE / clip), None, None, every)
        return [perceive(eyes, image, t_s) for t_s, image in pictures]
    finally:
        eyes.close()


def looks(watched: Sequence[Sequence[Sighting]], track: int = 1) -> list[Traits]:
    """What single looks at one person told."""
    return [s.traits for seen in watched for s in seen if s.track == track and s.traits]


def age_years(told: Sequence[Traits]) -> float:
    ages = [traits.age_probs for traits in told if traits.age_probs is not None]
    return float(np.mean(ages, axis=0) @ np.arange(101))


def female_prob(told: Sequence[Traits]) -> float:
    return float(np.mean([t.female_prob for t in told if t.female_prob is not None]))


def mood(told: Sequence[Traits]) -> str:
    moods = [traits.mood_probs for traits in told if traits.mood_probs is not None]
    return MOODS[int(np.mean(moods, axis=0).argmax())]


def face_px(sighting: Sighting) -> float:
    assert sighting.face_xyxy_px is not None
    return sighting.face_xyxy_px[3] - sighting.face_xyxy_px[1]


@pytest.fixture(scope="module")
def man() -> list[list[Sighting]]:
    return watch("single_face.mp4", mood=True)


@pytest.fixture(scope="module")
def portrait() -> Image:
    """The man, looking into the lens: shape (360, 640, 3)."""
    return next(read_video(FOOTAGE / "single_face.mp4"))[1]


@pytest.fixture(scope="module")
def group() -> Image:
    """Five people, shape (667, 1000, 3)."""
    return np.asarray(cv2.imread(str(FOOTAGE / "multi_face.jpg")), dtype=np.uint8)


@pytest.fixture
def eyes() -> Iterator[Perceiver]:
    made = perceiver()
    yield made
    made.close()


def test_the_man_is_seen_in_every_frame_and_told_to_be_one(man: list[list[Sighting]]) -> None:
    assert {len(sightings) for sightings in man} == {1}
    seen = [sighting for (sighting,) in man]
    assert {sighting.track for sighting in seen} == {1}
    assert female_prob(looks(man)) < 0.1
    assert 22 < age_years(looks(man)) < 42
    for sighting in seen:
        assert sighting.head_pose is not None
        assert abs(sighting.head_pose.yaw_deg) < 15
        assert abs(sighting.head_pose.pitch_deg) < 15
        assert face_px(sighting) == pytest.approx(222, abs=20)
        assert sighting.expression.keys() == {"smile", "surprise", "frown"}
        assert all(0 <= value <= 1 for value in sighting.expression.values())
    # He keeps still for the first half of a second.
    assert not any(sighting.is_picture for sighting in seen[round(0.8 * CLIP_FPS) :])


def test_traits_are_distributions_and_told_only_now_and_then(man: list[list[Sighting]]) -> None:
    told = looks(man)
    assert len(told) == 3  # in 2.4 s, once a second
    for traits in told:
        for probs, size in ((traits.age_probs, 101), (traits.mood_probs, len(MOODS))):
            assert probs is not None
            assert probs.shape == (size,)
            assert probs.min() >= 0
            assert probs.sum() == pytest.approx(1.0)
        assert traits.female_prob is not None
        assert 0 < traits.weight <= 1


def test_a_place_is_told_of_everyone(man: list[list[Sighting]]) -> None:
    # 70 degrees over 640 px are 457 px for a metre at a metre: 222 px are 0.205 m at 0.42 m.
    for (sighting,) in man:
        assert sighting.position_m is not None
        right_m, along_m = sighting.position_m
        assert along_m == pytest.approx(0.42, abs=0.04)
        assert right_m == pytest.approx(-0.02, abs=0.03)


def test_nobody_is_seen_where_nobody_is() -> None:
    assert not any(watch("no_face.mp4", **TRAITS_OFF))


def test_the_woman_is_one_and_her_smile_grows() -> None:
    watched = watch("WolfgangLanger_Pexels.mp4", every=5, mood=True)
    seen = [sighting for sightings in watched for sighting in sightings]
    assert len(seen) == len(watched)
    assert {sighting.track for sighting in seen} == {1}
    assert female_prob(looks(watched)) > 0.9
    # Nothing is told of her expression while she weeps with shut eyes.
    smiles = np.array([sighting.expression.get("smile", 0.0) for sighting in seen])
    third = len(smiles) // 3
    assert smiles[-third:].mean() > smiles[:third].mean() + 0.2
    assert mood(looks(watched)[-7:]) == "happy" != mood(looks(watched)[:7])


def test_several_people_are_seen_at_once_and_each_is_told_apart(group: Image) -> None:
    watched = see(group, frames=8)
    assert {len(sightings) for sightings in watched} == {5}
    people = sorted(watched[-1], key=lambda sighting: sighting.face_xyxy_px or ())
    assert len({person.track for person in people}) == 5
    told = [looks(watched, person.track) for person in people]
    assert [round(female_prob(each)) for each in told] == [0, 1, 0, 1, 1]
    assert all(15 < age_years(each) < 40 for each in told)


def test_of_too_many_the_nearest_are_followed(group: Image) -> None:
    everybody = sorted(see(group, **TRAITS_OFF)[0], key=face_px)
    kept = sorted(see(group, max_people=3, **TRAITS_OFF)[0], key=face_px)
    assert [s.face_xyxy_px for s in kept] == [s.face_xyxy_px for s in everybody[-3:]]


def test_a_newcomer_is_seen_and_told_about_soon(eyes: Perceiver, portrait: Image) -> None:
    assert perceive(eyes, np.zeros_like(portrait), 0.0) == []
    came_s = 0.05
    watched = [perceive(eyes, portrait, came_s + index / FPS) for index in range(8)]
    assert all(watched[3:])
    assert watched[3][0].head_pose is not None
    assert len(looks(watched)) == 1
    assert any(seen and seen[0].traits for seen in watched[:6])  # within 0.4 s


def test_the_same_pictures_are_seen_the_same_twice(group: Image) -> None:
    first, again = (see(group, frames=6) for _ in range(2))
    for one, other in zip(first, again, strict=True):
        assert [(s.track, s.face_xyxy_px, s.head_pose, s.expression) for s in one] == [
            (s.track, s.face_xyxy_px, s.head_pose, s.expression) for s in other
        ]


@pytest.mark.parametrize("height_px", [60, 24])
def test_people_far_away_are_seen_in_a_large_picture(height_px: float, group: Image) -> None:
    scale = height_px / 121
    far = cv2.resize(group, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    room = np.full((720, 1280, 3), 120, dtype=np.uint8)
    room[200 : 200 + far.shape[0], 500 : 500 + far.shape[1]] = far
    watched = see(room, frames=20, **TRAITS_OFF)
    assert len(watched[-1]) == 5
    assert {sighting.track for seen in watched[5:] for sighting in seen} == {1, 2, 3, 4, 5}
    assert all(sighting.head_pose for sighting in watched[-1])
    assert all(face_px(s) == pytest.approx(height_px, rel=0.35) for s in watched[-1])


def test_a_small_face_gets_no_age_and_no_gender(portrait: Image) -> None:
    small = cv2.resize(portrait, None, fx=0.13, fy=0.13, interpolation=cv2.INTER_AREA)
    room = np.full((360, 640, 3), 120, dtype=np.uint8)
    room[: small.shape[0], : small.shape[1]] = small
    watched = see(room, frames=6)
    (sighting,) = watched[-1]
    assert face_px(sighting) < 36
    assert all(t.age_probs is None and t.female_prob is None for t in looks(watched))
    told = looks(see(room, frames=6, min_face_px=20.0))
    assert any(traits.age_probs is not None for traits in told)


def test_a_turned_face_gets_no_age_and_no_gender() -> None:
    turned = next(read_video(FOOTAGE / "WolfgangLanger_Pexels.mp4", from_s=8.0))[1]
    assert looks(see(turned, frames=6))[0].age_probs is not None
    watched = see(turned, frames=6, max_yaw_deg=4.0)
    pose = watched[-1][0].head_pose
    assert pose is not None
    assert abs(pose.yaw_deg) > 4.0
    assert all(t.age_probs is None and t.female_prob is None for t in looks(watched))


def test_without_a_picture_nothing_is_told(eyes: Perceiver) -> None:
    assert eyes.perceive(Frame(0.0, utc(0.0))) is None


def test_who_is_there_after_a_lost_camera_is_somebody_new(eyes: Perceiver, portrait: Image) -> None:
    (before,) = perceive(eyes, portrait, 0.0)
    assert eyes.perceive(Frame(1.0, utc(1.0))) is None
    (soon,) = perceive(eyes, portrait, 2.0)
    assert soon.track == before.track
    (late,) = perceive(eyes, portrait, 60.0)
    assert late.track != before.track


def models(folder: Path, *without: str) -> Path:
    for path in MODELS.iterdir():
        if path.name not in without:
            (folder / path.name).symlink_to(path)
    return folder


AGE_AND_GENDER = ("age-v1.onnx", "gender-v1.onnx", "faceres.onnx", "traits.onnx")
MOOD = ("emotion.onnx", "face_expression.onnx")


def test_what_is_switched_off_is_not_told_and_its_models_are_not_asked_for(
    tmp_path: Path, portrait: Image
) -> None:
    folder = models(tmp_path, *AGE_AND_GENDER, *MOOD)
    watched = see(portrait, frames=6, models_dir=folder, **TRAITS_OFF)
    assert watched[-1][0].expression
    for traits in looks(watched):
        assert traits == Traits(traits.weight)
    with pytest.raises(AssetError, match=r"is missing"):
        perceiver(models_dir=folder, demographics=True, mood=False)
    with pytest.raises(AssetError, match=r"is missing"):
        perceiver(models_dir=folder, demographics=False, mood=True)


def test_the_mood_is_off_unless_it_is_switched_on(portrait: Image) -> None:
    told = looks(see(portrait, frames=6))
    assert [traits.mood_probs for traits in told] == [None]
    assert told[0].age_probs is not None


@pytest.mark.parametrize(
    "name",
    ["face_landmarker.task", "centerface.onnx", "movenet-multipose.onnx", *AGE_AND_GENDER, *MOOD],
)
def test_a_model_that_is_missing_or_not_the_right_one_is_named(name: str, tmp_path: Path) -> None:
    folder = models(tmp_path, name)
    with pytest.raises(AssetError, match="is missing") as missing:
        perceiver(models_dir=folder, mood=True)
    (folder / name).write_bytes((MODELS / name).read_bytes()[:-1] + b"?")
    with pytest.raises(AssetError, match="is not the file that") as corrupt:
        perceiver(models_dir=folder, mood=True)
    for raised in (corrupt, missing):
        assert str(folder / name) in str(raised.value)
        assert "signage models pull" in str(raised.value)
