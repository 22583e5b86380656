"""The result of an experiment: each arm's value, the lift and its interval, checks, a verdict."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import cached_property
from statistics import fmean
from typing import Any

import numpy as np

from signage.errors import JournalError
from signage.evaluation.balance import Check, homogeneity, shuffled, uneven
from signage.evaluation.contrast import ERROR, SCALE_UNITS, Contrast, Interval
from signage.types import Floats

CHECK_ERROR = 0.01
"""How often a check may say that something is wrong where nothing is."""
_MIXED = 0.2
"""Share of plays before visitors of different arms from which the lift is much diluted."""


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
    mixed: bool = False
    """Also before visitors of another arm; for assignment by visit."""


class _Unit:
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
        return 1 - len(self.rewards) / len(self.plays)


Units = Mapping[str, _Unit]


def analyse(design: Design, plays: Sequence[ArmPlay]) -> dict[str, Any]:
    """The document of ``signage experiment``, but for what was left out before.

    Raises JournalError where there is nothing to compare.
    """
    units = _units(design, plays)
    rewarded = {unit: each for unit, each in units.items() if each.rewards}
    _require_arms(design, rewarded)
    compared = _rounds(design, rewarded) if design.by_block else rewarded
    if not compared:
        raise JournalError(
            f"In the experiment {design.name!r} no round is complete yet: not once has each of "
            f"{', '.join(design.arms)} had a block with rewarded plays in a row. Come back after "
            f"{len(design.arms) * (design.block_minutes or 0)} minutes of people before the screen."
        )
    error = ERROR / (len(design.arms) - 1)
    contrasts = {
        arm: _contrast(design, compared, (arm, design.arms[0]), "reward") for arm in design.arms[1:]
    }
    arms = [_arm(design, arm, compared, contrasts.get(arm), error) for arm in design.arms]
    checks = _checks(design, units, compared)
    first, last = plays[0].utc, plays[-1].utc
    return {
        "experiment": design.name,
        "assign": design.assign,
        "block_minutes": design.block_minutes,
        "washout_minutes": design.washout_minutes,
        "seed": design.seed,
        "since_utc": first.isoformat(timespec="seconds"),
        "until_utc": last.isoformat(timespec="seconds"),
        "days": round((last - first) / timedelta(days=1), 2),
        "confidence": 1 - ERROR,
        "arms": arms,
        "checks": [asdict(check) for check in checks],
        "verdict": _verdict(design, arms, checks),
    }


def contrast_of(design: Design, plays: Sequence[ArmPlay]) -> Contrast:
    """The first treatment against the control: for who asks how long it would take."""
    rewarded = {unit: each for unit, each in _units(design, plays).items() if each.rewards}
    compared = _rounds(design, rewarded) if design.by_block else rewarded
    return _contrast(design, compared, (design.arms[1], design.arms[0]), "reward")


def _units(design: Design, plays: Sequence[ArmPlay]) -> dict[str, _Unit]:
    """By their ids, in the order of time."""
    units: dict[str, _Unit] = {}
    for play in plays:
        unit = units.setdefault(play.unit, _Unit(play.arm))
        if unit.arm != play.arm or play.arm not in design.arms:
            raise JournalError(
                f"The journal contradicts itself: {design.assign} {play.unit} of the experiment "
                f"{design.name!r} was given to {unit.arm!r} and to {play.arm!r}, of the arms "
                f"{', '.join(design.arms)}. It was changed by another tool: use the original."
            )
        unit.plays.append(play)
    return units


def _require_arms(design: Design, rewarded: Units) -> None:
    seen = {each.arm for each in rewarded.values()}
    if len(seen) < len(design.arms):
        without = ", ".join(arm for arm in design.arms if arm not in seen)
        raise JournalError(
            f"In the experiment {design.name!r} there is nothing to compare yet: no rewarded play "
            f"of {without}. Come back when every arm has had its turn before people."
        )


def _rounds(design: Design, units: Units) -> dict[str, _Unit]:
    """The blocks of the rounds in which every arm has one."""
    arms = len(design.arms)
    whole: dict[int, list[str]] = defaultdict(list)
    for block in units:
        whole[int(block) // arms].append(block)
    return {
        block: units[block] for those in whole.values() if len(those) == arms for block in those
    }


def _contrast(design: Design, units: Units, pair: tuple[str, str], what: str) -> Contrast:
    """Of ``what`` (an attribute of a unit) of the treatment against that of the control."""
    if not design.by_block:
        both = [each for each in units.values() if each.arm in pair]
        values = np.array([getattr(each, what) for each in both])
        return Contrast.of_visits(values, [each.arm == pair[0] for each in both])
    rounds: dict[int, dict[str, _Unit]] = defaultdict(dict)
    for block, each in units.items():
        rounds[int(block) // len(design.arms)][each.arm] = each
    ordered = [rounds[number] for number in sorted(rounds)]

    def told(value: str, arms: Sequence[str]) -> Floats:
        return np.array(
            [[getattr(of[arm], value) for arm in arms] for of in ordered], np.float64
        ).reshape(-1, len(arms))

    counts = np.array([[len(of[arm].rewards) or 1 for arm in design.arms] for of in ordered])
    treatment, control = told(what, pair).T
    return Contrast.of_rounds(treatment, control, counts.reshape(-1, len(design.arms)))


def _arm(
    design: Design, arm: str, compared: Units, contrast: Contrast | None, error: float
) -> dict[str, Any]:
    own = [each for each in compared.values() if each.arm == arm]
    rewards = [len(each.rewards) for each in own]
    told: dict[str, Any] = {
        "arm": arm,
        "control": contrast is None,
        "mean": _mean(design, compared, arm),
        "units": len(own),
        "rewarded_plays": sum(rewards),
    }
    if contrast is None:
        return told
    control = _mean(design, compared, design.arms[0])
    return told | {
        "difference": told["mean"] - control,
        "difference_interval": _told(contrast.difference(error)),
        "lift": told["mean"] / control - 1 if control else None,
        "lift_interval": _told(contrast.lift(error)),
        "detectable_lift": contrast.detectable_lift(error),
    }


def _mean(design: Design, compared: Units, arm: str) -> float:
    """Of the units of ``arm``; rounds by their weight, the same in every arm."""
    if not design.by_block:
        return fmean(each.reward for each in compared.values() if each.arm == arm)
    contrast = _contrast(design, compared, (arm, design.arms[0]), "reward")
    return float(contrast.treatment.sum() / contrast.weight.sum())


def _told(interval: Interval) -> list[float | None] | None:
    return None if interval == (None, None) else list(interval)


# Checks


def _checks(design: Design, units: Units, compared: Units) -> list[Check]:
    checks = [_split(design, units, compared), _times(design, compared)]
    whole = _rounds(design, units) if design.by_block else units
    for what, name in (("ots", "audience"), ("missing", "missing rewards")):
        checks.append(_alike(design, whole, what, name))
    checks.append(_carry_over(design, units) if design.by_block else _mixed(units))
    return checks


def _split(design: Design, units: Units, compared: Units) -> Check:
    """Sample ratio mismatch; of blocks, of those whose round lacks another: the others are even."""
    counted = [each for unit, each in units.items() if not design.by_block or unit not in compared]
    counts = [sum(each.arm == arm for each in counted) for arm in design.arms]
    told = ", ".join(f"{arm} {count}" for arm, count in zip(design.arms, counts, strict=True))
    what = "blocks without their counterpart" if design.by_block else "visits"
    ok = uneven(counts) < 1 / CHECK_ERROR
    return Check("split", ok, f"{what}: {told}" + ("" if ok else ", which lots do not give"))


def _times(design: Design, compared: Units) -> Check:
    def p_value(form: str) -> float:
        return homogeneity(
            {
                arm: [f"{u.plays[0].utc:{form}}" for u in compared.values() if u.arm == arm]
                for arm in design.arms
            }
        )

    hours, weekdays = p_value("%H"), p_value("%a")
    ok = min(hours, weekdays) >= CHECK_ERROR / 2
    told = f"the arms had {'the same' if ok else 'different'} hours and weekdays"
    return Check("hours", ok, f"{told} (p = {hours:.2g} and {weekdays:.2g})")


def _alike(design: Design, units: Units, what: str, name: str) -> Check:
    """Whether the arms differ in what they should not have changed."""
    control, *others = design.arms
    words = {"ots": f"persons a {design.assign}", "missing": "plays without a reward"}
    values = {
        arm: fmean([getattr(u, what) for u in units.values() if u.arm == arm] or [0.0])
        for arm in design.arms
    }
    told = ", ".join(
        f"{arm} {value:.0%}" if what == "missing" else f"{arm} {value:.2f}"
        for arm, value in values.items()
    )
    ok = True
    for arm in others:
        contrast = _contrast(design, units, (arm, control), what)
        error = CHECK_ERROR / len(others)
        if what == "missing":
            low, high = contrast.difference(error)
        else:
            low, high = contrast.lift(error)
        ok &= not ((low is not None and low > 0) or (high is not None and high < 0))
    return Check(name, ok, f"{words[what]}: {told}" + ("" if ok else ", which differ"))


def _carry_over(design: Design, units: Units) -> Check:
    """Whether blocks begin otherwise after another arm than after the same."""
    gaps, after_another = [], []
    for block, each in units.items():
        before = units.get(str(int(block) - 1))
        third = timedelta(minutes=design.block_minutes or 0) / 3
        until = each.plays[0].utc + third
        early = [p.reward for p in each.plays if p.reward is not None and p.utc < until]
        late = [p.reward for p in each.plays if p.reward is not None and p.utc >= until]
        if before is not None and early and late:
            gaps.append(fmean(early) - fmean(late))
            after_another.append(before.arm != each.arm)
    p = shuffled(np.array(gaps), after_another)
    if p is None:
        return Check("carry-over", ok=True, detail="too few blocks to tell")
    ok = p >= CHECK_ERROR
    told = "as" if ok else "not as"
    return Check(
        "carry-over", ok, f"blocks begin after another arm {told} after the same ({p=:.2g})"
    )


def _mixed(units: Units) -> Check:
    plays = [play for each in units.values() for play in each.plays]
    share = sum(play.mixed for play in plays) / len(plays)
    ok = share <= _MIXED
    told = f"{share:.0%} of the plays were also before visitors of another arm"
    return Check("mixed", ok, told + ("" if ok else ": the lift is larger than it looks"))


# Words


def _verdict(design: Design, arms: Sequence[Mapping[str, Any]], checks: Sequence[Check]) -> str:
    control = arms[0]["arm"]
    said = " ".join(_sentence(arm, control, design) for arm in arms[1:])
    if failed := [check.name for check in checks if not check.ok]:
        said += f" But do not build on it before you know why these checks fail: {_and(failed)}."
    return said


def _sentence(arm: Mapping[str, Any], control: str, design: Design) -> str:
    name, units = arm["arm"], "rounds of blocks" if design.by_block else "visits"
    low, high = arm["lift_interval"] or (None, None)
    if low is None or high is None:
        return (
            f"Too early to compare {name} with {control}: {arm['units']} {units} do not give an "
            f"interval yet, which takes {SCALE_UNITS + 1} at the very least."
        )
    between = f"{_percent(low)} to {_percent(high)}"
    if low > 0:
        return f"{name} beats {control}: its lift is {_percent(arm['lift'])} ({between})."
    if high < 0:
        return f"{name} loses against {control}: its lift is {_percent(arm['lift'])} ({between})."
    return (
        f"No difference between {name} and {control} is shown yet: the lift is between "
        f"{_percent(low)} and {_percent(high)}. So many {units} would probably have shown one of "
        f"{arm['detectable_lift']:.0%}."
    )


def _percent(share: float) -> str:
    return f"{share:+.1%}"


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
