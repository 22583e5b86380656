"""Proof of play: what was asked of the screen, and what the screen confirmed.

Several pages may be connected; all of them are sent every cue. The first that confirms
``started`` owns that play, and only the owner's later word on it counts. A play that no
page started has failed, or was superseded, as soon as every page it was sent to gave it
up or left. Each (decision, state) comes out at most once, and nothing after a play's end.

Times are of the page's own clock where it tells them: a server that stands still for a minute
makes no play longer.

What a page shows while nobody can be told it tells when it can: the ends of plays that are not
acknowledged, and plays of its own choice. These are the page's word alone, and not events of an
open play: ``page_plays``.

A stand-in page (no real screen behind it) cannot start a play while a real page is
connected, and hands the play over to a real page that starts it too.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter

from signage.player.page_clock import PageClock
from signage.player.screen_watch import Pulse, ScreenWatch
from signage.types.plays import PagePlay, PlayEvent, PlayState

if TYPE_CHECKING:
    from signage.types.plays import Cue

STAND_IN = "terminal"
"""Id of the page that stands in where there is no browser."""

_MAX_OPEN = 64
_MAX_PAGE_PLAYS = 1000
_MAX_ENDED = 1000
_LONGEST_AWAY_S = 90 * 24 * 3600.0
"""A page whose clock has jumped tells of longer."""

_AHEAD_S = 1.0
"""Where a start was dated too late, its end may lie so far ahead."""

_Id = Annotated[str, Field(min_length=1, max_length=200)]
_Age = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Confirmation(BaseModel):
    """A page's word: a play reached a state, ``age_ms`` milliseconds before this was sent."""

    type: PlayState
    decision_id: _Id
    age_ms: Annotated[float, Field(ge=0, le=3_600_000, allow_inf_nan=False)] = 0.0
    sent_ms: _Age | None = None
    """When this was sent, by the page's clock."""
    shown_ms: _Age | None = None
    """Of an end: for how long it was shown."""
    reason: Annotated[str, Field(max_length=300)] = ""
    """Of one that failed: what happened, as the rest of a sentence about its file."""


class PageReport(BaseModel):
    """A page's report of a play that it ended without the server; ages count back from sending."""

    type: Literal["alone"]
    play_id: _Id
    content_id: _Id
    state: Literal[PlayState.FINISHED, PlayState.INTERRUPTED, PlayState.FAILED]
    started_age_ms: _Age
    ended_age_ms: _Age
    sent_ms: _Age | None = None


PageMessage = TypeAdapter[Confirmation | PageReport | Pulse](Confirmation | PageReport | Pulse)
"""Any message that a page may send."""


@dataclass(slots=True)
class _Play:
    cue: Cue
    asked_s: float
    waiting: set[int] = field(default_factory=set)
    """Connections that were sent the cue and may still start it."""
    owner: int | None = None
    started_s: float | None = None

    @property
    def since_s(self) -> float:
        return self.asked_s if self.started_s is None else self.started_s


class Plays:
    """The book of open plays. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._pages: dict[int, str] = {}
        self._clocks: dict[int, PageClock] = {}
        self.watch = ScreenWatch()
        self._open: dict[str, _Play] = {}
        self._newest: _Play | None = None
        self._events: list[PlayEvent] = []
        self._reports: dict[str, PagePlay] = {}
        self._ended: dict[str, str] = {}
        """Of the last plays whose end their page has told: that page."""

    @property
    def connected(self) -> bool:
        """Whether any page, or its stand-in, is connected."""
        with self._lock:
            return bool(self._pages)

    def ask(self, cue: Cue, t_s: float) -> None:
        """Note that every page is sent ``cue`` at ``t_s``."""
        with self._lock:
            if not self._pages:
                # With nobody there to say so, what was asked before is given up here.
                for play in [play for play in self._open.values() if play.owner is None]:
                    self._end(play, PlayState.SUPERSEDED, t_s)
            while len(self._open) >= _MAX_OPEN:
                # A page that reads its cues and never answers must not fill the memory.
                self._end(next(iter(self._open.values())), PlayState.FAILED, t_s)
            play = _Play(cue, t_s, waiting=set(self._pages))
            self._open[cue.decision_id] = self._newest = play

    def join(self, page: str) -> tuple[int, list[Cue]]:
        """Number the connection of ``page`` and say which cues it should take.

        The one that is on another page, at once, and the newest; neither where the play is over:
        what was right for the people of then may be wrong for those of now.
        """
        with self._lock:
            connection = next(self._numbers)
            self._pages[connection] = page
            self._clocks[connection] = PageClock()
            started = [play for play in self._open.values() if play.owner is not None][-1:]
            newest = self._newest
            if newest and newest not in started and newest.cue.decision_id in self._open:
                newest.waiting.add(connection)
                at_once = newest.cue.now or not started
                return connection, [
                    *(replace(play.cue, now=True) for play in started),
                    replace(newest.cue, now=at_once),
                ]
            return connection, [replace(play.cue, now=True) for play in started]

    def leave(self, connection: int, t_s: float) -> None:
        """Close the connection: a play it was showing is interrupted."""
        with self._lock:
            page = self._pages.pop(connection)
            del self._clocks[connection]
            self.watch.leave(connection)
            for play in list(self._open.values()):
                waited = connection in play.waiting
                play.waiting.discard(connection)
                if play.owner == connection:
                    # It may have left long before this was noticed.
                    longest_s = max(play.since_s, play.since_s + play.cue.duration_s)
                    self._end(play, PlayState.INTERRUPTED, min(t_s, longest_s), page)
                elif play.owner is None and waited:
                    self._give_up(play, PlayState.FAILED, t_s, page)

    def confirm(self, connection: int, message: Confirmation, t_s: float) -> bool:
        """Take the word of a page, received at ``t_s``; ignored where the page has no say.

        Returns whether it is of no use, as another page has told the end of the play.
        """
        with self._lock:
            state = message.type
            play = self._open.get(message.decision_id)
            page = self._pages.get(connection)
            if play is None or page is None:
                return self._ended.get(message.decision_id, page) != page
            t_s = self._dated(connection, message, play, t_s)
            if state is PlayState.STARTED:
                self._start(play, connection, t_s)
            elif play.owner == connection:
                if not state.is_end:
                    self._emit(play, state, t_s, page)
                elif state is not PlayState.SUPERSEDED:
                    self._end(play, state, t_s, page, message.reason)
                    self._ended[message.decision_id] = page
                    if len(self._ended) > _MAX_ENDED:
                        del self._ended[next(iter(self._ended))]
            elif play.owner is None and state in (PlayState.SUPERSEDED, PlayState.FAILED):
                play.waiting.discard(connection)
                self._give_up(play, state, t_s, page, message.reason)
            return False

    def hear(self, connection: int, pulse: Pulse, t_s: float) -> None:
        """Note the pulse of a page at ``t_s``."""
        with self._lock:
            if (clock := self._clocks.get(connection)) is not None:
                clock.sent_at(pulse.sent_ms, t_s)
                self.watch.hear(connection, pulse, t_s)

    def accept_report(self, connection: int, message: PageReport, t_s: float) -> bool:
        """Take the word of a page on a play that it ended alone, received at ``t_s``.

        What is too much is left out: the page keeps it, and tells again. Returns as ``confirm``.
        """
        with self._lock:
            page = self._pages.get(connection)
            if self._ended.get(message.play_id, page) != page:
                return True
            if page is not None and len(self._reports) < _MAX_PAGE_PLAYS:
                t_s = self._clocks[connection].sent_at(message.sent_ms, t_s)
                ages_s = (message.started_age_ms / 1000, message.ended_age_ms / 1000)
                longest_s, shortest_s = (min(age, _LONGEST_AWAY_S) for age in ages_s)
                ended_s = t_s - shortest_s
                self._reports[message.play_id] = PagePlay(
                    play_id=message.play_id,
                    content_id=message.content_id,
                    state=message.state,
                    started_s=min(ended_s, t_s - longest_s),
                    ended_s=ended_s,
                    page=page,
                )
            return False

    def drain_reports(self) -> list[PagePlay]:
        """The plays that pages ended alone and reported since the last call."""
        with self._lock:
            reports, self._reports = self._reports, {}
            return list(reports.values())

    def drain(self) -> list[PlayEvent]:
        """What was confirmed since the last call, in order of arrival."""
        with self._lock:
            events, self._events = self._events, []
            return events

    def _start(self, play: _Play, connection: int, t_s: float) -> None:
        play.waiting.discard(connection)
        if connection not in self._counting():
            return
        if play.owner is None:
            play.owner, play.started_s = connection, t_s
            self._emit(play, PlayState.STARTED, t_s, self._pages[connection])
        elif self._pages[play.owner] == STAND_IN:
            play.owner = connection

    def _dated(
        self, connection: int, message: Confirmation, play: _Play, received_s: float
    ) -> float:
        """When the play reached the state, in our seconds."""
        sent_s = self._clocks[connection].sent_at(message.sent_ms, received_s)
        if message.shown_ms is not None and play.started_s is not None:
            shown_s = message.shown_ms / 1000
            return min(play.started_s + shown_s, received_s + _AHEAD_S)
        # A page's clock may err; nothing happens before it was asked for.
        return max(sent_s - message.age_ms / 1000, play.since_s)

    def _give_up(
        self, play: _Play, state: PlayState, t_s: float, page: str, reason: str = ""
    ) -> None:
        if not play.waiting & self._counting():
            self._end(play, state, t_s, page, reason)

    def _counting(self) -> set[int]:
        real = {number for number, page in self._pages.items() if page != STAND_IN}
        return real or set(self._pages)

    def _end(
        self, play: _Play, state: PlayState, t_s: float, page: str = "", reason: str = ""
    ) -> None:
        del self._open[play.cue.decision_id]
        self._emit(play, state, t_s, page, reason)

    def _emit(self, play: _Play, state: PlayState, t_s: float, page: str, reason: str = "") -> None:
        if state is not PlayState.FAILED:
            reason = ""
        elif reason:  # without one it is the page that has gone
            reason = f"{play.cue.content_id}/{play.cue.file} {reason}"
        event = PlayEvent(play.cue.decision_id, state, t_s, page, reason)
        self._events.append(event)
