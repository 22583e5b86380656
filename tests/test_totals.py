"""What ``/metrics`` counts is what the journal has."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from signage.journal.reader import JournalReader
from signage.totals import Totals
from signage.types import PlayState
from tests.builders import catalogue, sighting, traits
from tests.test_engine import Stage

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
    told = totals.told()
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
    plays = totals.told()["plays"]
    assert isinstance(plays, dict)
    assert {state for _, state in plays} == {PlayState.FAILED}
