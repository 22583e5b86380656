"""What is called to play alone is on screen at once, and leaves it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any

import pytest

from signage.content.catalogue import Catalogue
from signage.engine.engine import Engine
from signage.journal.writer import Journal
from signage.recommend.policies.make import make_policy
from signage.simulation.screen import SimulatedScreen
from signage.types.decisions import Trigger
from signage.types.orders import Orders
from tests.support.builders import catalogue, frame, sighting
from tests.support.stage import ADULT, CHILD, FPS, Stage, triggers

HERE = sighting(x=200, height=200, **ADULT)
LONG: dict[str, Any] = {"duration_s": 30.0}
SHOP = catalogue(
    {
        "alarm": {"mandatory": True, "duration_s": 5.0},
        "news": LONG,
        "wine": {"adults_only": True} | LONG,
    }
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def make(contents: Catalogue = SHOP, **decision: Any) -> Stage:
        made.append(
            Stage(tmp_path / f"{len(made)}.sqlite", contents, **{"min_play_s": 20.0} | decision)
        )
        return made[-1]

    yield make
    for each in made:
        each.journal.close()


def shown(on: Stage) -> str | None:
    return on.engine.on_screen.content_id if on.engine.on_screen else None


def test_an_emergency_is_on_screen_at_once_until_it_is_taken_back(
    stage: Callable[..., Stage],
) -> None:
    on = stage()
    on.play(3, [HERE])
    began_s = on.t_s
    on.put_in_force(Orders(emergency="alarm"))
    steps = on.play(2 / FPS, [HERE])
    ((trigger, at_s),) = triggers(steps)
    assert trigger is Trigger.ORDERED
    assert at_s == pytest.approx(began_s + 1 / FPS)
    assert shown(on) == "alarm"
    again = on.play(12, lambda t: [HERE] + [sighting(x=600, track=2, **CHILD)] * (t > 8))
    assert [trigger for trigger, _ in triggers(again)] == [Trigger.PLAY_ENDS] * 2
    assert shown(on) == "alarm"
    on.put_in_force(Orders())
    steps = on.play(2 / FPS, [HERE])
    assert [trigger for trigger, _ in triggers(steps)] == [Trigger.ORDERED]
    assert shown(on) in {"news", "wine"}
    assert [row["state"] for row in on.rows() if row["content_id"] == "alarm"] == [
        "finished", "finished", "interrupted",
    ]  # fmt: skip


def test_an_emergency_is_not_begun_anew_by_who_comes(stage: Callable[..., Stage]) -> None:
    on = stage(min_play_s=0.0)
    on.put_in_force(Orders(emergency="alarm"))
    steps = on.play(10, lambda t: [sighting(track=int(t), x=100 + 60 * int(t), **ADULT)])
    assert {trigger for trigger, _ in triggers(steps)} == {Trigger.START, Trigger.PLAY_ENDS}
    assert [row["shown_s"] for row in on.rows() if row["state"] == "finished"] == [5.0]


def test_an_emergency_stays_whoever_comes(stage: Callable[..., Stage]) -> None:
    on = stage()
    on.put_in_force(Orders(emergency="wine"))
    steps = on.play(5, lambda t: [HERE] + [sighting(x=600, track=2, **CHILD)] * (t > 2))
    assert [trigger for trigger, _ in triggers(steps)] == [Trigger.START]
    assert shown(on) == "wine"
    on.put_in_force(Orders())
    on.play(2 / FPS, [HERE, sighting(x=600, track=2, **CHILD)])
    assert shown(on) == "news"


def test_mandatory_content_comes_and_goes_with_its_hours(stage: Callable[..., Stage]) -> None:
    """The clock starts at noon."""
    hours = ((time(12, 0, 10), time(12, 0, 30)),)
    on = stage(catalogue({"news": LONG, "prayer": {"mandatory": True, "dayparts": hours} | LONG}))
    steps = on.play(40, [HERE])
    assert triggers(steps) == [
        (Trigger.START, 0.1),
        (Trigger.MANDATORY, 10.0),
        (Trigger.MANDATORY, 30.0),
    ]
    assert [row["content_id"] for row in on.rows()] == ["news", "prayer", "news"]
    assert [row["forced"] for row in on.rows()] == [False, True, False]


def test_an_emergency_ends_where_mandatory_content_is_due(stage: Callable[..., Stage]) -> None:
    hours = ((time(12, 0, 2), time(12, 0, 30)),)
    on = stage(
        catalogue(
            {
                "alarm": {"mandatory": True} | LONG,
                "news": LONG,
                "prayer": {"mandatory": True, "dayparts": hours} | LONG,
            }
        )
    )
    on.put_in_force(Orders(emergency="alarm"))
    assert [trigger for trigger, _ in triggers(on.play(5, []))] == [Trigger.START]
    on.put_in_force(Orders())
    assert [trigger for trigger, _ in triggers(on.play(1, []))] == [Trigger.ORDERED]
    assert shown(on) == "prayer"


def test_a_pin_comes_and_goes_at_once_and_is_no_reason_to_decide_meanwhile(
    stage: Callable[..., Stage],
) -> None:
    on = stage()
    on.play(2, [HERE])
    on.put_in_force(Orders(pinned="news"))
    steps = on.play(10, [HERE])
    assert [trigger for trigger, _ in triggers(steps)] == [Trigger.ORDERED]
    assert shown(on) == "news"
    on.put_in_force(replace(on.engine.recommender.orders, frozen=True))
    assert not triggers(on.play(2, [HERE]))
    on.put_in_force(Orders())
    assert [trigger for trigger, _ in triggers(on.play(2, [HERE]))] == [Trigger.ORDERED]


def test_a_pin_that_a_child_stops_comes_back_without_haste(stage: Callable[..., Stage]) -> None:
    on = stage(min_play_s=6.0)
    on.put_in_force(Orders(pinned="wine"))
    on.play(3, [HERE])
    assert shown(on) == "wine"
    steps = on.play(1, [HERE, sighting(x=600, track=2, **CHILD)])
    assert [trigger for trigger, _ in triggers(steps)] == [Trigger.NO_LONGER_ALLOWED]
    assert shown(on) == "news"
    alone = on.play(40, [HERE])
    assert next(trigger for trigger, _ in triggers(alone)) is Trigger.PLAY_ENDS
    assert shown(on) == "wine"


def test_an_order_for_what_is_not_there_changes_nothing(stage: Callable[..., Stage]) -> None:
    on = stage()
    on.play(2, [HERE])
    on.put_in_force(Orders(emergency="fire", pinned="sale"))
    assert not triggers(on.play(5, [HERE]))


def test_an_order_is_followed_from_the_first_decision_on(stage: Callable[..., Stage]) -> None:
    on = stage()
    on.screen.connected = False
    on.play(2, [])
    on.put_in_force(Orders(emergency="alarm"))
    assert not triggers(on.play(2, []))
    on.screen.connected = True
    assert [trigger for trigger, _ in triggers(on.play(1, []))] == [Trigger.START]
    assert shown(on) == "alarm"


def test_what_runs_when_its_hours_end_plays_to_its_end(stage: Callable[..., Stage]) -> None:
    hours = {"dayparts": ((time(12), time(12, 0, 10)),)}
    on = stage(catalogue({"lunch": hours | LONG, "news": LONG}), policy="playlist")
    on.play(26, [])
    assert shown(on) == "lunch"
    on.play(60, [])
    assert [row["content_id"] for row in on.rows()] == ["lunch", "news", "news"]
    assert on.rows()[0]["shown_s"] == pytest.approx(30.0)


def test_a_restart_knows_shares_competitors_and_what_was_forced(
    stage: Callable[..., Stage],
) -> None:
    contents = catalogue(
        {
            "blue": {"competes": "cola"},
            "news": {},
            "rare": {"share_max": 0.005},
            "red": {"competes": "cola"},
        }
    )
    on = stage(contents, policy="playlist")
    on.play(31, [])
    assert [row["content_id"] for row in on.rows()][:4] == ["blue", "news", "rare", "red"]
    on.journal.close()  # no end(): as after a power cut
    again = Journal(on.path, durable=False)
    policy = make_policy("playlist", on.config)
    engine = Engine(on.config, contents, policy, again, lambda _: [], SimulatedScreen())
    later_s = 30 * 86400.0
    engine.begin(frame(later_s))
    decision = engine.step(frame(later_s)).decision
    assert decision is not None
    assert set(decision.masked) == {"blue", "rare"}
    again.close()
    on.journal = Journal(on.path, durable=False)
