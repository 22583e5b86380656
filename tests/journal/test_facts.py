"""What overlaps, which ids belong to a screen, and what a journal says of itself."""

from __future__ import annotations

import csv
import json
import sqlite3
from pathlib import Path

import pytest
from pyarrow import parquet

from signage.errors import JournalError
from signage.journal.decision_log import JournalLog
from signage.journal.experiments import Experiments
from signage.journal.exports.export import export
from signage.journal.growth import growth
from signage.journal.reader import JournalReader
from signage.journal.soundness import check_sound
from signage.journal.writer import Journal
from signage.types.choices import ExportFormat
from signage.types.plays import PagePlay, PlayState
from tests.journal.exports.test_export import Screen, impression, reward
from tests.support.builders import utc
from tests.support.experiment_journal import Told, blocks, like, write


def numbers_that_overlap(path: Path) -> set[int]:
    log = JournalLog(path)
    (block,) = log.blocks(1000)
    of_log = set(block.number[block.overlaps].tolist())
    of_experiment = {row["number"] for row in Experiments(path).plays("autumn") if row["overlaps"]}
    assert of_log == of_experiment
    return of_log


def test_a_play_overlaps_with_the_furthest_end_and_not_with_the_one_before(tmp_path: Path) -> None:
    plays = [Told(0.0, "vw", "1", length_s=100.0), Told(10.0, "vw", "1", length_s=10.0)]
    plays += [Told(30.0, "vw", "1", length_s=10.0), Told(101.5, "vw", "1", length_s=10.0)]
    assert numbers_that_overlap(write(tmp_path, plays)) == {1, 2, 3}


def test_a_transition_is_no_overlap(tmp_path: Path) -> None:
    plays = [Told(0.0, "vw", "1", length_s=10.0), Told(9.2, "vw", "1", length_s=10.0)]
    assert numbers_that_overlap(write(tmp_path, plays)) == set()


@pytest.mark.parametrize("screen_id", ["lobby-1", "7", "a-1-2"])
def test_ids_with_and_without_a_token_are_of_one_screen(tmp_path: Path, screen_id: str) -> None:
    """No id is taken apart: a screen may be called a number, and so may a token."""
    path = write(tmp_path, blocks(4, like))
    db = sqlite3.connect(path)
    with db:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("UPDATE runs SET screen_id = ?", (screen_id,))
        for table in ("decisions", "plays", "rewards", "impressions"):
            db.execute(
                f"UPDATE {table} SET decision_id = replace(decision_id, 'screen-', ? || '-') || "
                "CASE WHEN substr(decision_id, -1) < '5' THEN '' ELSE '-9' END",
                (screen_id,),
            )
    db.close()
    check_sound(JournalReader(path))
    assert JournalLog(path).screen_id == screen_id
    db = sqlite3.connect(path)
    with db:
        db.execute("UPDATE decisions SET decision_id = 'other-3' WHERE number = 3")
    db.close()
    with pytest.raises(JournalError, match="that of decision other-3"):
        check_sound(JournalReader(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def test_a_simulated_journal_says_so_in_every_file(path: Path, tmp_path: Path) -> None:
    screen = Screen(path)
    screen.play(1, reward(1, 0.5, impression("1.1", 4.0)))
    made = {}
    for how in (None, "signage 0, two videos, seed 7"):
        if how:
            screen.journal.record_simulated(how)
        out = tmp_path / f"out-{how is None}"
        out.mkdir()
        for form in ExportFormat:
            export(path, form, out / form)
        with (out / "csv").open(newline="") as file:
            (row,) = csv.DictReader(file)
        plays = parquet.read_table(out / "parquet")
        decisions = parquet.read_schema(out / "decisions").metadata
        line = json.loads((out / "dsjson").read_text())
        assert plays.column("simulated").to_pylist() == [row["simulated"]]
        made[how] = (
            row["simulated"],
            (plays.schema.metadata.get(b"signage_simulated") or b"").decode() or None,
            json.loads(decisions[b"signage"])["simulated"],
            line["signage"]["simulated"],
        )
        assert JournalReader(path).simulated == how
    screen.journal.close()
    how = "signage 0, two videos, seed 7"
    assert made == {None: ("no", None, None, None), how: ("yes", how, how, how)}


def test_what_the_page_ended_earlier_than_the_kiosk_took_it_to_be_is_cut(path: Path) -> None:
    screen = Screen(path)
    screen.play(1, reward(1, 0.5, impression("1.1", 6.0), impression("1.2", 0.0)))
    told = PagePlay("screen-1", "coffee", PlayState.FINISHED, 11.0, 13.0, "page-a")
    screen.journal.record_page_plays([(told, utc(11))])
    screen.journal.close()
    with JournalReader(path).connect() as db:
        play = db.execute("SELECT shown_s, ended_utc FROM all_plays").fetchone()
        stays = db.execute("SELECT present_s, attention_s FROM all_impressions").fetchall()
    assert play == (2.0, "2026-03-04T12:00:13.000+00:00")
    assert stays == [(2.0, 1.5), (2.0, 0.0)]


def test_a_rolled_back_example_is_marked_in_the_log_of_vw(path: Path, tmp_path: Path) -> None:
    screen = Screen(path)
    for number in (1, 2):
        screen.play(number, reward(number, 0.5, impression("1.1", 4.0)))
    screen.journal.record_order(utc(30), "rollback", {}, unlearn_after=1)
    screen.journal.close()
    export(path, ExportFormat.DSJSON, tmp_path / "log")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [line["signage"]["learned"] for line in lines] == [True, False]


def test_a_journal_of_decisions_tells_how_far_it_is(path: Path, tmp_path: Path) -> None:
    screen = Screen(path)
    screen.play(1, reward(1, 0.5, impression("1.1", 4.0)))
    screen.journal.close()
    told: list[float] = []
    export(path, ExportFormat.DECISIONS, tmp_path / "out", told.append)
    assert told[0] == 0
    assert told[-1] == 1


def test_the_end_of_a_play_is_its_start_and_its_seconds_whatever_the_clock_did(path: Path) -> None:
    screen = Screen(path)
    screen.decide(1)
    screen.start(1)
    screen.journal.close()
    journal = Journal(path)
    db = sqlite3.connect(path)
    with db:
        db.execute(
            "UPDATE plays SET state = 'finished', ended_s = started_s + 3.25, "
            "ended_utc = '2052-01-01T00:00:00.000+00:00'"
        )
    db.close()
    journal.close()
    (row,) = JournalReader(path).decisions()
    assert (row["shown_s"], row["ended_utc"]) == (3.25, "2026-03-04T12:00:14.250+00:00")


def test_what_a_year_of_journal_takes_is_told_after_a_day(path: Path) -> None:
    screen = Screen(path)
    screen.play(1, None)
    assert growth(path).bytes_a_year is None
    screen.play(8_641, None)  # a day later
    screen.journal.close()
    db = sqlite3.connect(path)
    with db:
        db.execute("UPDATE decisions SET number = 2 WHERE number = 8641")
    db.close()
    found = growth(path)
    assert found.size_bytes == path.stat().st_size
    assert found.bytes_a_year == pytest.approx(365 * found.size_bytes, rel=0.01)
