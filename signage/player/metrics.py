"""The kiosk's figures in the text format of Prometheus.

| name | kind | unit |
|---|---|---|
| ``signage_frames_total`` | counter | camera frames processed |
| ``signage_viewers_total`` | counter | persons tracked (opportunities to see) |
| ``signage_decisions_total`` | counter | decisions taken |
| ``signage_rewards_total`` | counter | rewards learned from |
| ``signage_frames_per_second`` | gauge | frames per second, now |
| ``signage_last_decision_age_seconds`` | gauge | seconds since the last decision |
| ``signage_player_connected`` | gauge | 1 while a page is connected |
| ``signage_status`` | gauge | 1 for the status in force, label ``status`` |
| ``signage_camera`` | gauge | 1 for what the camera is, label ``state``: ok, lost, black, … |

A figure that is not known is left out, not zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_COUNTERS = {
    "frames": "Camera frames processed.",
    "viewers": "Persons tracked in front of the screen.",
    "decisions": "Decisions taken.",
    "rewards": "Rewards learned from.",
}
_GAUGES = {
    "fps": ("signage_frames_per_second", "Camera frames processed per second, now."),
    "last_decision_age_s": ("signage_last_decision_age_seconds", "Since the last decision."),
    "player_connected": ("signage_player_connected", "1 while a page is connected."),
}
_STATUSES = ("ok", "degraded", "failed")
_CAMERA_STATES = ("ok", "lost", "black", "frozen", "noisy")


class _Figures(Collector):
    def __init__(
        self,
        health: Callable[[], Mapping[str, Any]],
        counters: Callable[[], Mapping[str, float]],
    ) -> None:
        self._health = health
        self._counters = counters

    def collect(self) -> Iterator[Metric]:
        counters, health = self._counters(), self._health()
        for key, text in _COUNTERS.items():
            if key in counters:
                yield CounterMetricFamily(f"signage_{key}", text, value=float(counters[key]))
        for key, (name, text) in _GAUGES.items():
            if health.get(key) is not None:
                yield GaugeMetricFamily(name, text, value=float(health[key]))
        status = GaugeMetricFamily(
            "signage_status", "1 for the status in force.", labels=["status"]
        )
        for name in _STATUSES:
            status.add_metric([name], float(health.get("status") == name))
        yield status
        if "camera" in health:
            camera = GaugeMetricFamily("signage_camera", "1 for what it is.", labels=["state"])
            for name in _CAMERA_STATES:
                camera.add_metric([name], float(health["camera"] == name))
            yield camera


def registry(
    health: Callable[[], Mapping[str, Any]], counters: Callable[[], Mapping[str, float]]
) -> CollectorRegistry:
    """A registry of its own that asks ``health`` and ``counters`` at each scrape.

    ``counters`` has any of the keys ``frames``, ``viewers``, ``decisions``, ``rewards``.
    """
    # Not described at once: that would ask for figures before the kiosk has any.
    own = CollectorRegistry(auto_describe=False)
    own.register(_Figures(health, counters))
    return own
