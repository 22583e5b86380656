"""What the engine is connected to: where sightings come from, and where contents are shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from signage.types.plays import Cue, PagePlay, PlayEvent, Unfold
from signage.types.vision import Frame, Sighting

Perceive = Callable[[Frame], Sequence[Sighting] | None]
"""What a frame tells; None where it can tell nothing."""


class Screen(Protocol):
    """Where contents are shown, and which says what was."""

    @property
    def connected(self) -> bool:
        """Whether anything would be shown."""
        ...

    def show(self, cue: Cue) -> None: ...

    def unfold(self, unfold: Unfold | None) -> None:
        """Unfold what is more of the running content, or fold it."""
        ...

    def events(self) -> list[PlayEvent]:
        """What the screen confirmed since the last call, in order."""
        ...

    def page_plays(self) -> list[PagePlay]:
        """Plays that it ended alone, and has told of since the last call."""
        ...

    def acknowledge(self, play_ids: Sequence[str]) -> None:
        """The ends of these plays are on record."""
        ...
