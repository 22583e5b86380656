"""A screen that shows what it is asked to, at once, and says so with exact times."""

from __future__ import annotations

from signage.types import Cue, PlayEvent, PlayState

_PAGE = "simulated"


class SimulatedScreen:
    """Time passes for it when ``advance`` says so."""

    connected = True

    def __init__(self) -> None:
        self.showing: Cue | None = None
        self.started_s = 0.0
        """When the newest play began."""
        self._next: Cue | None = None
        self._events: list[PlayEvent] = []

    def show(self, cue: Cue) -> None:
        if self._next is not None:
            # It is told later than it happened, but nothing happens in between.
            self._say(self._next, PlayState.SUPERSEDED, self.started_s)
        self._next = cue

    def advance(self, t_s: float) -> None:
        """Let the time pass until ``t_s``."""
        if self._next is not None and self._next.now:
            if self.showing is not None:
                self._say(self.showing, PlayState.INTERRUPTED, t_s)
            self._begin(self._next, t_s)
        elif self.showing is not None:
            end_s = self.started_s + self.showing.duration_s
            if t_s >= end_s:
                self._say(self.showing, PlayState.FINISHED, end_s)
                self.showing = None
                if self._next is not None:
                    self._begin(self._next, end_s)

    def events(self) -> list[PlayEvent]:
        events, self._events = self._events, []
        return events

    def _begin(self, cue: Cue, t_s: float) -> None:
        self.showing, self.started_s, self._next = cue, t_s, None
        self._say(cue, PlayState.STARTED, t_s)

    def _say(self, cue: Cue, state: PlayState, t_s: float) -> None:
        self._events.append(PlayEvent(cue.decision_id, state, t_s, _PAGE))
