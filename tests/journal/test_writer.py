"""What is on record stays on record."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from signage.errors import JournalError
from signage.journal.reader import JournalReader
from signage.journal.writer import Journal
from signage.types.decisions import Decision, Trigger
from signage.types.plays import PlayEvent, PlayState
from signage.types.rewards import Impression, Reward
from tests.support.builders import NOON, ROOT, catalogue, utc, viewer

CATALOGUE = catalogue()


def decision(number: int, content_id: str = "coffee") -> Decision:
    eligible = {"coffee": 0.75, "shoes": 0.25}
    return Decision(
        decision_id=f"screen-{number}",
        t_s=float(number),
        utc=utc(number),
        trigger=Trigger.PLAY_ENDS,
        content_id=content_id,
        propensity=eligible[content_id],
        eligible=eligible,
        masked={"wine": "adults_only: the age of viewer 1.1 is unknown"},
        context={"group=1": 1.0, "liked:category=coffee": 0.5},
        policy="vw",
        policy_version="1.0",
        catalogue_version=CATALOGUE.version,
        actions={name: CATALOGUE[name].features for name in eligible},
    )


def event(number: int, state: PlayState, t_s: float) -> PlayEvent:
    return PlayEvent(f"screen-{number}", state, t_s, "page-a")


def reward(number: int, value: float | None = 0.5) -> Reward:
    impressions = (
        Impression(
            visit_id="1.4",
            viewer_id="1.1",
            present_s=8.0,
            attention_s=4.0,
            stayed=True,
            reading_s=2.0,
            reading_region=(0.1, 0.2, 0.6, 0.4),
            reaction=0.2,
            parts={"smile": 0.3, "leaves": 0.0},
        ),
    )
    return Reward(f"screen-{number}", 9.0, utc(9), value, {"attention": 0.5}, impressions)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.sqlite"


_OPEN: list[Journal] = []


@pytest.fixture(autouse=True)
def close_what_is_open() -> Iterator[None]:
    yield
    while _OPEN:
        with contextlib.suppress(sqlite3.ProgrammingError):  # it was closed by the test
            _OPEN.pop().close()


def begun(path: Path) -> tuple[Journal, int]:
    journal = Journal(path)
    _OPEN.append(journal)
    run = journal.begin_run(NOON, "screen")
    journal.record_catalogue(CATALOGUE.version, CATALOGUE.as_json())
    return journal, run


def test_a_play_from_decision_to_reward(path: Path) -> None:
    journal, run = begun(path)
    journal.record_decision(1, run, decision(1))
    journal.record_start(event(1, PlayState.STARTED, 2.0), utc(2))
    seq = journal.record_end(event(1, PlayState.FINISHED, 10.0), utc(10), reward(1))
    journal.record_viewer(viewer(), run, utc(11))
    assert seq == 1
    reader = JournalReader(path)  # while the writer still has it open
    (row,) = reader.decisions()
    assert row["eligible"] == {"coffee": 0.75, "shoes": 0.25}
    assert row["masked"] == {"wine": "adults_only: the age of viewer 1.1 is unknown"}
    assert (row["state"], row["shown_s"], row["page"]) == ("finished", 8.0, "page-a")
    assert (row["reward"], row["t_utc"]) == (0.5, "2026-03-04T12:00:01.000+00:00")
    assert reader.impressions()[0]["attention_s"] == 4.0
    assert reader.viewers()[0]["dwell_s"] == 5.0
    ((_, example),) = journal.training_examples()
    assert example.actions == decision(1).actions
    assert (example.content_id, example.reward) == ("coffee", 0.5)
    journal.close()


def test_a_reward_counts_once(path: Path) -> None:
    journal, run = begun(path)
    journal.record_decision(1, run, decision(1))
    journal.record_start(event(1, PlayState.STARTED, 2.0), utc(2))
    end = event(1, PlayState.FINISHED, 10.0)
    assert journal.record_end(end, utc(10), reward(1)) == 1
    assert journal.record_end(end, utc(10), reward(1, 1.0)) is None
    assert [example.reward for _, example in journal.training_examples()] == [0.5]
    later = event(1, PlayState.INTERRUPTED, 99.0)
    assert journal.record_end(later, utc(99), None) is None
    (row,) = JournalReader(path).decisions()
    assert (row["state"], row["ended_utc"]) == ("finished", "2026-03-04T12:00:10.000+00:00")


def test_a_reward_has_a_stamp_as_long_as_it_is_learned(path: Path) -> None:
    journal, run = begun(path)
    for number in (1, 2, 3):
        journal.record_decision(number, run, decision(number))
        end = event(number, PlayState.FINISHED, 10.0)
        journal.record_end(end, utc(10), reward(number), learn=number != 2)
    assert journal.stamp(3) == "screen-3 of 2026-03-04T12:00:09.000+00:00"
    assert (journal.stamp(2), journal.stamp(4)) == (None, None)
    journal.record_order(NOON, "rollback", {"checkpoint": "1-1"}, unlearn_after=1)
    assert (journal.stamp(1) is None, journal.stamp(3)) == (False, None)
    assert [seq for seq, _ in journal.training_examples()] == [1]
    assert journal.orders() == [("rollback", {"checkpoint": "1-1"})]


def test_nothing_is_learned_from_no_reward_or_from_a_forced_play(path: Path) -> None:
    journal, run = begun(path)
    journal.record_decision(1, run, decision(1))
    journal.record_decision(2, run, replace(decision(2), forced=True))
    journal.record_end(event(1, PlayState.FINISHED, 10.0), utc(10), reward(1, None))
    journal.record_end(event(2, PlayState.FINISHED, 20.0), utc(20), reward(2))
    assert list(journal.training_examples()) == []


def test_the_plays_that_constraints_count_are_known_after_a_restart(path: Path) -> None:
    """Those of the last hours, and of the time before as many as were drawn."""
    journal, run = begun(path)
    for number in range(1, 9):
        journal.record_decision(number, run, replace(decision(number), forced=number in (4, 5)))
        if number != 2:  # never shown
            journal.record_start(event(number, PlayState.STARTED, number + 0.5), utc(number + 0.5))
    journal.record_end(event(2, PlayState.SUPERSEDED, 3.0), utc(3), None)
    journal.close()
    journal, _ = begun(path)
    assert [play.decision_id for play in journal.decided_since(utc(6.5))] == [
        "screen-7",
        "screen-8",
    ]
    plays = journal.decided_since(utc(6.5), drawn=4)
    assert [play.decision_id for play in plays] == [f"screen-{n}" for n in (3, 4, 5, 6, 7, 8)]
    assert [play.forced for play in plays] == [False, True, True, False, False, False]
    assert (plays[0].content_id, plays[0].utc, plays[0].started) == ("coffee", utc(3.5), True)
    assert len(journal.decided_since(utc(100), drawn=100)) == 7


def test_a_catalogue_that_changed_does_not_change_the_past(path: Path) -> None:
    journal, run = begun(path)
    journal.record_decision(1, run, decision(1))
    journal.record_end(event(1, PlayState.FINISHED, 10.0), utc(10), reward(1))
    newer = catalogue({"coffee": {"category": "tea"}, "shoes": {}})
    journal.record_catalogue(newer.version, newer.as_json())
    ((_, example),) = journal.training_examples()
    assert "category=coffee" in example.actions["coffee"]
    assert JournalReader(path).contents()["coffee"]["category"] == "tea"


_WRITER = """
import sys
from pathlib import Path
from tests.journal.test_writer import *
journal, run = begun(Path(sys.argv[1]))
number = journal.next_number()
while True:
    journal.record_decision(number, run, decision(number))
    print("decided", number, flush=True)
    journal.record_start(event(number, PlayState.STARTED, 2.0), utc(2))
    journal.record_end(event(number, PlayState.FINISHED, 10.0), utc(10), reward(number))
    print("rewarded", number, flush=True)
    number += 1
"""


@pytest.mark.parametrize("lines", [1, 2, 7, 20, 51])
def test_kill_in_mid_write_loses_nothing_acknowledged(path: Path, lines: int) -> None:
    said = []
    for _ in range(2):  # the second time on what the first kill left behind
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        assert process.stdout is not None
        said += [process.stdout.readline().split() for _ in range(lines)]
        process.kill()
        rest = process.stdout.read().splitlines(keepends=True)
        said += [line.split() for line in rest if line.endswith("\n")]  # the last may be torn
        process.stdout.close()
        assert process.wait() == -signal.SIGKILL
    rows = {row["decision_id"]: row for row in JournalReader(path).decisions()}
    for what, number in said:
        assert f"screen-{number}" in rows
        if what == "rewarded":
            assert rows[f"screen-{number}"]["reward"] == 0.5
    journal, _ = begun(path)
    learned = [example.decision_id for _, example in journal.training_examples()]
    assert len(learned) == len(set(learned)) >= sum(what == "rewarded" for what, _ in said)
    states = {row["state"] for row in JournalReader(path).decisions()}
    assert states <= {"finished", "failed"}  # nothing is left hanging


def test_a_full_disk_is_one_clear_message(path: Path) -> None:
    program = (
        "import resource, signal, sys; from pathlib import Path; "
        "from tests.journal.test_writer import *\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "journal, run = begun(Path(sys.argv[1]))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000,) * 2)\n"
        "try:\n"
        "    for number in range(1, 10_000):\n"
        "        journal.record_decision(number, run, decision(number))\n"
        "except JournalError as error: print(number - 1, error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    count, _, message = done.stdout.partition(" ")
    assert "cannot be used" in message
    assert "disk is not full" in message
    assert len(JournalReader(path).decisions()) == int(count) > 10


def test_every_screen_has_a_journal_of_its_own(path: Path) -> None:
    begun(path)[0].close()
    other = Journal(path)
    _OPEN.append(other)
    with pytest.raises(JournalError, match="journal of screen 'screen', this is 'other'"):
        other.begin_run(NOON, "other")


def test_two_kiosks_cannot_share_a_journal(path: Path) -> None:
    begun(path)
    with pytest.raises(JournalError, match="in use by another screen"):
        Journal(path)


def test_what_is_no_journal_is_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("this is a shopping list, and a long one at that" * 50)
    for opened in (Journal, JournalReader):
        with pytest.raises(JournalError, match=r"journal\.sqlite"):
            opened(path)
    with pytest.raises(JournalError, match="There is no journal"):
        JournalReader(path.with_name("gone"))


def test_a_journal_of_a_newer_version_is_refused(path: Path) -> None:
    begun(path)[0].close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE meta SET value = '99'")
    db.close()
    with pytest.raises(JournalError, match="of version 99, this program reads 8"):
        Journal(path)


def test_a_journal_of_version_1_is_brought_up_to_date(path: Path) -> None:
    """The tables as that version had them, with what it wrote into them."""
    journal, run = begun(path)
    journal.record_decision(1, run, decision(1))
    journal.record_end(event(1, PlayState.FINISHED, 9.0), utc(9), reward(1))
    journal.record_decision(2, run, replace(decision(2), forced=True))
    journal.record_end(event(2, PlayState.FINISHED, 19.0), utc(19), reward(2))
    journal.record_decision(3, run, decision(3))
    journal.record_end(event(3, PlayState.FINISHED, 29.0), utc(29), reward(3, None))
    journal.close()
    with sqlite3.connect(path) as db:
        db.executescript(
            """
            DROP TABLE impressions; DROP TABLE viewers; DROP TABLE orders;
            DROP TABLE reveals; DROP TABLE page_plays; DROP TABLE assignments;
            DROP TABLE short_stays; DROP TABLE observed_hours; DROP TABLE counting;
            ALTER TABLE runs DROP COLUMN token;
            ALTER TABLE decisions DROP COLUMN gave_way;
            ALTER TABLE decisions DROP COLUMN reasons;
            ALTER TABLE decisions DROP COLUMN shadow;
            ALTER TABLE decisions DROP COLUMN utc_offset_min;
            ALTER TABLE rewards DROP COLUMN learned;
            CREATE TABLE impressions (
                decision_id TEXT NOT NULL REFERENCES decisions (decision_id),
                viewer_id TEXT NOT NULL, present_s REAL NOT NULL, attention_s REAL NOT NULL,
                stayed INTEGER NOT NULL, smile_change REAL NOT NULL,
                PRIMARY KEY (decision_id, viewer_id)) WITHOUT ROWID;
            CREATE TABLE viewers (
                viewer_id TEXT PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs,
                left_utc TEXT NOT NULL, dwell_s REAL NOT NULL, attention_s REAL NOT NULL,
                record TEXT NOT NULL) WITHOUT ROWID;
            INSERT INTO impressions VALUES ('screen-1', '1.1', 8.0, 4.0, 1, 0.25);
            INSERT INTO viewers VALUES ('1.1', 1, '2026-03-04T12:00:09.000+00:00', 9.0, 4.0, '{}');
            UPDATE meta SET value = '1' WHERE key = 'schema_version';
            """
        )
    db.close()
    # A reader brings a copy up to date, and the kiosk the journal itself.
    assert len(JournalReader(path).viewers()) == 1
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT value FROM meta").fetchone() == ("1",)
    db.close()
    assert [example.decision_id for _, example in begun(path)[0].training_examples()] == [
        "screen-1"
    ]
    assert JournalReader(path).decisions()[0]["gave_way"] == {}
    (impression,) = JournalReader(path).impressions()
    assert (impression["visit_id"], impression["reaction"]) == ("1.1", 0.25)
    assert impression["parts"] == {"smile": 0.25}
    assert len(JournalReader(path).viewers()) == 1
    with sqlite3.connect(path) as db:
        made = dict(db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
    db.close()
    journal = Journal(path.with_name("new.sqlite"))
    journal.close()
    with sqlite3.connect(path.with_name("new.sqlite")) as db:
        new = dict(db.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))
    db.close()
    assert made.keys() == new.keys()
    with sqlite3.connect(path) as db:
        offsets = db.execute("SELECT DISTINCT utc_offset_min FROM decisions").fetchall()
    db.close()
    assert offsets == [(None,)], "nobody wrote down what the clock on the wall said"
    assert [row["reward"] for row in JournalReader(path).decisions()] == [None, 0.5, 0.5]
