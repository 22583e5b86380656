"""When the loop decides, what it counts, and that it learns: on a screen that obeys exactly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from signage.content.catalogue import Catalogue
from signage.engine.engine import Engine
from signage.journal.reader import JournalReader
from signage.journal.writer import Journal
from signage.recommend.policies.ensemble import LAYOUT
from signage.recommend.policies.make import make_policy
from signage.simulation.screen import SimulatedScreen
from signage.types.decisions import Trigger
from signage.types.plays import Cue, PlayEvent, PlayState
from tests.support.builders import AWAY, catalogue, frame, sighting
from tests.support.stage import ADULT, CHILD, FPS, Stage, triggers

LONG = catalogue({"coffee": {"duration_s": 30.0}, "shoes": {"duration_s": 30.0}})
ONLY_WINE = catalogue(
    {"news": {"max_per_hour": 1}, "wine": {"adults_only": True, "duration_s": 30.0}, "zoo": {}}
)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def make(contents: Catalogue = LONG, **decision: Any) -> Stage:
        made.append(Stage(tmp_path / f"{len(made)}.sqlite", contents, **decision))
        return made[-1]

    yield make
    for each in made:
        each.journal.close()


def test_plays_follow_each_other_without_a_gap(stage: Callable[..., Stage]) -> None:
    on = stage(catalogue())
    steps = on.play(40, [])
    assert [t for t, _ in triggers(steps)] == [Trigger.START] + [Trigger.PLAY_ENDS] * 5
    shown = [row for row in on.rows() if row["started_utc"]]
    for before, after in pairwise(shown):
        assert before["ended_utc"] == after["started_utc"]
        assert before["state"] == "finished"
        assert before["shown_s"] == pytest.approx(8.0)


def test_the_first_person_in_an_empty_scene_changes_the_content(
    stage: Callable[..., Stage],
) -> None:
    on = stage(min_play_s=3.0)
    on.play(10, [])
    steps = on.play(5, [sighting(**ADULT)])
    ((trigger, at_s),) = triggers(steps)
    assert trigger is Trigger.FIRST_PERSON
    assert at_s < 10.5
    assert on.rows()[0]["state"] == "interrupted"


def test_not_before_the_minimum_play_time(stage: Callable[..., Stage]) -> None:
    on = stage(min_play_s=6.0)
    ((start, _), (first, at_s)) = triggers(on.play(10, lambda t: [sighting(**ADULT)] * (t > 1)))
    assert (start, first) == (Trigger.START, Trigger.FIRST_PERSON)
    assert at_s == pytest.approx(6.0, abs=0.35)


def test_another_main_viewer_changes_it_when_they_are_there_for_good(
    stage: Callable[..., Stage],
) -> None:
    on = stage(min_play_s=3.0, settle_s=1.0)
    here, other = sighting(x=200, **ADULT), sighting(x=600, height=150, track=2, **ADULT)
    on.play(10, [here])
    passing = on.play(3, lambda t: [here] + [other] * (10.5 < t < 11.2))
    assert not triggers(passing)
    ((trigger, at_s),) = triggers(on.play(4, [here, other]))
    assert trigger is Trigger.NEW_MAIN_VIEWER
    assert at_s > 13.9


def test_nobody_decides_for_a_screen_that_is_not_there(stage: Callable[..., Stage]) -> None:
    on = stage()
    on.screen.connected = False
    assert not triggers(on.play(5, [sighting(**ADULT)]))
    on.screen.connected = True
    assert triggers(on.play(1, [sighting(**ADULT)]))[0][0] is Trigger.START


@pytest.mark.parametrize("newcomer", [CHILD, {}], ids=["child", "unknown age"])
def test_wine_leaves_the_screen_at_once_when_a_minor_may_be_in_view(
    stage: Callable[..., Stage], newcomer: dict[str, Any]
) -> None:
    on = stage(ONLY_WINE, min_play_s=20.0)
    adult = sighting(x=200, height=200, **ADULT)
    while on.engine.on_screen is None or on.engine.on_screen.content_id != "wine":
        on.play(0.1, [adult])
    came_s = on.t_s
    steps = on.play(3, [adult, sighting(x=700, track=2, **newcomer)])
    ((trigger, at_s),) = triggers(steps)
    assert trigger is Trigger.NO_LONGER_ALLOWED
    assert at_s - came_s < on.config.audience.confirm_after_s + 3 / FPS
    assert on.engine.on_screen.content_id != "wine"
    assert "wine" in on.rows()[-1]["masked"]


def test_wine_leaves_the_screen_when_the_camera_goes(stage: Callable[..., Stage]) -> None:
    on = stage(ONLY_WINE, min_play_s=20.0)
    while on.engine.on_screen is None or on.engine.on_screen.content_id != "wine":
        on.play(0.1, [sighting(**ADULT)])
    assert triggers(on.play(1, None))[0][0] is Trigger.NO_LONGER_ALLOWED


def test_a_play_that_the_screen_never_shows_has_failed(stage: Callable[..., Stage]) -> None:
    on = stage(start_timeout_s=2.0)
    on.screen.show = lambda cue: None  # type: ignore[method-assign]
    steps = on.play(5, [])
    assert [t for t, _ in triggers(steps)] == [
        Trigger.START, Trigger.PLAY_FAILED, Trigger.PLAY_FAILED,
    ]  # fmt: skip
    assert [row["state"] for row in on.rows()] == ["failed", "failed", "asked"]
    assert all(row["reward"] is None for row in on.rows())


def test_what_started_before_it_heard_of_its_successor_still_counts(
    stage: Callable[..., Stage],
) -> None:
    """The page crosses our second cue with its own word on the first."""
    on = stage(catalogue(), min_play_s=0.0)
    said: list[PlayEvent] = []
    on.screen.show = lambda cue: None  # type: ignore[method-assign]
    on.screen.events = lambda: [said.pop(0)] if said else []  # type: ignore[method-assign]
    first = on.play(0.1, [])[0].decision
    assert first
    said.append(PlayEvent(first.decision_id, PlayState.STARTED, on.t_s, "page"))
    (second,) = [s.decision for s in on.play(7, []) if s.decision]
    (third,) = [s.decision for s in on.play(0.5, [sighting(**ADULT)]) if s.decision]
    said.append(PlayEvent(first.decision_id, PlayState.FINISHED, on.t_s, "page"))
    said.append(PlayEvent(second.decision_id, PlayState.STARTED, on.t_s, "page"))
    said.append(PlayEvent(second.decision_id, PlayState.INTERRUPTED, on.t_s + 2, "page"))
    said.append(PlayEvent(third.decision_id, PlayState.STARTED, on.t_s + 2, "page"))
    on.play(3, [sighting(**ADULT)])
    assert [row["state"] for row in on.rows()] == ["finished", "interrupted", "started"]
    assert on.engine.on_screen == third


def test_looks_are_rewarded_and_learned(stage: Callable[..., Stage]) -> None:
    on = stage(catalogue(), policy="vw")
    on.play(1.0, [])
    looked = on.play(20, [sighting(**ADULT)])
    away = on.play(20, [sighting(pose=AWAY, **ADULT)])
    values = [
        [r.value for s in steps for _, r in s.rewards if r.value is not None]
        for steps in (looked, away)
    ]
    assert values[0]
    assert min(values[0]) > 0.7
    assert min(values[1]) == 0.0
    learned = sum(len(some) for some in values)
    assert on.engine.recommender.policy.version == f"{LAYOUT}.{learned}"


def test_nobody_there_teaches_nothing(stage: Callable[..., Stage]) -> None:
    on = stage(catalogue(), policy="vw")
    rewards = [r for s in on.play(60, []) for _, r in s.rewards]
    assert len(rewards) >= 6
    assert {r.value for r in rewards} == {None}
    assert on.engine.recommender.policy.version == f"{LAYOUT}.0"


def test_the_visit_so_far_is_part_of_the_context(stage: Callable[..., Stage]) -> None:
    on = stage(catalogue())
    steps = on.play(40, [sighting(**ADULT)])
    last = [s.decision for s in steps if s.decision][-1]
    before = [row for row in on.rows() if (row["ended_utc"] or "~") < last.utc.isoformat()]
    assert len(before) >= 3
    for content_id in {row["content_id"] for row in before}:
        assert last.context[f"liked:category={content_id}"] == pytest.approx(1.0, abs=0.01)
        assert last.context[f"seen:{content_id}"] >= 1
    on.play(4, [])
    came = on.play(10, [sighting(track=2, **ADULT)])
    newcomer = next(s.decision for s in came if s.decision and s.audience.viewers)
    assert not [name for name in newcomer.context if name.startswith("liked:")]


def test_nobody_is_remembered_after_they_left(stage: Callable[..., Stage]) -> None:
    on = stage(catalogue())
    for track in range(5):
        on.play(11, [sighting(track=track, **ADULT)])
        on.play(9, [])  # they leave in mid-play, and the play ends without them
    on.play(20, [])
    assert on.engine.recommender.remembered_viewers == 0


def test_a_new_run_goes_on_from_the_journal_and_the_checkpoint(stage: Callable[..., Stage]) -> None:
    on = stage(catalogue({"coffee": {}, "shoes": {"max_per_hour": 2}}), policy="vw")
    on.play(120, [sighting(**ADULT)])
    policy = on.engine.recommender.policy
    on.journal.close()  # no end(): as after a power cut, without any checkpoint
    again = Journal(on.path, durable=False)
    fresh = make_policy("vw", on.config)
    engine = Engine(on.config, on.contents, fresh, again, lambda _: [], SimulatedScreen())
    engine.begin(frame(on.t_s), on.path.with_name("checkpoints"))
    engine.learning.catch_up(frame(on.t_s).utc)
    assert engine.recommender.policy.version == policy.version != f"{LAYOUT}.0"
    assert engine.step(frame(on.t_s)).decision.masked.keys() == {"shoes"}  # type: ignore[union-attr]
    numbers = [row["decision_id"] for row in JournalReader(on.path).decisions()]
    assert len(numbers) == len(set(numbers))
    again.close()
    on.journal = Journal(on.path, durable=False)


def test_wine_leaves_at_once_even_when_more_of_it_was_to_follow(
    stage: Callable[..., Stage],
) -> None:
    contents = catalogue(
        {"news": {}, "whisky": {"adults_only": True}, "wine": {"adults_only": True}}
    )
    on = stage(contents, min_play_s=20.0, lead_s=4.0)
    adult = sighting(x=200, height=200, **ADULT)
    shown = chosen = ""
    while not {shown, chosen} <= {"whisky", "wine"}:
        for step in on.play(0.1, [adult]):
            shown = on.engine.on_screen.content_id if on.engine.on_screen else ""
            chosen = step.decision.content_id if step.decision else ""
    steps = on.play(1, [adult, sighting(x=700, track=2, **CHILD)])
    assert [trigger for trigger, _ in triggers(steps)] == [Trigger.NO_LONGER_ALLOWED]
    assert [row["content_id"] for row in on.rows() if row["state"] == "started"] == ["news"]


def test_a_play_that_another_page_cuts_short_is_closed_and_rewarded(
    stage: Callable[..., Stage],
) -> None:
    on = stage(catalogue())
    said: list[PlayEvent] = []
    on.screen.show = lambda cue: None  # type: ignore[method-assign]
    on.screen.events = lambda: [said.pop(0)] if said else []  # type: ignore[method-assign]
    adult = [sighting(**ADULT)]
    (first,) = [s.decision for s in on.play(0.1, adult) if s.decision]
    said.append(PlayEvent(first.decision_id, PlayState.STARTED, on.t_s, "page"))
    (second,) = [s.decision for s in on.play(7, adult) if s.decision]
    said.append(PlayEvent(second.decision_id, PlayState.STARTED, on.t_s, "other page"))
    ((closed, reward),) = [r for s in on.play(0.5, adult) for r in s.rewards]
    assert closed == first
    assert reward.value is not None
    assert [row["state"] for row in on.rows()] == ["interrupted", "started"]


def test_a_screen_that_can_show_nothing_is_not_asked_at_every_frame(
    stage: Callable[..., Stage],
) -> None:
    on = stage()
    asked: list[PlayEvent] = []

    def events() -> list[PlayEvent]:
        return [asked.pop()] if asked else []

    on.screen.show = lambda cue: asked.append(  # type: ignore[method-assign]
        PlayEvent(cue.decision_id, PlayState.FAILED, on.t_s, "page")
    )
    on.screen.events = events  # type: ignore[method-assign]
    assert 8 <= len(triggers(on.play(10, []))) <= 11


def test_who_is_still_there_when_the_kiosk_stops_has_stayed(stage: Callable[..., Stage]) -> None:
    on = stage()
    on.play(5, [sighting(**ADULT)])
    on.screen.advance(on.t_s + 60)
    on.engine.end(frame(on.t_s))
    assert on.rows()[0]["parts"]["stayed"] == 1.0


def test_who_comes_back_is_decided_for_as_somebody_known(tmp_path: Path) -> None:
    """Seen, gone, seen again on another path: the second visit has the first one's history."""
    on = Stage(tmp_path / "journal.sqlite", catalogue(), returning=True)
    on.play(20, [sighting(track=1, earlier_tracks=(), **ADULT)])
    on.play(10, [])
    steps = on.play(20, [sighting(track=2, earlier_tracks=(1,), **ADULT)])
    on.engine.end(frame(on.t_s))
    on.journal.close()
    (viewer,) = steps[-1].audience.viewers
    assert (viewer.viewer_id, viewer.returning) == ("1.1", True)
    contexts = [step.decision.context for step in steps if step.decision]
    assert all(context["returning"] == 1.0 for context in contexts)
    assert all(any(name.startswith("seen:") for name in context) for context in contexts)
    reader = JournalReader(on.path)
    assert [record["visit_id"] for record in reader.viewers()] == ["1.1", "1.2"]
    assert {record["viewer_id"] for record in reader.viewers()} == {"1.1"}
    assert {row["viewer_id"] for row in reader.impressions()} == {"1.1"}
    assert {row["visit_id"] for row in reader.impressions()} == {"1.1", "1.2"}


def test_a_play_that_begins_after_it_was_given_up_counts(stage: Callable[..., Stage]) -> None:
    """A page behind a slow network is six seconds late, again and again."""
    on = stage(catalogue(), start_timeout_s=2.0)
    said: list[PlayEvent] = []
    kept: list[str] = []
    on.screen.show = lambda cue: None  # type: ignore[method-assign]
    on.screen.events = lambda: [said.pop(0)] if said else []  # type: ignore[method-assign]
    on.screen.acknowledge = kept.extend  # type: ignore[assignment,method-assign]
    (first,) = [s.decision for s in on.play(0.1, []) if s.decision]
    assert [t for t, _ in triggers(on.play(2.5, [sighting(**ADULT)]))][-1] is Trigger.PLAY_FAILED
    assert on.rows()[0]["state"] == "failed"
    said.append(PlayEvent(first.decision_id, PlayState.STARTED, on.t_s, "page"))
    on.play(0.1, [sighting(**ADULT)])
    assert on.engine.on_screen == first
    on.play(1.5, [sighting(**ADULT)])
    said.append(PlayEvent(first.decision_id, PlayState.FINISHED, on.t_s, "page"))
    ((closed, reward),) = [r for s in on.play(0.5, [sighting(**ADULT)]) for r in s.rewards]
    row = on.rows()[0]
    assert (closed, row["state"], row["shown_s"]) == (first, "finished", pytest.approx(1.6))
    assert row["reward"] == reward.value is not None
    assert first.decision_id in kept  # the page may forget it


def test_a_content_that_fails_on_the_screen_waits_longer_each_time(
    stage: Callable[..., Stage],
) -> None:
    on = stage(catalogue({"news": {"duration_s": 2.0}, "spring": {"duration_s": 2.0}}))
    really = on.screen.show

    def show(cue: Cue) -> None:
        really(cue)
        if cue.content_id == "spring":
            reason = "spring.mp4 stopped at 0.4 s"
            failed.append(PlayEvent(cue.decision_id, PlayState.FAILED, on.t_s, "page", reason))
            on.screen._next = None

    failed: list[PlayEvent] = []
    events = on.screen.events
    on.screen.show = show  # type: ignore[method-assign]
    on.screen.events = lambda: [*events(), *[failed.pop() for _ in failed]]  # type: ignore[method-assign]
    on.play(400, [])
    tried = [row["t_s"] for row in on.rows() if row["content_id"] == "spring"]
    gaps = [after - before for before, after in pairwise(tried)]
    assert len(tried) >= 3
    assert all(gap > 29 * 2**number for number, gap in enumerate(gaps))
    assert on.engine.recommender.failing == {"spring": "spring.mp4 stopped at 0.4 s"}
    masked = [row["masked"].get("spring", "") for row in on.rows()]
    assert any("failed: spring.mp4 stopped at 0.4 s; tried again in" in why for why in masked)
    mended = on.contents["spring"].model_copy(update={"version": "1"})
    on.engine.replace_catalogue(Catalogue([on.contents["news"], mended]))
    on.play(0.1, [])
    assert on.engine.recommender.failing == {}


def test_what_people_made_of_a_play_that_failed_is_not_learned(stage: Callable[..., Stage]) -> None:
    on = stage(catalogue(), policy="vw")
    said: list[PlayEvent] = []
    on.screen.show = lambda cue: None  # type: ignore[method-assign]
    on.screen.events = lambda: [said.pop(0)] if said else []  # type: ignore[method-assign]
    (first,) = [s.decision for s in on.play(0.1, []) if s.decision]
    said.append(PlayEvent(first.decision_id, PlayState.STARTED, on.t_s, "page"))
    on.play(3, [sighting(**ADULT)])
    said.append(PlayEvent(first.decision_id, PlayState.FAILED, on.t_s, "page", "it stopped"))
    ((_, reward),) = [r for s in on.play(0.3, [sighting(**ADULT)]) for r in s.rewards]
    assert (reward.value, reward.parts["absent"]) == (None, "play_failed")
    assert on.engine.recommender.policy.version == f"{LAYOUT}.0"
    assert on.rows()[0]["state"] == "failed"


def test_with_a_fault_of_the_camera_who_is_there_is_unknown(stage: Callable[..., Stage]) -> None:
    on = stage(ONLY_WINE, min_play_s=20.0)
    while on.engine.on_screen is None or on.engine.on_screen.content_id != "wine":
        on.play(0.1, [sighting(**ADULT)])
    on.script = lambda _: [sighting(**ADULT)]  # what the models would say of such a picture
    for _ in range(5):
        on.t_s = round(on.t_s + 1 / FPS, 6)
        on.screen.advance(on.t_s)
        step = on.engine.step(replace(frame(on.t_s), fault="blank"))
        assert (step.audience.observed, step.audience.fault) == (False, "blank")
    assert on.engine.on_screen.content_id != "wine"
    last = on.rows()[-1]
    assert last["masked"]["wine"].endswith("who is in view is unknown (camera: blank)")
    assert last["context"]["group=unknown"] == 1.0
