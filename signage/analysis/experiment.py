"""Joins the journal and the analysis of an experiment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from signage.errors import ConfigError, JournalError
from signage.experiments.ab_test import analyse
from signage.experiments.assignment import arm_of_visit
from signage.experiments.units import ArmPlay, Design
from signage.io import journal_path
from signage.journal.experiments import Experiments
from signage.journal.soundness import check_sound

_MOST_LEFT_OUT = 0.1
"""Of the plays, for clocks and overlaps: with more of them the record is no record."""

Row = Mapping[str, Any]


def result(journal: Path, name: str | None = None) -> dict[str, Any]:
    """The document of ``signage experiment``; without a ``name`` of the experiment that ran last.

    ``journal`` is the file, or the folder that holds it. Raises JournalError with what is wrong,
    ConfigError for a ``name`` that is not there.
    """
    return result_of(open_journal(journal), name)


def result_of(reader: Experiments, name: str | None = None) -> dict[str, Any]:
    """The same of a journal that was checked before."""
    design = described(reader, name)
    plays, left_out = analysed(reader.plays(design.name), design)
    if not plays:
        reasons = ", ".join(f"{count} {why}" for why, count in left_out.items())
        raise JournalError(
            f"The experiment {design.name!r} has no play to analyse yet ({reasons}). Come "
            "back when the screen has played more."
        )
    document = analyse(design, plays)
    return {
        **document,
        "simulated": reader.simulated,
        "plays": len(plays) + sum(left_out.values()),
        "left_out": left_out | _not_compared(plays, document),
    }


def _not_compared(plays: Sequence[ArmPlay], document: Row) -> dict[str, int]:
    """Analysed plays that count in no arm, by why: with these, all sums agree."""
    nobody = sum(play.reward is None and play.before_nobody for play in plays)
    lost = sum(play.reward is None and not play.before_nobody for play in plays)
    compared = sum(arm["rewarded_plays"] for arm in document["arms"])
    counts = {
        "in an incomplete round": len(plays) - nobody - lost - compared,
        "before nobody": nobody,
        "without a reward": lost,
    }
    return {why: count for why, count in counts.items() if count}


def open_journal(journal: Path) -> Experiments:
    """A journal that results may be drawn from. Raises JournalError for any other."""
    reader = Experiments(journal_path(journal))
    check_sound(reader)
    return reader


def described(reader: Experiments, name: str | None) -> Design:
    """The design of the experiment ``name``, or of the newest experiment."""
    names = reader.names()
    if not names:
        raise JournalError(
            f"The journal {reader.path} has no experiment. Describe one under `[experiment]` in "
            "the configuration of its screen (an example is in configs/kiosk.toml)."
        )
    if name is not None and name not in names:
        raise ConfigError(f"There is no experiment {name!r}; there is {', '.join(names)}.")
    try:
        design = reader.design(name or names[-1])
        arms = tuple(design["arms"])
        if len(arms) < 2:
            raise ValueError(f"its arms are {', '.join(arms) or 'none'}")
        return Design(**{**design, "arms": arms})
    except (KeyError, TypeError, ValueError) as error:
        raise JournalError(
            f"The journal {reader.path} describes its experiment in a form that this "
            f"program cannot read ({error}). Use the program that wrote it."
        ) from error


def analysed(rows: Sequence[Row], design: Design) -> tuple[list[ArmPlay], dict[str, int]]:
    """The plays to analyse, and how many were left out for which reason."""
    jumped = {row["unit"] for row in rows if row["clock_set"]}
    plays, left_out = [], Counter[str]()
    for row in rows:
        if (why := _why_not(row, jumped)) is not None:
            left_out[why] += 1
        else:
            plays.append(_play(row, design))
    broken = left_out["overlapping"] + left_out["clock set"]
    if broken > _MOST_LEFT_OUT * len(rows):
        raise JournalError(
            f"{broken} of {len(rows)} plays of the experiment {design.name!r} overlap, or "
            "were shown while the clock was set. Check the clock (`signage doctor`), and "
            "that the journal comes from one screen."
        )
    return plays, dict(left_out)


def _why_not(row: Row, jumped: set[str]) -> str | None:
    if row["forced"]:
        return "forced"
    if row["started_utc"] is None:
        return "not shown"
    if row["washout"]:
        return "in washout"
    if row["unit"] in jumped:
        return "clock set"
    return "overlapping" if row["overlaps"] else None


def _play(row: Row, design: Design) -> ArmPlay:
    utc = datetime.fromisoformat(row["t_utc"])
    others = row["visits"] - {row["unit"]} if not design.by_block else frozenset[str]()
    mixed = any(
        arm_of_visit(design.seed, design.name, design.arms, visit) != row["arm"] for visit in others
    )
    return ArmPlay(
        arm=row["arm"],
        unit=row["unit"],
        utc=utc,
        reward=row["reward"],
        visits=row["visits"],
        before_nobody=bool(row["before_nobody"]),
        mixed=mixed,
        utc_offset_min=row["utc_offset_min"],
    )
