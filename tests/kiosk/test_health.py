"""One list of reasons, the most urgent first; the log says each once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from signage.kiosk.health import HealthLog, Vitals, clock_problem, crowd_notes
from tests.support.builders import NOON, snapshot


def test_a_screen_that_is_well_says_so() -> None:
    assert (Vitals().status, Vitals().reasons) == ("ok", [])


def test_only_a_loop_that_stands_still_has_failed_all_else_degrades() -> None:
    assert Vitals(stuck_s=31.0).status == "failed"
    why = "something is wrong"
    for vitals in (
        Vitals(screen_problem=why),
        Vitals(camera_problem=why),
        Vitals(clock_problem=why),
        Vitals(content_problem=why),
        Vitals(checkpoint_problem=why),
        Vitals(notices=(why,)),
    ):
        assert (vitals.status, vitals.reasons) == ("degraded", [why])


def test_the_most_urgent_reason_stands_first() -> None:
    vitals = Vitals(
        stuck_s=31.0,
        connected=False,
        failed_in_a_row=4,
        camera_problem="the camera sends only black pictures",
        left_out={"spring": "its film is cut off"},
    )
    assert vitals.reasons == [
        "the program has not moved on for 31 s",
        "no player page is connected",
        "the last 4 plays failed",
        "the camera sends only black pictures",
        "content spring will not play: its film is cut off",
    ]


def test_one_failed_play_is_no_hanging_screen_and_many_contents_are_named_together() -> None:
    assert Vitals(failed_in_a_row=2).status == "ok"
    many = dict.fromkeys("abcdefg", "it is empty")
    assert Vitals(failing=many).reasons == ["7 contents failed on the screen: a, b, c, d, e, …"]


def test_the_log_says_what_changes_and_not_what_counts_on(caplog: pytest.LogCaptureFixture) -> None:
    health = HealthLog()
    for slow in (0.9, 0.8, 0.7):
        problem = f"too few pictures are processed to follow anyone ({slow} a second)"
        health.note(Vitals(camera_problem=problem))
    health.note(Vitals())
    assert caplog.messages == [
        "Health: too few pictures are processed to follow anyone (0.9 a second).",
        "Health is degraded.",
        "Health is ok.",
    ]


def test_a_clock_that_is_set_right_is_a_problem_no_longer() -> None:
    newest = NOON - timedelta(days=1)
    assert "the newest recorded play" in str(clock_problem(NOON - timedelta(days=2), newest))
    assert "1970" in str(clock_problem(datetime(1970, 1, 1, tzinfo=UTC), None))
    assert clock_problem(NOON, newest) is None
    assert clock_problem(newest - timedelta(minutes=5), newest) is None  # it goes a little wrong


def test_more_people_than_are_followed_are_a_note_and_no_failure() -> None:
    few, many = snapshot(), replace(snapshot(), unfollowed=4)
    assert crowd_notes(None, 20) == crowd_notes(few, 20) == []
    (note,) = crowd_notes(many, 20)
    assert note.startswith("4 more people are in view than the 20 that are followed")
    assert Vitals().status == "ok"
