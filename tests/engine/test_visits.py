"""What plays, journal and totals make of visits that are joined, taken back, or out of range."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from signage.engine.engine import Step
from signage.engine.totals import Totals
from signage.journal.figures.report import ReportFigures
from signage.journal.reader import JournalReader
from signage.types.vision import HeadPose, Sighting
from tests.support.builders import catalogue, frame, sighting
from tests.support.stage import ADULT, Stage

FIRST = sighting(track=1, **ADULT)
FAR: dict[str, Any] = {"position_m": (0.0, 12.0), "height": 60}


@pytest.fixture
def on(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "journal.sqlite", catalogue())


def hidden_for(seconds: float, *, unknown_s: float) -> Callable[[float], Sequence[Sighting]]:
    """Somebody is hidden from 10 s on, and recognised ``unknown_s`` after they came out again."""

    def seen(t_s: float) -> Sequence[Sighting]:
        if t_s <= 10:
            return [FIRST]
        if t_s <= 10 + seconds:
            return []
        joined = (1,) if t_s > 10 + seconds + unknown_s else ()
        return [sighting(track=2, joined=joined, **ADULT)]

    return seen


def finish(on: Stage, steps: Sequence[Step]) -> tuple[JournalReader, dict[str, Any]]:
    totals = Totals()
    for step in steps:
        totals.count(step)
    on.journal.close()
    return JournalReader(on.path), dict(totals.snapshot())


def outside(on: Stage) -> Sequence[float]:
    """The least seconds in view, and of attention, that a visit has left for outside of plays."""
    with JournalReader(on.path).connect() as db:
        least = db.execute("SELECT min(outside_s), min(outside_attention_s) FROM visit_time")
        return tuple(least.fetchone())


@pytest.mark.parametrize("unknown_s", [0.0, 1.0, 5.5], ids=["at once", "soon", "in a later play"])
def test_a_joined_visit_is_one_in_every_figure(on: Stage, unknown_s: float) -> None:
    steps = on.play(40, hidden_for(4.0, unknown_s=unknown_s))
    steps += on.play(25, [])
    reader, totals = finish(on, steps)
    (viewer,) = reader.viewers()
    assert viewer["visit_id"].endswith(".1")
    assert viewer["dwell_s"] == pytest.approx(40, abs=0.3)
    assert {row["visit_id"] for row in reader.impressions()} == {viewer["visit_id"]}
    seconds = [row["present_s"] for row in reader.impressions()]
    assert sum(seconds) <= viewer["dwell_s"] + 0.001
    assert max(seconds) <= 8.1
    assert totals["viewers"] in ((1,) if unknown_s == 0 else (1, 2))  # a counter never goes back
    assert totals["dwell_seconds"] == pytest.approx(40, abs=unknown_s + 0.3)
    audience = ReportFigures(on.path).all()["audience"]
    assert (audience["visits"], audience["watchers"], audience["persons"]) == (1, 1, 1)
    assert min(outside(on)) >= 0


def test_who_comes_next_makes_up_for_a_visit_that_was_counted_twice(on: Stage) -> None:
    steps = on.play(20, hidden_for(4.0, unknown_s=1.0))
    steps += on.play(20, [])
    steps += on.play(10, [sighting(track=7, **ADULT)])
    steps += on.play(20, [])
    reader, totals = finish(on, steps)
    assert totals["viewers"] == totals["watchers"] == len(reader.viewers()) == 2


def test_a_play_that_both_tracks_were_at_has_one_impression_within_its_seconds(on: Stage) -> None:
    other = sighting(track=2, x=330, **ADULT)
    on.play(20, [FIRST, other])  # two tracks of one person, at the same time
    on.play(20, [FIRST, sighting(track=2, x=330, joined=(1,), **ADULT)])
    on.play(25, [])
    reader, _ = finish(on, [])
    rows = reader.impressions()
    assert len(rows) == len({row["decision_id"] for row in rows})
    assert max(row["present_s"] for row in rows) <= 8.1
    assert len(reader.viewers()) == 1


def test_out_of_sight_for_some_seconds_is_one_visit_in_plays_and_totals(on: Stage) -> None:
    steps = on.play(10, [FIRST]) + on.play(7, []) + on.play(10, [FIRST]) + on.play(25, [])
    reader, totals = finish(on, steps)
    (viewer,) = reader.viewers()
    assert viewer["dwell_s"] == pytest.approx(27, abs=0.3)
    assert viewer["attention_s"] == pytest.approx(20, abs=0.3)
    assert (totals["viewers"], totals["watchers"]) == (1, 1)
    assert sum(row["present_s"] for row in reader.impressions()) <= viewer["dwell_s"]
    assert min(outside(on)) >= 0


def test_what_a_picture_seemed_to_give_is_taken_back(on: Stage) -> None:
    on.play(20, [FIRST])
    on.play(20, [sighting(track=1, is_picture=True, **ADULT)])
    assert JournalReader(on.path).impressions()
    on.play(25, [])
    reader, _ = finish(on, [])
    assert reader.impressions() == reader.viewers() == []
    assert ReportFigures(on.path).all()["audience"]["visits"] == 0


def test_traffic_earns_nothing_and_is_counted_apart(on: Stage) -> None:
    steps = on.play(20, [sighting(track=1, **FAR), sighting(track=2, **FAR)]) + on.play(25, [])
    on.engine.end(frame(on.t_s))
    reader, totals = finish(on, steps)
    assert reader.viewers() == reader.impressions() == []
    assert {row["reward"] for row in reader.decisions()} == {None}
    assert (totals["viewers"], totals["passed"]) == (0, 2)
    assert ReportFigures(on.path).all()["observed"]["passed"] == 2


def test_more_people_than_are_followed_are_in_the_report(on: Stage) -> None:
    on.play(10, [FIRST])
    on.engine.unfollowed = lambda: 4
    steps = on.play(5, [FIRST])
    assert {step.audience.unfollowed for step in steps} == {4}
    on.engine.unfollowed = lambda: 0
    on.play(10, [FIRST])
    on.engine.end(frame(on.t_s))
    on.journal.close()
    observed = ReportFigures(on.path).all()["observed"]
    assert observed["unfollowed_s"] == pytest.approx(5, abs=0.2)
    assert observed["most_unfollowed"] == 4


def test_whose_looks_cannot_be_told_is_in_no_reward_and_no_ratio(on: Stage) -> None:
    small: dict[str, Any] = {"height": 20, "position_m": (0.0, 7.0)}
    steps = on.play(25, [sighting(track=1, **small)])
    rewards = [reward for step in steps for _, reward in step.rewards if reward.impressions]
    assert {reward.value for reward in rewards} == {None}
    assert {reward.parts["absent"] for reward in rewards} == {"looks_unknown"}
    # Beside somebody who looks away, and never counts as one who does not look.
    aside = sighting(track=2, x=600, pose=HeadPose(70, 0, 0), **ADULT)
    steps = on.play(25, [sighting(track=1, **small), aside])
    (possible_s,) = {
        round(reward.parts["possible_s"] / reward.parts["length_s"])
        for step in steps[120:]
        for _, reward in step.rewards
    }
    assert possible_s == 1
    on.play(25, [])
    reader, _ = finish(on, [])
    unknown, known = reader.viewers()
    assert (unknown["attention_s"], known["attention_s"]) == (None, 0)
    audience = ReportFigures(on.path).all()["audience"]
    assert (audience["visits"], audience["judged"], audience["watchers"]) == (2, 1, 0)
    assert {
        row["attention_s"] for row in reader.impressions() if row["visit_id"].endswith(".1")
    } == {None}
