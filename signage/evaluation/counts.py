"""Counts of what is in a log: what is judged, what is left out, and why."""

from __future__ import annotations

from collections import Counter

import numpy as np

from signage.errors import JournalError
from signage.types.log import Block, Outcome


class LogCounts:
    """Adds up the blocks of a log, each given once to ``add``."""

    def __init__(self, name: str) -> None:
        """``name`` of the log, for messages."""
        self.name = name
        self.outcomes: Counter[Outcome] = Counter()
        self.overlapping = 0
        """Rewarded plays during which another play was on the screen."""
        self.clock_jumps = 0
        """How often the clock went back by more than ``CLOCK_SET_S``."""
        self.choices = 0
        """Plays that are judged and of which at least two contents had a chance."""

    def add(self, block: Block) -> None:
        """Count ``block``."""
        for outcome in Outcome:
            self.outcomes[outcome] += int(np.sum(block.outcome == outcome))
        self.overlapping += int(np.sum((block.outcome == Outcome.REWARDED) & block.overlaps))
        self.clock_jumps += int(np.sum(block.clock_back))
        chances = np.sum(np.nan_to_num(block.probabilities[block.judged]) > 0, axis=1)
        self.choices += int(np.sum(chances > 1))

    def check_enough(self) -> None:
        """Raise JournalError where there is nothing to be judged by; at the end of the log."""
        total = sum(self.outcomes.values())
        if not total:
            raise JournalError(
                f"{self.name} is empty: no decision was made yet. Let the screen play."
            )
        judged = self.outcomes[Outcome.REWARDED] - self.overlapping
        if not judged:
            raise JournalError(
                f"{self.name} has {total} decisions, but none of them was drawn at random and "
                f"has a reward ({self.in_words()}). Let the screen play before more people."
            )
        if not self.choices:
            raise JournalError(
                f"{self.name} has {judged} plays with a reward, but only one content had a "
                "chance in each of them. Other policies cannot be valued from it: let `vw` "
                "or `uniform` play, or `apprentice` with an `other_share`."
            )

    def in_words(self) -> str:
        """What is left out, in words."""
        words = {
            Outcome.FORCED: "forced",
            Outcome.NOBODY_PRESENT: "that nobody could have seen",
            Outcome.NOT_OBSERVED: "while the camera was lost",
            Outcome.NEVER_SHOWN: "never shown",
            Outcome.CUT_OFF: "cut off, failed on the screen, or still running",
            Outcome.PAGE_ALONE: "shown without the kiosk",
        }
        parts = [f"{self.outcomes[o]} {text}" for o, text in words.items() if self.outcomes[o]]
        if self.overlapping:
            parts.append(f"{self.overlapping} while another play was also on the screen")
        return ", ".join(parts) or "none"
