"""What the screen is asked to show, and what it confirms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from signage.types.vision import Box


@dataclass(frozen=True, slots=True)
class Play:
    """What the constraints count of a decision."""

    utc: datetime
    """When it began; of one on its way to the screen: when it was decided."""
    content_id: str
    decision_id: str
    forced: bool = False
    started: bool = True
    """False as long as the screen has not confirmed it."""


@dataclass(frozen=True, slots=True)
class Cue:
    """What the screen is asked to show, and when."""

    decision_id: str
    content_id: str
    title: str
    medium: str
    """``html``, ``image`` or ``video``."""
    file: str
    """Path of the media file within the content's own folder."""
    version: str
    """Part of the address of its files: another one whenever a file of the folder changes."""
    duration_s: float
    now: bool
    """True: as soon as it is loaded. False: when the running play ends."""
    adults_only: bool = False
    """Must not stay on screen when nobody can say any more who is in view."""
    fit: str = "contain"
    """``contain`` or ``cover``."""
    background: str | None = None
    sound: bool = False
    more: More | None = None


@dataclass(frozen=True, slots=True)
class More:
    """What can unfold beside a content."""

    title: str | None = None
    text: str | None = None
    link: str | None = None
    """Shown as a QR code."""
    medium: str | None = None
    file: str | None = None
    """As a cue's."""


@dataclass(frozen=True, slots=True)
class Unfold:
    """Asks the page to open the panel with more, beside where a viewer reads."""

    decision_id: str
    reason: str
    """``reading``, ``approach`` or ``dwell``."""
    region: Box | None
    """Left, top, right, bottom in shares of the screen; None where nobody can tell."""


class PlayState(StrEnum):
    """What the screen says about a play."""

    STARTED = "started"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    SUPERSEDED = "superseded"
    """Replaced by a later decision before it was ever shown."""
    FAILED = "failed"
    """The screen could not show it, or went away before it did."""
    UNFOLDED = "unfolded"
    """What is more of it is to be seen."""
    FOLDED = "folded"
    """And is not any more. The end of a play folds it, too."""

    @property
    def is_end(self) -> bool:
        """Whether nothing follows it."""
        return self not in (PlayState.STARTED, PlayState.UNFOLDED, PlayState.FOLDED)


@dataclass(frozen=True, slots=True)
class PlayEvent:
    """A confirmation by the screen (proof of play)."""

    decision_id: str
    state: PlayState
    t_s: float
    page: str
    """Which page showed it."""
    reason: str = ""
    """Of one that failed: what went wrong, for the operator."""


@dataclass(frozen=True, slots=True)
class PagePlay:
    """A play that a page ended on its own, without a server connection."""

    play_id: str
    """That of the decision, where one had asked for it."""
    content_id: str
    state: PlayState
    started_s: float
    ended_s: float
    page: str
