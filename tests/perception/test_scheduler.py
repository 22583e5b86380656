"""Long looks at people, on a live screen: what takes long does not hold up the pictures."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.behaviour.made_logos import drawn_logos, worn, write_logos
from signage.config.config import Config
from signage.config.perception import PerceptionConfig
from signage.perception.logos.detector import LogoFinder
from signage.perception.perceiver import Perceiver
from signage.scenes.footage import read_video
from signage.types.arrays import Image
from signage.types.vision import Frame, Sighting
from tests.support.builders import FOOTAGE, ROOT, utc

pytestmark = pytest.mark.models

BRANDS = dict(sorted(list(drawn_logos().items())[:3]))


@pytest.fixture(scope="module")
def dressed() -> Image:
    """A man whose shirt carries the second of the brands."""
    face = cv2.resize(
        next(read_video(FOOTAGE / "single_face.mp4"))[1][40:, 120:480], None, fx=0.5, fy=0.5
    )
    shirt = worn(np.random.default_rng(3), list(BRANDS.values())[1], 110, turn_deg=0.0)
    picture = np.full((720, 640, 3), 120, dtype=np.uint8)
    picture[20 : 20 + face.shape[0], 230 : 230 + face.shape[1]] = face
    below = cv2.resize(shirt, (420, 420))
    picture[200:620, 110:530] = below
    return picture


def config(folder: Path, budget_ms: float) -> Config:
    perception = PerceptionConfig(
        models_dir=ROOT / "models",
        logos_dir=folder,
        logos_budget_ms=budget_ms,
        demographics=False,
        still_after_s=86_400,
    )
    return Config(perception=perception)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_logos(BRANDS, tmp_path)


def see(perceiver: Perceiver, image: Image, times: Iterator[float] | list[float]) -> list[Sighting]:
    return [
        sighting
        for t_s in times
        for sighting in perceiver.perceive(Frame(t_s, utc(t_s), image)) or ()
    ]


def test_a_search_that_hangs_holds_up_no_picture(
    folder: Path, dressed: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, searches = threading.Event(), []
    search = LogoFinder.search

    def slow(self: LogoFinder, torso: Image, first: int) -> object:
        searches.append(first)
        assert go_on.wait(60)
        return search(self, torso, first)

    monkeypatch.setattr(LogoFinder, "search", slow)
    perceiver = Perceiver(config(folder, 1e6), live=True)
    try:
        waiting = see(perceiver, dressed, [i / 10 for i in range(25)])
        assert len(waiting) > 20
        assert searches == [0]  # and none beside it
        assert {sighting.logos for sighting in waiting if sighting.logos is None} == {None}
        assert not [sighting for sighting in waiting if sighting.logos is not None]
        go_on.set()
    finally:
        go_on.set()
        perceiver.close()


def test_clothes_are_searched_once_a_second_at_most_and_where_the_last_search_ended(
    folder: Path, dressed: Image
) -> None:
    """With hardly any budget each search comes to one brand, and all get their turn."""
    perceiver = Perceiver(config(folder, 1e-6))
    try:
        perceiver._closer._logos = LogoFinder(folder, 1e-6)  # as on a live screen
        seen = see(perceiver, dressed, [i / 5 for i in range(60)])
    finally:
        perceiver.close()
    told = [sighting.logos for sighting in seen if sighting.logos is not None]
    tried = [[brand for brand, score in search.items() if score is not None] for search in told]
    assert tried[:4] == [[brand] for brand in (*BRANDS, next(iter(BRANDS)))]
    assert 4 <= len(told) <= 5  # after 0, 1, 3, 6 and 10 seconds
    scores = {b: s for search in told for b, s in search.items() if s is not None}
    assert {brand for brand, score in scores.items() if score > 0} == {list(BRANDS)[1]}
