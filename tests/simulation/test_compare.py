"""Policies beside each other."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from signage.config.decision import DecisionConfig
from signage.simulation.compare import compare, write_comparison
from signage.simulation.run import Task
from signage.simulation.viewers.model import PRESETS
from tests.support.builders import FOOTAGE, ROOT, defaults

TASK = Task(
    config=defaults(decision=DecisionConfig(policy="vw")),
    videos=(Path("shop.mp4"),),
    policies=("uniform", "vw", "rules"),
    seeds=(0, 1, 2),
    plays=10,
    model=PRESETS["field"],
)
EARNED = {"uniform": (0.2, 0.3, 0.25), "vw": (0.3, 0.41, 0.34), "rules": (0.1, 0.4, 0.25)}


def test_what_differs_by_the_same_seeds_is_told_from_luck(tmp_path: Path) -> None:
    summaries = {
        (policy, seed): {
            "policy": policy, "seed": seed, "plays": 10, "rewarded_plays": 8,
            "mean_reward": reward, "reward_share_of_oracle": 0.5, "watchers": 2, "ots": 4,
            "attention_s": 3.0, "constraint_violations": 0,
            "learning_curve": [[5, reward - 0.05], [10, reward + 0.05]],
        }
        for policy, rewards in EARNED.items()
        for seed, reward in enumerate(rewards)
    }  # fmt: skip
    found = compare(TASK, summaries)
    assert [row.verdict for row in found.rows] == ["compared with", "better", "no clear difference"]
    lift = found.rows[1].lift
    assert lift is not None
    assert lift.value == pytest.approx(0.1)
    assert lift.high - lift.value == pytest.approx(0.0248, abs=0.0001)
    page = write_comparison(found, TASK, tmp_path).read_text(encoding="utf-8")
    assert "0.100 ± 0.025" in page
    assert "vw earned 40% more than uniform (+0.100 ± 0.025 per play)." in page
    assert "Learning curve, in the end: uniform 0.300, vw 0.400, rules 0.300." in page
    assert "Lift over time, in the end: vw 0.100, rules 0.000." in page
    assert "shop.mp4" in page
    document = json.loads((tmp_path / "comparison.json").read_text())
    assert document["lifts"]["vw"]["low"] == pytest.approx(0.0752, abs=0.0001)
    assert document["policies"][2]["mean_reward"]["mean"] == 0.25


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "scripts.ab_offline", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.system
def test_a_folder_of_footage_gives_one_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    footage, out = tmp_path / "footage", tmp_path / "out"
    footage.mkdir()
    (footage / "man.mp4").symlink_to(FOOTAGE / "single_face.mp4")
    options = ("--policies", "uniform", "playlist", "--seeds", "2", "--plays", "5", "--out", out)
    done = run(footage, *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert "| uniform |" in done.stdout
    assert f"Report: {out / 'report.html'}" in done.stdout
    assert "man.mp4" in (out / "report.html").read_text(encoding="utf-8")
    assert (out / "playlist" / "seed-1" / "journal.sqlite").is_file()
    again = run(footage, *options)
    assert again.returncode == 1
    assert "already exists" in again.stderr


@pytest.mark.system
def test_a_folder_without_videos_says_so(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.returncode == 2
    assert f"{tmp_path} has no videos" in done.stderr
    assert "Traceback" not in done.stderr
