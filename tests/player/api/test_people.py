"""What ``/api/audience`` and ``/metrics`` say of people."""

from __future__ import annotations

from dataclasses import replace

from prometheus_client import generate_latest

from signage.player.api.metrics import registry
from signage.player.api.state import LoopState, audience_record
from tests.support.builders import catalogue, snapshot, viewer


def test_the_audience_says_who_is_beyond_range_and_who_is_not_followed() -> None:
    seen = replace(snapshot(viewer("1.1")), traffic=3, unfollowed=2)
    body = audience_record(LoopState(catalogue(), {}, 0.0, audience=seen))
    assert (body["traffic"], body["unfollowed"], len(body["viewers"])) == (3, 2, 1)
    none = audience_record(LoopState(catalogue(), {}, 0.0))
    assert none.keys() == body.keys()


def test_a_look_that_cannot_be_told_is_null() -> None:
    far = viewer("1.1", attention_s=None, attention_unknown_s=5.0)
    body = audience_record(LoopState(catalogue(), {}, 0.0, audience=snapshot(far)))
    (person,) = body["viewers"]
    assert (person["attention_s"], person["is_watcher"]) == (None, False)
    assert person["attention_unknown_s"] == 5.0


def test_metrics_count_traffic_and_looks_by_the_eyes() -> None:
    health = {"status": "ok", "traffic_present": 3, "unfollowed_present": 2}
    totals = {"passed": 7, "attention_seconds": 9.0, "attention_eyes_seconds": 4.0}
    text = generate_latest(registry(lambda: health, lambda: totals)).decode()
    lines = set(text.splitlines())
    assert {
        "signage_traffic_present 3.0",
        "signage_unfollowed_present 2.0",
        "signage_passed_total 7.0",
        "signage_attention_eyes_seconds_total 4.0",
    } <= lines
