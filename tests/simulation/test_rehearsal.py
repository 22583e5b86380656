"""An experiment on the screen, rehearsed before a recorded audience."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from signage.cli.app import app
from tests.support.builders import FOOTAGE, ROOT

MAN = FOOTAGE / "single_face.mp4"
EXPERIMENT = """
[experiment]
name = "spring"
arms = ["playlist", "uniform"]
assign = "{assign}"
block_minutes = 5
washout_minutes = 0.5
"""


def simulate(tmp_path: Path, recordings: Path, assign: str, *more: str) -> Path:
    """The folder of the result."""
    config = tmp_path / "kiosk.toml"
    text = (ROOT / "configs" / "demo.toml").read_text()
    text = text.replace('policy = "vw"', 'policy = "uniform"')
    for name in ("content", "footage", "logos"):
        text = text.replace(f'= "{name}"', f'= "{ROOT / "configs" / name}"')
    text = text.replace("[perception]", f'[perception]\nmodels_dir = "{ROOT / "models"}"')
    config.write_text(text + EXPERIMENT.format(assign=assign))
    out = tmp_path / "out"
    done = CliRunner().invoke(
        app,
        [
            *("simulate", str(MAN), "--config", str(config), "--cache", str(recordings)),
            *("--plays", "120", "--out", str(out), *more),
        ],
    )
    assert done.exit_code == 0, done.output
    return out


@pytest.mark.models
@pytest.mark.parametrize("assign", ["block", "visit"])
def test_the_arms_take_turns_and_the_result_is_told(
    tmp_path: Path, recordings: Path, assign: str
) -> None:
    out = simulate(tmp_path, recordings, assign)
    assert json.loads((out / "summary.json").read_text())["policy"] == "spring"
    told = json.loads(CliRunner().invoke(app, ["experiment", str(out), "--json"]).stdout)
    assert (told["experiment"], told["assign"]) == ("spring", assign)
    assert [arm["arm"] for arm in told["arms"]] == ["playlist", "uniform"]
    assert all(arm["rewarded_plays"] > 5 for arm in told["arms"])


@pytest.mark.models
def test_a_policy_that_is_named_decides_alone(tmp_path: Path, recordings: Path) -> None:
    out = simulate(tmp_path, recordings, "visit", "--policy", "rules")
    assert json.loads((out / "summary.json").read_text())["policy"] == "rules"
    done = CliRunner().invoke(app, ["experiment", str(out), "--json"])
    assert done.exit_code != 0
