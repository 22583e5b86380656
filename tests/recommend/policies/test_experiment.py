"""Whose turn it is, and who learns from it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from signage.config.config import Config
from signage.config.decision import DecisionConfig
from signage.config.experiment import ExperimentConfig
from signage.experiments.assignment import arm_of_block, arm_of_visit, design_of
from signage.recommend.checkpoint import Checkpoint, Header
from signage.recommend.policies.base import Learner
from signage.recommend.policies.experiment import Experiment, divide
from signage.recommend.policies.make import layout_for, make_policy
from signage.types.decisions import TrainingExample
from signage.types.experiments import Assignment
from tests.support.builders import NOON

ARMS = ("rules", "vw")
ACTIONS = {name: (f"category={name}", f"id={name}") for name in ("coffee", "shoes")}


def config(**more: Any) -> Config:
    values: dict[str, Any] = {"name": "autumn", "arms": ARMS}
    return Config(timezone="UTC", experiment=ExperimentConfig(**values | more))


def experiment(**more: Any) -> Experiment:
    made = make_policy("vw", config(**more))
    assert isinstance(made, Experiment)
    return made


def example(assignment: Assignment | None, number: int = 1) -> TrainingExample:
    return TrainingExample(
        f"screen-{number}", {"group=1": 1.0}, ACTIONS, "coffee", 0.8, assignment=assignment
    )


def part(arm: str, name: str = "autumn", **more: Any) -> Assignment:
    whole = config(name=name, **more).experiment
    assert whole is not None
    return Assignment(name, arm, "7", washout=False, design=design_of(whole))


@pytest.mark.parametrize("arms", [ARMS, ("rules", "vw", "playlist")])
def test_every_arm_has_one_block_of_each_round_in_an_order_by_lot(arms: tuple[str, ...]) -> None:
    rounds = [
        tuple(arm_of_block(3, "autumn", arms, turn * len(arms) + n) for n in range(len(arms)))
        for turn in range(600)
    ]
    assert all(sorted(turn) == sorted(arms) for turn in rounds)
    orders = Counter(rounds)
    assert len(orders) == (2 if len(arms) == 2 else 6)
    assert min(orders.values()) > 0.7 * 600 / len(orders)


def test_lots_are_a_function_of_seed_and_name_and_of_nothing_else() -> None:
    def turns(seed: int, name: str) -> list[str]:
        return [arm_of_block(seed, name, ARMS, block) for block in range(0, 80, 2)]

    assert turns(1, "a") == turns(1, "a")
    assert turns(1, "a") != turns(2, "a") != turns(1, "b")
    visits = Counter(arm_of_visit(1, "a", ARMS, f"1.{n}") for n in range(1000))
    assert 420 < visits["vw"] < 580


def test_blocks_go_by_the_clock_and_begin_with_their_washout() -> None:
    policy = experiment(block_minutes=30, washout_minutes=2.0)
    parts = [policy.assign(NOON + timedelta(minutes=m), None) for m in (0, 1.99, 2, 29.99, 30)]
    assert all(each is not None for each in parts)
    assert [each.washout for each in parts if each] == [True, True, False, False, True]
    first, *same, after = [each.unit for each in parts if each]
    assert set(same) == {first}
    assert int(after) == int(first) + 1


def test_before_and_after_its_days_the_usual_policy_decides_alone() -> None:
    policy = experiment(from_date=date(2026, 3, 4), until_date=date(2026, 3, 5))
    days = [policy.assign(datetime(2026, 3, day, 12, tzinfo=UTC), "1.1") for day in (3, 4, 5, 6)]
    assert [each is not None for each in days] == [False, True, True, False]
    assert policy.acting(None).name == "vw"


def test_by_visit_nobody_there_is_no_part_of_it() -> None:
    policy = experiment(assign="visit")
    assert policy.assign(NOON, None) is None
    told = policy.assign(NOON, "1.7")
    assert told is not None
    assert (told.unit, told.arm) == ("1.7", arm_of_visit(0, "autumn", ARMS, "1.7"))
    assert policy.assign(NOON + timedelta(days=1), "1.7") == told


def test_a_learner_learns_its_own_plays_and_those_outside_the_experiment() -> None:
    policy = experiment()
    vw = policy.acting(part("vw"))
    assert isinstance(vw, Learner)
    policy.learn(example(None))
    policy.learn(example(part("rules")))
    policy.learn(example(part("vw")))
    policy.learn(example(part("rules", name="spring")))  # an earlier one, with other arms' turns
    assert (vw.learned, policy.learned) == (3, 4)


def test_it_goes_on_from_what_was_kept_to_the_same_bytes() -> None:
    whole, first = experiment(arms=("apprentice", "vw")), experiment(arms=("apprentice", "vw"))
    examples = [
        example(part(("vw", "apprentice")[n % 3 == 0], arms=("apprentice", "vw")), n)
        for n in range(12)
    ]
    for each in examples[:7]:
        first.learn(each)
    header = Header("layout", first.learned, 7, "reward", NOON.isoformat())
    saved = Checkpoint(header, first.serialize())
    again = make_policy("vw", config(arms=("apprentice", "vw")), saved)
    assert isinstance(again, Learner)
    for each in examples:
        whole.learn(each)
    for each in examples[7:]:
        again.learn(each)
    assert again.serialize() == whole.serialize()
    assert again.version == whole.version
    assert {name: learned for name, (learned, _) in divide(again.serialize()).items()} == {
        "apprentice": 4,
        "vw": 8,
    }


def test_a_checkpoint_is_of_one_policy_or_of_one_experiment_alone() -> None:
    alone = Config()
    table = Config(decision=DecisionConfig(policy="apprentice"))
    layouts = {
        layout_for(each) for each in (alone, table, config(), config(seed=1), config(name="b"))
    }
    assert len(layouts) == 5
    assert layout_for(alone).startswith("vw:")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"arms": ("vw",)}, "at least 2"),
        ({"arms": ("vw", "vw")}, "names a policy twice"),
        ({"arms": ("rules", "uniform")}, "decision.policy \\(vw\\) is not one of"),
        ({"block_minutes": 5, "washout_minutes": 3.0}, "more than half"),
        ({"from_date": date(2026, 3, 2), "until_date": date(2026, 3, 1)}, "is before from_date"),
    ],
)
def test_what_cannot_be_an_experiment_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        config(**change)
