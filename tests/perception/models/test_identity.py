"""Who comes back is known, others are not, and no face gets out. Real models, real faces."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest

from signage.config.perception import PerceptionConfig
from signage.perception.models.attributes import TraitEstimator, sharpness
from signage.perception.models.identity import DIMENSIONS, Gallery, threshold
from signage.scenes.footage import read_video
from signage.types.arrays import Image
from tests.support.builders import FOOTAGE, ROOT
from tests.support.faces import ANOTHER, HE, OTHERS, Eyes, Look, frames

MODELS = ROOT / "models"
MANIFEST = MODELS / "manifest.toml"
HOUR_S = 3600.0


@pytest.fixture(scope="module")
def portrait() -> Image:
    return next(read_video(FOOTAGE / HE[0]))[1]


def come(gallery: Gallery, track: int, looks: Sequence[Look], t_s: float) -> None:
    for number, look in enumerate(looks):
        gallery.add(track, t_s + number / 2, look.embedding, look.weight)


def test_who_comes_back_is_known_and_others_are_not(visits: dict[str, list[Look]]) -> None:
    gallery = Gallery(HOUR_S)
    told = {}
    for track, clip in enumerate((HE[0], ANOTHER[0], *OTHERS, HE[1], ANOTHER[1]), start=1):
        come(gallery, track, visits[clip], 60.0 * track)
        told[clip] = gallery.earlier(track, {track})

    assert told == {
        HE[0]: (),
        ANOTHER[0]: (),
        OTHERS[0]: (),
        OTHERS[1]: (),
        HE[1]: (1,),
        ANOTHER[1]: (2,),
    }


def test_a_man_is_known_at_another_moment_of_the_clip_and_from_further_away(
    face_eyes: Eyes,
) -> None:
    gallery = Gallery(HOUR_S)
    come(gallery, 1, face_eyes.visit("franck.mp4"), 0.0)
    looks = []
    for image in frames("franck.mp4", 150.0):
        small = cv2.resize(image, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
        (look,) = face_eyes.looks(np.asarray(small, dtype=np.uint8))
        looks.append(look)
    assert all(look.weight < 0.7 for look in looks)  # 48 px
    come(gallery, 2, looks, 100.0)

    assert gallery.earlier(2, {2}) == (1,)


def test_visits_of_one_person_make_a_chain(visits: dict[str, list[Look]]) -> None:
    gallery = Gallery(HOUR_S)
    for number, track in enumerate((3, 9, 15)):
        come(gallery, track, visits[HE[number % 2]], 100.0 * number)
        assert gallery.earlier(track, {track}) == (3, 9, 15)[:number]
    assert len(gallery) == 1


def test_two_chains_that_meet_become_one(visits: dict[str, list[Look]]) -> None:
    gallery = Gallery(HOUR_S)
    come(gallery, 1, visits[HE[0]], 0.0)
    come(gallery, 2, visits[HE[1]], 100.0)  # asked only after the third has come
    come(gallery, 3, visits[HE[1]], 200.0)

    assert gallery.earlier(3, {3}) == (2,)
    assert gallery.earlier(2, {2}) == (1,)
    come(gallery, 4, visits[HE[1]], 300.0)
    assert gallery.earlier(4, {4}) == (1, 2, 3)
    gallery.forget(300.0 + 2 * HOUR_S)
    assert len(gallery) == 0


def test_what_was_told_is_told_again_whatever_comes(visits: dict[str, list[Look]]) -> None:
    gallery = Gallery(HOUR_S)
    come(gallery, 1, visits[HE[0]], 0.0)
    come(gallery, 2, visits[HE[1]], 100.0)
    come(gallery, 3, visits[OTHERS[0]], 200.0)
    told = [gallery.earlier(track, {track}) for track in (2, 3)]

    come(gallery, 2, visits[OTHERS[1]], 300.0)  # a track that jumped to somebody else
    come(gallery, 3, visits[HE[0]], 300.0)

    assert told == [(1,), ()]
    assert [gallery.earlier(track, {track}) for track in (2, 3)] == told


def test_two_in_the_picture_at_once_are_two(visits: dict[str, list[Look]]) -> None:
    gallery = Gallery(HOUR_S)
    come(gallery, 1, visits[HE[0]], 0.0)
    come(gallery, 2, visits[HE[1]], 100.0)
    assert gallery.earlier(2, {1, 2}) == ()  # the first is still there

    come(gallery, 3, visits[HE[0]], 101.0)  # while the second was looked at
    assert gallery.earlier(3, {3}) == (1,)


def test_who_was_taken_for_somebody_present_is_not_said_to_be(
    visits: dict[str, list[Look]],
) -> None:
    gallery = Gallery(HOUR_S)
    come(gallery, 1, visits[HE[0]], 0.0)
    come(gallery, 2, visits[HE[1]], 100.0)

    assert gallery.earlier(2, {2}) == (1,)
    gallery.watch(110.0, {1, 2})
    assert gallery.earlier(2, {1, 2}) == ()
    assert gallery.earlier(2, {2}) == ()  # nor after the other has left
    come(gallery, 2, visits[HE[1]], 120.0)
    assert gallery.earlier(2, {2}) == ()
    come(gallery, 3, visits[HE[0]], 200.0)
    assert gallery.earlier(3, {3}) in ((1,), (2,))


def test_who_was_seen_beside_somebody_is_not_them_once_they_left(
    visits: dict[str, list[Look]],
) -> None:
    """Twins: the last look at the first was before the second came, but they were there."""
    gallery = Gallery(HOUR_S)
    come(gallery, 1, visits[HE[0]], 0.0)
    for t_s in range(1, 100):
        gallery.watch(float(t_s), {1})
    gallery.watch(100.0, {1, 2})
    come(gallery, 2, visits[HE[1]][:1], 100.0)
    gallery.watch(101.0, {1, 2})
    come(gallery, 2, visits[HE[1]], 105.0)
    assert gallery.earlier(2, {2}) == ()


def test_who_is_there_is_not_forgotten_however_seldom_they_are_looked_at(
    visits: dict[str, list[Look]],
) -> None:
    gallery = Gallery(60.0)
    come(gallery, 1, visits[HE[0]], 0.0)
    for t_s in range(2, 300):
        gallery.watch(float(t_s), {1})
        gallery.forget(float(t_s))
    come(gallery, 2, visits[HE[1]], 310.0)
    assert gallery.earlier(2, {2}) == (1,)


def test_whoever_turns_up_a_moment_after_their_path_broke_is_no_returning_visitor(
    visits: dict[str, list[Look]],
) -> None:
    gallery = Gallery(HOUR_S, away_s=3.0)
    come(gallery, 1, visits[HE[0]], 0.0)  # until 1 s
    come(gallery, 2, visits[HE[0]], 1.5)
    assert not gallery.earlier(2, {2})
    come(gallery, 2, visits[HE[0]], 60.0)
    assert not gallery.earlier(2, {2})


def test_two_paths_of_one_visit_are_one_person_who_may_come_back(
    visits: dict[str, list[Look]],
) -> None:
    gallery = Gallery(HOUR_S, away_s=3.0)
    come(gallery, 1, visits[HE[0]], 0.0)
    come(gallery, 2, visits[HE[0]], 1.5)
    gallery.join(2, 1)
    assert len(gallery) == 1
    come(gallery, 3, visits[HE[1]], 60.0)
    assert gallery.earlier(3, {3}) == (1,)


def test_of_who_keeps_coming_the_first_visits_and_the_last_are_remembered(
    visits: dict[str, list[Look]],
) -> None:
    gallery = Gallery(1e9)
    for track in range(100):
        come(gallery, track, visits[HE[0]], 10.0 * track)
        answer = gallery.earlier(track, {track})
    assert answer is not None
    assert (len(answer), answer[0], answer[-1]) == (21, 0, 98)
    assert len(gallery._answers) <= 22


def test_five_people_of_one_photograph_are_five(face_eyes: Eyes) -> None:
    image = cv2.imread(str(FOOTAGE / "multi_face.jpg"))
    assert image is not None
    looks = face_eyes.looks(np.asarray(image, dtype=np.uint8))
    assert len(looks) == 5
    gallery = Gallery(HOUR_S)
    for track, look in enumerate(looks):
        come(gallery, track, [look] * 4, 10.0 * track)

    assert [gallery.earlier(track, {track}) for track in range(5)] == [()] * 5


def test_who_was_long_gone_is_forgotten(visits: dict[str, list[Look]]) -> None:
    gallery = Gallery(60.0)
    come(gallery, 1, visits[HE[0]], 0.0)  # until 1 s
    gallery.forget(61.0)
    assert len(gallery) == 1
    gallery.forget(61.1)
    assert len(gallery) == 0
    assert gallery.earlier(1, ()) is None

    come(gallery, 2, visits[HE[1]], 62.0)
    assert gallery.earlier(2, {2}) == ()


def test_who_comes_again_is_remembered_from_then_on(visits: dict[str, list[Look]]) -> None:
    gallery = Gallery(60.0)
    for track, t_s in enumerate((0.0, 50.0, 100.0), start=1):
        come(gallery, track, visits[HE[0]], t_s)
        gallery.forget(t_s + 2)
        assert gallery.earlier(track, {track}) == tuple(range(1, track))


def test_the_gallery_keeps_no_more_people_than_it_may(visits: dict[str, list[Look]]) -> None:
    gallery = Gallery(HOUR_S, max_people=2)
    for track, clip in enumerate((HE[0], ANOTHER[0], OTHERS[0]), start=1):
        come(gallery, track, visits[clip], 60.0 * track)
    assert len(gallery) == 2

    come(gallery, 4, visits[HE[1]], 300.0)
    assert gallery.earlier(4, {4}) == ()


def test_too_few_looks_tell_nothing(visits: dict[str, list[Look]]) -> None:
    gallery = Gallery(HOUR_S)
    assert gallery.earlier(1, {1}) is None
    come(gallery, 1, visits[HE[0]][:1], 0.0)
    assert gallery.earlier(1, {1}) is None
    come(gallery, 2, visits[ANOTHER[0]][:1], 10.0)
    assert gallery.earlier(2, {2}) is None


def test_one_look_is_enough_where_there_is_no_doubt(visits: dict[str, list[Look]]) -> None:
    gallery = Gallery(HOUR_S)
    come(gallery, 1, visits[HE[0]], 0.0)
    come(gallery, 2, visits[HE[0]][:1], 10.0)
    assert gallery.earlier(2, {2}) == (1,)


@pytest.mark.parametrize("spoil", ["small", "blurred"])
def test_poor_looks_tell_nothing(
    face_eyes: Eyes, visits: dict[str, list[Look]], portrait: Image, spoil: str
) -> None:
    (face,) = face_eyes.faces(portrait)
    _, top, _, bottom = face.box_xyxy_px
    if spoil == "small":
        scale = 20 / (bottom - top)
        poor = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        face = replace(face, landmarks_px=face.landmarks_px * scale)
    else:
        poor = cv2.GaussianBlur(portrait, (0, 0), 0.1 * (bottom - top))
    image = np.asarray(poor, dtype=np.uint8)
    # The clip is clearer than a camera in a shop: what counts as blurred is told by it.
    clear = sharpness(portrait, face_eyes.faces(portrait)[0].landmarks_px)
    strict = TraitEstimator(
        PerceptionConfig(models_dir=MODELS, demographics=False, min_sharpness=clear / 2)
    )
    look = Look(face_eyes.encoder.embed(image, face), strict.estimate(image, face).weight)
    gallery = Gallery(HOUR_S)
    come(gallery, 1, visits[HE[1]], 0.0)
    come(gallery, 2, [look] * 5, 100.0)

    assert gallery.earlier(2, {2}) is None
    assert len(gallery) == 1


def test_an_embedding_is_one_direction(face_eyes: Eyes, portrait: Image) -> None:
    (face,) = face_eyes.faces(portrait)
    first, again = (face_eyes.encoder.embed(portrait, face) for _ in range(2))
    (mirrored,) = face_eyes.looks(np.ascontiguousarray(portrait[:, ::-1]))

    assert first.shape == (DIMENSIONS,)
    assert np.linalg.norm(first) == pytest.approx(1)
    assert (first == again).all()
    assert first @ mirrored.embedding > 0.95


def test_the_more_faces_are_compared_the_more_alike_they_must_be() -> None:
    limits = [threshold(count) for count in (0, 1, 10, 100, 1000)]
    assert limits[0] == limits[1] == limits[2]
    assert limits == sorted(limits)
    assert 0.85 < limits[0] < limits[-1] < 0.95


def test_no_face_is_shown_or_stored(visits: dict[str, list[Look]], face_eyes: Eyes) -> None:
    gallery = Gallery(HOUR_S)
    come(gallery, 1, visits[HE[0]], 0.0)
    person = gallery._people[1]

    assert repr(gallery) == "Gallery(people=1)"
    assert repr(person) == "_Person(tracks=[1], looks=3)"
    assert repr(face_eyes.encoder) == "FaceEncoder()"
    for holder in (gallery, person):
        assert not hasattr(holder, "__dict__")
        for leak in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
            with pytest.raises(TypeError):
                leak(holder)


def test_a_kept_vector_fits_nothing_outside_its_gallery(visits: dict[str, list[Look]]) -> None:
    kept = []
    for _ in range(2):
        gallery = Gallery(HOUR_S)
        come(gallery, 1, visits[HE[0]][:1], 0.0)
        vector = gallery._people[1].views[0]
        kept.append(vector / np.linalg.norm(vector))
    plain = visits[HE[0]][0].embedding

    # Of two directions drawn at random the product is 0.03 as a rule.
    assert abs(kept[0] @ kept[1]) < 0.2
    assert max(abs(vector @ plain) for vector in kept) < 0.2


def test_the_key_changes_nothing_within_a_gallery(visits: dict[str, list[Look]]) -> None:
    gallery = Gallery(HOUR_S)
    for track, clip in enumerate(HE):
        come(gallery, track, visits[clip][:1], 0.0)
    first, second = (gallery._people[track].views[0] for track in (0, 1))
    likeness = first @ second / np.linalg.norm(first) / np.linalg.norm(second)

    assert likeness == pytest.approx(
        visits[HE[0]][0].embedding @ visits[HE[1]][0].embedding, abs=1e-4
    )
