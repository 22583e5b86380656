"""Checks of an experiment: whether something is there that would make its result wrong.

Like the interval, they may be looked at every day.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta
from statistics import fmean

import numpy as np

from signage.experiments.balance import Check, uneven, uneven_somewhere, unlike
from signage.experiments.contrast import SCALE_UNITS
from signage.experiments.units import (
    Design,
    Unit,
    Units,
    compared_units,
    contrast_between,
    whole_rounds,
)
from signage.types.arrays import Floats

CHECK_ERROR = 0.01
"""How often a check may ever say that something is wrong where nothing is, looked at daily."""
_MIXED = 0.2
"""Share of plays before visitors of different arms from which the lift is much diluted."""


def checks_of(design: Design, units: Units, compared: Units) -> list[Check]:
    """Of all ``units``, and of those that are ``compared``, having rewards and counterparts."""
    checks = [_split(design, units, compared), _hours(design, compared)]
    whole = whole_rounds(design, units) if design.by_block else units
    for what, name in (("ots", "audience"), ("missing", "missing rewards")):
        checks.append(_alike(design, whole, what, name))
    checks.append(_carry_over(design, units) if design.by_block else _mixed(units))
    return checks


def _split(design: Design, units: Units, compared: Units) -> Check:
    """Sample ratio mismatch; of blocks, of those whose round lacks another: the others are even."""
    counted = [each for unit, each in units.items() if not design.by_block or unit not in compared]
    counts = [sum(each.arm == arm for each in counted) for arm in design.arms]
    what = "blocks without their counterpart" if design.by_block else "visits"
    ok = uneven(counts) < 1 / CHECK_ERROR
    apart = ", too uneven for a random split"
    return Check("split", ok, f"{what}: {_counted(design, counts)}{'' if ok else apart}")


def _counted(design: Design, counts: Sequence[int]) -> str:
    return ", ".join(f"{arm} {count}" for arm, count in zip(design.arms, counts, strict=True))


def _hours(design: Design, compared: Units) -> Check:
    """Whether the arms had the same hours and weekdays; of each round, the first block counts."""
    begun = [entry[0] for entry in compared_units(design, compared, design.arms)]
    evidences, apart = [], ""
    for form in ("%H:00", "%A"):
        counts: dict[str, list[int]] = defaultdict(lambda: [0] * len(design.arms))
        for each in begun:
            counts[f"{each.plays[0].local:{form}}"][design.arms.index(each.arm)] += 1
        evidences.append(uneven_somewhere(counts.values()))
        if evidences[-1] >= 1 / CHECK_ERROR:
            most = max(counts, key=lambda stratum: uneven(counts[stratum]))
            apart += f"; {most}: {_counted(design, counts[most])}"
    # The mean of two pieces of evidence is one, too.
    ok = fmean(evidences) < 1 / CHECK_ERROR
    text = f"the arms had {'the same' if ok else 'different'} hours and weekdays"
    if any(play.utc_offset_min is None for each in begun for play in each.plays):
        text += " (in UTC, as records before version 6 have no local time)"
    return Check("hours", ok, text + ("" if ok else apart))


def _alike(design: Design, units: Units, what: str, name: str) -> Check:
    """Whether the arms differ in what they should not have changed."""
    control, *others = design.arms
    words = {"ots": f"people per {design.assign}", "missing": "plays whose reward is missing"}
    values = {
        arm: fmean([getattr(u, what) for u in units.values() if u.arm == arm] or [0.0])
        for arm in design.arms
    }
    counts_text = ", ".join(
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
    return Check(name, ok, f"{words[what]}: {counts_text}" + ("" if ok else ": they differ"))


def _carry_over(design: Design, units: Units) -> Check:
    values, after_same = beginnings(design, units)
    if len(values) <= SCALE_UNITS:
        return Check("carry-over", ok=True, detail="too few rounds to judge")
    chance = 1 / len(design.arms)
    ok = unlike(values, after_same, chance, CHECK_ERROR) < 1 / CHECK_ERROR
    comparison = "as" if ok else "not as"
    return Check("carry-over", ok, f"blocks begin after another arm {comparison} after the same")


def beginnings(design: Design, units: Units) -> tuple[Floats, list[bool]]:
    """How each round began, less what its arm's blocks did before; whether after the same arm.

    The order of a round is independent of the block before it. So its first block follows a block
    of the same arm with a chance of one in the number of arms. The comparison is exact if the
    blocks of all arms begin alike, and nearly so otherwise (`scripts/bench experiment`).
    """
    earlier: dict[str, float] = defaultdict(float)
    count = Counter[str]()
    values, after_same = [], []
    for block, each in units.items():
        if (gap := _gap(design, each)) is None:
            continue
        last = units.get(str(int(block) - 1))
        if last is not None and int(block) % len(design.arms) == 0 and count[each.arm]:
            values.append(gap - earlier[each.arm] / count[each.arm])
            after_same.append(last.arm == each.arm)
        earlier[each.arm] += gap
        count[each.arm] += 1
    return np.array(values), after_same


def _gap(design: Design, block: Unit) -> float | None:
    """How much more its first third earned than the rest; None where one of both has no reward."""
    until = block.plays[0].utc + timedelta(minutes=design.block_minutes or 0) / 3
    early = [p.reward for p in block.plays if p.reward is not None and p.utc < until]
    late = [p.reward for p in block.plays if p.reward is not None and p.utc >= until]
    return fmean(early) - fmean(late) if early and late else None


def _mixed(units: Units) -> Check:
    plays = [play for each in units.values() for play in each.plays]
    share = sum(play.mixed for play in plays) / len(plays)
    ok = share <= _MIXED
    text = f"visitors of another arm were also present at {share:.0%} of the plays"
    return Check("mixed", ok, text + ("" if ok else ": the true lift is larger"))
