"""`signage calibrate` as an installer meets it: a real process, a real page, real footage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from signage.audience.calibration import POINTS
from signage.config.config import Config
from signage.config.file import load_config
from signage.config.screen import ScreenConfig
from signage.errors import ConfigError
from signage.kiosk.installation import calibration_path, keep_calibration, with_calibration
from tests.support.builders import DEMO, FOOTAGE, ROOT

CORRECTION = ((1.5, 0.9, 0.0), (-2.0, 0.1, 1.1))


def test_somebody_who_does_not_follow_the_points_is_told_so_and_nothing_is_kept(
    tmp_path: Path, browser: Browser, request: pytest.FixtureRequest
) -> None:
    """The man of the clip sits still; every point is shown to him, one after the other."""
    command = ["calibrate", "--config", str(DEMO), "--source", str(FOOTAGE / "cap13_edit2.mp4")]
    process = subprocess.Popen(
        [sys.executable, "-m", "signage", *command, "--data", str(tmp_path), "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    request.addfinalizer(process.kill)
    assert process.stdout is not None
    said = process.stdout.readline()
    assert "follow the points with your eyes" in said
    page = browser.new_page()
    page.goto(said.split()[1])
    seen: set[str] = set()
    for _ in POINTS:
        style = page.wait_for_function(
            "seen => { const point = document.getElementById('point');"
            "const place = `${point.style.left} ${point.style.top}`;"
            "return !point.hidden && !seen.includes(place) && place; }",
            arg=sorted(seen),
        ).json_value()
        seen.add(style)
    _, errors = process.communicate(timeout=300)
    page.close()
    assert seen == {f"{100 * x:g}% {100 * y:g}%" for x, y in POINTS}
    assert process.returncode == 2
    assert "does not follow the points" in errors
    assert "Nothing was changed" in errors
    assert list(tmp_path.iterdir()) == []


def test_what_was_kept_is_used_from_then_on(tmp_path: Path) -> None:
    config = Config(data_dir=tmp_path / "new")
    assert with_calibration(config) == config
    keep_calibration(config, CORRECTION)
    assert with_calibration(config).screen == ScreenConfig(gaze_correction=CORRECTION)
    calibration_path(config).unlink()
    assert with_calibration(config) == config


@pytest.mark.parametrize("text", ["gaze_correction = 3", "gaze = [[", "more = 1"])
def test_a_broken_file_is_a_clear_error(text: str, tmp_path: Path) -> None:
    config = load_config(DEMO).model_copy(update={"data_dir": tmp_path})
    calibration_path(config).write_text(text)
    with pytest.raises(ConfigError, match=r"calibration\.toml"):
        with_calibration(config)


def test_what_cannot_be_kept_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        keep_calibration(Config(data_dir=tmp_path / "file"), CORRECTION)
