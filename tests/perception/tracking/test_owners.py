"""Whose face a track shows, told by real faces and the real networks."""

from __future__ import annotations

import numpy as np
import pytest

from signage.perception.tracking.owners import Owners, Verdict
from tests.support.faces import ANOTHER, HE, OTHERS, Eyes, Look, frames

Visits = dict[str, list[Look]]


def see(owners: Owners, track: int, looks: list[Look], begin_s: float) -> list[Verdict]:
    """Half a second apart."""
    return [
        owners.see(track, begin_s + number / 2, look.embedding) for number, look in enumerate(looks)
    ]


@pytest.mark.parametrize("clip", [*HE, *ANOTHER, *OTHERS])
def test_every_look_at_the_owner_is_the_owners(visits: Visits, clip: str) -> None:
    assert set(see(Owners(), 1, visits[clip], 0.0)) == {Verdict.OWNER}


@pytest.mark.parametrize("clip", [ANOTHER[0], *OTHERS])
def test_another_face_in_the_same_place_is_noticed_by_its_second_look(
    visits: Visits, clip: str
) -> None:
    owners = Owners()
    see(owners, 1, visits[HE[0]], 0.0)
    first, second, *_ = see(owners, 1, visits[clip], 2.0)
    assert first is not Verdict.OWNER
    assert Verdict.OTHER in (first, second)


def test_one_look_that_differs_a_little_is_no_other_person(face_eyes: Eyes) -> None:
    """His face half covered, and then free again."""
    owners = Owners()
    images = list(frames("franck.mp4"))
    for number, image in enumerate(images):
        (look,) = face_eyes.looks(image)
        assert owners.see(1, number / 2, look.embedding) is Verdict.OWNER
    hidden = np.array(images[-1])
    (face,) = face_eyes.faces(hidden)
    left, top, right, bottom = (round(edge) for edge in face.box_xyxy_px)
    hidden[(top + 3 * bottom) // 4 : bottom + 20, left:right] = 90
    for look in face_eyes.looks(hidden):
        assert owners.see(1, 5.0, look.embedding) is not Verdict.OTHER
    (look,) = face_eyes.looks(images[0])
    assert owners.see(1, 6.0, look.embedding) is Verdict.OWNER


def test_who_turns_up_elsewhere_is_the_one_who_was_lost_and_nobody_else(visits: Visits) -> None:
    owners = Owners()
    see(owners, 1, visits[HE[0]], 0.0)
    see(owners, 2, visits[OTHERS[0]], 0.0)
    see(owners, 3, visits[HE[1]], 5.0)
    see(owners, 4, visits[ANOTHER[0]], 5.0)
    assert owners.same(3, [1, 2]) == 1
    assert owners.same(4, [1, 2]) is None


def test_two_who_were_seen_at_the_same_time_are_never_one(visits: Visits) -> None:
    owners = Owners()
    see(owners, 1, visits[HE[0]], 0.0)
    see(owners, 2, visits[HE[0]], 0.25)
    assert owners.same(2, [1]) is None


def test_two_who_change_places_each_get_their_own_looks_back(visits: Visits) -> None:
    owners = Owners()
    here, there = visits[HE[0]], visits[OTHERS[1]]
    see(owners, 1, here, 0.0)
    see(owners, 2, there, 0.0)
    see(owners, 1, there, 2.0)
    see(owners, 2, here, 2.0)
    owners.split(1, 3)
    owners.split(2, 4)
    assert owners.same(3, [1, 2]) == 2
    assert owners.same(4, [1, 2]) == 1


def test_in_another_light_the_owner_may_look_like_another(visits: Visits) -> None:
    owners = Owners()
    see(owners, 1, visits[HE[0]], 0.0)
    owners.relight()
    assert owners.see(1, 2.0, visits[OTHERS[0]][0].embedding) is Verdict.OWNER


def test_no_face_gets_out(visits: Visits) -> None:
    owners = Owners()
    see(owners, 1, visits[HE[0]], 0.0)
    assert repr(owners) == "Owners(tracks=1)"
    with pytest.raises(TypeError, match="must not leave"):
        owners.__reduce__()
