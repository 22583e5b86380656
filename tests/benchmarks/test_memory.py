"""What the recommender remembers does not grow with what it has decided."""

from __future__ import annotations

from benchmarks.memory import learn


def test_visitors_who_come_and_go_leave_nothing_behind() -> None:
    """An hour of visits is remembered, and 1,500 plays are more than three."""
    figures = list(learn(1500))
    assert [each.decisions for each in figures] == list(range(150, 1501, 150))
    half, whole = figures[4], figures[-1]
    assert 0 < whole.remembered_viewers < 1.5 * half.remembered_viewers
    assert whole.model_bytes < 1.5 * half.model_bytes
