"""The plays of one screen, from the request to the end, each in one state at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum, StrEnum

from signage.config.config import Config
from signage.content.catalogue import Content
from signage.recommend.course import Courses
from signage.recommend.reveal import Reveal
from signage.recommend.reward import PlayTally
from signage.types.audience import AudienceSnapshot
from signage.types.decisions import Decision
from signage.types.plays import PlayEvent, PlayState, Unfold
from signage.types.rewards import Reward

_RETRY_S = 1.0
"""A screen that can show nothing is not asked at every frame."""


class State(StrEnum):
    """Where a play is between the request and its end."""

    ASKED = "asked"
    """The screen was asked to show it, and has not confirmed it yet."""
    REPLACED = "replaced"
    """Another was asked for since. The screen may have started it before it heard of that."""
    LATE = "late"
    """On record as failed, because the screen took too long. It may begin after all."""
    RUNNING = "running"
    """On the screen, by the screen's own word."""
    ENDED = "ended"


class Own(StrEnum):
    """What happens to a play without a word of the screen."""

    NEXT_ASKED = "next_asked"
    NEXT_STARTED = "next_started"
    TIMED_OUT = "timed_out"


class _Effect(Enum):
    """What a transition entails."""

    NOTHING = 0
    START = 1
    UNFOLD = 2
    FOLD = 3
    CLOSE = 4
    """It was on the screen: the audience's reward is counted."""
    SUPERSEDE = 5
    """It never began, because another replaced it."""
    FAIL = 6
    """It never began, whatever the screen says of it."""


_S, _P, _E = State, PlayState, _Effect
_Moves = dict[PlayState | Own, tuple[State, _Effect]]
_NEVER_BEGAN: _Moves = {
    _P.STARTED: (_S.RUNNING, _E.START),
    _P.SUPERSEDED: (_S.ENDED, _E.SUPERSEDE),
    _P.FINISHED: (_S.ENDED, _E.FAIL),
    _P.INTERRUPTED: (_S.ENDED, _E.FAIL),
    _P.FAILED: (_S.ENDED, _E.FAIL),
    _P.UNFOLDED: (_S.ENDED, _E.FAIL),
    _P.FOLDED: (_S.ENDED, _E.FAIL),
}
TRANSITIONS: dict[State, _Moves] = {
    State.ASKED: {
        **_NEVER_BEGAN,
        Own.NEXT_ASKED: (_S.REPLACED, _E.NOTHING),
        Own.TIMED_OUT: (_S.LATE, _E.FAIL),
    },
    State.REPLACED: _NEVER_BEGAN,
    State.LATE: {
        _P.STARTED: (_S.RUNNING, _E.START),
        _P.SUPERSEDED: (_S.ENDED, _E.NOTHING),
        _P.FINISHED: (_S.ENDED, _E.NOTHING),
        _P.INTERRUPTED: (_S.ENDED, _E.NOTHING),
        _P.FAILED: (_S.ENDED, _E.NOTHING),
        _P.UNFOLDED: (_S.ENDED, _E.NOTHING),
        _P.FOLDED: (_S.ENDED, _E.NOTHING),
    },
    State.RUNNING: {
        _P.UNFOLDED: (_S.RUNNING, _E.UNFOLD),
        _P.FOLDED: (_S.RUNNING, _E.FOLD),
        _P.FINISHED: (_S.ENDED, _E.CLOSE),
        _P.INTERRUPTED: (_S.ENDED, _E.CLOSE),
        _P.SUPERSEDED: (_S.ENDED, _E.CLOSE),
        _P.FAILED: (_S.ENDED, _E.CLOSE),
        Own.NEXT_STARTED: (_S.ENDED, _E.CLOSE),
    },
}
"""Every transition of a play. What is not listed changes nothing."""


@dataclass(slots=True)
class Play:
    """A decision on its way to the screen, or on it. Belongs to `Playback`."""

    decision: Decision
    content: Content
    asked_s: float
    now: bool
    """Asked to replace the running play, not to follow it."""
    state: State = State.ASKED
    tally: PlayTally | None = None
    """From the confirmed start on."""
    reveal: Reveal | None = None
    """The same, where there is more of the content."""

    @property
    def started_s(self) -> float:
        assert self.tally is not None  # noqa: S101 - only a running play is asked
        return self.tally.started_s

    def ends_within(self, lead_s: float, t_s: float) -> bool:
        """Whether its duration is over ``lead_s`` after ``t_s``."""
        return t_s - self.started_s >= self.content.duration_s - lead_s


@dataclass(frozen=True, slots=True)
class Started:
    """A play is on the screen."""

    decision: Decision
    event: PlayEvent
    utc: datetime


@dataclass(frozen=True, slots=True)
class Ended:
    """A play is over."""

    decision: Decision
    event: PlayEvent
    utc: datetime
    reward: Reward | None
    """None where it never began."""


Change = Started | Ended


class Playback:
    """The book of the plays that are not over."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._plays: dict[str, Play] = {}
        self._courses = Courses()
        self.retry_at_s = float("-inf")
        """After a play that never began, nothing else is asked for before this time."""
        self.failed_in_a_row = 0
        self.last_failure = ""
        """What went wrong with the last play that failed, where the screen said it."""

    @property
    def running(self) -> Play | None:
        """The play that the screen confirmed to be showing."""
        return self._in_state(State.RUNNING)

    @property
    def asked(self) -> Play | None:
        """The play that the screen is about to show."""
        return self._in_state(State.ASKED)

    def observe(self, audience: AudienceSnapshot) -> None:
        """Count what the running play is given in this frame."""
        self._courses.update(audience)
        running = self.running
        if running and running.tally:
            running.tally.update(audience)

    def drop(self, visit_id: str) -> None:
        """Forget a visit that is none, or whose time another visit of the same person has."""
        self._courses.drop(visit_id)
        for play in self._plays.values():
            if play.tally is not None:
                play.tally.drop(visit_id)

    def ask(self, decision: Decision, content: Content, *, now: bool) -> None:
        """Note that the screen is asked to show ``content``."""
        if (waiting := self.asked) is not None:
            self._move(waiting, Own.NEXT_ASKED)
        self._plays[decision.decision_id] = Play(decision, content, decision.t_s, now)

    def receive(self, events: Iterable[PlayEvent], audience: AudienceSnapshot) -> list[Change]:
        """Take in what the screen confirmed, in order."""
        return [change for event in events for change in self._take(event, audience)]

    def time_out(self, audience: AudienceSnapshot) -> list[Change]:
        """Give up the play that is asked for. If it begins after all, that counts."""
        play = self.asked
        if play is None:
            return []
        late = PlayEvent(play.decision.decision_id, PlayState.FAILED, audience.t_s, "")
        return self._happen(play, Own.TIMED_OUT, late, audience)

    def is_overdue(self, t_s: float) -> bool:
        """Whether the screen takes too long to begin what it was asked for."""
        if (play := self.asked) is None:
            return False
        rules = self._config.decision
        patience_s = rules.start_timeout_s + (0.0 if play.now else rules.lead_s)
        return t_s - play.asked_s > patience_s

    def update_reveal(self, audience: AudienceSnapshot) -> tuple[bool, Unfold | None]:
        """Whether what is to be unfolded has changed, and what it is now."""
        running, waiting = self.running, self.asked
        if running is None or running.reveal is None:
            return False, None
        before = running.reveal.target
        unfold = running.reveal.update(audience)
        if unfold is not None and waiting is not None and not waiting.now:
            # It waits for the fold: only then the screen is slow to begin it.
            waiting.asked_s = audience.t_s
        return unfold != before, unfold

    def _in_state(self, state: State) -> Play | None:
        return next((play for play in self._plays.values() if play.state is state), None)

    def _take(self, event: PlayEvent, audience: AudienceSnapshot) -> list[Change]:
        play = self._plays.get(event.decision_id)
        return [] if play is None else self._happen(play, event.state, event, audience)

    def _happen(
        self, play: Play, what: PlayState | Own, event: PlayEvent, audience: AudienceSnapshot
    ) -> list[Change]:
        before = self.running
        effect = self._move(play, what)
        utc = audience.utc_at(event.t_s)
        match effect:
            case _Effect.START:
                cut = [] if before is None else self._cut(before, event, audience)
                self._begin(play, event.t_s, audience)
                return [*cut, Started(play.decision, event, utc)]
            case _Effect.UNFOLD | _Effect.FOLD:
                self._note_reveal(play, effect, event.t_s, utc)
            case _Effect.CLOSE:
                return [self._close(play, event, audience, utc)]
            case _Effect.SUPERSEDE:
                return [Ended(play.decision, event, utc, None)]
            case _Effect.FAIL:
                self.retry_at_s = event.t_s + _RETRY_S
                failed = replace(event, state=PlayState.FAILED)
                self._count(failed)
                return [Ended(play.decision, failed, utc, None)]
        return []

    def _move(self, play: Play, what: PlayState | Own) -> _Effect:
        """Make the transition of the table, and return what it entails."""
        play.state, effect = TRANSITIONS[play.state].get(what, (play.state, _Effect.NOTHING))
        if play.state is State.ENDED:
            del self._plays[play.decision.decision_id]
        return effect

    def _cut(self, play: Play, by: PlayEvent, audience: AudienceSnapshot) -> list[Change]:
        """Another page began the next play before this one had ended."""
        cut = PlayEvent(play.decision.decision_id, PlayState.INTERRUPTED, by.t_s, by.page)
        return self._happen(play, Own.NEXT_STARTED, cut, audience)

    def _begin(self, play: Play, started_s: float, audience: AudienceSnapshot) -> None:
        decision_id, more = play.decision.decision_id, play.content.more
        play.tally = PlayTally(decision_id, started_s, audience, self._courses)
        if more is not None:
            config = self._config.reveal
            end_s = started_s + play.content.duration_s + config.hold_max_s
            play.reveal = Reveal(config, decision_id, more.on, end_s)

    @staticmethod
    def _note_reveal(play: Play, effect: _Effect, t_s: float, utc: datetime) -> None:
        assert play.tally is not None  # noqa: S101 - it is running
        if effect is _Effect.FOLD:
            play.tally.fold(t_s)
        elif play.reveal and play.reveal.target:
            play.tally.unfold(play.reveal.target.reason, t_s, utc)

    def _close(
        self, play: Play, event: PlayEvent, audience: AudienceSnapshot, utc: datetime
    ) -> Ended:
        assert play.tally is not None  # noqa: S101 - it was running
        reward = play.tally.close(audience, self._config.reward, event.t_s)
        if event.state is PlayState.FAILED:  # what people made of a broken picture says nothing
            parts = {**reward.parts, "absent": "play_failed"}
            reward = replace(reward, value=None, parts=parts)
        self._count(event)
        return Ended(play.decision, event, utc, reward)

    def _count(self, event: PlayEvent) -> None:
        if event.state is PlayState.FAILED:
            self.failed_in_a_row += 1
            self.last_failure = event.reason or self.last_failure
        elif event.state is not PlayState.SUPERSEDED:
            self.failed_in_a_row, self.last_failure = 0, ""
