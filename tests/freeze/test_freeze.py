"""What outside tools rely on is as it was recorded. More may join it; nothing may go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.freeze.record import ANSWERS, answer_path, lay_out, printed, running
from tests.freeze.shapes import differences, missing

pytestmark = pytest.mark.system


def recorded(name: str) -> Any:
    return json.loads(answer_path(name).read_text("utf-8"))


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_is_as_recorded(name: str, tmp_path: Path) -> None:
    answer, how = ANSWERS[name]
    today = json.loads(json.dumps(answer(lay_out(tmp_path))))
    assert list(differences(recorded(name), today, **how)) == []


def test_every_json_output_has_the_recorded_fields(tmp_path: Path) -> None:
    before, today = recorded("printed"), printed(lay_out(tmp_path))
    for name, shape in before["shapes"].items():
        assert missing(shape, today["shapes"][name]) == [], name
    assert list(differences(before["files"], today["files"])) == []


def test_a_running_screen_answers_every_address_as_recorded(tmp_path: Path) -> None:
    before = recorded("running")
    today = running(lay_out(tmp_path), before)
    for part in ("documents", "messages"):
        for name, shape in before[part].items():
            assert missing(shape, today[part][name]) == [], name
    assert missing(before["order"], today["order"]) == []
    assert list(differences(before["statuses"], today["statuses"])) == []
