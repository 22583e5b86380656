"""What the benchmarks keep of the product's reports."""

from __future__ import annotations

import pytest

from benchmarks.common.watch import _renamed
from tests.support.builders import snapshot, viewer

pytestmark = pytest.mark.bench


def test_a_part_of_a_visit_has_the_name_of_the_whole() -> None:
    seen = snapshot(viewer("1.1"), viewer("1.5"), viewer("1.3"))
    renamed = _renamed(seen, {"1.5": "1.4", "1.4": "1.2"})
    assert [each.visit_id for each in renamed.viewers] == ["1.1", "1.2", "1.3"]
    assert _renamed(seen, {}) == seen
