"""The parameters of the simulated response."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from signage.errors import ConfigError
from signage.simulation.viewers.model import OVER_S, PRESETS, ResponseModel, load_model


def looks(model: ResponseModel, *, motion: bool) -> tuple[float, float]:
    """Share of a drawn population that looks for over a second, and how long who looks does."""
    rng = np.random.default_rng(0)
    taste = rng.normal(size=400_000)
    logit, hold_s = model.inclination(motion=motion)
    notice = rng.random(len(taste)) < 1 / (1 + np.exp(-(logit + model.pull * taste)))
    look_s = rng.exponential(hold_s * np.exp(model.hold * taste))
    return float((notice & (look_s > OVER_S)).mean()), float(look_s[notice].mean())


def test_field_does_as_was_published() -> None:
    share, look_s = looks(PRESETS["field"], motion=True)
    assert share == pytest.approx(0.33, abs=0.005)
    assert look_s == pytest.approx(7.4, rel=0.02)
    share, look_s = looks(PRESETS["field"], motion=False)
    assert share == pytest.approx(0.15, abs=0.005)
    assert look_s == pytest.approx(4.7, rel=0.03)


def test_seed_is_five_times_by_two_and_a_half() -> None:
    model = PRESETS["seed"]
    moving, still = (model.inclination(motion=motion) for motion in (True, False))

    def chance(logit: float) -> float:
        return 1 / (1 + math.exp(-logit))

    assert chance(moving.logit) / chance(still.logit) == pytest.approx(5, rel=0.01)
    assert math.exp(model.hold) == pytest.approx(2.5)
    liked = chance(moving.logit) * moving.hold_s * math.exp(model.hold)
    assert liked / (chance(still.logit) * still.hold_s) == pytest.approx(12.5, rel=0.01)


def test_a_mistake_in_a_preset_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "response.toml"
    path.write_text("pul = 1.0\nlook_share_still = 2.0\n")
    with pytest.raises(ConfigError) as raised:
        load_model(str(path))
    assert "unknown key 'pul'" in str(raised.value)
    assert "'look_share_still' cannot be 2.0" in str(raised.value)
    with pytest.raises(ConfigError, match="There is no preset 'feild'; choose from field, seed"):
        load_model("feild")
    path.write_text("pull = [")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_model(str(path))


def test_looks_that_cannot_be_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "response.toml"
    path.write_text("look_share_moving = 0.9\nlook_s_moving = 0.5\n")
    with pytest.raises(ConfigError, match="is more than looks as short as"):
        load_model(str(path))
