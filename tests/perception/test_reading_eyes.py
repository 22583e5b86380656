"""From pictures of eyes to what is read: all of perception and the audience, on a face whose
painted eyes follow a path that is known."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks.behaviour.rendered_reader import (
    TEXT,
    PointAt,
    RenderedReader,
    looking_around,
    reading,
    staring,
)
from benchmarks.common.labelled_faces import SingleFaceFinder
from benchmarks.common.watch import watch
from signage.audience.calibration import POINTS, Calibration
from signage.config.file import load_config
from signage.perception.perceiver import Perceiver
from signage.scenes.footage import read_video
from signage.types.audience import Viewer
from signage.types.vision import Frame
from tests.support.builders import DEMO, FOOTAGE, utc

pytestmark = pytest.mark.models

FPS = 15.0
OTHERS = {"demographics": False, "mood": False, "returning": False, "logos_dir": None}
DEMO_CONFIG = load_config(DEMO)
CONFIG = DEMO_CONFIG.model_copy(
    update={"perception": DEMO_CONFIG.perception.model_copy(update=OTHERS)}
)
"""Of the eyes alone."""


class Reader(RenderedReader):
    """Its noise is one field, moved about: drawing it anew takes longer than to perceive it."""

    def noise(self, t_s: float) -> NDArray[np.int16]:
        moved = np.random.default_rng(round(1e3 * t_s)).integers(0, 700, 2)
        return np.roll(self._field, tuple(moved), (0, 1))

    @cached_property
    def _field(self) -> NDArray[np.int16]:
        return np.round(super().noise(0.0)).astype(np.int16)


@pytest.fixture(scope="module")
def reader() -> Iterator[RenderedReader]:
    """One metre before the screen."""
    finder = SingleFaceFinder()
    yield Reader(next(read_video(FOOTAGE / "single_face.mp4"))[1], finder, 1.0)
    finder.close()


def told(reader: RenderedReader, path: PointAt, seconds: float) -> list[Viewer]:
    watched = watch(CONFIG, reader.frames(path, seconds, FPS))
    return [main for snapshot in watched.snapshots if (main := snapshot.main)]


def test_who_reads_is_told_soon_and_with_the_place(reader: RenderedReader) -> None:
    viewers = told(reader, reading(), 6.0)
    first = next(viewer for viewer in viewers if viewer.reading)
    assert first.dwell_s < 2.5
    last = viewers[-1]
    assert last.reading_s is not None
    assert last.reading_s > 2.5
    assert last.reading_region is not None
    left, top, right, bottom = last.reading_region
    assert min(right, TEXT[2]) - max(left, TEXT[0]) > 0.6 * (TEXT[2] - TEXT[0])
    assert top < bottom


@pytest.mark.parametrize("path", [looking_around(), staring()], ids=["looks around", "stares"])
def test_who_does_not_read_is_not_told_to(reader: RenderedReader, path: PointAt) -> None:
    viewers = told(reader, path, 6.0)
    assert sum(viewer.reading is True for viewer in viewers) < 0.15 * len(viewers)
    assert sum(viewer.reading is False for viewer in viewers) > 0.5 * len(viewers)


def test_the_look_follows_the_path_across_the_screen(reader: RenderedReader) -> None:
    def path(t_s: float) -> tuple[float, float]:
        return (0.2, 0.8)[int(t_s) % 2], 0.5

    points = [
        viewer.gaze.x for viewer in told(reader, path, 4.0) if viewer.gaze and viewer.dwell_s > 0.5
    ]
    assert min(points) == pytest.approx(0.2, abs=0.15)
    assert max(points) == pytest.approx(0.8, abs=0.15)


def test_a_calibration_by_eyes_that_follow_brings_them_nearer_to_the_points(
    reader: RenderedReader,
) -> None:
    calibration, perceiver = Calibration(CONFIG.screen), Perceiver(CONFIG)
    point: tuple[float, float] | None = POINTS[0]
    t_s = 0.0
    try:
        while point is not None:
            frame = Frame(t_s, utc(t_s), reader.picture(t_s, point))
            point = calibration.step(t_s, perceiver.perceive(frame) or [])
            t_s += 0.125
    finally:
        perceiver.close()
    fit = calibration.fit()
    assert fit.points == len(POINTS)
    assert fit.after_deg < 0.6 * fit.before_deg
    assert fit.after_deg < 4.0
