"""The report on a journal with an experiment."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from signage.analysis.experiment import result
from tests.support.builders import ROOT
from tests.support.experiment_journal import Told, blocks, clear, like, visits, write

pytestmark = pytest.mark.system


def reported(folder: Path, told: list[Told]) -> str:
    """The page that the command writes beside what it prints."""
    write(folder, told)
    out = folder / "report.html"
    command = [sys.executable, "-m", "signage", "experiment", str(folder), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    assert f"Report: {out}" in done.stdout
    return out.read_text(encoding="utf-8")


@pytest.mark.parametrize("told", [blocks(60, clear), visits(400, 1.3)], ids=["blocks", "visits"])
def test_the_headline_is_the_verdict(told: list[Told], tmp_path: Path) -> None:
    page = reported(tmp_path, told)
    found = result(tmp_path)
    assert found["verdict"].startswith("vw earns more than rules")
    assert re.search(r'class="headline">\s*<p>(.*?)</p>', page)[1] == found["verdict"]  # type: ignore[index]
    assert f"Lift over rules: vw {100 * found['arms'][1]['lift']:+.1f} % in the end." in page
    for check in found["checks"]:
        assert f">{check['detail']}<" in page
    assert "Howard, Ramdas" in page, "how, and by which source"
    assert "Lift over random choice" not in page


def test_no_difference_is_not_called_one(tmp_path: Path) -> None:
    assert "The data show no difference between vw and rules yet" in reported(
        tmp_path, blocks(60, like)
    )


def test_before_there_is_an_interval_it_says_so(tmp_path: Path) -> None:
    page = reported(tmp_path, blocks(8, clear))
    assert "Not enough data to compare vw with rules yet" in page
    assert "Lift over time" not in page
