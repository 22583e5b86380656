"""Who reads is shown more, and what came of it is on record: from the eyes to the journal."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from signage.types.plays import PagePlay, PlayState
from tests.support.builders import catalogue, reader, sighting, traits
from tests.support.stage import Stage

ADULT: dict[str, Any] = {"traits": traits(45, 0.9)}
READABLE = catalogue(
    {
        "coffee": {"duration_s": 8.0, "more": {"text": "From Huila", "on": ("reading", "dwell")}},
        "shoes": {"duration_s": 8.0, "more": {"text": "198 g"}},
    }
)
PLAIN = catalogue({"coffee": {"duration_s": 8.0}, "shoes": {"duration_s": 8.0}})


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path / "journal.sqlite", READABLE, min_play_s=3.0)
    yield made
    made.journal.close()


def reveals(on: Stage) -> list[tuple[Any, ...]]:
    with sqlite3.connect(on.path) as db:
        found = db.execute("SELECT decision_id, reason, open_s, read_s FROM reveals").fetchall()
    db.close()
    return found


def test_who_reads_is_shown_more_and_the_content_waits_for_them(stage: Stage) -> None:
    stage.play(20, lambda t: [reader(t, **ADULT)])
    stage.play(20, lambda t: [sighting(track=2, **ADULT)] if t < 22 else [])
    decision_id, reason, open_s, read_s = reveals(stage)[0]
    assert reason == "reading"
    assert 4.0 < read_s <= open_s
    row = next(row for row in stage.rows() if row["decision_id"] == decision_id)
    assert row["shown_s"] > 10.0, "cut while somebody read on"
    assert row["state"] == "finished"
    assert row["parts"]["more"] == pytest.approx(
        min(1.0, read_s / row["parts"]["attention_s"]), abs=1e-3
    )


def test_more_that_is_read_earns_more(stage: Stage, tmp_path: Path) -> None:
    plain = Stage(tmp_path / "plain.sqlite", PLAIN, min_play_s=3.0)
    for on in (stage, plain):
        on.play(30, lambda t: [reader(t, **ADULT)])
    plain.journal.close()
    with_more, without = (
        [row["reward"] for row in on.rows() if row["reward"] is not None] for on in (stage, plain)
    )
    assert max(with_more) > max(without)
    assert all(row["parts"].get("more", 0) == 0 for row in plain.rows() if row["parts"])


def test_nothing_unfolds_for_who_only_looks_around(stage: Stage) -> None:
    stage.play(4, lambda _: [sighting(**ADULT)])
    assert stage.screen.unfolded is None
    stage.play(4, [])
    assert reveals(stage) == []


def test_plays_of_a_page_that_was_alone_are_on_record_once(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.play(5, [])
    alone = PagePlay("page-1", "coffee", PlayState.FINISHED, 1.0, 3.5, "page")
    acknowledged: list[str] = []
    monkeypatch.setattr(stage.screen, "page_plays", lambda: [alone])
    monkeypatch.setattr(stage.screen, "acknowledge", acknowledged.extend)
    stage.play(0.2, [])
    assert acknowledged == ["page-1", "page-1"]
    with sqlite3.connect(stage.path) as db:
        rows = db.execute("SELECT play_id, state, started_utc, shown_s FROM page_plays").fetchall()
    db.close()
    assert rows == [("page-1", "finished", "2026-03-04T12:00:01.000+00:00", 2.5)]


@pytest.mark.parametrize("from_s", [3.0, 6.8], ids=["early", "after the next was asked for"])
def test_who_reads_for_very_long_is_let_go_and_no_play_fails(stage: Stage, from_s: float) -> None:
    stage.play(60, lambda t: [reader(t, **ADULT) if t > from_s else sighting(**ADULT)])
    assert "failed" not in {row["state"] for row in stage.rows()}
    longest = max(row["shown_s"] for row in stage.rows() if row["shown_s"])
    assert longest == pytest.approx(8.0 + stage.config.reveal.hold_max_s, abs=1.0)


def test_what_the_page_shows_alone_counts_for_the_caps_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    capped = catalogue({"coffee": {"duration_s": 8.0, "max_per_hour": 1}, "shoes": {}, "tea": {}})
    on = Stage(tmp_path / "capped.sqlite", capped)
    on.screen.connected = False
    on.play(10, [])
    alone = PagePlay("page-1", "coffee", PlayState.FINISHED, 1.0, 9.0, "page")
    told = [[alone]]
    monkeypatch.setattr(on.screen, "page_plays", lambda: told.pop() if told else [])
    on.screen.connected = True
    on.play(60, [])
    on.journal.close()
    rows = on.rows()
    assert len(rows) > 5
    assert "coffee" not in {row["content_id"] for row in rows}
