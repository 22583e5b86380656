"""The audit, fed by hand: it must see what a simulation must not do."""

from __future__ import annotations

from datetime import date, time
from typing import Any

import pytest

from signage.config.config import Config
from signage.config.constraints import ConstraintsConfig
from signage.config.decision import DecisionConfig
from signage.content.catalogue import Catalogue
from signage.simulation.audit import Audit
from signage.types.audience import Viewer
from signage.types.decisions import Decision, Trigger
from tests.support.builders import ages, catalogue, snapshot, utc, viewer

SHOP = catalogue({"coffee": {}, "shoes": {}, "wine": {"adults_only": True}})


def decided(
    content_id: str, trigger: Trigger = Trigger.PLAY_ENDS, t_s: float = 0.0, **more: Any
) -> Decision:
    values: dict[str, Any] = {
        "decision_id": f"{content_id}-{t_s}",
        "t_s": t_s,
        "utc": utc(t_s),
        "trigger": trigger,
        "content_id": content_id,
        "propensity": 1.0,
        "eligible": {content_id: 1.0},
        "masked": {},
        "context": {},
        "policy": "uniform",
        "policy_version": "1",
        "catalogue_version": "1",
        "actions": {content_id: ()},
    }
    return Decision(**(values | more))


def audit(contents: Catalogue = SHOP, zone: str = "UTC", **constraints: Any) -> Audit:
    config = Config(
        timezone=zone,
        constraints=ConstraintsConfig(**constraints),
        decision=DecisionConfig(min_play_s=3.0),
    )
    return Audit(config, contents)


def show(watch: Audit, decision: Decision, *, begin_s: float, end_s: float) -> None:
    """Looked at a little after it began, as frames come."""
    watch.check(decision)
    for t_s in (begin_s + 0.2, end_s):
        watch.watch(snapshot(t_s=t_s), decision, begin_s)


def test_the_audit_counts_plays_beyond_a_cap() -> None:
    watch = audit(max_per_hour=2)
    for index, expected in enumerate((0, 0, 1, 2)):
        begin_s = index * 100.0
        show(watch, decided("coffee", t_s=begin_s), begin_s=begin_s, end_s=begin_s + 8)
        assert watch.violations == expected
    show(watch, decided("coffee", t_s=3900.0), begin_s=3900.0, end_s=3908.0)
    assert watch.violations == 2
    show(watch, decided("shoes", t_s=3910.0, forced=True), begin_s=3910.0, end_s=3918.0)
    assert watch.violations == 2


def test_the_audit_counts_plays_cut_short() -> None:
    def cut(trigger: Trigger, after_s: float) -> int:
        watch = audit()
        show(watch, decided("coffee"), begin_s=0.0, end_s=after_s - 0.2)
        show(watch, decided("shoes", trigger, after_s), begin_s=after_s, end_s=after_s + 8)
        return watch.violations

    assert cut(Trigger.NEW_MAIN_VIEWER, 2.0) == 1
    assert cut(Trigger.NEW_MAIN_VIEWER, 3.0) == 0
    for at_once in (Trigger.NO_LONGER_ALLOWED, Trigger.ORDERED, Trigger.MANDATORY):
        assert cut(at_once, 2.0) == 0


@pytest.mark.parametrize("age", [9.0, None])
def test_the_audit_counts_wine_before_who_may_be_a_minor(age: float | None) -> None:
    watch, wine = audit(), decided("wine")
    watch.watch(snapshot(viewer(age=45), t_s=0.0), wine, 0.0)
    watch.watch(snapshot(viewer(age=45), viewer("1.2", age=age), t_s=0.2), wine, 0.0)
    assert watch.violations == 0  # seen in this frame: gone in the next
    watch.watch(snapshot(viewer("1.2", age=age), t_s=0.4), wine, 0.0)
    assert watch.violations == 1
    watch.watch(snapshot(viewer("1.2", age=age), t_s=5.4), decided("coffee"), 5.0)
    assert watch.violations == 1


def test_the_audit_counts_a_choice_that_was_masked() -> None:
    watch = audit()
    watch.check(decided("wine", masked={"wine": "adults_only"}, forced=True))
    assert watch.violations == 0
    watch.check(decided("wine", masked={"wine": "adults_only"}))
    assert watch.violations == 1


def course(watch: Audit, *names: str, forced: str = "") -> list[int]:
    """One play every 10 s; how many constraints were broken by the end of each."""
    counts = []
    for index, name in enumerate(names):
        begin_s = index * 10.0
        chosen = decided(name, t_s=begin_s, forced=name in forced.split())
        show(watch, chosen, begin_s=begin_s, end_s=begin_s + 8)
        counts.append(watch.violations)
    return counts


def test_the_audit_counts_a_share_that_is_too_large() -> None:
    watch = audit(catalogue({"a": {"share_max": 0.2}, "b": {}}), share_window_plays=10)
    assert course(watch, *"aabbbbbbb", "a", *"baa") == [0] * 9 + [1, 1, 1, 2]
    small = audit(catalogue({"a": {"share_max": 0.01}, "b": {}}), share_window_plays=10)
    assert course(small, *"abbbbbbbbba") == [0] * 11
    pinned = audit(catalogue({"a": {"share_max": 0.2}, "b": {}}), share_window_plays=10)
    assert course(pinned, *"aaaa", forced="a") == [0] * 4


def test_the_audit_counts_competitors_that_follow() -> None:
    contents = catalogue({"a": {"competes": "x"}, "b": {"competes": "x"}, "c": {}})
    assert course(audit(contents), *"abcba") == [0, 1, 1, 1, 2]
    assert course(audit(contents), *"aacbb") == [0] * 5
    assert course(audit(contents, separation_plays=2), *"accb", *"ca") == [0, 0, 0, 0, 0, 1]
    assert course(audit(contents, separation_plays=0), *"abab") == [0] * 4


@pytest.mark.parametrize(
    ("schedule", "zone", "broken"),
    [
        ({"dayparts": ((time(12), time(13)),)}, "UTC", 0),
        ({"dayparts": ((time(13), time(14)),)}, "UTC", 1),
        ({"dayparts": ((time(13), time(14)),)}, "Europe/Berlin", 0),
        ({"dayparts": ((time(22), time(12)),)}, "UTC", 1),
        ({"dayparts": ((time(22), time(13)),), "weekdays": ("tue",)}, "UTC", 0),
        ({"dayparts": ((time(22), time(13)),), "weekdays": ("wed",)}, "UTC", 1),
        ({"weekdays": ("wed",)}, "UTC", 0),
        ({"weekdays": ("thu",)}, "UTC", 1),
        ({"weekdays": ("thu",)}, "Pacific/Kiritimati", 0),
        ({"until_date": date(2026, 3, 3)}, "UTC", 1),
        ({"until_date": date(2026, 3, 4)}, "UTC", 0),
        ({"from_date": date(2026, 3, 5)}, "UTC", 1),
    ],
)
def test_the_audit_counts_plays_outside_their_dates_and_hours(
    schedule: dict[str, Any], zone: str, broken: int
) -> None:
    """It is noon in UTC, on Wednesday, 4 March 2026."""
    watch = audit(catalogue({"a": schedule, "b": {}}), zone)
    watch.check(decided("a"))
    assert watch.violations == broken


def test_the_audit_counts_mandatory_content_that_was_drawn() -> None:
    watch = audit(catalogue({"alarm": {"mandatory": True}, "b": {}}))
    watch.check(decided("alarm", forced=True))
    assert watch.violations == 0
    watch.check(decided("alarm"))
    assert watch.violations == 1


@pytest.mark.parametrize(("age", "broken"), [(11, 1), (14, 0)])
def test_the_audit_knows_an_age_of_a_content_s_own(age: float, broken: int) -> None:
    watch = audit(catalogue({"film": {"min_age": 12}, "b": {}}))
    there = viewer(age_probs=ages(age, spread=1))
    film = decided("film")
    for t_s in (0.0, 0.2):
        watch.watch(snapshot(there, t_s=t_s), film, 0.0)
    assert watch.violations == broken


def test_the_audit_counts_what_a_viewer_had_too_often() -> None:
    watch = audit(catalogue({"game": {"max_per_viewer": 1}, "b": {}}))

    def there(t_s: float, visit_id: str = "1.1", **more: Any) -> Viewer:
        return viewer(visit_id, dwell_s=t_s, last_seen_s=t_s, **more)

    game = decided("game")
    for t_s in (0.0, 0.5):
        watch.watch(snapshot(there(t_s), t_s=t_s), game, 0.0)
    watch.check(decided("game", t_s=0.5))
    assert watch.violations == 0  # not there for long enough to have had it
    for t_s in (4.0, 8.0):
        watch.watch(snapshot(there(t_s), t_s=t_s), game, 0.0)
    watch.check(decided("game", t_s=8.0))
    assert watch.violations == 1
    watch.watch(snapshot(there(1.0, "1.2"), t_s=20.0), None, 0.0)
    watch.check(decided("game", t_s=20.0))
    assert watch.violations == 1
    again = there(1.0, "1.3", earlier_visits=("1.1",))
    watch.watch(snapshot(again, t_s=30.0), None, 0.0)
    watch.check(decided("game", t_s=30.0))
    assert watch.violations == 2
    watch.watch(snapshot(again, t_s=8.0 + 3601), None, 0.0)
    watch.check(decided("game", t_s=8.0 + 3601))
    assert watch.violations == 2  # forgotten
