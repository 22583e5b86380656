"""What other policies would have earned: against sums by hand, against the truth of made logs, and
never a number where none can be true."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.off_policy.worlds import MadeLog, World
from signage.analysis.evaluate import EvaluationRequest, evaluated
from signage.config.config import Config
from signage.config.policies import PoliciesConfig, Rule
from signage.errors import ConfigError, JournalError
from signage.evaluation import off_policy
from signage.evaluation.evaluation import evaluate
from signage.evaluation.what_if import Target
from signage.journal.exports.export import export
from signage.types.choices import ExportFormat
from tests.support.builders import DEMO, ROOT, catalogue, sighting, traits
from tests.support.stage import Stage

THREE = catalogue({"coffee": {"duration_s": 4.0}, "shoes": {"duration_s": 4.0}, "travel": {}})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A screen that drew uniformly, before people who come and go."""
    path = tmp_path_factory.mktemp("log") / "journal.sqlite"
    stage = Stage(path, THREE)

    def people(t_s: float) -> list[Any]:
        visit, since_s = divmod(t_s, 20.0)
        if since_s < 4.0:
            return []
        return [sighting(track=int(visit), traits=traits(30 + 10 * (visit % 3), visit % 2))]

    stage.play(700, people)
    stage.journal.close()
    return path


@pytest.fixture
def journal(recorded: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "journal.sqlite"
    copy.write_bytes(recorded.read_bytes())
    return copy


def changed(path: Path, sql: str) -> None:
    with sqlite3.connect(path) as db:
        db.executescript(sql)
    db.close()


def test_the_formulas_by_hand() -> None:
    weight, reward = np.array([2.0, 0.5]), np.array([1.0, 0.4])
    assert off_policy.ips(weight, reward) == pytest.approx((2.0 + 0.2) / 2)
    assert off_policy.snips(weight, reward) == pytest.approx((2.0 + 0.2) / 2.5)
    shown, expected = np.array([0.8, 0.5]), np.array([0.6, 0.7])
    by_hand = ((0.6 + 2.0 * 0.2) + (0.7 + 0.5 * -0.1)) / 2
    assert off_policy.doubly_robust(weight, reward, shown, expected) == pytest.approx(by_hand)


@pytest.mark.parametrize("binary", [True, False], ids=["0 or 1", "between"])
def test_no_bias_and_an_interval_that_covers(binary: bool) -> None:
    world = World(8, "greedy", 0.5, binary, seed=3)
    target = Target("taste", world.target("taste"))
    truth = world.truth("taste")
    found = [evaluate(MadeLog(world, 900, n), [target], []).valuations[0] for n in range(40)]
    for name in ("ips", "snips", "dr"):
        told = [getattr(one, name) for one in found]
        values = np.array([estimate.value for estimate in told])
        error = values.std(ddof=1) / np.sqrt(len(values))
        assert abs(values.mean() - truth) < 4 * error, name
        covered = sum(estimate.low <= truth <= estimate.high for estimate in told)
        assert covered >= 34, name  # of 40; fewer has a chance below 1 in 1,000 at 95 %


def test_what_was_logged_judged_by_itself_is_its_own_mean(journal: Path) -> None:
    told = evaluated(journal, EvaluationRequest(policies=("uniform",)), Config())
    logged, (uniform,) = told["logged"], told["policies"]
    rewards = [
        row[0]
        for row in sqlite3.connect(journal).execute(
            "SELECT reward FROM rewards JOIN decisions USING (decision_id) "
            "WHERE reward IS NOT NULL AND NOT forced"
        )
    ]
    assert told["plays"] == len(rewards) > 100
    assert logged["value"] == pytest.approx(np.mean(rewards))
    assert uniform["ips"]["value"] == pytest.approx(np.mean(rewards))
    assert uniform["effective_sample_size"] == pytest.approx(len(rewards), rel=0.01)


def test_parquet_tells_the_same(journal: Path, tmp_path: Path) -> None:
    export(journal, ExportFormat.DECISIONS, tmp_path / "log.parquet")
    wanted = EvaluationRequest(policies=("uniform",), without=("coffee",))
    of_journal, of_columns = (
        evaluated(path, wanted, Config()) for path in (journal, tmp_path / "log.parquet")
    )
    for one, other in zip(of_columns["policies"], of_journal["policies"], strict=True):
        for name in ("ips", "snips", "dm", "dr", "difference"):
            assert one[name] == pytest.approx(other[name], rel=1e-6), name
    assert of_columns["logged"] == pytest.approx(of_journal["logged"], rel=1e-6)


def test_what_if_one_were_removed_or_capped(journal: Path) -> None:
    wanted = EvaluationRequest(without=("coffee",), caps=("shoes=0.1",), add=("category=coffee",))
    told = evaluated(journal, wanted, Config())
    removed, capped, *_ = told["policies"]
    assert removed["effective_sample_size"] < told["plays"]
    assert capped["dr"]["low"] < capped["dr"]["value"] < capped["dr"]["high"]
    with pytest.raises(ConfigError, match="nosuch"):
        evaluated(journal, EvaluationRequest(without=("nosuch",)), Config())


def test_a_thin_overlap_is_said(journal: Path) -> None:
    changed(journal, "DELETE FROM rewards WHERE seq > 12")
    (one,) = evaluated(journal, EvaluationRequest(policies=("uniform",)), Config())["policies"]
    assert "not reliable" in one["verdict"]


Spoil = Callable[[Path], int]
SPOILT: dict[str, tuple[str | Spoil, str]] = {
    "empty": ("DELETE FROM rewards; DELETE FROM plays; DELETE FROM decisions;", "no"),
    "propensity of zero": (
        "UPDATE decisions SET propensity = 0 WHERE number = 5 AND NOT forced",
        "no propensity above 0",
    ),
    "reward beyond 1": (
        "UPDATE rewards SET reward = 7 WHERE seq = 5 AND reward IS NOT NULL;"
        "UPDATE rewards SET reward = 7 WHERE seq = 6 AND reward IS NOT NULL;"
        "UPDATE rewards SET reward = 7 WHERE seq = 7 AND reward IS NOT NULL",
        "no reward in \\[0, 1\\]",
    ),
    "of a newer version": ("UPDATE meta SET value = '99' WHERE key = 'schema_version'", "99"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:9000]), "journal"),
    "no database": (lambda path: path.write_text("a shopping list" * 99), "journal"),
}


@pytest.mark.parametrize("how", SPOILT)
def test_no_number_out_of_a_journal_that_is(journal: Path, how: str) -> None:
    spoil, said = SPOILT[how]
    if isinstance(spoil, str):
        changed(journal, spoil)
    else:
        spoil(journal)
    with pytest.raises(JournalError, match=said):
        evaluated(journal, EvaluationRequest(policies=("uniform",)), Config())


@pytest.mark.system
def test_the_command(journal: Path) -> None:
    command = [sys.executable, "-m", "signage", "evaluate", str(journal.parent)]
    asked = ["--policy", "uniform", "--policy", "vw", "--config", str(DEMO)]
    done = subprocess.run(
        [*command, *asked, "--json"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert [one["policy"] for one in told["policies"]] == ["uniform", "vw"]
    shown = subprocess.run([*command, *asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "vw: not reliable" in shown.stdout
    gone = subprocess.run(
        [*command[:-1], str(journal.with_name("gone"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (gone.returncode, "journal" in gone.stderr) == (1, True)


def test_rules_by_the_hour_go_by_the_clock_that_the_log_tells(journal: Path) -> None:
    at_noon = Rule(hours=(12, 13), categories=("coffee",))
    config = Config(timezone="Asia/Tokyo", policies=PoliciesConfig(rules=(at_noon,)))

    def coffee(path: Path) -> float:
        (told,) = evaluated(path, EvaluationRequest(policies=("rules",)), config)["policies"]
        return float(told["shares"]["coffee"])

    for offset_min, expected in (("0", 1.0), ("-660", None), ("NULL", None)):
        changed(journal, f"UPDATE decisions SET utc_offset_min = {offset_min}")
        out = journal.with_suffix(".parquet")
        export(journal, ExportFormat.DECISIONS, out)
        assert coffee(out) == coffee(journal)
        assert (coffee(journal) == expected) is (expected is not None)
    config = config.model_copy(update={"timezone": "UTC"})
    assert coffee(journal) == 1.0
