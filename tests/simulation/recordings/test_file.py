"""A recording as a file."""

from __future__ import annotations

import pytest

from signage.simulation.recordings.file import dump, load
from signage.simulation.recordings.recording import Moment, Recording, joined
from tests.support.builders import sighting


def recording(track: int, *other_tracks: int, unfollowed: int = 0) -> Recording:
    person = sighting(track=track, joined=other_tracks, eyes_shut=0.7)
    return Recording((Moment(0.0, (person,), None, unfollowed),), 2.0, track)


def test_a_file_keeps_shut_eyes_joined_tracks_and_who_could_not_be_followed() -> None:
    (moment,) = load(dump(recording(4, 1, 2, unfollowed=3))).moments
    (person,) = moment.people
    assert person.eyes_shut == pytest.approx(0.7)
    assert person.joined == (1, 2)
    assert moment.unfollowed == 3


def test_tracks_of_a_second_video_are_joined_under_their_new_numbers() -> None:
    (_, moment) = joined([recording(4), recording(2, 1)]).moments
    assert moment.people[0].track == 6
    assert moment.people[0].joined == (5,)
