"""What ``/metrics`` counts is what the journal has."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from signage.engine.totals import Totals
from signage.journal.reader import JournalReader
from signage.types.plays import PagePlay, PlayState
from tests.support.builders import catalogue, sighting, traits
from tests.support.stage import Stage

_OVER = ("finished", "interrupted", "superseded", "failed")


def test_totals_are_those_of_the_journal(tmp_path: Path) -> None:
    on = Stage(tmp_path / "journal.sqlite", catalogue(), policy="vw", min_play_s=3.0)
    totals = Totals()
    adult = sighting(traits=traits(45, 0.9))
    passer_by = sighting(x=600, track=2, pose=None, traits=traits(45, 0.9))
    # Empty, then one who watches, then one more who does not, then nobody.
    for seconds, seen in ((10, []), (20, [adult]), (12, [adult, passer_by]), (30, [])):
        for step in on.play(seconds, seen):
            totals.count(step)
    on.journal.close()
    told = totals.snapshot()
    reader = JournalReader(on.path)
    rows, viewers = reader.decisions(), reader.viewers()
    ended = Counter((row["content_id"], row["state"]) for row in rows if row["state"] in _OVER)
    assert told["plays"] == ended
    assert ended.total() > 5
    assert told["decisions"] == len(rows)
    rewards = [row["reward"] for row in rows if row["reward"] is not None]
    assert told["reward_count"] == told["rewards"] == len(rewards) > 2
    assert told["reward_sum"] == pytest.approx(sum(rewards))
    assert (told["viewers"], told["watchers"]) == (len(viewers), 1) == (2, 1)
    assert told["dwell_seconds"] == pytest.approx(sum(v["dwell_s"] for v in viewers), abs=0.3)
    attention_s = sum(v["attention_s"] for v in viewers)
    assert told["attention_seconds"] == pytest.approx(attention_s, abs=0.3)


def test_a_play_that_never_began_is_counted_as_what_it_was(tmp_path: Path) -> None:
    on = Stage(tmp_path / "journal.sqlite", catalogue())
    totals = Totals()
    on.screen.advance = lambda t_s: None  # type: ignore[method-assign]  # a screen that hangs
    for step in on.play(30, []):
        totals.count(step)
    on.journal.close()
    plays = totals.snapshot()["plays"]
    assert isinstance(plays, dict)
    assert {state for _, state in plays} == {PlayState.FAILED}


def counted(totals: Totals) -> Counter[Any]:
    plays: Any = totals.snapshot()["plays"]
    return Counter(plays)


def increase(scrapes: list[dict[tuple[str, ...], float]], labels: tuple[str, ...]) -> float:
    """What Prometheus sees a counter grow by: from the first scrape that has it on."""
    seen = [scrape[labels] for scrape in scrapes if labels in scrape]
    return seen[-1] - seen[0] if seen else 0.0


def test_the_first_failure_of_a_content_is_growth(tmp_path: Path) -> None:
    on = Stage(tmp_path / "journal.sqlite", catalogue())
    totals = Totals()
    totals.expect(catalogue())
    scrapes: list[Any] = [totals.snapshot()["plays"]]
    on.screen.advance = lambda t_s: None  # type: ignore[method-assign]  # a screen that hangs
    for step in on.play(30, []):
        totals.count(step)
    scrapes.append(totals.snapshot()["plays"])
    totals.expect(["late"])
    scrapes.append(totals.snapshot()["plays"])
    on.journal.close()
    rows = JournalReader(on.path).decisions()
    failed = Counter(row["content_id"] for row in rows if row["state"] == "failed")
    assert failed.total() > 1
    for name in (*catalogue(), "late"):
        assert increase(scrapes, (name, "failed")) == failed[name]
        assert (name, "finished") in scrapes[-1]


def test_what_a_page_played_alone_counts_once(tmp_path: Path) -> None:
    on = Stage(tmp_path / "journal.sqlite", catalogue())
    totals = Totals()
    alone = PagePlay("p1", "coffee", PlayState.FINISHED, 0.0, 8.0, "page")
    decided = ""
    for step in on.play(30, []):
        totals.count(step)
        decided = step.ended[0].decision_id if step.ended else decided
    before = counted(totals)
    told = PagePlay(decided, "coffee", PlayState.INTERRUPTED, 0.0, 4.0, "page")
    on.screen.page_plays = lambda: [alone, alone, told]  # type: ignore[method-assign]
    for step in on.play(1, []):
        totals.count(step)
    on.journal.close()
    grown = counted(totals) - before
    assert grown == {("coffee", "finished"): 1}
