"""Where eyes look: real faces, some with eyes painted in whose direction is known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import cv2
import numpy as np
import pytest

from benchmarks.behaviour.rendered_head import RenderedHead
from benchmarks.common.labelled_faces import SingleFaceFinder
from signage.perception.models.faces import Face
from signage.perception.models.gaze import read_gaze
from signage.scenes.footage import read_video
from signage.types.arrays import Image
from signage.types.vision import Gaze, HeadPose
from tests.support.builders import FOOTAGE

MIN_PX = 60.0


@pytest.fixture(scope="module")
def finder() -> Iterator[SingleFaceFinder]:
    found = SingleFaceFinder()
    yield found
    found.close()


@pytest.fixture(scope="module")
def man() -> Image:
    return next(read_video(FOOTAGE / "single_face.mp4"))[1]


@pytest.fixture(scope="module")
def head(finder: SingleFaceFinder, man: Image) -> RenderedHead:
    return RenderedHead.find(man, finder)


def gaze_of(image: Image, finder: SingleFaceFinder) -> Gaze:
    face = finder.find_face(image)
    assert face is not None
    gaze = read_gaze(face, 0.0, MIN_PX)
    assert gaze is not None
    return gaze


def smaller(image: Image, scale: float) -> Image:
    return np.asarray(
        cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), dtype=np.uint8
    )


@pytest.mark.parametrize("yaw_deg", [-20.0, -10.0, 0.0, 10.0, 20.0])
def test_eyes_are_told_to_a_few_degrees_across(
    yaw_deg: float, head: RenderedHead, finder: SingleFaceFinder
) -> None:
    assert gaze_of(head.looking(yaw_deg, 0.0), finder).yaw_deg == pytest.approx(yaw_deg, abs=7.0)


def test_every_small_turn_of_the_eyes_is_seen(head: RenderedHead, finder: SingleFaceFinder) -> None:
    turns = np.arange(-20.0, 21.0, 4.0)
    told = [gaze_of(head.looking(float(turn), 0.0), finder).yaw_deg for turn in turns]
    assert (np.diff(told) > 1.0).all()


def test_up_is_told_from_down(head: RenderedHead, finder: SingleFaceFinder) -> None:
    up, down = (gaze_of(head.looking(0.0, pitch), finder) for pitch in (10.0, -10.0))
    assert up.pitch_deg > down.pitch_deg + 5


def test_a_mirrored_face_looks_the_other_way(head: RenderedHead, finder: SingleFaceFinder) -> None:
    image = head.looking(15.0, 0.0)
    mirrored = np.ascontiguousarray(image[:, ::-1])
    there, back = gaze_of(image, finder), gaze_of(mirrored, finder)
    assert back.yaw_deg == pytest.approx(-there.yaw_deg, abs=5.0)
    assert back.pitch_deg == pytest.approx(there.pitch_deg, abs=5.0)


def test_a_tilted_head_looks_where_it_looked(head: RenderedHead, finder: SingleFaceFinder) -> None:
    image = head.looking(10.0, 0.0)
    height, width = image.shape[:2]
    for roll_deg in (-15.0, 15.0):
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), roll_deg, 1.0)
        tilted = np.asarray(cv2.warpAffine(image, turn, (width, height)), dtype=np.uint8)
        assert gaze_of(tilted, finder).yaw_deg == pytest.approx(
            gaze_of(image, finder).yaw_deg, abs=4.0
        )


def test_a_smaller_face_is_less_sure(head: RenderedHead, finder: SingleFaceFinder) -> None:
    image = head.looking(15.0, 0.0)
    sizes = [gaze_of(smaller(image, scale), finder) for scale in (1.0, 0.7, 0.5)]
    assert sizes[0].sd_deg < sizes[1].sd_deg < sizes[2].sd_deg
    for gaze in sizes:
        assert gaze.yaw_deg == pytest.approx(sizes[0].yaw_deg, abs=3 * gaze.sd_deg)


def test_of_a_face_too_small_nothing_is_told(man: Image, finder: SingleFaceFinder) -> None:
    face = finder.find_face(smaller(man, 0.25))
    assert face is not None
    assert read_gaze(face, 0.0, MIN_PX) is None


def test_shut_eyes_and_hidden_ones_look_nowhere(head: RenderedHead) -> None:
    face = head.face
    lids = {"eyeBlinkLeft": 0.9, "eyeBlinkRight": 0.8}
    shut = replace(face, blendshapes={**face.blendshapes, **lids})
    turned = replace(face, head_pose=HeadPose(60.0, 0.0, 0.0))
    assert read_gaze(face, 0.0, MIN_PX) is not None
    assert read_gaze(shut, 0.0, MIN_PX) is None
    assert read_gaze(turned, 0.0, MIN_PX) is None


def test_who_closes_the_eyes_in_a_clip_looks_nowhere(finder: SingleFaceFinder) -> None:
    """The woman weeps with closed eyes, then looks up."""
    frames = [image for _, image in read_video(FOOTAGE / "WolfgangLanger_Pexels.mp4", to_s=9.5)]
    faces = [face for image in frames[::6] if (face := finder.find_face(image))]
    assert len(faces) > 30

    def shares(some: list[Face]) -> float:
        return float(np.mean([read_gaze(face, 0.0, MIN_PX) is not None for face in some]))

    assert shares(faces[8:20]) < 0.4
    assert shares(faces[-6:]) > 0.6
