"""How a simulated audience takes what it is shown."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from signage.audience.audience import open_audience
from signage.audience.screen_plane import ScreenPlane
from signage.content.catalogue import Content
from signage.simulation.recordings.recording import BEGIN_UTC, Moment, Recording
from signage.simulation.viewers.model import ResponseModel
from signage.simulation.viewers.reading_eyes import SAMPLES_HZ
from signage.simulation.viewers.response import Eyes, Response, Visitor
from signage.types.arrays import Floats
from signage.types.vision import Frame, Gaze, Sighting
from tests.support.builders import content, defaults, sighting, traits

pytestmark = pytest.mark.system

CATEGORIES = ("coffee", "shoes")
VISITORS = [Visitor(round_, 1) for round_ in range(800)]
MOMENTS_S = np.arange(0.1, 8.0, 0.2)
SOMEBODY = sighting(traits=traits(45, 0.9))
RECORDING = Recording((Moment(0.0, (SOMEBODY,)),), 2.0, 1)


def response(seed: int = 0) -> Response:
    return Response(seed, RECORDING, CATEGORIES)


def looks(audience: Response, shown: Content, number: int = 1) -> Floats:
    """Whether each visitor looks, shape (visitors, moments of the play)."""
    audience.begin_play(number, shown)
    seen = [
        [audience.alter(100 + float(t_s - MOMENTS_S[0]), visitor, SOMEBODY) for t_s in MOMENTS_S]
        for visitor in VISITORS
    ]
    return np.array([[_looks(face) for face in faces] for faces in seen])


def _looks(face: Any) -> float:
    return float(abs(face.head_pose.yaw_deg) < 30)


def fond_of(audience: Response, shown: Content) -> Floats:
    """Expected attention of each visitor, shape (visitors,)."""
    return np.array([audience.expected_attention([visitor], shown) for visitor in VISITORS])


def test_nobody_looks_at_a_dark_screen() -> None:
    assert not _looks(response().alter(0.0, VISITORS[0], SOMEBODY))


def test_where_the_recorded_eyes_looked_does_not_count() -> None:
    """In the recording they saw something else."""
    seen = replace(SOMEBODY, gaze=Gaze(0.0, 0.0, 0.0, 1.0))
    audience = response()
    assert audience.alter(0.0, VISITORS[0], seen).gaze is None
    audience.begin_play(1, content("coffee"))
    assert audience.alter(0.0, VISITORS[0], seen).gaze is None


def test_what_moves_is_noticed_more_often_than_what_stands_still() -> None:
    moving = looks(response(), content("coffee", motion=True)).any(axis=1).mean()
    still = looks(response(), content("coffee", motion=False)).any(axis=1).mean()
    assert moving > 1.5 * still > 0


def test_what_is_liked_is_watched_more_than_what_is_not() -> None:
    audience, coffee = response(), content("coffee")
    order = np.argsort(fond_of(audience, coffee))
    watched = looks(audience, coffee).mean(axis=1)[order]
    third = len(order) // 3
    assert watched[-third:].mean() > 3 * watched[:third].mean()


@pytest.mark.parametrize("motion", [True, False])
@pytest.mark.parametrize("duration_s", [8.0, 30.0])
def test_the_expected_attention_is_the_mean_of_many_plays(motion: bool, duration_s: float) -> None:
    shown = content("coffee", motion=motion, duration_s=duration_s)
    audience = response()
    expected = audience.expected_attention(VISITORS, shown)
    assert fond_of(audience, shown).mean() == pytest.approx(expected)
    moments_s = np.linspace(0, duration_s, 80, endpoint=False)
    audience.begin_play(1, shown)
    attended = np.array(
        [[_looks(audience.alter(float(t), v, SOMEBODY)) for t in moments_s] for v in VISITORS]
    ).mean(axis=1)
    error = attended.std() / math.sqrt(len(attended))
    assert attended.mean() == pytest.approx(expected, abs=3 * error)


def test_the_same_again_bores_and_something_else_does_not() -> None:
    audience, coffee, shoes = response(), content("coffee"), content("shoes")
    before = {shown.content_id: fond_of(audience, shown) for shown in (coffee, shoes)}
    looks(audience, coffee)
    assert (fond_of(audience, coffee) < before["coffee"]).all()
    assert (fond_of(audience, shoes) == before["shoes"]).all()


def test_people_alike_share_a_part_of_their_taste_and_no_more() -> None:
    def taste(age: float, female: float) -> Floats:
        face = sighting(traits=traits(age, female))
        recording = Recording((Moment(0.0, (face,)),), 2.0, 1)
        return fond_of(Response(0, recording, CATEGORIES), content("coffee"))

    woman, man = taste(45, 0.9), taste(45, 0.1)
    assert (woman != man).all()
    assert (taste(47, 0.8) == woman).all()
    assert woman.std() > 0.2 * woman.mean()


def test_who_looks_smiles_at_what_they_like_and_is_otherwise_left_as_recorded() -> None:
    audience, coffee = response(), content("coffee")
    fondest = VISITORS[int(np.argmax(fond_of(audience, coffee)))]
    face = sighting(expression={"smile": 0.9, "frown": 0.2}, traits=traits(45))
    smiles = []
    for number in range(1, 40):
        audience.begin_play(number, content(f"coffee-{number}", category="coffee"))
        altered = [audience.alter(float(t), fondest, face) for t in MOMENTS_S]
        smiles += [each.expression["smile"] for each in altered if _looks(each)]
        assert {each.expression["smile"] for each in altered if not _looks(each)} <= {0.0}
        assert {each.expression["frown"] for each in altered} == {0.2}
        assert all(each.face_xyxy_px == face.face_xyxy_px for each in altered)
    assert smiles
    assert min(smiles) > 0.3


def test_the_same_seed_gives_the_same_audience_and_another_does_not() -> None:
    first, again, other = (looks(response(seed), content("coffee")) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


class TestReaders:
    """Who looks at what has more to read; whether that is reading, the product's detector tells."""

    NEAR = sighting(height=120, traits=traits(45, 0.9))

    def told(self, face: Sighting, reading: float) -> list[bool]:
        """Of each visitor who looked for most of a long play: whether they were told to read."""
        config = defaults()
        eyes = Eyes(ScreenPlane(config.screen), config.perception.min_gaze_px)
        model = ResponseModel(look_s_moving=60.0, reading=reading)
        recording = Recording((Moment(0.0, (face,)),), 2.0, 1)
        audience = Response(0, recording, CATEGORIES, model, eyes)
        audience.begin_play(1, content("coffee", duration_s=12.0, more={"text": "All about it."}))
        found = []
        for visitor in VISITORS[:80]:
            watching = open_audience(config)
            for number in range(int(12 * SAMPLES_HZ)):
                t_s = number / SAMPLES_HZ
                seen = audience.alter(t_s, visitor, face)
                watching.update(Frame(t_s, BEGIN_UTC + timedelta(seconds=t_s)), [seen])
            (viewer,) = watching.close()
            if (viewer.attention_s or 0) > 8:
                found.append(bool(viewer.reading_s))
        assert len(found) > 8
        return found

    def test_who_reads_is_told_to_read(self) -> None:
        told = self.told(self.NEAR, reading=1.0)
        assert sum(told) > 0.8 * len(told)

    def test_nobody_is_where_nobody_does(self) -> None:
        told = self.told(self.NEAR, reading=0.0)
        assert not any(told)

    def test_nor_is_who_is_too_far_for_eyes_to_be_told(self) -> None:
        far = sighting(height=defaults().perception.min_gaze_px - 1, traits=traits(45, 0.9))
        assert not any(self.told(far, reading=1.0))
