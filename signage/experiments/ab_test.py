"""The result of an experiment: each arm's value, the lift and its interval, checks, a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from itertools import accumulate
from statistics import fmean
from typing import Any

import numpy as np

from signage.errors import JournalError
from signage.experiments.balance import Check
from signage.experiments.checks import checks_of
from signage.experiments.contrast import ERROR, SCALE_UNITS, Contrast, Interval
from signage.experiments.units import (
    ArmPlay,
    Design,
    Unit,
    Units,
    compared_units,
    contrast_between,
    units_of,
    whole_rounds,
)

_POINTS = 60
"""Of the lift over time, for each arm at most."""


def analyse(design: Design, plays: Sequence[ArmPlay]) -> dict[str, Any]:
    """The document of ``signage experiment``, but for what was left out before.

    Raises JournalError where there is nothing to compare.
    """
    units = units_of(design, plays)
    rewarded = {unit: each for unit, each in units.items() if each.rewards}
    _require_arms(design, rewarded)
    compared = whole_rounds(design, rewarded) if design.by_block else rewarded
    if not compared:
        raise JournalError(
            f"The experiment {design.name!r} has no complete round yet: each of "
            f"{', '.join(design.arms)} needs a block with rewarded plays in the same "
            f"round. Come back after {len(design.arms) * (design.block_minutes or 0)} "
            "minutes with people in front of the screen."
        )
    error = ERROR / (len(design.arms) - 1)
    contrasts = {
        arm: contrast_between(design, compared, (arm, design.arms[0])) for arm in design.arms[1:]
    }
    arms = [_arm(design, arm, compared, contrasts.get(arm), error) for arm in design.arms]
    over_time = [
        point
        for arm, contrast in contrasts.items()
        for point in _over_time(design, compared, arm, contrast, error)
    ]
    checks = checks_of(design, units, compared)
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
        "lift_over_time": over_time,
        "checks": [asdict(check) for check in checks],
        "verdict": _verdict(design, arms, checks),
    }


def contrast_of(design: Design, plays: Sequence[ArmPlay]) -> Contrast:
    """The first treatment against the control: for who asks how long it would take."""
    rewarded = {unit: each for unit, each in units_of(design, plays).items() if each.rewards}
    compared = whole_rounds(design, rewarded) if design.by_block else rewarded
    return contrast_between(design, compared, (design.arms[1], design.arms[0]))


def _require_arms(design: Design, rewarded: Units) -> None:
    seen = {each.arm for each in rewarded.values()}
    if len(seen) < len(design.arms):
        without = ", ".join(arm for arm in design.arms if arm not in seen)
        raise JournalError(
            f"The experiment {design.name!r} has nothing to compare yet: no rewarded play "
            f"of {without}. Come back when every arm has played before people."
        )


def _arm(
    design: Design, arm: str, compared: Units, contrast: Contrast | None, error: float
) -> dict[str, Any]:
    own = [each for each in compared.values() if each.arm == arm]
    rewards = [len(each.rewards) for each in own]
    figures: dict[str, Any] = {
        "arm": arm,
        "control": contrast is None,
        "mean": _mean(design, compared, arm),
        "units": len(own),
        "rewarded_plays": sum(rewards),
    }
    if contrast is None:
        return figures
    control = _mean(design, compared, design.arms[0])
    return figures | {
        "difference": figures["mean"] - control,
        "difference_interval": _ends(contrast.difference(error)),
        "lift": figures["mean"] / control - 1 if control else None,
        "lift_interval": _ends(contrast.lift(error)),
        "detectable_lift": contrast.detectable_lift(error),
    }


def _mean(design: Design, compared: Units, arm: str) -> float:
    """Of the units of ``arm``; rounds by their weight, the same in every arm."""
    if not design.by_block:
        return fmean(each.reward for each in compared.values() if each.arm == arm)
    contrast = contrast_between(design, compared, (arm, design.arms[0]))
    return float(contrast.treatment.sum() / contrast.weight.sum())


def _over_time(
    design: Design, compared: Units, arm: str, contrast: Contrast, error: float
) -> Iterator[dict[str, Any]]:
    """What the lift of ``arm`` and its interval were, at times evenly over the units.

    ``lift`` is None as long as there is no reward to divide by, ``low`` and ``high`` as long as
    the interval is open at that end.
    """
    those = compared_units(design, compared, (arm, design.arms[0]))
    until = list(accumulate((max(each.until_utc for each in entry) for entry in those), max))
    lifts = _lifts(design, arm, those, contrast)
    for count in np.unique(np.ceil(np.linspace(0, len(those), _POINTS + 1)[1:]).astype(int)):
        low, high = contrast.first(count).lift(error)
        yield {
            "arm": arm,
            "until_utc": until[count - 1].isoformat(timespec="seconds"),
            "lift": lifts[count - 1],
            "low": low,
            "high": high,
        }


def _lifts(
    design: Design, arm: str, those: Sequence[Sequence[Unit]], contrast: Contrast
) -> list[float | None]:
    """The lift of ``arm`` after each entry of the contrast, from the means that ``_mean`` gives."""
    earned, given = np.cumsum(contrast.treatment), np.cumsum(contrast.control)
    if not design.by_block:
        rewards = np.array([each.reward for (each,) in those])
        treated = np.array([each.arm == arm for (each,) in those])
        earned = np.cumsum(rewards * treated) * np.cumsum(~treated)
        given = np.cumsum(rewards * ~treated) * np.cumsum(treated)
    return [float(e / g) - 1 if g > 0 else None for e, g in zip(earned, given, strict=True)]


def _ends(interval: Interval) -> list[float | None] | None:
    return None if interval == (None, None) else list(interval)


# Words


def _verdict(design: Design, arms: Sequence[Mapping[str, Any]], checks: Sequence[Check]) -> str:
    control = arms[0]["arm"]
    verdict = " ".join(_sentence(arm, control, design) for arm in arms[1:])
    if failed := [check.name for check in checks if not check.ok]:
        verdict += f" Do not rely on it before you know why these checks fail: {_and(failed)}."
    return verdict


def _sentence(arm: Mapping[str, Any], control: str, design: Design) -> str:
    name, units = arm["arm"], "rounds of blocks" if design.by_block else "visits"
    low, high = arm["lift_interval"] or (None, None)
    if low is None or high is None:
        return (
            f"Not enough data to compare {name} with {control} yet ({arm['units']} "
            f"{units}, needs at least {SCALE_UNITS + 1})."
        )
    between = f"{_percent(low)} to {_percent(high)}"
    if low > 0:
        return f"{name} earns more than {control}: the lift is {_percent(arm['lift'])} ({between})."
    if high < 0:
        return f"{name} earns less than {control}: the lift is {_percent(arm['lift'])} ({between})."
    return (
        f"The data show no difference between {name} and {control} yet: the lift is "
        f"between {_percent(low)} and {_percent(high)}. This many {units} would "
        f"probably reveal a lift of {arm['detectable_lift']:.0%}."
    )


def _percent(share: float) -> str:
    return f"{share:+.1%}"


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
