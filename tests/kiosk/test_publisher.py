"""What the loop publishes of itself after every step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signage.config.config import Config
from signage.engine.engine import Engine, Step
from signage.kiosk.publisher import Publisher, places
from signage.types.choices import Action
from signage.types.decisions import TrainingExample
from signage.types.orders import Order
from signage.types.rewards import Reward
from tests.support.builders import catalogue, decision, frame, snapshot, utc, viewer
from tests.support.stage import Stage

CATALOGUE = catalogue()
CONFIG = Config()


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    stage = Stage(tmp_path / "journal.sqlite", CATALOGUE, policy="vw")
    yield stage.engine
    stage.journal.close()


def test_where_everybody_is_in_the_picture() -> None:
    people = (
        viewer("1.1", face_xyxy_px=(0.0, 0.0, 200.0, 50.0)),
        viewer("1.2", body_xyxy_px=(600.0, 0.0, 800.0, 400.0)),
        viewer("1.3", face_xyxy_px=None),
        viewer("1.4", face_xyxy_px=(990.0, 0.0, 1090.0, 50.0)),  # half out of the picture
    )
    assert places(snapshot(*people), 1000) == {"1.1": 0.1, "1.2": 0.7, "1.4": 1.0}


def test_beliefs_are_asked_for_after_rewards_and_not_at_every_frame(engine: Engine) -> None:
    publisher = Publisher(CONFIG, CATALOGUE)

    def beliefs_after(t_s: float, *rewards: Any) -> Any:
        publisher.publish(engine, Step(snapshot(t_s=t_s), rewards=rewards), frame(t_s))
        return publisher.state.beliefs

    first = beliefs_after(0.0)
    assert first["learned"] == 0
    actions = {name: content.features for name, content in CATALOGUE.items()}
    engine.recommender.learn(TrainingExample("d1", {"group=1": 1.0}, actions, "coffee", 0.9))
    reward = (decision(), Reward("d1", 0.0, utc(0.0), 0.9, {}))
    assert beliefs_after(1.0, reward) == first  # a moment ago
    assert beliefs_after(9.0) == first  # nothing came
    assert beliefs_after(10.0, reward)["learned"] == 1


def test_a_state_that_was_read_never_changes(engine: Engine) -> None:
    publisher = Publisher(CONFIG, CATALOGUE)
    before = publisher.state
    counters = dict(before.counters)
    publisher.publish(engine, Step(snapshot(viewer("1.1"))), frame(1.0))
    assert before.audience is None
    assert dict(before.counters) == counters
    assert publisher.state.counters["viewers"] == counters["viewers"] + 1


def test_who_orders_hears_when_everybody_can_read_it(engine: Engine) -> None:
    publisher = Publisher(CONFIG, CATALOGUE)
    done = engine.order(Order(action=Action.PIN, content_id="coffee"))
    pinned_when_heard = []
    done.add_done_callback(lambda _: pinned_when_heard.append(publisher.state.orders.pinned))
    engine.step(frame(1.0), lambda step, at: publisher.publish(engine, step, at))
    assert pinned_when_heard == ["coffee"]
