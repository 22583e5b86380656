"""Intervals that may be looked at at any time."""

from __future__ import annotations

import math

import numpy as np
import pytest

from signage.experiments.balance import uneven, uneven_somewhere, unlike
from signage.experiments.confidence import margin, tuned
from signage.experiments.contrast import Contrast
from signage.experiments.power import spread_of, units_for_one_look, units_needed
from signage.types.arrays import Floats
from tests.support.simulated import rounds


def by_hand(treatment: Floats, control: Floats, ratio: float) -> float:
    """The mixture's logarithm, written out as in the paper, of equal weights 2/7."""
    z = [2 / 7 * (float(t) - ratio * float(c)) for t, c in zip(treatment, control, strict=True)]
    s, v = sum(z), sum(each**2 for each in z)
    scale = sum(each**2 for each in z[:10]) / 10
    rho2 = (2 * math.log(20) + math.log(1 + 2 * math.log(20))) / (100 * scale)
    return s**2 * rho2 / (2 * (1 + rho2 * v)) - math.log(1 + rho2 * v) / 2


def test_the_ends_are_where_a_lift_is_just_not_rejected() -> None:
    rng = np.random.default_rng(1)
    treatment, control = rng.uniform(0.2, 0.4, 60), rng.uniform(0.15, 0.35, 60)
    contrast = Contrast.of_rounds(treatment, control, np.full((60, 2), 4.0))
    low, high = contrast.lift()
    assert low is not None
    assert high is not None
    assert low < treatment.mean() / control.mean() - 1 < high
    for end in (low, high):
        assert by_hand(treatment, control, 1 + end) == pytest.approx(math.log(20), abs=1e-6)
    # Both intervals leave out "no difference" together.
    below, above = contrast.difference()
    assert below is not None
    assert above is not None
    assert (low > 0) == (below > 0)
    assert below < treatment.mean() - control.mean() < above


def test_few_units_tell_nothing_and_say_so() -> None:
    ones = np.full(10, 0.9)
    contrast = Contrast.of_rounds(ones, ones / 9, np.full((10, 2), 4.0))
    assert contrast.lift() == contrast.difference() == (None, None)
    nothing = Contrast.of_rounds(np.zeros(40), np.zeros(40), np.full((40, 2), 4.0))
    assert nothing.lift() == (None, None)
    assert nothing.detectable_lift() is None


def test_the_boundary_is_that_of_the_normal_mixture() -> None:
    rho2 = float(tuned(50.0, 0.05))
    assert rho2 == pytest.approx((5.991465 + math.log(6.991465)) / 50)
    crossed = float(margin(80.0, rho2, 0.05))
    mixture = math.exp(crossed**2 * rho2 / (2 * (1 + rho2 * 80))) / math.sqrt(1 + rho2 * 80)
    assert mixture == pytest.approx(20)


@pytest.mark.parametrize("lift", [0.0, 0.3])
def test_looked_at_every_day_it_hardly_ever_misses_the_truth(lift: float) -> None:
    missed = 0
    for number in range(100):
        treatment, control = rounds(np.random.default_rng([7, number]), 120, lift)
        for day in range(12, 121, 12):
            until = np.full((day, 2), 10.0)
            low, high = Contrast.of_rounds(treatment[:day], control[:day], until).lift()
            if (low is not None and lift < low) or (high is not None and lift > high):
                missed += 1
                break
    assert missed <= 5


def test_visits_are_compared_with_what_was_forecast_before_they_came() -> None:
    rewards = np.array([0.5, 0.2, 0.8, 0.1])
    contrast = Contrast.of_visits(rewards, [True, False, True, False])
    # Forecasts: 0.5 before anybody, then the means 0.5, 0.35, 0.5.
    assert contrast.treatment - contrast.control == pytest.approx([0.0, 0.6, 0.9, 0.8])
    rng = np.random.default_rng(3)
    treated = rng.random(6000) < 0.5
    many = np.minimum(1.0, rng.beta(0.6, 1.8, 6000) * np.where(treated, 1.25, 1.0))
    low, high = Contrast.of_visits(many, treated.tolist()).lift()
    assert low is not None
    assert high is not None
    assert 0 < low < 0.23 < high


def test_what_is_said_to_be_needed_is_needed() -> None:
    treatment, control = rounds(np.random.default_rng(5), 4000, 0.15)
    spread = spread_of(Contrast.of_rounds(treatment, control, np.full((4000, 2), 10.0)))
    needed = units_needed(0.15, spread, 100)
    assert needed is not None
    assert units_for_one_look(0.15, spread) < needed
    told = 0
    for number in range(200):
        treatment, control = rounds(np.random.default_rng([9, number]), needed, 0.15)
        low, _ = Contrast.of_rounds(treatment, control, np.full((needed, 2), 10.0)).lift()
        told += low is not None and low > 0
    assert 0.7 < told / 200 < 0.92
    assert units_needed(1e-6, 1.0, 100) is None


def test_lots_that_are_not_even_are_told_and_even_ones_are_not() -> None:
    assert uneven([10, 0]) == pytest.approx(2**10 / 11)
    assert uneven([520, 480]) < 1
    assert uneven([600, 400]) > 100
    assert uneven([400, 300, 300]) > uneven([334, 333, 333])


def test_strata_are_told_apart_where_their_sum_is_even() -> None:
    assert uneven_somewhere([[40, 10], [10, 40]]) == pytest.approx(
        (0.9 + 0.1 * uneven([40, 10])) ** 2
    )
    assert uneven_somewhere([[40, 10], [10, 40]]) > 100
    # One hour of a day, and all the others well.
    assert uneven_somewhere([[0, 18], *[[9, 9]] * 23]) > 100
    assert uneven_somewhere([[9, 9]] * 24) < 1
    assert uneven_somewhere([]) == uneven_somewhere([[0, 0]]) == 1


@pytest.mark.parametrize("chance", [1 / 2, 1 / 3])
def test_marks_that_mean_something_are_told(chance: float) -> None:
    rng = np.random.default_rng(0)
    marked = rng.random(90) < chance
    noise = rng.normal(size=90)
    assert unlike(noise, marked.tolist(), chance, 0.01) < 1
    assert unlike(noise + 2 * marked, marked.tolist(), chance, 0.01) > 100
    assert unlike(noise[:10] + 9 * marked[:10], marked[:10].tolist(), chance, 0.01) == 0


@pytest.mark.parametrize("chance", [1 / 2, 1 / 4])
def test_looked_at_after_every_value_marks_are_hardly_ever_told_for_nothing(chance: float) -> None:
    alarms = 0
    for number in range(150):
        rng = np.random.default_rng([2, number])
        values, marked = rng.standard_t(2, 120), (rng.random(120) < chance).tolist()
        alarms += any(unlike(values[:n], marked[:n], chance, 0.05) > 20 for n in range(11, 121, 3))
    assert alarms <= 12
