"""The measurements of learning measure what they say, in small."""

from __future__ import annotations

import itertools
import json
from statistics import mean

import numpy as np
import pytest

from benchmarks.learning.bench import Task, _policies, main, print_worlds, run
from benchmarks.learning.contestants import ABLATIONS, CONTESTANTS, DENSE, MEMBERS, missing
from benchmarks.learning.worlds import WORLDS, AttractAndHold, Latent


def shares(world: str, policy: str, plays: int, seeds: int) -> list[float]:
    return [run(Task(world, policy, plays, seed))[1].share for seed in range(seeds)]


@pytest.mark.parametrize("name", WORLDS)
def test_every_world_can_be_played_and_nobody_beats_the_oracle(name: str) -> None:
    _, result = run(Task(name, "uniform", 300, 1))
    assert (result.earned <= result.best).all()
    assert 0.2 < result.share < 0.9


def test_the_same_seed_gives_the_same_run() -> None:
    first, again = (run(Task("swap", "ours", 150, 3))[1] for _ in range(2))
    assert np.array_equal(first.earned, again.earned)


def test_the_learner_learns_and_takes_advice() -> None:
    ours, uniform = shares("looks", "ours", 800, 3), shares("looks", "uniform", 800, 3)
    advised = shares("looks", "ours, with the table's advice", 800, 3)
    assert mean(ours) > mean(uniform) + 0.1
    assert mean(advised) > mean(ours)


def test_the_visits_own_history_beats_looks_where_look_alikes_differ() -> None:
    (forgetful,) = ABLATIONS["individual"]
    ours = shares("individual", "ours", 1500, 4)
    assert mean(ours) > mean(shares("individual", forgetful, 1500, 4)) + 0.03


def test_the_outdated_table_is_overtaken_and_the_tables_are_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    policies = ("ours", "rules table")
    found = {
        ("outdated", policy): [run(Task("outdated", policy, 500, seed))[1] for seed in range(3)]
        for policy in policies
    }
    print_worlds(500, 3, ["outdated"], found)
    printed = capsys.readouterr().out
    assert "| ours | 0." in printed
    ahead = float(printed.partition("for good ahead of the outdated table after ")[2].split()[0])
    assert ahead < 500


def test_peers_that_are_not_installed_are_named_and_left_out() -> None:
    assert set(missing()) <= set(CONTESTANTS)
    assert not [name for name in missing() if name.startswith(("ours", "VW"))]


def test_slow_peers_are_left_out_of_long_runs_unless_they_are_asked_for() -> None:
    peers = [name for name in CONTESTANTS if name.startswith(("MABWiser", "context", "river"))]
    played, left_out = _policies(50_000, None, ablation=False)
    assert not set(peers) & set(played)
    assert sorted(itertools.chain(*left_out.values())) == sorted(peers)

    played, left_out = _policies(50_000, ["MABWiser", "uniform"], ablation=False)
    assert "uniform" in played
    assert set(itertools.chain(*left_out.values())) <= set(missing())


@pytest.mark.parametrize("name", MEMBERS)
def test_each_regression_alone_learns(name: str) -> None:
    alone = mean(shares("looks", name, 500, 2))
    assert alone > mean(shares("looks", "uniform", 500, 2)) + 0.05


def test_peers_vectors_have_a_place_for_every_feature() -> None:
    world = Latent(0, 300)
    names = set[str]()
    for t in range(world.plays):
        turn = world.turn(t)
        names |= set(turn.context)
        world.shown(turn, t % len(turn.actions), 1.0)
    assert len(names) < DENSE


def test_the_shares_by_seed_as_json(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = "--plays 50 --seeds 2 --worlds looks --policies uniform --jobs 1 --json"
    monkeypatch.setattr("sys.argv", ["bench", *wanted.split()])
    main()
    assert json.loads(capsys.readouterr().out) == {
        "50": {"looks": {"uniform": shares("looks", "uniform", 50, 2)}}
    }


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
