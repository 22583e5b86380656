"""A screen that shows what it is asked to, at once, and says so with exact times."""

from __future__ import annotations

from collections.abc import Sequence

from signage.types.plays import Cue, PagePlay, PlayEvent, PlayState, Unfold

_PAGE = "simulated"


class SimulatedScreen:
    """Time passes for it when ``advance`` says so."""

    connected = True

    def __init__(self) -> None:
        self.showing: Cue | None = None
        self.started_s = 0.0
        """When the newest play began."""
        self.closes = False
        """What is on is the last: nothing begins any more."""
        self.unfolded: Unfold | None = None
        self._now_s = self._folded_s = 0.0
        self._next: Cue | None = None
        self._events: list[PlayEvent] = []

    def show(self, cue: Cue) -> None:
        if self._next is not None:
            # It is reported later than it happened, but nothing happens in between.
            self._say(self._next, PlayState.SUPERSEDED, self.started_s)
        self._next = cue

    def unfold(self, unfold: Unfold | None) -> None:
        if self.showing is not None:
            state = PlayState.FOLDED if unfold is None else PlayState.UNFOLDED
            self._say(self.showing, state, self._now_s)
        self.unfolded, self._folded_s = unfold, self._now_s

    def advance(self, t_s: float) -> None:
        """Let the time pass until ``t_s``."""
        self._now_s = t_s
        if self._next is not None and self._next.now:
            if self.showing is not None:
                self._say(self.showing, PlayState.INTERRUPTED, t_s)
                self.showing = None
            self._begin(self._next, t_s)
        elif self.showing is not None:
            end_s = self.started_s + self.showing.duration_s
            if t_s >= end_s and self.unfolded is None:
                end_s = max(end_s, self._folded_s)
                self._say(self.showing, PlayState.FINISHED, end_s)
                self.showing = None
                if self._next is not None:
                    self._begin(self._next, end_s)

    def stop(self, t_s: float) -> None:
        """Go dark: what is on ends, and what was to follow never begins."""
        if self._next is not None:
            self._say(self._next, PlayState.SUPERSEDED, t_s)
        if self.showing is not None:
            self._say(self.showing, PlayState.INTERRUPTED, t_s)
        self.showing = self._next = None

    def events(self) -> list[PlayEvent]:
        events, self._events = self._events, []
        return events

    def page_plays(self) -> list[PagePlay]:
        """None: it is never alone."""
        return []

    def acknowledge(self, play_ids: Sequence[str]) -> None:
        """It keeps nothing."""

    def _begin(self, cue: Cue, t_s: float) -> None:
        if self.closes:
            self.stop(t_s)
            return
        self.showing, self.started_s, self._next = cue, t_s, None
        self.unfolded = None
        self._say(cue, PlayState.STARTED, t_s)

    def _say(self, cue: Cue, state: PlayState, t_s: float) -> None:
        self._events.append(PlayEvent(cue.decision_id, state, t_s, _PAGE))
