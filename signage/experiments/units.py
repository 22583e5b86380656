"""What an experiment gives: its units, which are blocks or visits, with their plays."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import fmean

import numpy as np

from signage.errors import JournalError
from signage.experiments.contrast import Contrast
from signage.types.arrays import Floats


@dataclass(frozen=True, slots=True)
class Design:
    """What the journal says of how the experiment was set up."""

    name: str
    arms: tuple[str, ...]
    """The first is the control."""
    assign: str
    """``block`` or ``visit``."""
    block_minutes: int | None
    washout_minutes: float | None
    seed: int

    @property
    def by_block(self) -> bool:
        return self.assign == "block"


@dataclass(frozen=True, slots=True)
class ArmPlay:
    """A play that is analysed: shown, not forced, after the washout."""

    arm: str
    unit: str
    utc: datetime
    """When it was decided."""
    reward: float | None
    visits: frozenset[str]
    """Who could see it."""
    before_nobody: bool = False
    """So that it has no reward: what a policy chooses changes how often that happens."""
    mixed: bool = False
    """Also before visitors of another arm; for assignment by visit."""
    utc_offset_min: int | None = None
    """By how much the clock on the wall is ahead; None where the journal does not tell."""

    @property
    def local(self) -> datetime:
        """By the clock on the wall; by UTC where that is not known."""
        return self.utc + timedelta(minutes=self.utc_offset_min or 0)


class Unit:
    """A block, or a visit, with its plays."""

    def __init__(self, arm: str) -> None:
        self.arm = arm
        self.plays: list[ArmPlay] = []

    @cached_property
    def rewards(self) -> list[float]:
        return [play.reward for play in self.plays if play.reward is not None]

    @cached_property
    def reward(self) -> float:
        return fmean(self.rewards)

    @cached_property
    def ots(self) -> int:
        return len(frozenset[str]().union(*(play.visits for play in self.plays)))

    @cached_property
    def missing(self) -> float:
        lost = [play.reward is None and not play.before_nobody for play in self.plays]
        return fmean(lost)

    @property
    def until_utc(self) -> datetime:
        return self.plays[-1].utc


Units = Mapping[str, Unit]


def units_of(design: Design, plays: Sequence[ArmPlay]) -> dict[str, Unit]:
    """By their ids, in the order of time."""
    units: dict[str, Unit] = {}
    for play in plays:
        unit = units.setdefault(play.unit, Unit(play.arm))
        wrong = None
        if play.arm not in design.arms:
            wrong = f"assigned to {play.arm!r}, which is not one of {', '.join(design.arms)}"
        elif unit.arm != play.arm:
            wrong = f"assigned to {unit.arm!r} and to {play.arm!r}"
        elif design.by_block and not play.unit.isdecimal():
            wrong = "recorded with an id that is not a number"
        if wrong is not None:
            raise JournalError(
                f"The journal contradicts itself: {design.assign} {play.unit} of the "
                f"experiment {design.name!r} was {wrong}. Another tool changed it: use the "
                "original."
            )
        unit.plays.append(play)
    return units


def whole_rounds(design: Design, units: Units) -> dict[str, Unit]:
    """The blocks of the rounds in which every arm has one."""
    arms = len(design.arms)
    whole: dict[int, list[str]] = defaultdict(list)
    for block in units:
        whole[int(block) // arms].append(block)
    return {
        block: units[block] for those in whole.values() if len(those) == arms for block in those
    }


def contrast_between(
    design: Design, units: Units, pair: tuple[str, str], what: str = "reward"
) -> Contrast:
    """Of ``what`` (an attribute of a unit) of the treatment against that of the control."""
    those = compared_units(design, units, pair)
    if not design.by_block:
        values = np.array([getattr(each, what) for (each,) in those])
        return Contrast.of_visits(values, [each.arm == pair[0] for (each,) in those])
    by_arm = [{each.arm: each for each in blocks} for blocks in those]

    def values_of(value: str, arms: Sequence[str]) -> Floats:
        return np.array(
            [[getattr(of[arm], value) for arm in arms] for of in by_arm], np.float64
        ).reshape(-1, len(arms))

    counts = np.array([[len(of[arm].rewards) or 1 for arm in design.arms] for of in by_arm])
    treatment, control = values_of(what, pair).T
    return Contrast.of_rounds(treatment, control, counts.reshape(-1, len(design.arms)))


def compared_units(design: Design, units: Units, arms: Sequence[str]) -> list[list[Unit]]:
    """What an entry of the contrast of ``arms`` is of: the blocks of a round, or one visit."""
    if not design.by_block:
        return [[each] for each in units.values() if each.arm in arms]
    rounds: dict[int, list[Unit]] = defaultdict(list)
    for block, each in units.items():
        rounds[int(block) // len(design.arms)].append(each)
    return [rounds[number] for number in sorted(rounds)]
