"""Simulated experiments on a screen are looked at every evening; it is counted how often they err.

Audiences have hours, days, chance and plays that nobody looks at. Without a difference between the
arms, every reported lift is a false alarm. "None on the whole" means 20 % better in every other
hour and as much worse in the next. With a lift of 10 % it is counted how often the interval ever
misses it, and how long it takes until it is reported. The usual test, with its 1.96 standard
errors, is looked at as often, and once at a fixed end. The checks of an experiment are measured in
the same way: false alarms, and the days until they report a fault.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.common.options import at_least_one
from benchmarks.common.tables import Block, Table
from benchmarks.experiments import checks
from signage.experiments.contrast import ERROR, SCALE_UNITS, Contrast, evidence
from signage.experiments.power import spread_of, units_for_one_look, units_needed
from signage.types.arrays import Floats

QUICK: Mapping[str, object] = {"experiments": 100}

HOURS, BLOCK_MINUTES = 12, 30
ROUNDS_A_DAY = HOURS * 60 // BLOCK_MINUTES // 2
PLAYS_A_BLOCK = 15
VISITS_A_DAY = 150
DAYS = 56
LIFT = 0.10
LOOKED, HELD = 0.45, 0.5
"""Share of the plays that anybody looks at, and what these earn on average."""

Effect = Callable[[Floats], Floats]
"""What the treatment multiplies the reward by, at each share of the day."""


def same(hour: Floats) -> Floats:
    """No difference at any hour."""
    return np.ones_like(hour)


def mixed(hour: Floats) -> Floats:
    """Better in every other hour, and as much worse in the next."""
    return np.where(np.floor(hour * HOURS) % 2 == 0, 1.2, 0.8)


def better(hour: Floats) -> Floats:
    """The same lift at every hour."""
    return np.full_like(hour, 1 + LIFT)


@dataclass(frozen=True)
class Outcome:
    """Of many experiments of one kind: of each, and each evening."""

    alarms: Floats
    """Whether the interval leaves out a lift of 0; shape (experiments, days)."""
    misses: Floats
    """Whether it leaves out the true lift."""
    usual: Floats
    """Whether the usual test finds a difference."""
    spread: float
    tightest_at: int
    units_a_day: int


def rewards(rng: np.random.Generator, level: Floats, effect: Floats) -> Floats:
    """Of plays before audiences of this ``level``, raised by ``effect`` where they look.

    What raises it lets more people look, so that rewards stay in [0, 1].
    """
    looked = rng.random(level.shape) < np.minimum(1.0, LOOKED * level * effect)
    return looked * rng.beta(4 * HELD, 4 * (1 - HELD), level.shape)


def levels(rng: np.random.Generator, units_a_day: int) -> tuple[Floats, Floats]:
    """How willing the audience is to look, and the share of the day, of every unit."""
    hour = (np.arange(DAYS * units_a_day) % units_a_day + 0.5) / units_a_day
    day = np.repeat(rng.normal(0, 0.1, DAYS), units_a_day)
    return np.exp(day + 0.25 * np.sin(2 * np.pi * hour)), hour


def by_block(rng: np.random.Generator, effect: Effect) -> Contrast:
    """An experiment whose arms take turns by the clock."""
    blocks = 2 * ROUNDS_A_DAY
    level, hour = levels(rng, blocks)
    level = level * np.exp(rng.normal(0, 0.1, level.shape))  # whatever else a block has
    treated = np.zeros(len(level), bool)
    first = rng.random(len(level) // 2) < 0.5
    treated[0::2], treated[1::2] = first, ~first
    plays = 1 + rng.poisson((PLAYS_A_BLOCK - 1) * (0.5 + hour * (1 - hour) * 3))
    of = np.repeat(np.arange(len(level)), plays)
    each = rewards(rng, level[of], np.where(treated, effect(hour), 1.0)[of])
    mean = np.bincount(of, each) / plays
    return Contrast.of_rounds(
        mean[treated], mean[~treated], plays.reshape(-1, 2).astype(np.float64)
    )


def by_visit(rng: np.random.Generator, effect: Effect) -> Contrast:
    """An experiment whose arms are drawn for each visit."""
    level, hour = levels(rng, VISITS_A_DAY)
    treated = rng.random(len(level)) < 0.5
    plays = 1 + rng.poisson(1.0, len(level))
    of = np.repeat(np.arange(len(level)), plays)
    each = rewards(rng, level[of], np.where(treated, effect(hour), 1.0)[of])
    return Contrast.of_visits(np.bincount(of, each) / plays, treated.tolist())


def outcome(
    make: Callable[[np.random.Generator, Effect], Contrast],
    effect: Effect,
    experiments: int,
    seed: int,
) -> Outcome:
    """Simulate so many experiments and look at each of them every evening."""
    units_a_day = ROUNDS_A_DAY if make is by_block else VISITS_A_DAY
    evenings = units_a_day * np.arange(1, DAYS + 1) - 1
    ratio = 1 + LIFT if effect is better else 1.0
    rows: list[tuple[Floats, Floats, Floats]] = []
    for number in range(experiments):
        contrast = make(np.random.default_rng([seed, number]), effect)
        alarm, miss = reported_at(contrast, 1.0)[evenings], reported_at(contrast, ratio)[evenings]
        rows.append((alarm, miss, usual_test(contrast)[evenings]))
    alarms, misses, usual = (np.array(column) for column in zip(*rows, strict=True))
    return Outcome(alarms, misses, usual, spread_of(contrast), contrast.tightest_at, units_a_day)


def reported_at(contrast: Contrast, ratio: float) -> Floats:
    """After each unit, whether the interval leaves out this ratio of treatment to control."""
    z = contrast.treatment - ratio * contrast.control
    scale = np.asarray(np.mean(z[:SCALE_UNITS] ** 2))
    found = evidence(np.cumsum(z), np.cumsum(z**2), scale, contrast.tightest_at)
    reported = np.asarray(found >= np.log(1 / ERROR))
    reported[:SCALE_UNITS] = False
    return reported


def usual_test(contrast: Contrast) -> Floats:
    """After each unit, whether the mean difference is 1.96 standard errors from 0."""
    z = contrast.treatment - contrast.control
    n = np.arange(1, len(z) + 1)
    mean = np.cumsum(z) / n
    variance = np.maximum(0.0, np.cumsum(z**2) / n - mean**2) * n / np.maximum(1, n - 1)
    return np.asarray((np.abs(mean) > 1.96 * np.sqrt(variance / n)) & (n > SCALE_UNITS))


def day_by_which(reported: Floats, share: float) -> str:
    """The first evening at which so many experiments have reported it."""
    days = np.flatnonzero(reported.mean(0) >= share)
    return str(days[0] + 1) if len(days) else f"> {DAYS}"


DESIGNS = {"blocks": by_block, "visits": by_visit}
Outcomes = dict[tuple[str, Effect], Outcome]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    parser.add_argument("--experiments", type=at_least_one, default=1000, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Simulate experiments of each kind, then the faults that the checks look for."""
    outcomes: Outcomes = {}
    yield Table(
        (
            f"{options.experiments} experiments, {DAYS} evenings",
            "false alarms, ever",
            "the usual test, looked at every evening",
            "the usual test, once, at the end",
            "the interval has the truth, always",
        ),
        error_rows(options.experiments, options.seed, outcomes),
        "How often an experiment errs",
    )
    yield Table(
        (
            "days until a lift of 10 % is reported",
            "half of the experiments",
            "80 % of them",
            "`power` says",
            "a test at a fixed end, 80 %",
            "`power` says",
        ),
        [duration_row(name, outcomes[name, better]) for name in DESIGNS],
        "How long an experiment takes",
    )
    screen = checks.Screen(DAYS, HOURS, BLOCK_MINUTES, PLAYS_A_BLOCK, VISITS_A_DAY)
    yield checks.table(screen, options.experiments, options.seed)


def error_rows(experiments: int, seed: int, outcomes: Outcomes) -> Iterator[Sequence[str]]:
    """One row for each design and effect; keeps its outcome in ``outcomes``."""
    effects = {same: "no difference", mixed: "none on the whole", better: "lift of 10 %"}
    for name, make in DESIGNS.items():
        for effect, what in effects.items():
            result = outcomes[name, effect] = outcome(make, effect, experiments, seed)
            wrong = (result.alarms.any(1), result.usual.any(1), result.usual[:, -1])
            false = ["–" if effect is better else f"{each.mean():.1%}" for each in wrong]
            yield (f"{name}, {what}", *false, f"{1 - result.misses.any(1).mean():.1%}")


def duration_row(name: str, result: Outcome) -> Sequence[str]:
    """The days until a lift is reported, beside those that the power calculation promises."""
    ever = np.maximum.accumulate(result.alarms, 1)
    any_time = units_needed(LIFT, result.spread, result.tightest_at)
    once = units_for_one_look(LIFT, result.spread)
    return (
        name,
        day_by_which(ever, 0.5),
        day_by_which(ever, 0.8),
        f"{(any_time or np.inf) / result.units_a_day:.1f}",
        day_by_which(result.usual, 0.8),
        f"{once / result.units_a_day:.1f}",
    )
