"""What the dashboard is told: put together from the journal and the loop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signage.config.config import Config
from signage.engine.engine import Step
from signage.journal.figures import Figures, Period
from signage.journal.writer import Journal
from signage.kiosk.dashboard import Dashboard
from signage.recommend.recommender import Recommender, make_policy
from signage.types.decisions import Lesson, Trigger
from tests.support.builders import catalogue, snapshot, viewer

CATALOGUE = catalogue()
CONFIG = Config()


class Counting(Figures):
    """Says how often it was asked."""

    asked = 0

    def of(self, period: Period, share_plays: int) -> dict[str, Any]:
        self.asked += 1
        return super().of(period, share_plays)


@pytest.fixture
def figures(tmp_path: Path) -> Counting:
    Journal(tmp_path / "journal.sqlite").close()
    return Counting(tmp_path / "journal.sqlite")


@pytest.fixture
def recommender() -> Recommender:
    return Recommender(CONFIG, CATALOGUE, make_policy("vw", CONFIG))


def test_many_pages_cost_no_more_than_one(figures: Counting) -> None:
    board = Dashboard(CONFIG, CATALOGUE, figures)
    told = [board(1) for _ in range(20)]
    assert figures.asked == 1
    assert {one["t_utc"] for one in told} == {told[0]["t_utc"]}
    assert board(7)["days"] == 7
    assert figures.asked == 2


def test_where_everybody_is_in_the_picture(figures: Counting, recommender: Recommender) -> None:
    board = Dashboard(CONFIG, CATALOGUE, figures)
    people = (
        viewer("1.1", face_xyxy_px=(0.0, 0.0, 200.0, 50.0)),
        viewer("1.2", body_xyxy_px=(600.0, 0.0, 800.0, 400.0)),
        viewer("1.3", face_xyxy_px=None),
        viewer("1.4", face_xyxy_px=(990.0, 0.0, 1090.0, 50.0)),  # half out of the picture
    )
    board.beat(Step(snapshot(*people)), recommender, 1000)
    assert board(1)["places"] == {"1.1": 0.1, "1.2": 0.7, "1.4": 1.0}
    board.beat(Step(snapshot(*people, observed=False)), recommender, None)
    assert board(1)["places"] == {}


def test_beliefs_are_asked_for_after_rewards_and_not_at_every_frame(
    figures: Counting, recommender: Recommender
) -> None:
    board = Dashboard(CONFIG, CATALOGUE, figures)
    assert board(1)["beliefs"] is None
    board.beat(Step(snapshot(t_s=0.0)), recommender, None)
    first = board(1)["beliefs"]
    assert first["learned"] == 0
    actions = {name: content.features for name, content in CATALOGUE.items()}
    lesson = Lesson("d1", {"group=1": 1.0}, actions, "coffee", 0.9)
    recommender.learn(lesson)
    decision = recommender.decide(1, Trigger.START, snapshot())
    reward: Any = (decision, None)
    board.beat(Step(snapshot(t_s=1.0), rewards=(reward,)), recommender, None)
    assert board(1)["beliefs"] == first  # a moment ago
    board.beat(Step(snapshot(t_s=9.0)), recommender, None)
    assert board(1)["beliefs"] == first  # nothing came
    board.beat(Step(snapshot(t_s=10.0), rewards=(reward,)), recommender, None)
    assert board(1)["beliefs"]["learned"] == 1


def test_a_policy_without_expectations_has_no_beliefs(figures: Counting) -> None:
    config = CONFIG.model_copy(
        update={"decision": CONFIG.decision.model_copy(update={"policy": "playlist"})}
    )
    board = Dashboard(config, CATALOGUE, figures)
    board.beat(
        Step(snapshot()), Recommender(config, CATALOGUE, make_policy("playlist", config)), None
    )
    told = board(1)
    assert (told["beliefs"], told["policy"]) == (None, "playlist")
