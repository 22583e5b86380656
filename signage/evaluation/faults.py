"""What in a log would make a number untrue: refused, or left out and counted."""

from __future__ import annotations

from collections import Counter

import numpy as np

from signage.errors import JournalError
from signage.types.arrays import Floats
from signage.types.log import CLOCK_SET_S, Block, Flags, Outcome

_ROUNDING = 1e-6


class Faults:
    """Looks at every block of a log, in order. Raises JournalError for what cannot be judged."""

    def __init__(self, name: str) -> None:
        """``name`` of the log, for messages."""
        self._name = name
        self._last_number = -1
        self._last_utc_s = -np.inf
        self.outcomes: Counter[Outcome] = Counter()
        self.overlapping = 0
        """Rewarded plays during which another play was on the screen."""
        self.clock_jumps = 0
        """How often the clock went back by more than ``CLOCK_SET_S``."""
        self.choices = 0
        """Plays that count and of which at least two contents had a chance."""

    def counted(self, block: Block) -> Flags:
        """Which decisions of ``block`` are judged: drawn, with a reward that is theirs alone."""
        self._check_order(block)
        drawn = block.outcome != Outcome.FORCED
        self._check_probabilities(block, drawn)
        rewarded = block.outcome == Outcome.REWARDED
        reward = block.reward
        wrong = rewarded & ~((reward >= 0) & (reward <= 1))
        self._refuse(block, wrong, "a reward outside of 0 to 1", reward)
        for outcome in Outcome:
            self.outcomes[outcome] += int(np.sum(block.outcome == outcome))
        self.overlapping += int(np.sum(rewarded & block.overlaps))
        counted: Flags = rewarded & ~block.overlaps
        chances = np.sum(np.nan_to_num(block.probabilities[counted]) > 0, axis=1)
        self.choices += int(np.sum(chances > 1))
        return counted

    def _check_order(self, block: Block) -> None:
        first = block.number[0] - 1 if self._last_number < 0 else self._last_number
        number = np.concatenate([[first], block.number])
        back = np.flatnonzero(np.diff(number) <= 0)
        if len(back):
            raise JournalError(
                f"{self._name} has decision {number[back[0] + 1]} after decision "
                f"{number[back[0]]}: it was joined from several logs, or holds one log twice. "
                "Evaluate each screen's journal by itself."
            )
        gaps = np.flatnonzero(np.diff(number) > 1)
        if len(gaps):
            raise JournalError(
                f"{self._name} has no decision between {number[gaps[0]]} and "
                f"{number[gaps[0] + 1]}: decisions were removed, and the rest is not a fair "
                "sample. Use the journal as signage wrote it."
            )
        utc_s = np.concatenate([[self._last_utc_s], block.t_utc_s])
        if np.isnan(block.t_utc_s).any():
            raise JournalError(
                f"{self._name} has decisions without a time: it is damaged. Use the journal "
                "as signage wrote it."
            )
        self.clock_jumps += int(np.sum(np.diff(utc_s) < -CLOCK_SET_S))
        self._last_number, self._last_utc_s = int(number[-1]), float(utc_s[-1])

    def _check_probabilities(self, block: Block, drawn: Flags) -> None:
        propensity = block.propensity
        missing = drawn & np.isnan(propensity)
        self._refuse(block, missing, "no propensity", propensity)
        wrong = drawn & ~((propensity > 0) & (propensity <= 1 + _ROUNDING))
        self._refuse(block, wrong, "a propensity outside (0, 1]", propensity)
        of_shown = block.probabilities[np.arange(len(block)), block.shown]
        wrong = drawn & np.isnan(of_shown)
        self._refuse(block, wrong, "a content that was not eligible", propensity)
        wrong = drawn & (np.abs(of_shown - propensity) > _ROUNDING)
        self._refuse(
            block, wrong, "a propensity that differs from its content's probability", propensity
        )
        known = np.nan_to_num(block.probabilities)
        wrong = drawn & ((np.abs(known.sum(axis=1) - 1) > _ROUNDING) | (known < 0).any(axis=1))
        self._refuse(block, wrong, "probabilities that do not sum to 1", known.sum(axis=1))

    def _refuse(self, block: Block, wrong: Flags, what: str, values: Floats) -> None:
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            more = int(wrong.sum()) - 1
            others = f", and {more} more near it" if more else ""
            raise JournalError(
                f"{self._name}: decision {block.number[first]} has {what} "
                f"({values[first]:g}){others}. No policy can be valued with wrong "
                "probabilities. Use the journal as signage wrote it."
            )

    def check_enough(self) -> None:
        """Raise JournalError if the whole log holds no usable decision."""
        total = sum(self.outcomes.values())
        if not total:
            raise JournalError(
                f"{self._name} is empty: no decision was made yet. Let the screen play."
            )
        judged = self.outcomes[Outcome.REWARDED] - self.overlapping
        if not judged:
            raise JournalError(
                f"{self._name} has {total} decisions, but none of them was drawn at random "
                f"and has a reward ({self.said()}). Let the screen play before more people."
            )
        if not self.choices:
            raise JournalError(
                f"{self._name} has {judged} plays with a reward, but only one content had a "
                "chance in each of them. Other policies cannot be valued from it: let `vw` "
                "or `uniform` play, or `apprentice` with an `other_share`."
            )

    def said(self) -> str:
        """What is left out, in words."""
        words = {
            Outcome.FORCED: "forced",
            Outcome.NOBODY_PRESENT: "that nobody could have seen",
            Outcome.NOT_OBSERVED: "while the camera was lost",
            Outcome.NEVER_SHOWN: "never shown",
            Outcome.CUT_OFF: "cut off, failed on the screen, or still running",
            Outcome.PAGE_ALONE: "shown while the page was alone",
        }
        parts = [f"{self.outcomes[o]} {text}" for o, text in words.items() if self.outcomes[o]]
        if self.overlapping:
            parts.append(f"{self.overlapping} while another play was also on the screen")
        return ", ".join(parts) or "none"
