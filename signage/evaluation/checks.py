"""Checks of an experiment: whether something is there that would make its result wrong."""

from __future__ import annotations

from datetime import timedelta
from statistics import fmean

import numpy as np

from signage.evaluation.balance import Check, homogeneity, shuffled, uneven
from signage.evaluation.units import Design, Units, contrast_between, whole_rounds

CHECK_ERROR = 0.01
"""How often a check may say that something is wrong where nothing is."""
_MIXED = 0.2
"""Share of plays before visitors of different arms from which the lift is much diluted."""


def checks_of(design: Design, units: Units, compared: Units) -> list[Check]:
    """Of all ``units``, and of those that are ``compared``, having rewards and counterparts."""
    checks = [_split(design, units, compared), _times(design, compared)]
    whole = whole_rounds(design, units) if design.by_block else units
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
        contrast = contrast_between(design, units, (arm, control), what)
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
