"""The measurements of learning measure what they say, in small."""

from __future__ import annotations

import itertools
import json
from functools import cache
from statistics import mean

import numpy as np
import pytest

from benchmarks.__main__ import main
from benchmarks.common.tables import Table
from benchmarks.learning import sets
from benchmarks.learning.bench import chosen_policies, particulars, world_blocks
from benchmarks.learning.contestants import ABLATIONS, CONTESTANTS, DENSE, MEMBERS, missing
from benchmarks.learning.runs import Run, Task, run_task
from benchmarks.learning.worlds import DESCRIPTIONS, WORLDS, AttractAndHold, Latent

pytestmark = pytest.mark.bench

PEERS = ("MABWiser", "context", "river")


@cache
def played(world: str, policy: str, plays: int, seed: int) -> Run:
    """One run, shared by the tests that look at it."""
    return run_task(Task(world, policy, plays, seed))[1]


def shares(world: str, policy: str, plays: int, seeds: int) -> list[float]:
    return [played(world, policy, plays, seed).share for seed in range(seeds)]


@pytest.mark.parametrize("name", WORLDS)
def test_every_world_can_be_played_and_nobody_beats_the_oracle(name: str) -> None:
    result = played(name, "uniform", 300, 1)
    assert (result.earned <= result.best).all()
    assert 0.2 < result.share < 0.9


def test_every_world_has_a_description() -> None:
    assert DESCRIPTIONS.keys() == WORLDS.keys()


def test_the_same_seed_gives_the_same_run() -> None:
    first, again = (run_task(Task("swap", "ours", 150, 3))[1] for _ in range(2))
    assert np.array_equal(first.earned, again.earned)


def test_the_learner_learns_and_takes_advice() -> None:
    ours, uniform = shares("looks", "ours", 300, 2), shares("looks", "uniform", 300, 2)
    advised = shares("looks", "ours, with the table's advice", 300, 2)
    assert mean(ours) > mean(uniform) + 0.05
    assert mean(advised) > mean(ours) + 0.05


@pytest.mark.parametrize("name", MEMBERS)
def test_each_regression_alone_learns(name: str) -> None:
    assert mean(shares("looks", name, 300, 2)) > mean(shares("looks", "uniform", 300, 2)) + 0.05


def test_the_visits_own_history_beats_looks_where_look_alikes_differ() -> None:
    (forgetful,) = ABLATIONS["individual"]
    ours = shares("individual", "ours", 800, 2)
    assert mean(ours) > mean(shares("individual", forgetful, 800, 2)) + 0.03


def test_the_outdated_table_is_overtaken() -> None:
    results = {
        ("outdated", policy): [played("outdated", policy, 300, seed) for seed in range(2)]
        for policy in ("ours", "rules table")
    }
    (line,) = particulars(results)
    ahead = line.partition("ours: for good ahead of the outdated table after ")[2]
    assert 0 < float(ahead.split()[0]) < 300

    table, more, lines = world_blocks(300, 2, results)
    assert isinstance(table, Table)
    assert isinstance(more, Table)
    assert table.columns == ("world", "ours", "rules table")
    (row,) = table.rows
    assert row[0] == "table out of date"
    assert row[1].startswith(f"{mean(shares('outdated', 'ours', 300, 2)):.3f} ± ")
    assert more.columns == ("world", "rules table")
    assert lines == f"- {line}"


def test_peers_that_are_not_installed_are_named_and_left_out() -> None:
    assert set(missing()) <= set(CONTESTANTS)
    assert not [name for name in missing() if name.startswith(("ours", "VW"))]


def test_slow_peers_are_left_out_of_long_runs_unless_they_are_asked_for() -> None:
    peers = [name for name in CONTESTANTS if name.startswith(PEERS)]
    names, left_out = chosen_policies(50_000, None, ablation=False)
    assert not set(peers) & set(names)
    assert sorted(itertools.chain(*left_out.values())) == sorted(peers)

    names, left_out = chosen_policies(50_000, ["MABWiser", "uniform"], ablation=False)
    assert "uniform" in names
    assert set(itertools.chain(*left_out.values())) <= set(missing())


def test_peers_vectors_have_a_place_for_every_feature() -> None:
    world = Latent(0, 300)
    names = set[str]()
    for t in range(world.plays):
        turn = world.turn(t)
        names |= set(turn.context)
        world.shown(turn, t % len(turn.actions), 1.0)
    assert len(names) < DENSE


def test_the_shares_by_seed_are_printed_as_json_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = "--plays 50 --seeds 2 --worlds looks --policies uniform --jobs 1 --json"
    assert main(["learning", *options.split()]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "50": {"looks": {"uniform": shares("looks", "uniform", 50, 2)}}
    }


def test_a_set_is_learned_better_than_by_guessing() -> None:
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=200)
    x = np.eye(3)[y] + rng.normal(0, 0.1, (200, 3))
    assert sets.loss(sets.LEARNERS["ours"](), x, y, seed=0) < 0.4


def test_an_empty_scene_shows_no_looks_and_a_watcher_stays_for_a_share_of_the_play() -> None:
    world = AttractAndHold(0, 6000)
    turns = [world.turn(t) for t in range(world.plays)]
    empty = [turn for turn in turns if "group=0" in turn.context]
    assert not any("age=" in name for turn in empty for name in turn.context)
    assert not any(turn.advice for turn in empty)

    watched = [turn for turn in turns if "state=hold" in turn.context]
    rewards = np.array([world.reward(turn, 0) for turn in watched])
    assert np.mean((rewards > 0.01) & (rewards < 0.99)) > 0.3
    assert mean(turn.chances[0] for turn in watched) == pytest.approx(rewards.mean(), abs=0.02)
    assert len(empty) == pytest.approx(len(watched), rel=0.1)
