"""The plays that the constraints count: those of the last hour, and the newest before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile

from signage.types.plays import Play

_HOUR = timedelta(hours=1)
_CLOCK_SLACK = timedelta(minutes=1)


class RecentPlays:
    """In the order of the screen. What is on its way may yet reach it, or not: both are held."""

    def __init__(self, window_plays: int, apart_plays: int) -> None:
        """How many are asked for at most: of those that were drawn, and of all."""
        self._window_plays, self._apart_plays = window_plays, apart_plays
        self._plays: dict[str, Play] = {}
        """By decision, in the order in which they were noted last."""

    def note(self, play: Play) -> None:
        """Count a play, from its decision on and then again from its start on screen."""
        self.forget(play.decision_id)
        self._plays[play.decision_id] = play

    def forget(self, decision_id: str) -> None:
        """Take back a play that never reached the screen."""
        self._plays.pop(decision_id, None)

    def trim(self, utc: datetime) -> None:
        """Drop plays that are too old to matter at ``utc``."""
        needed = [*self.newest(self._window_plays, drawn=True), *self.newest(self._apart_plays)]
        kept = {play.decision_id for play in needed}
        since, until = _last_hour(utc)
        self._plays = {
            decision_id: play
            for decision_id, play in self._plays.items()
            if since < play.utc <= until or decision_id in kept
        }

    def last_hour(self, utc: datetime) -> Counter[str]:
        """Plays of each content in the hour before ``utc``."""
        since, until = _last_hour(utc)
        hour = (play for play in self._plays.values() if since < play.utc <= until)
        return Counter(play.content_id for play in hour)

    def newest(self, count: int, *, drawn: bool = False) -> Iterator[Play]:
        """The newest ``count`` that reached the screen and all that may follow, newest first.

        ``drawn``: without those that were forced.
        """
        for play in reversed(self._plays.values()):
            if drawn and play.forced:
                continue
            if play.started:
                if not count:
                    return
                count -= 1
            yield play

    def on_their_way(self) -> Iterator[Play]:
        """Those that were asked for since the newest one began."""
        return takewhile(lambda play: not play.started, reversed(self._plays.values()))


def _last_hour(utc: datetime) -> tuple[datetime, datetime]:
    """After when, and until when."""
    # Not what is stamped later than now: the clock was set back, and no cap must stick.
    return utc - _HOUR, utc + _CLOCK_SLACK
