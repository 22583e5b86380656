"""What the screen says late, twice, out of order or never: each reward counts once, by decision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import permutations, product
from pathlib import Path
from typing import Any

import pytest

from signage.journal.writer import Journal
from signage.recommend.policies.base import Learner
from signage.types.decisions import Decision
from signage.types.plays import PlayEvent, PlayState
from tests.support.builders import catalogue, sighting, traits
from tests.support.stage import Stage

S = PlayState
ADULT = [sighting(traits=traits(45, 0.9))]


class Talk:
    """A stage whose screen says only what the test lets it say."""

    def __init__(self, path: Path) -> None:
        self.on = Stage(path, catalogue(), policy="vw", min_play_s=0.0, start_timeout_s=1000.0)
        self._said: list[PlayEvent] = []
        self.on.screen.show = lambda cue: None  # type: ignore[method-assign]
        self.on.screen.events = self._drain  # type: ignore[method-assign]

    def _drain(self) -> list[PlayEvent]:
        said, self._said = self._said, []
        return said

    def decide(self) -> Decision:
        """Let time pass until something is asked of the screen."""
        while True:
            for step in self.on.play(0.1, ADULT):
                if step.decision is not None:
                    return step.decision

    def say(self, decision_id: str, *states: PlayState, after_s: float = 0.0) -> None:
        self.on.play(after_s, ADULT)
        self._said += [PlayEvent(decision_id, state, self.on.t_s, "page") for state in states]
        self.on.play(0.1, ADULT)

    @property
    def learned(self) -> int:
        policy = self.on.engine.recommender.policy
        assert isinstance(policy, Learner)
        return policy.learned

    def row(self, decision: Decision) -> dict[str, Any]:
        return next(r for r in self.on.rows() if r["decision_id"] == decision.decision_id)


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    talk = Talk(tmp_path / "journal.sqlite")
    yield talk
    talk.on.journal.close()


@pytest.mark.parametrize("again", [S.FINISHED, S.INTERRUPTED, S.FAILED, S.STARTED])
def test_a_second_word_after_the_end_changes_nothing(talk: Talk, again: PlayState) -> None:
    first = talk.decide()
    talk.say(first.decision_id, S.STARTED)
    talk.say(first.decision_id, S.FINISHED, after_s=3)
    before, learned = talk.row(first), talk.learned
    assert (before["state"], learned) == ("finished", 1)
    talk.say(first.decision_id, again, after_s=2)
    assert talk.row(first) == before
    assert talk.learned == learned
    assert talk.on.engine.on_screen is None


def test_an_end_without_a_start_is_a_failure_without_a_reward(talk: Talk) -> None:
    first = talk.decide()
    talk.say(first.decision_id, S.FINISHED, after_s=1)
    row = talk.row(first)
    assert (row["state"], row["reward"], talk.learned) == ("failed", None, 0)
    # It counts against no cap, now and after a restart.
    assert talk.on.journal.decided_since(first.utc.replace(year=2000)) == []


def test_words_on_a_decision_that_nobody_made_are_ignored(talk: Talk) -> None:
    first = talk.decide()
    talk.say(first.decision_id, S.STARTED)
    for state in PlayState:
        talk.say("another-screen-7", state)
    assert talk.on.engine.on_screen == first
    assert "another-screen-7" not in {row["decision_id"] for row in talk.on.rows()}
    assert talk.row(first)["state"] == "started"
    assert talk.learned == 0


def test_an_end_that_never_comes_is_closed_by_the_next_start_or_run(talk: Talk) -> None:
    first = talk.decide()
    talk.say(first.decision_id, S.STARTED)
    second = talk.decide()
    talk.say(second.decision_id, S.STARTED, after_s=20)
    assert talk.row(first)["state"] == "interrupted"
    assert talk.learned == 1
    talk.on.journal.close()
    talk.on.journal = Journal(talk.on.path, durable=False)
    talk.on.journal.begin_run(second.utc, talk.on.config.screen_id)
    assert (talk.row(second)["state"], talk.row(second)["reward"]) == ("failed", None)


def test_whatever_the_order_each_decision_is_rewarded_at_most_once(tmp_path: Path) -> None:
    """All orders of two plays' words, each said twice."""
    words = list(product((0, 1), (S.STARTED, S.FINISHED)))
    for number, order in enumerate(permutations(words)):
        talk = Talk(tmp_path / f"{number}.sqlite")
        with closing(talk.on.journal):
            first = talk.decide()
            talk.say(first.decision_id, S.STARTED, S.STARTED)
            pair = (first, talk.decide())
            talk.on.play(3, ADULT)
            for which, state in order:
                talk.say(pair[which].decision_id, state, state, after_s=0.5)
            rows = talk.on.rows()
        rewarded = {row["decision_id"] for row in rows if row["reward"] is not None}
        started = {row["decision_id"] for row in rows if row["started_utc"]}
        assert first.decision_id in rewarded <= started
        assert talk.learned == len(rewarded)
