"""Simulates what the checks of an experiment look at, and counts when they report a fault.

Once with draws and screens that work, where every report is a false alarm, and once with a fault.
Looked at every evening; a screen and audience as in the benchmark of experiments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np
import numpy.typing as npt

from benchmarks.common.tables import Table
from signage.experiments.balance import uneven, uneven_somewhere, unlike
from signage.experiments.checks import CHECK_ERROR, beginnings
from signage.experiments.contrast import SCALE_UNITS, Contrast, evidence
from signage.experiments.units import ArmPlay, Design, Unit
from signage.types.arrays import Floats

Reported = npt.NDArray[np.bool_]
"""Whether a check reports a fault, each evening."""


@dataclass(frozen=True)
class Screen:
    """The days of an experiment."""

    days: int
    hours: int
    block_minutes: int
    plays_a_block: int
    visits_a_day: int

    @property
    def rounds_a_day(self) -> int:
        return self.hours * 30 // self.block_minutes


def split(rng: np.random.Generator, screen: Screen, *, fault: bool) -> Reported:
    """A tenth of the treatment's visits is lost."""
    lost = 0.1 if fault else 0.0
    lots = rng.random((screen.days, screen.visits_a_day)) < 0.5
    kept = rng.random(lots.shape) >= lost * lots
    counts = np.stack([(kept & ~lots).sum(1), (kept & lots).sum(1)], -1).cumsum(0)
    return np.array([uneven(day) >= 1 / CHECK_ERROR for day in counts.tolist()])


def hours(rng: np.random.Generator, screen: Screen, *, fault: bool) -> Reported:
    """In a third of the hours the treatment has the first block of four rounds in five."""
    often = np.where(np.arange(screen.rounds_a_day) % 3 == 0, 0.8, 0.5) if fault else 0.5
    first = rng.random((screen.days, screen.rounds_a_day)) < often
    reports = []
    for day in range(1, screen.days + 1):
        by_hour = first[:day].sum(0)
        by_weekday = [(first[n:day:7].sum(), first[n:day:7].size) for n in range(min(7, day))]
        found = uneven_somewhere([(day - int(on), int(on)) for on in by_hour])
        found += uneven_somewhere([(size - int(on), int(on)) for on, size in by_weekday])
        reports.append(found / 2 >= 1 / CHECK_ERROR)
    return np.array(reports)


def audience(rng: np.random.Generator, screen: Screen, *, fault: bool) -> Reported:
    """A tenth more persons in the treatment's blocks."""
    rounds = screen.days * screen.rounds_a_day
    level = 8 * np.exp(rng.normal(0, 0.3, rounds))
    control, treatment = rng.poisson(level), rng.poisson(level * (1.1 if fault else 1.0))
    return _alike(screen, treatment.astype(float), control.astype(float))


def missing(rng: np.random.Generator, screen: Screen, *, fault: bool) -> Reported:
    """In the treatment's blocks 15 % of the rewards are missing and not 10 %."""
    rounds, plays = screen.days * screen.rounds_a_day, screen.plays_a_block
    shares = [rng.binomial(plays, share, rounds) / plays for share in (0.15 if fault else 0.1, 0.1)]
    return _alike(screen, *shares)


def _alike(screen: Screen, treatment: Floats, control: Floats) -> Reported:
    plays = np.full((len(control), 2), float(screen.plays_a_block))
    contrast = Contrast.of_rounds(treatment, control, plays)
    z = contrast.treatment - contrast.control
    scale = np.asarray(np.mean(z[:SCALE_UNITS] ** 2))
    found = evidence(np.cumsum(z), np.cumsum(z**2), scale, contrast.tightest_at, CHECK_ERROR)
    found[:SCALE_UNITS] = -np.inf
    evenings = screen.rounds_a_day * np.arange(1, screen.days + 1) - 1
    return np.asarray(found[evenings] >= np.log(1 / CHECK_ERROR))


def carry_over(rng: np.random.Generator, screen: Screen, *, fault: bool) -> Reported:
    """The first third of a block earns 30 % less after another arm's."""
    return _carry_over(rng, screen, after_another=0.7 if fault else 1.0)


def habit(rng: np.random.Generator, screen: Screen, *, fault: bool) -> Reported:
    """As before; but every block of the treatment begins with 30 % less, fault or not."""
    return _carry_over(rng, screen, after_another=0.7 if fault else 1.0, treatment=0.7)


def _carry_over(
    rng: np.random.Generator, screen: Screen, after_another: float, treatment: float = 1.0
) -> Reported:
    arms = rng.permuted(np.tile([0, 1], (screen.days, screen.rounds_a_day, 1)), axis=2)
    arms = arms.reshape(screen.days, -1)
    turned = np.zeros(arms.shape, bool)
    turned[:, 1:] = arms[:, 1:] != arms[:, :-1]
    begins = np.where(turned, after_another, 1.0) * np.where(arms == 1, treatment, 1.0)
    third = screen.plays_a_block // 3
    likely = 0.45 * np.exp(rng.normal(0, 0.1, (*arms.shape, 1))).repeat(screen.plays_a_block, 2)
    likely[..., :third] *= begins[..., None]
    each = (rng.random(likely.shape) < likely) * rng.beta(2, 2, likely.shape)
    parts = np.stack([each[..., :third].mean(-1), each[..., third:].mean(-1)], -1)

    length = timedelta(minutes=screen.block_minutes)
    design = Design("", ("control", "treatment"), "block", screen.block_minutes, 0.0, 0)
    midnight, units = datetime(2026, 1, 5, tzinfo=UTC), dict[str, Unit]()
    for (day, of_day), arm in np.ndenumerate(arms):
        number = day * 1440 // screen.block_minutes + of_day
        units[str(number)] = unit = Unit(design.arms[arm])
        for half, value in enumerate(parts[day, of_day].tolist()):
            utc = midnight + (number + half / 2) * length
            unit.plays.append(ArmPlay(unit.arm, str(number), utc, value, frozenset()))
    values, after_same = beginnings(design, units)
    evenings = range(len(values) // screen.days, len(values) + 1, len(values) // screen.days)
    found = [unlike(values[:n], after_same[:n], 0.5, CHECK_ERROR) for n in evenings]
    return np.array(found) >= 1 / CHECK_ERROR


class Simulated(Protocol):
    """One experiment, looked at every evening, with or without a fault."""

    def __call__(self, rng: np.random.Generator, screen: Screen, *, fault: bool) -> Reported: ...


CHECKS: dict[str, tuple[Simulated, str]] = {
    "split (visits)": (split, "a tenth of the treatment's visits lost"),
    "hours": (hours, "treatment first in 80 % of the rounds of every third hour"),
    "audience": (audience, "a tenth more people before the treatment"),
    "missing rewards": (missing, "15 % missing, not 10 %"),
    "carry-over": (carry_over, "the first third of a block earns 30 % less after another arm"),
    "carry-over, where the treatment's blocks begin badly anyway": (habit, "the same"),
}


def table(screen: Screen, experiments: int, seed: int) -> Table:
    """How often each check is wrong, and how soon it reports a fault."""
    columns = (
        "check, looked at every evening",
        "false alarms, ever",
        "a fault",
        "days until half of the experiments report it",
        "80 % of them",
    )
    return Table(columns, rows(screen, experiments, seed), "The checks of an experiment")


def rows(screen: Screen, experiments: int, seed: int) -> Iterator[Sequence[str]]:
    """One row a check, simulated with and without the fault that it looks for."""
    for name, (check, fault) in CHECKS.items():
        well, ill = (
            np.array(
                [
                    check(np.random.default_rng([seed, number, faulty]), screen, fault=bool(faulty))
                    for number in range(experiments)
                ]
            )
            for faulty in (0, 1)
        )
        ever = np.maximum.accumulate(ill, 1).mean(0)
        by = [
            str(int(np.argmax(ever >= share)) + 1) if ever[-1] >= share else f"> {screen.days}"
            for share in (0.5, 0.8)
        ]
        yield name, f"{well.any(1).mean():.1%}", fault, by[0], by[1]
