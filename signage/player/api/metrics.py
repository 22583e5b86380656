"""The kiosk's figures in the text format of Prometheus.

| name | kind | what |
|---|---|---|
| ``signage_info`` | info | 1, with ``screen_id``, ``version``, ``policy`` |
| ``signage_frames_total`` | counter | camera frames processed |
| ``signage_dropped_frames_total`` | counter | frames overtaken by a newer one |
| ``signage_viewers_total`` | counter | persons tracked (opportunities to see) |
| ``signage_watchers_total`` | counter | those of them who looked for ``audience.min_look_s`` |
| ``signage_dwell_seconds_total`` | counter | time that persons were present, added up |
| ``signage_attention_seconds_total`` | counter | time that persons looked, added up |
| ``signage_attention_eyes_seconds_total`` | counter | of this, what the eyes told; the rest is \
the head's |
| ``signage_passed_total`` | counter | persons who left without coming within ``audience.range_m`` |
| ``signage_decisions_total`` | counter | decisions taken |
| ``signage_plays_total`` | counter | plays that ended, by ``content_id`` and ``state``: finished, \
interrupted, superseded, failed |
| ``signage_rewards_total`` | counter | rewards learned from |
| ``signage_reward`` | summary | rewards of plays, in [0, 1]: ``_sum`` and ``_count`` |
| ``signage_model_lessons`` | gauge | rewards in the model, over all runs |
| ``signage_learning_frozen`` | gauge | 1 while the operator has frozen learning |
| ``signage_viewers_present`` | gauge | persons tracked, now |
| ``signage_traffic_present`` | gauge | persons beyond ``audience.range_m``, now |
| ``signage_unfollowed_present`` | gauge | persons beyond ``perception.max_people``, now |
| ``signage_frames_per_second`` | gauge | frames processed per second, now |
| ``signage_last_decision_age_seconds`` | gauge | seconds since the last decision |
| ``signage_player_connected`` | gauge | 1 while a page is connected |
| ``signage_screen_hangs`` | gauge | 1 while the page shows nothing that it is asked to |
| ``signage_disk_free_bytes`` | gauge | free where the journal is |
| ``signage_status`` | gauge | 1 for the status in force, label ``status`` |
| ``signage_camera`` | gauge | 1 for what the camera is, label ``state``: ok, lost, black, \
frozen, noisy, dark, blank, blurred, slow |
| ``signage_contents_left_out`` | gauge | contents that cannot be shown and are left out |
| ``signage_contents_failing`` | gauge | contents whose last play failed |
| ``signage_contents_checking`` | gauge | contents that are still to be checked |
| ``signage_learning_behind`` | gauge | rewards on record that the model has yet to learn |
| ``process_*`` | | memory, CPU time, start time: of the Prometheus client, on Linux |

Counters begin anew with the kiosk, at 0 for every content and state, as Prometheus expects. A
figure that is not known is left out, not zero. A play counts in the state in which its end was
first heard of, also one that a page began alone; where the page later reports another end of a play
that the kiosk had given up, the journal has that, and the counter the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sized
from typing import TYPE_CHECKING, Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector
from starlette.responses import Response
from starlette.routing import Route

from signage.text.plain import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.requests import Request

Totals = Mapping[str, Any]
"""By name: the counters below without ``signage_``, ``reward_sum`` and ``reward_count``, and
``plays`` by content and state. Any may be missing."""

_COUNTERS = {
    "frames": "Camera frames processed.",
    "viewers": "People tracked in front of the screen (opportunities to see).",
    "watchers": "People who looked at the screen for long enough (watchers).",
    "dwell_seconds": "Total time that people were present (dwell time).",
    "attention_seconds": "Total time that people looked at the screen (attention time).",
    "attention_eyes_seconds": "Attention time told by the eyes; the rest is told by the head.",
    "passed": "People who left without coming within range (traffic).",
    "decisions": "Decisions made.",
    "rewards": "Rewards learned from.",
}
_GAUGES = {
    "fps": ("signage_frames_per_second", "Camera frames processed per second now."),
    "last_decision_age_s": ("signage_last_decision_age_seconds", "Time since the last decision."),
    "player_connected": ("signage_player_connected", "1 while a player page is connected."),
    "screen_hangs": (
        "signage_screen_hangs",
        "1 while the player page shows nothing that it is asked to show.",
    ),
    "lessons": ("signage_model_lessons", "Rewards in the model over all runs."),
    "viewers_present": ("signage_viewers_present", "People tracked now."),
    "traffic_present": ("signage_traffic_present", "People beyond range now (traffic)."),
    "unfollowed_present": (
        "signage_unfollowed_present",
        "People in view now beyond those that are followed.",
    ),
    "disk_free_bytes": ("signage_disk_free_bytes", "Free disk space where the journal is."),
}
_INFO = ("screen_id", "version", "policy")
_STATUSES = ("ok", "degraded", "failed")
_CAMERA_STATES = ("ok", "lost", "black", "frozen", "noisy", "dark", "blank", "blurred", "slow")
_TALLIES = {
    "left_out": ("signage_contents_left_out", "Contents that do not play; /health says why."),
    "failing": ("signage_contents_failing", "Contents whose last play failed; /health says why."),
    "checking": ("signage_contents_checking", "Contents waiting to be checked."),
    "learning_behind": ("signage_learning_behind", "Rewards that the model has not learned yet."),
}
"""Of ``/health``: a number, or what has so many members."""


class _Figures(Collector):
    def __init__(
        self, health: Callable[[], Mapping[str, Any]], counters: Callable[[], Totals]
    ) -> None:
        self._health = health
        self._counters = counters

    def collect(self) -> Iterator[Metric]:
        yield from _of_totals(self._counters())
        yield from _of_health(self._health())


def _of_totals(totals: Totals) -> Iterator[Metric]:
    for key, text in _COUNTERS.items():
        if (value := totals.get(key)) is not None:
            yield CounterMetricFamily(f"signage_{key}", text, value=value)
    if isinstance(by_content := totals.get("plays"), Mapping):
        plays = CounterMetricFamily(
            "signage_plays",
            "Plays that ended, by the state first reported.",
            labels=["content_id", "state"],
        )
        summed: Counter[tuple[str, ...]] = Counter()
        for labels, value in by_content.items():
            summed[tuple(map(plain, labels))] += value
        for shown, value in summed.items():
            plays.add_metric(shown, value)
        yield plays
    if "reward_count" in totals:
        yield SummaryMetricFamily(
            "signage_reward",
            "Rewards of plays.",
            count_value=totals["reward_count"],
            sum_value=totals["reward_sum"],
        )


def _of_health(health: Mapping[str, Any]) -> Iterator[Metric]:
    if known := {key: plain(str(health[key])) for key in _INFO if key in health}:
        yield InfoMetricFamily("signage", "The program and model that run here.", value=known)
    if "dropped_frames" in health:
        yield CounterMetricFamily(
            "signage_dropped_frames",
            "Frames dropped because a newer one arrived.",
            value=health["dropped_frames"],
        )
    for key, (name, text) in _GAUGES.items():
        if health.get(key) is not None:
            yield GaugeMetricFamily(name, text, value=float(health[key]))
    for key, (name, text) in _TALLIES.items():
        found = health.get(key) or 0
        value = len(found) if isinstance(found, Sized) else found
        yield GaugeMetricFamily(name, text, value=float(value))
    if "orders" in health:
        yield GaugeMetricFamily(
            "signage_learning_frozen",
            "1 while learning is frozen by an order.",
            value=float(health["orders"]["frozen"]),
        )
    yield _one_of("signage_status", "status", _STATUSES, health.get("status"))
    if "camera" in health:
        yield _one_of("signage_camera", "state", _CAMERA_STATES, health["camera"])


def _one_of(name: str, label: str, values: tuple[str, ...], found: Any) -> Metric:
    """A gauge that is 1 for the value that was found."""
    gauge = GaugeMetricFamily(name, "1 for the one in force.", labels=[label])
    for value in dict.fromkeys((*values, *([] if found is None else [plain(str(found))]))):
        gauge.add_metric([value], float(value == found))
    return gauge


def registry(
    health: Callable[[], Mapping[str, Any]], counters: Callable[[], Totals]
) -> CollectorRegistry:
    """A registry of its own that asks ``health`` and ``counters`` at each scrape."""
    # Not described at once: that would ask for figures before the kiosk has any.
    own = CollectorRegistry(auto_describe=False)
    own.register(_Figures(health, counters))
    ProcessCollector(registry=own)
    return own


def route(health: Callable[[], Mapping[str, Any]], counters: Callable[[], Totals]) -> Route:
    """``GET /metrics``."""
    figures = registry(health, counters)

    def answer(_request: Request) -> Response:
        return Response(generate_latest(figures), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", answer)
