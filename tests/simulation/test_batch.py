"""Many simulations: the same bytes wherever they run, and no winner where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from signage.config.file import load_config
from signage.content.loader import load_catalogue
from signage.errors import MissingExtraError, SignageError
from signage.simulation.batch import Result, cluster, simulate, simulate_all
from signage.simulation.run import FIGURES, summarise
from signage.simulation.workers import processes
from signage.types.choices import PolicyName
from tests.support.builders import ROOT
from tests.support.shop import job

JOBS = [job("vw", seed) for seed in (0, 1, 2)]


def told(result: Result) -> tuple[bytes, dict[str, Any]]:
    """All but how fast it went."""
    return result.journal, {k: v for k, v in result.summary.items() if k != "realtime_factor"}


@pytest.fixture(scope="module")
def alone() -> list[Result]:
    return [simulate(each) for each in JOBS]


@pytest.mark.system
def test_the_same_bytes_in_one_process_and_in_several(alone: list[Result]) -> None:
    done: list[float] = []
    with processes(2, len(JOBS)) as executor:
        assert executor is not None
        spread = dict(simulate_all(JOBS, executor, done.append))
    assert [told(spread[index]) for index in range(3)] == [told(result) for result in alone]
    assert done == sorted(done)
    assert done[-1] == 120
    assert {after - before for before, after in pairwise(done)} - {0.0, 40.0}  # within a run, too
    with processes(1, len(JOBS)) as executor:
        assert executor is None
        again = dict(simulate_all(JOBS[:1], executor))
    assert told(again[0]) == told(alone[0])


def test_the_same_bytes_in_threads_as_a_cluster_may_have_them(alone: list[Result]) -> None:
    with ThreadPoolExecutor(3) as executor:
        spread = dict(simulate_all(JOBS, executor))
    assert [told(spread[index]) for index in range(3)] == [told(result) for result in alone]


@pytest.fixture
def scheduler() -> Iterator[str]:
    """A cluster of two worker processes on this machine."""
    pytest.importorskip("distributed")
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path}

    def start(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{arguments[0]}", *arguments[1:]],
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def read_until(process: subprocess.Popen[str], word: str) -> str:
        assert process.stderr is not None
        return next(line for line in process.stderr if word in line)

    with ExitStack() as stack:
        running = start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        stack.callback(stop, running)
        address = read_until(running, "Scheduler at:").split()[-1]
        for _ in range(2):
            worker = start("dask_worker", address, "--nthreads", "1", "--no-dashboard")
            stack.callback(stop, worker)
            read_until(worker, "Starting established connection")
        yield address


def stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate()


@pytest.mark.system
@pytest.mark.filterwarnings("default")
def test_the_same_bytes_on_a_cluster_of_two_workers(scheduler: str, alone: list[Result]) -> None:
    with cluster(scheduler) as executor:
        spread = dict(simulate_all(JOBS, executor))
    assert [told(spread[index]) for index in range(3)] == [told(result) for result in alone]


@pytest.mark.filterwarnings("default")
def test_a_cluster_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr("signage.simulation.batch._CONNECT_S", 0.2)
    with (
        pytest.raises(
            SignageError, match=r"No cluster answers at tcp://127\.0\.0\.1:9: "
        ) as raised,
        cluster("tcp://127.0.0.1:9"),
    ):
        pass
    assert "dask scheduler" in str(raised.value)


def test_without_the_extra_a_cluster_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        pytest.raises(MissingExtraError, match=r"signage\[cluster\]"),
        cluster("tcp://127.0.0.1:9"),
    ):
        pass


POLICIES: tuple[PolicyName, ...] = ("vw", "apprentice", "rules", "playlist")


@cache
def by_chance(seed: int) -> float:
    """What contents that make no difference earn when they are drawn at random."""
    earned: float = simulate(job("uniform", seed, 60, "null")).summary["mean_reward"]
    return earned


@pytest.mark.system
@pytest.mark.parametrize("policy", POLICIES)
def test_where_contents_make_no_difference_no_policy_earns_more(policy: PolicyName) -> None:
    """Not even by luck: the same people take whatever they are shown in the same way."""
    for seed in range(3):
        own = simulate(job(policy, seed, 60, "null")).summary
        assert own["reward_share_of_oracle"] == pytest.approx(1)
        assert own["mean_reward"] == by_chance(seed)


@pytest.mark.system
def test_nor_where_some_of_the_contents_are_not_for_children() -> None:
    """The demo's own: what leaves the screen when a child comes would be shown for less."""
    contents = load_catalogue(load_config(ROOT / "configs" / "demo.toml").content)
    assert any(content.adults_only for content in contents.values())
    policies: tuple[PolicyName, ...] = ("uniform", "vw", "rules", "playlist")
    for seed in range(2):
        earned = {
            simulate(job(name, seed, 80, "null", contents)).summary["mean_reward"]
            for name in policies
        }
        assert len(earned) == 1


@pytest.mark.system
def test_where_they_do_make_one_the_learner_earns_more_than_chance() -> None:
    lifts = []
    for seed in range(2):
        own, uniform = (
            simulate(job(name, seed, 400)).summary["reward_share_of_oracle"]
            for name in ("vw", "uniform")
        )
        lifts.append(own - uniform)
    assert min(lifts) > 0


def test_an_interval_of_few_seeds_stays_within_what_is_possible() -> None:
    summaries: list[dict[str, Any]] = [
        dict.fromkeys(FIGURES, None)
        | {"policy": "vw", "seed": seed, "plays": 1, "rewarded_plays": 1}
        | {"constraint_violations": 0, "mean_reward": mean}
        for seed, mean in enumerate((0.2, 0.9))
    ]
    assert summarise(summaries)["mean_reward"] == {"mean": 0.55, "low": 0.0, "high": 1.0}


def test_a_result_is_written_whole(tmp_path: Path, alone: list[Result]) -> None:
    alone[0].write(tmp_path / "deep" / "seed-0")
    assert (tmp_path / "deep" / "seed-0" / "journal.sqlite").read_bytes() == alone[0].journal
    assert (tmp_path / "deep" / "seed-0" / "summary.json").read_text().endswith("}\n")
