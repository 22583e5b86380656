"""Whether a log is a whole and fair record: a number from any other would not be true.

The only judge of it. ``check_sound`` looks at a journal's file and its rows, ``SoundLog`` at the
decisions of any log as they are read, which it hands on with the clock marked. Which plays overlap,
and where the clock was set, is defined in ``facts.py``, by the thresholds in ``types/log.py``.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from signage.errors import JournalError
from signage.journal.reader import JournalReader
from signage.types.arrays import Floats
from signage.types.log import CLOCK_SET_S, Block, Flags, Log, Outcome

_ROUNDING = 1e-6

# Written so that a value of the wrong type counts as missing, and not as a number.
_BROKEN = {
    "propensity above 0 and at most 1": """
        SELECT number FROM decisions
        WHERE NOT coalesce(typeof(propensity) = 'real' AND propensity > 0
            AND propensity < 1.000001, 0)""",
    "time in UTC": """
        SELECT number FROM decisions
        WHERE typeof(t_s) NOT IN ('real', 'integer')
            OR typeof(utc_offset_min) NOT IN ('integer', 'null')
            OR julianday(t_utc) IS NULL OR t_utc NOT LIKE '____-__-__T%+00:00'""",
    "play that can be read": """
        SELECT number FROM decisions LEFT JOIN plays USING (decision_id)
        WHERE state IS NULL OR typeof(started_s) NOT IN ('real', 'integer', 'null')
            OR typeof(ended_s) NOT IN ('real', 'integer', 'null')""",
    "reward in [0, 1]": """
        SELECT number FROM rewards JOIN decisions USING (decision_id)
        WHERE reward IS NOT NULL
            AND NOT (typeof(reward) IN ('real', 'integer') AND reward >= 0 AND reward <= 1)""",
}


def check_sound(reader: JournalReader) -> None:
    """Raise JournalError, with what to do, for a journal that no result can be drawn from."""
    path = reader.path
    with reader.connect() as db:
        _check_whole(db, path)
        decisions, numbers = db.execute(
            "SELECT count(*), max(number) - min(number) + 1 FROM decisions"
        ).fetchone()
        if not decisions:
            raise JournalError(
                f"The journal {path} is empty: no decision was made yet. Let its screen run, "
                "then try again."
            )
        check_one_screen(str(path), screens_of(db))
        if decisions < numbers:
            raise JournalError(
                f"{numbers - decisions} decisions were removed from the journal {path}, and "
                "the rest is not a fair sample. Use the original."
            )
        for what, query in _BROKEN.items():
            counted = f"SELECT count(*), min(number) FROM ({query})"  # noqa: S608 - our own
            count, first = db.execute(counted).fetchone()
            if count:
                more = f", and {count - 1} more," if count > 1 else ""
                raise JournalError(
                    f"In the journal {path} decision {first}{more} has no {what}: another tool "
                    "changed it, so no result is drawn from it. Use the original."
                )


def _check_whole(db: sqlite3.Connection, path: Path) -> None:
    """A file that was cut off may still be read in part: then its numbers would be wrong."""
    try:
        (verdict,) = db.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    if verdict != "ok":
        raise JournalError(
            f"The journal {path} is damaged or cut off ({verdict.splitlines()[-1]}): no "
            "result is drawn from it. Copy it again while its screen is stopped, or with "
            "`sqlite3 … .backup`."
        )


def check_one_screen(name: str, screens: Collection[str]) -> None:
    """Raise JournalError where ``screens``, the names of those in a log, are several."""
    if len(screens) > 1:
        raise JournalError(
            f"The journal {name} mixes the screens {', '.join(sorted(screens))}: each has "
            "its own audience. Give the journal of one screen."
        )


def screens_of(db: sqlite3.Connection) -> set[str]:
    """Names of the screens whose decisions are in a journal.

    The id of a decision begins with that of its screen. One that does not was copied from the
    journal of another screen.
    """
    screens = {str(name) for (name,) in db.execute("SELECT DISTINCT screen_id FROM runs")}
    own = "substr(decision_id, 1, length(screen_id) + 1) = screen_id || '-'"
    stranger = db.execute(
        f"SELECT decision_id FROM decided_plays WHERE NOT {own} "  # noqa: S608 - our own
        f"AND EXISTS (SELECT 1 FROM decided_plays WHERE {own}) LIMIT 1"
    ).fetchone()
    return screens if stranger is None else screens | {f"that of decision {stranger[0]}"}


class SoundLog:
    """A log whose decisions are checked, and marked where the clock went back, as they are read."""

    def __init__(self, log: Log) -> None:
        self._log = log

    @property
    def name(self) -> str:
        return self._log.name

    @property
    def simulated(self) -> str | None:
        return self._log.simulated

    @property
    def contents(self) -> Mapping[str, tuple[str, ...]]:
        return self._log.contents

    @property
    def features(self) -> tuple[str, ...]:
        return self._log.features

    def __len__(self) -> int:
        return len(self._log)

    def blocks(self, size: int) -> Iterator[Block]:
        """As ``Log``. Raises JournalError for what no number can be drawn from."""
        number, utc_s = -1, -math.inf
        for block in self._log.blocks(size):
            _check_order(self.name, number, block)
            _check_probabilities(self.name, block)
            _check_rewards(self.name, block)
            back = np.diff(block.t_utc_s, prepend=utc_s) < -CLOCK_SET_S
            number, utc_s = int(block.number[-1]), float(block.t_utc_s[-1])
            yield replace(block, clock_back=back)


def _check_order(name: str, last_number: int, block: Block) -> None:
    first = block.number[0] - 1 if last_number < 0 else last_number
    number = np.concatenate([[first], block.number])
    back = np.flatnonzero(np.diff(number) <= 0)
    if len(back):
        raise JournalError(
            f"{name} has decision {number[back[0] + 1]} after decision {number[back[0]]}: "
            "it was joined from several logs, or holds one log twice. Evaluate each "
            "screen's journal by itself."
        )
    gaps = np.flatnonzero(np.diff(number) > 1)
    if len(gaps):
        raise JournalError(
            f"{name} has no decision between {number[gaps[0]]} and {number[gaps[0] + 1]}: "
            "decisions were removed, and the rest is not a fair sample. Use the journal "
            "as signage wrote it."
        )
    if np.isnan(block.t_utc_s).any():
        raise JournalError(
            f"{name} has decisions without a time: it is damaged. Use the journal as "
            "signage wrote it."
        )


def _check_probabilities(name: str, block: Block) -> None:
    drawn, propensity = block.outcome != Outcome.FORCED, block.propensity
    missing = drawn & np.isnan(propensity)
    _refuse(name, block, missing, "no propensity", propensity)
    wrong = drawn & ~((propensity > 0) & (propensity <= 1 + _ROUNDING))
    _refuse(name, block, wrong, "a propensity outside (0, 1]", propensity)
    of_shown = block.probabilities[np.arange(len(block)), block.shown]
    wrong = drawn & np.isnan(of_shown)
    _refuse(name, block, wrong, "a content that was not eligible", propensity)
    wrong = drawn & (np.abs(of_shown - propensity) > _ROUNDING)
    _refuse(
        name, block, wrong, "a propensity that differs from its content's probability", propensity
    )
    known = np.nan_to_num(block.probabilities)
    wrong = drawn & ((np.abs(known.sum(axis=1) - 1) > _ROUNDING) | (known < 0).any(axis=1))
    _refuse(name, block, wrong, "probabilities that do not sum to 1", known.sum(axis=1))


def _check_rewards(name: str, block: Block) -> None:
    reward = block.reward
    wrong = (block.outcome == Outcome.REWARDED) & ~((reward >= 0) & (reward <= 1))
    _refuse(name, block, wrong, "a reward outside of 0 to 1", reward)


def _refuse(name: str, block: Block, wrong: Flags, what: str, values: Floats) -> None:
    if wrong.any():
        first = int(np.flatnonzero(wrong)[0])
        more = int(wrong.sum()) - 1
        others = f", and {more} more near it" if more else ""
        raise JournalError(
            f"{name}: decision {block.number[first]} has {what} "
            f"({values[first]:g}){others}. No policy can be valued with wrong "
            "probabilities. Use the journal as signage wrote it."
        )
