"""What the recommender remembers does not grow with what it has decided."""

from __future__ import annotations

import pytest

from benchmarks.memory import learn

pytestmark = pytest.mark.bench


def test_visitors_who_come_and_go_leave_nothing_behind() -> None:
    """An hour of visits is remembered, which is 450 plays."""
    figures = list(learn(1000))
    assert [each.decisions for each in figures] == list(range(100, 1001, 100))
    half, whole = figures[4], figures[-1]
    assert 0 < whole.remembered_viewers < 1.5 * half.remembered_viewers
    assert whole.model_bytes < 1.5 * half.model_bytes
