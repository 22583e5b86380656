"""What the dashboard is told: put together from the journal and the loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signage.config.config import Config
from signage.journal.figures.dashboard import DashboardFigures, Period
from signage.journal.writer import Journal
from signage.kiosk.dashboard import Dashboard
from tests.support.builders import catalogue, snapshot
from tests.support.loop import PublishedLoop

CATALOGUE = catalogue()
CONFIG = Config()


class Counting(DashboardFigures):
    """Says how often it was asked."""

    asked = 0

    def over(self, period: Period, share_plays: int) -> dict[str, Any]:
        self.asked += 1
        return super().over(period, share_plays)


@pytest.fixture
def figures(tmp_path: Path) -> Counting:
    Journal(tmp_path / "journal.sqlite").close()
    return Counting(tmp_path / "journal.sqlite")


def test_many_pages_cost_no_more_than_one(figures: Counting) -> None:
    board = Dashboard(CONFIG, PublishedLoop(CATALOGUE), figures)
    told = [board(1) for _ in range(20)]
    assert figures.asked == 1
    assert {one["t_utc"] for one in told} == {told[0]["t_utc"]}
    assert board(7)["days"] == 7
    assert figures.asked == 2


def test_a_policy_without_expectations_has_no_beliefs(figures: Counting) -> None:
    config = CONFIG.model_copy(
        update={"decision": CONFIG.decision.model_copy(update={"policy": "playlist"})}
    )
    loop = PublishedLoop(CATALOGUE, config)
    loop.see(snapshot())
    told = Dashboard(config, loop, figures)(1)
    assert (told["beliefs"], told["policy"]) == (None, "playlist")
