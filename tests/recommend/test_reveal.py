"""When what is more of a content unfolds, for whom, and how long it stays."""

from __future__ import annotations

from typing import Any

from signage.config.reveal import RevealConfig
from signage.recommend.reveal import Reveal
from signage.types.audience import Viewer
from signage.types.plays import Unfold
from tests.support.builders import snapshot, viewer

CONFIG = RevealConfig(near_m=1.5, dwell_s=5.0, min_open_s=4.0, fold_after_s=2.0, hold_max_s=20.0)
REGION = (0.1, 0.2, 0.4, 0.5)


def reveal(*on: str) -> Reveal:
    return Reveal(CONFIG, "d1", on, end_s=28.0)


def reads(**more: Any) -> Viewer:
    values: dict[str, Any] = {"reading": True, "reading_region": REGION}
    return viewer(**(values | more))


def open_at(revealed: Reveal, seen: dict[float, list[Viewer]]) -> list[float]:
    """The times at which it is open."""
    return [t for t, viewers in seen.items() if revealed.update(snapshot(*viewers, t_s=t))]


def test_it_unfolds_for_who_reads_beside_what_they_read() -> None:
    revealed = reveal("reading")
    assert revealed.update(snapshot(viewer(reading=False))) is None
    wanted = revealed.update(snapshot(viewer("2", distance_m=1.0), reads(viewer_id="1")))
    assert wanted == Unfold("d1", "reading", REGION)


def test_it_stays_while_they_read_on_and_folds_after() -> None:
    at = {float(t): [reads() if t < 9 else viewer(reading=False)] for t in range(16)}
    assert open_at(reveal("reading"), at) == [float(t) for t in range(10)]


def test_it_is_open_for_a_least_time() -> None:
    at = {float(t): [reads()] if t == 1 else [] for t in range(1, 9)}
    assert open_at(reveal("reading"), at) == [1.0, 2.0, 3.0, 4.0]


def test_another_who_reads_does_not_move_it() -> None:
    revealed = reveal("reading")
    first = revealed.update(snapshot(reads(viewer_id="1")))
    other = reads(viewer_id="2", reading_region=(0.5, 0.5, 0.9, 0.9), distance_m=0.5)
    assert revealed.update(snapshot(reads(viewer_id="1"), other)) == first


def test_it_unfolds_again_for_who_reads_again() -> None:
    at = {float(t): [reads(reading=t < 5 or t > 14)] for t in range(17)}
    assert open_at(reveal("reading"), at) == [0, 1, 2, 3, 4, 5, 15, 16]


def test_on_approach_it_needs_somebody_who_came() -> None:
    near, far = viewer(distance_m=1.2), viewer(distance_m=2.5)
    assert open_at(reveal("approach"), {0.0: [near], 1.0: [near]}) == []
    revealed = reveal("approach")
    assert open_at(revealed, {0.0: [far], 1.0: [near]}) == [1.0]
    assert revealed.target == Unfold("d1", "approach", None)
    away = viewer(distance_m=1.2, attentive=False)
    assert open_at(reveal("approach"), {0.0: [far], 1.0: [away]}) == []


def test_on_dwell_it_counts_the_attention_of_this_play_alone_and_once() -> None:
    def looked(t_s: float) -> list[Viewer]:
        return [viewer(attention_s=30.0 + min(t_s, 8.0), attentive=t_s < 8.0 or t_s > 15.0)]

    opened = open_at(reveal("dwell"), {float(t): looked(t) for t in range(25)})
    assert opened[0] == 5.0
    assert opened[-1] < 11.0  # nobody looks from 8 s on, and once is enough


def test_only_for_what_the_content_says() -> None:
    assert open_at(reveal("dwell"), {0.0: [reads(attention_s=3.0)], 1.0: [reads()]}) == []


def test_a_content_that_is_read_on_outlasts_its_duration_but_not_for_ever() -> None:
    revealed = reveal("reading")
    assert not revealed.holds(9.0)
    revealed.update(snapshot(reads(), t_s=5.0))
    assert revealed.holds(27.9)
    assert not revealed.holds(28.0)
    assert open_at(revealed, {t: [reads()] for t in (27.0, 28.0, 29.0)}) == [27.0]


def test_a_camera_that_goes_away_folds_nothing() -> None:
    revealed = reveal("reading")
    revealed.update(snapshot(reads(), t_s=1.0))
    assert revealed.update(snapshot(t_s=9.0, observed=False)) is not None
