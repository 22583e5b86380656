"""`signage simulate` as its users meet it, beyond one plain run (``test_cli.py``)."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.builders import ROOT
from tests.support.command import MAN, fail, succeed

pytestmark = pytest.mark.system


def test_many_seeds_have_a_folder_each_and_a_summary_with_intervals(
    tmp_path: Path, recordings: Path
) -> None:
    options = ("--policy", "uniform", "--plays", "10", "--cache", recordings, "--json")
    out = tmp_path / "many"
    document = succeed("simulate", MAN, *options, "--seed", "3", "--seeds", "3", "--out", out)
    assert document == (out / "summary.json").read_text()
    summary = json.loads(document)
    assert summary["seeds"] == [3, 4, 5]
    assert summary["plays"] == 30
    reward = summary["mean_reward"]
    assert reward["low"] <= reward["mean"] <= reward["high"]
    page = (out / "report.html").read_text(encoding="utf-8")
    assert f"uniform earned a mean reward of {reward['mean']:.3f} ± " in page
    assert "<b>Simulated audience.</b>" in page
    succeed("simulate", MAN, *options, "--seed", "4", "--out", tmp_path / "one")
    alone, among = (path / "journal.sqlite" for path in (tmp_path / "one", out / "seed-4"))
    assert alone.read_bytes() == among.read_bytes()
    again = ("simulate", MAN, *options, "--seed", "5", "--seeds", "2", "--out", out)
    assert "seed-5/journal.sqlite already exists" in fail(1, *again)


def test_a_wrong_preset_and_a_journal_that_tells_nothing_are_named(
    tmp_path: Path, recordings: Path
) -> None:
    preset = tmp_path / "response.toml"
    preset.write_text("pul = 1.0\n")
    wrong = ("simulate", MAN, "--cache", recordings, "--out", tmp_path / "out", "--preset")
    assert "unknown key 'pul'" in fail(2, *wrong, preset)
    assert "There is no preset 'shop'; choose from" in fail(2, *wrong, "shop")
    out = tmp_path / "played"
    printed = succeed("simulate", MAN, "--plays", "3", "--cache", recordings, "--out", out)
    assert printed.startswith("Simulated audience: ")
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<b>Simulated audience.</b>" in page
    assert "<h1>Simulated audience: screen " in page
    said = fail(1, "simulate", "--fit", out, "--out", tmp_path / "fit")
    assert "too few to fit a response" in said


def test_a_simulation_that_is_told_to_stop_leaves_nothing_behind(
    tmp_path: Path, recordings: Path
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    words = ("simulate", str(MAN), "--plays", "1000000", "--cache", str(recordings))
    process = subprocess.Popen(
        [sys.executable, "-m", "signage", *words, "--out", str(tmp_path / "out")],
        env=os.environ | {"TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        cwd=ROOT,
    )
    while not list(scratch.glob("signage-*/journal.sqlite")):
        assert process.poll() is None
        time.sleep(0.05)
    process.terminate()
    assert process.wait() == 128 + signal.SIGTERM
    assert list(scratch.iterdir()) == []
