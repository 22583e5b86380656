"""Every transition of a play, and what the audience's reward and the counts make of it."""

from __future__ import annotations

import pytest

from signage.engine.playback import TRANSITIONS, Change, Ended, Own, Playback, Started, State
from signage.types.decisions import Trigger
from signage.types.plays import PlayEvent, PlayState
from tests.support.builders import catalogue, decision, defaults, snapshot

CATALOGUE = catalogue()
ENDS = [state for state in PlayState if state.is_end]


@pytest.fixture
def playback() -> Playback:
    return Playback(defaults())


def ask(playback: Playback, name: str, t_s: float = 0.0) -> None:
    asked = decision(decision_id=name, content_id="coffee", t_s=t_s, trigger=Trigger.START)
    playback.ask(asked, CATALOGUE["coffee"], now=True)


def say(playback: Playback, name: str, state: PlayState, t_s: float, why: str = "") -> list[Change]:
    event = PlayEvent(name, state, t_s, "page", why)
    return playback.receive([event], snapshot(t_s=t_s))


def test_a_play_runs_from_the_screens_word_to_its_end(playback: Playback) -> None:
    ask(playback, "a")
    assert (playback.asked is not None, playback.running) == (True, None)
    (started,) = say(playback, "a", PlayState.STARTED, 1.0)
    assert isinstance(started, Started)
    assert (playback.asked, playback.running is not None) == (None, True)
    (ended,) = say(playback, "a", PlayState.FINISHED, 9.0)
    assert isinstance(ended, Ended)
    assert ended.reward is not None
    assert playback.running is None


def test_a_play_that_another_replaces_may_have_begun(playback: Playback) -> None:
    ask(playback, "a")
    ask(playback, "b", 0.5)
    assert playback.asked is not None
    assert playback.asked.decision.decision_id == "b"
    say(playback, "a", PlayState.STARTED, 0.6)
    over, begun = say(playback, "b", PlayState.STARTED, 1.0)
    assert isinstance(over, Ended)
    assert (over.event.decision_id, over.event.state) == ("a", PlayState.INTERRUPTED)
    assert over.reward is not None
    assert isinstance(begun, Started)


def test_a_play_that_is_late_fails_once_and_may_begin_after_all(playback: Playback) -> None:
    ask(playback, "a")
    assert not playback.is_overdue(1.0)
    assert playback.is_overdue(60.0)
    (failed,) = playback.time_out(snapshot(t_s=60.0))
    assert isinstance(failed, Ended)
    assert (failed.event.state, failed.reward) == (PlayState.FAILED, None)
    assert say(playback, "a", PlayState.STARTED, 61.0)
    assert playback.running is not None


@pytest.mark.parametrize("state", ENDS)
def test_a_late_play_that_never_begins_ends_without_another_word(
    playback: Playback, state: PlayState
) -> None:
    ask(playback, "a")
    playback.time_out(snapshot(t_s=60.0))
    assert say(playback, "a", state, 61.0) == []
    assert say(playback, "a", PlayState.STARTED, 62.0) == []


@pytest.mark.parametrize("state", [state for state in PlayState if state is not PlayState.STARTED])
def test_a_play_that_never_began_has_failed_or_was_superseded(
    playback: Playback, state: PlayState
) -> None:
    ask(playback, "a")
    (ended,) = say(playback, "a", state, 1.0)
    assert isinstance(ended, Ended)
    wanted = state if state is PlayState.SUPERSEDED else PlayState.FAILED
    assert (ended.event.state, ended.reward) == (wanted, None)


def test_after_a_failure_the_screen_is_left_alone_for_a_moment(playback: Playback) -> None:
    ask(playback, "a")
    say(playback, "a", PlayState.FAILED, 5.0)
    assert playback.retry_at_s > 5.0


def test_failures_in_a_row_are_counted_with_the_reason_of_the_last(playback: Playback) -> None:
    for number in range(3):
        ask(playback, f"p{number}")
        say(playback, f"p{number}", PlayState.FAILED, 1.0, "red/none.html could not be loaded")
    assert playback.failed_in_a_row == 3
    assert playback.last_failure == "red/none.html could not be loaded"
    ask(playback, "last")
    say(playback, "last", PlayState.SUPERSEDED, 2.0)
    assert playback.failed_in_a_row == 3
    ask(playback, "good")
    say(playback, "good", PlayState.STARTED, 3.0)
    say(playback, "good", PlayState.FINISHED, 4.0)
    assert (playback.failed_in_a_row, playback.last_failure) == (0, "")


def test_what_nobody_asked_for_changes_nothing(playback: Playback) -> None:
    assert say(playback, "unknown", PlayState.STARTED, 1.0) == []
    assert playback.running is None


def test_the_table_has_every_state_and_every_word_of_a_screen() -> None:
    assert set(TRANSITIONS) == set(State) - {State.ENDED}
    for state, moves in TRANSITIONS.items():
        missing = set(PlayState) - set(moves)
        assert missing == ({PlayState.STARTED} if state is State.RUNNING else set()), state
    assert {own for moves in TRANSITIONS.values() for own in moves if isinstance(own, Own)} == set(
        Own
    )
