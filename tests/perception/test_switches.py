"""What is told of behaviour has one switch each; each off leaves the rest working."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import pytest

from signage.config.config import Config
from signage.config.file import load_config
from signage.scenes.footage import read_video
from signage.simulation.observe import observe
from tests.support.builders import DEMO, FOOTAGE

pytestmark = pytest.mark.models


Told = dict[str, Any]

# What a switch takes away, and that it is there with all switches on.
SWITCHES: dict[str, tuple[dict[str, Any], Callable[[Told], bool]]] = {
    "gaze": ({"perception": {"gaze": False}}, lambda told: told["gaze"] is not None),
    "reading": ({"audience": {"reading": False}}, lambda told: told["reading_s"] is not None),
    "expression": (
        {"perception": {"expression": False}},
        lambda told: told["expression_peak"] != {},
    ),
    "logos": ({"perception": {"logos_dir": None}}, lambda told: told["logos"] is not None),
    "returning": ({"perception": {"returning": False}}, lambda told: told["returning"] is not None),
    "mood": ({"perception": {"mood": False}}, lambda told: told["mood"] is not None),
    "demographics": (
        {"perception": {"demographics": False}},
        lambda told: told["age_years"] is not None,
    ),
}


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The man at ten pictures a second, which are enough."""
    path = tmp_path_factory.mktemp("clip") / "man.avi"
    pictures = [image for _, image in islice(read_video(FOOTAGE / "single_face.mp4"), 0, None, 3)]
    height, width, _ = pictures[0].shape
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (width, height))
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


def told_with(clip: Path, update: dict[str, Any]) -> Told:
    config: Config = load_config(Path(DEMO))
    for section, values in update.items():
        changed = getattr(config, section).model_copy(update=values)
        config = config.model_copy(update={section: changed})
    (viewer,) = observe(config, clip)["viewers"]
    return dict(viewer)


@pytest.fixture(scope="module")
def everything(clip: Path) -> Told:
    return told_with(clip, {})


def test_with_everything_on_everything_is_told(everything: Told) -> None:
    assert [name for name, (_, is_told) in SWITCHES.items() if not is_told(everything)] == []
    assert everything["attention_s"] > 1.5
    assert everything["logos"] == []
    assert everything["returning"] is False


@pytest.mark.parametrize("switch", sorted(SWITCHES))
def test_one_off_takes_itself_away_and_nothing_else(
    switch: str, clip: Path, everything: Told
) -> None:
    told = told_with(clip, SWITCHES[switch][0])
    still = [name for name, (_, is_told) in SWITCHES.items() if is_told(told)]
    gone = {switch} | ({"reading"} if switch == "gaze" else set())
    assert sorted(still) == sorted(SWITCHES.keys() - gone)
    assert told["attention_s"] == pytest.approx(everything["attention_s"], abs=0.5)
