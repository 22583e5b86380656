"""What other tools read of a journal: proof of play, and the learning log."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyarrow import parquet
from vowpal_wabbit_next import CBLabel, DSJsonFormatReader, Example, Workspace

from signage import __version__
from signage.errors import ConfigError, JournalError
from signage.journal.exports import proof_of_play
from signage.journal.exports.export import export
from signage.journal.reader import JournalReader
from signage.journal.writer import Journal
from signage.types.choices import ExportFormat
from signage.types.decisions import Decision, Trigger
from signage.types.plays import PlayEvent, PlayState
from signage.types.rewards import Impression, Reward
from tests.support.builders import NOON, ROOT, catalogue, utc

CATALOGUE = catalogue({"coffee": {"title": "Slow, “good” coffee"}, "shoes": {}})


def decision(number: int, content_id: str = "coffee") -> Decision:
    eligible = {"coffee": 0.75, "shoes": 0.25}
    return Decision(
        decision_id=f"screen-{number}",
        t_s=10.0 * number,
        utc=utc(10 * number),
        trigger=Trigger.PLAY_ENDS,
        content_id=content_id,
        propensity=eligible[content_id],
        eligible=eligible,
        masked={},
        context={"group=1": 1.0, "attention": 0.5, "hour=12": 1.0},
        policy="vw",
        policy_version="1.0",
        catalogue_version=CATALOGUE.version,
        actions={name: CATALOGUE[name].features for name in eligible},
    )


def impression(visit_id: str, attention_s: float, reading_s: float | None = None) -> Impression:
    return Impression(visit_id, visit_id, 8.0, attention_s, True, reading_s, None, 0.0, {})


def reward(
    number: int, value: float | None, *impressions: Impression, absent: str | None = None
) -> Reward:
    parts = {"absent": absent} if absent else {}
    return Reward(f"screen-{number}", 9.0, utc(9), value, parts, impressions)


class Screen:
    """Plays on record, as the engine puts them there."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path)
        self.run = self.journal.begin_run(NOON, "lobby-1")
        self.journal.record_catalogue(CATALOGUE.version, CATALOGUE.as_json())

    def decide(self, number: int, content_id: str = "coffee", *, forced: bool = False) -> None:
        decided = replace(decision(number, content_id), forced=forced)
        self.journal.record_decision(number, self.run, decided)

    def start(self, number: int) -> None:
        event = PlayEvent(f"screen-{number}", PlayState.STARTED, 10.0 * number + 1, "page-a")
        self.journal.record_start(event, utc(event.t_s))

    def end(self, number: int, got: Reward | None, state: PlayState = PlayState.FINISHED) -> None:
        event = PlayEvent(f"screen-{number}", state, 10.0 * number + 9, "page-a")
        self.journal.record_end(event, utc(event.t_s), got)

    def play(self, number: int, got: Reward | None, content_id: str = "coffee") -> None:
        self.decide(number, content_id)
        self.start(number)
        self.end(number, got)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal.sqlite"


@pytest.fixture
def screen(path: Path) -> Iterator[Screen]:
    screen = Screen(path)
    yield screen
    screen.journal.close()


def page_play(path: Path, play_id: str, content_id: str, state: str, times: str) -> None:
    """What a page told of its own: from, to in seconds after noon."""
    began_s, ended_s = (float(text) for text in times.split())
    with sqlite3.connect(path) as db:
        db.execute(
            "INSERT INTO page_plays VALUES (?, ?, ?, ?, ?, ?, 'page-a')",
            (
                play_id,
                content_id,
                state,
                utc(began_s).isoformat(timespec="milliseconds"),
                utc(ended_s).isoformat(timespec="milliseconds"),
                ended_s - began_s,
            ),
        )
    db.close()


def table(journal: Path, out: Path) -> list[dict[str, str]]:
    export(journal, ExportFormat.CSV, out)
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_play_with_its_audience_in_the_words_of_the_industry(
    screen: Screen, path: Path, tmp_path: Path
) -> None:
    screen.play(1, reward(1, 0.5, impression("1.1", 4.0, 2.0), impression("1.2", 0.0)))
    (row,) = table(path.parent, tmp_path / "plays.csv")
    assert list(row) == list(proof_of_play.COLUMNS)
    assert row == {
        "play_id": "screen-1",
        "screen_id": "lobby-1",
        "content_id": "coffee",
        "title": "Slow, “good” coffee",
        "decision_id": "screen-1",
        "asked_utc": "2026-03-04 12:00:10.000",
        "started_utc": "2026-03-04 12:00:11.000",
        "ended_utc": "2026-03-04 12:00:19.000",
        "state": "finished",
        "shown_s": "8.000000",
        "page": "page-a",
        "made_by": "kiosk",
        "policy": "vw",
        "propensity": "0.750000",
        "trigger": "play_ends",
        "opportunities_to_see": "2",
        "watchers": "1",
        "conversion_ratio": "0.500000",
        "attention_s": "4.000000",
        "dwell_s": "16.000000",
        "attraction_ratio": "0.250000",
        "read_s": "",
        "more_open_s": "",
        "more_read_s": "",
        "reward": "0.500000",
        "impressions": "2",
        "short_stays": "0",
        "short_dwell_s": "0.000000",
        "short_attention_s": "0.000000",
        "attention_eyes_s": "",
        "attention_head_s": "",
        "attention_unknown_s": "0.000000",
        "simulated": "no",
        "version": __version__,
    }


def test_what_is_not_known_is_empty_and_never_0(screen: Screen, path: Path, tmp_path: Path) -> None:
    screen.play(1, reward(1, None, absent="nobody_present"))
    screen.play(2, reward(2, None, impression("1.1", 1.0), absent="camera_lost"))
    screen.play(3, reward(3, 0.0, impression("1.1", 0.0)))
    empty, blind, ignored = table(path, tmp_path / "plays.csv")
    assert (empty["opportunities_to_see"], empty["watchers"], empty["reward"]) == ("0", "0", "")
    assert (empty["conversion_ratio"], empty["attraction_ratio"], empty["read_s"]) == ("",) * 3
    audience = ("opportunities_to_see", "watchers", "attention_s", "dwell_s", "attraction_ratio")
    assert [blind[name] for name in audience] == [""] * 5
    assert (ignored["reward"], ignored["conversion_ratio"]) == ("0.000000",) * 2


def test_what_was_never_shown_is_there_and_says_so(
    screen: Screen, path: Path, tmp_path: Path
) -> None:
    screen.decide(1)
    screen.end(1, None, PlayState.SUPERSEDED)
    screen.decide(2)
    screen.end(2, None, PlayState.FAILED)
    screen.decide(3)
    rows = table(path, tmp_path / "plays.csv")
    assert [row["state"] for row in rows] == ["superseded", "failed", "asked"]
    for row in rows:
        told = ("started_utc", "ended_utc", "shown_s", "attention_s", "opportunities_to_see")
        assert [row[name] for name in told] == [""] * 5
        assert row["asked_utc"]


def test_a_killed_run_leaves_a_start_without_an_end(path: Path, tmp_path: Path) -> None:
    first = Screen(path)
    first.decide(1)
    first.start(1)
    first.journal.close()
    again = Screen(path)
    again.play(2, reward(2, 0.5, impression("2.1", 4.0)))
    again.journal.close()
    killed, shown = table(path, tmp_path / "plays.csv")
    assert (killed["state"], killed["started_utc"]) == ("failed", "2026-03-04 12:00:11.000")
    assert (killed["ended_utc"], killed["shown_s"], killed["attention_s"]) == ("", "", "")
    assert shown["state"] == "finished"


def test_every_play_counts_once_also_when_the_connection_was_lost(
    screen: Screen, path: Path, tmp_path: Path
) -> None:
    """The page's word on the end goes before the kiosk's; its own plays are rows of their own."""
    screen.decide(1)
    screen.start(1)
    screen.end(1, reward(1, 0.5, impression("1.1", 4.0)), PlayState.INTERRUPTED)
    screen.decide(2)  # the screen began it when the connection was gone
    screen.end(2, None, PlayState.FAILED)
    page_play(path, "screen-1", "coffee", "finished", "11 20")
    page_play(path, "screen-2", "coffee", "finished", "21 29")
    page_play(path, "page-a-1", "shoes", "finished", "30 38")
    screen.play(4, reward(4, 0.5, impression("1.1", 4.0)), "shoes")
    rows = table(path, tmp_path / "plays.csv")
    assert [row["play_id"] for row in rows] == ["screen-1", "screen-2", "page-a-1", "screen-4"]
    lost, late, own, _ = rows
    assert (lost["state"], lost["shown_s"], lost["made_by"]) == ("finished", "9.000000", "kiosk")
    assert lost["ended_utc"] == "2026-03-04 12:00:20.000"
    assert (lost["attention_s"], lost["reward"]) == ("4.000000", "0.500000")
    assert (late["started_utc"], late["state"]) == ("2026-03-04 12:00:21.000", "finished")
    assert (late["page"], late["opportunities_to_see"]) == ("page-a", "")
    assert (own["made_by"], own["screen_id"], own["title"]) == ("page", "lobby-1", "Shoes")
    told = ("decision_id", "asked_utc", "policy", "propensity", "reward", "attention_s")
    assert [own[name] for name in told] == [""] * 6


def test_what_unfolded_is_summed_over_a_play(screen: Screen, path: Path, tmp_path: Path) -> None:
    got = reward(1, 0.5, impression("1.1", 4.0, 1.0), impression("1.2", 2.0, 0.5))
    screen.play(1, got)
    with sqlite3.connect(path) as db:
        db.executemany(
            "INSERT INTO reveals VALUES ('screen-1', ?, 'read', '2026-03-04T12:00:12+00:00', ?, ?)",
            [(1, 4.0, 1.5), (2, 2.5, 0.5)],
        )
    db.close()
    (row,) = table(path, tmp_path / "plays.csv")
    assert (row["more_open_s"], row["more_read_s"]) == ("6.500000", "2.000000")
    assert (row["opportunities_to_see"], row["attention_s"], row["read_s"]) == (
        "2",
        "6.000000",
        "1.500000",
    )


def test_parquet_says_the_same_as_csv_with_types(
    screen: Screen, path: Path, tmp_path: Path
) -> None:
    screen.play(1, reward(1, 0.5, impression("1.1", 4.0)))
    screen.play(2, None)
    out = tmp_path / "plays.parquet"
    assert export(path, ExportFormat.PARQUET, out) == (2, "plays")
    first, second = parquet.read_table(out).to_pylist()
    assert first["started_utc"] == datetime(2026, 3, 4, 12, 0, 11, tzinfo=UTC)
    assert (first["opportunities_to_see"], first["reward"]) == (1, 0.5)
    assert second["reward"] is None
    written = table(path, tmp_path / "plays.csv")
    for typed, text in zip((first, second), written, strict=True):
        assert list(typed) == list(text)
        assert {name for name in typed if typed[name] is None} == {n for n in text if not text[n]}


def test_an_empty_journal_gives_the_columns_alone(
    screen: Screen, path: Path, tmp_path: Path
) -> None:
    for form in ExportFormat:
        assert export(path, form, tmp_path / form)[0] == 0
    assert (tmp_path / "csv").read_text().split() == [",".join(proof_of_play.COLUMNS)]
    assert parquet.read_table(tmp_path / "parquet").column_names == list(proof_of_play.COLUMNS)
    assert (tmp_path / "dsjson").read_bytes() == b""


def told(examples: list[Example]) -> list[object]:
    labels = [example.get_label() for example in examples]
    assert [isinstance(label, CBLabel) and label.shared for label in labels] == [True, False, False]
    return [label.label for label in labels[1:] if isinstance(label, CBLabel)]


def test_vowpal_wabbit_reads_its_log(screen: Screen, path: Path, tmp_path: Path) -> None:
    screen.play(1, reward(1, 0.5, impression("1.1", 4.0)))
    screen.play(2, reward(2, 0.125, impression("1.1", 1.0)), "shoes")
    screen.play(3, reward(3, None, absent="nobody_present"))
    screen.play(4, None)
    screen.decide(5, forced=True)
    screen.start(5)
    screen.end(5, reward(5, 1.0, impression("1.1", 8.0)))
    out = tmp_path / "log.dsjson"
    assert export(path, ExportFormat.DSJSON, out) == (2, "decisions")
    workspace = Workspace(["--cb_explore_adf", "-q", "ac", "--quiet"])
    with DSJsonFormatReader(workspace, out.open(encoding="utf-8")) as reader:
        first, second = list(reader)
    # (action, cost, probability) of the content that was drawn, and nothing of the other
    assert told(first) == [(1, -0.5, 0.75), None]
    assert told(second) == [None, (2, -0.125, 0.25)]
    for examples in (first, second):
        workspace.learn_one(examples)
    shared, *actions = first
    assert len(shared["a"]) == 3
    for name, action in zip(("coffee", "shoes"), actions, strict=True):
        assert len(action["c"]) == len(CATALOGUE[name].features)
    document = json.loads(out.read_text().splitlines()[1])
    assert (document["a"], document["p"]) == ([2, 1], [0.25, 0.75])
    assert (document["EventId"], document["VWState"]) == ("screen-2", {"m": "1.0"})
    assert document["Timestamp"] == "2026-03-04T12:00:20.000000Z"


def test_no_row_waits_for_another(screen: Screen, path: Path) -> None:
    """A journal of years is neither sorted nor gathered before the first row is out."""
    with JournalReader(path).connect() as db:
        plan = db.execute(f"EXPLAIN QUERY PLAN {proof_of_play._KIOSK}").fetchall()
    assert not [step for *_, step in plan if "TEMP" in step or "AUTOMATIC" in step]


def test_the_journal_is_never_written_over(screen: Screen, path: Path, tmp_path: Path) -> None:
    screen.play(1, None)
    (linked := tmp_path / "link").symlink_to(path)
    for out in (path, linked, path.with_name("journal.sqlite-wal"), path.with_suffix(".lock")):
        with pytest.raises(ConfigError, match="belongs to the journal itself"):
            export(path, ExportFormat.CSV, out)
    with pytest.raises(ConfigError, match="not a file"):
        export(path, ExportFormat.CSV, tmp_path)
    with pytest.raises(JournalError, match="There is no journal"):
        export(tmp_path, ExportFormat.CSV, tmp_path / "plays.csv")
    with pytest.raises(JournalError, match=r"nowhere/plays\.csv cannot be written: No such file"):
        export(path, ExportFormat.CSV, tmp_path / "nowhere" / "plays.csv")
    assert len(JournalReader(path).decisions()) == 1


def command(*arguments: str | Path, first: str = "") -> subprocess.CompletedProcess[str]:
    """`signage export`, in a process that does ``first`` what it says."""
    program = f"{first}\nfrom signage.cli.app import main\nmain()"
    return subprocess.run(
        [sys.executable, "-c", program, "export", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


@pytest.mark.parametrize("form", list(ExportFormat))
def test_a_full_disk_is_one_clear_message(
    screen: Screen, path: Path, tmp_path: Path, form: ExportFormat
) -> None:
    for number in range(1, 30):
        screen.play(number, reward(number, 0.5, impression("1.1", 4.0)))
    out = tmp_path / "plays"
    out.write_text("of yesterday")
    small = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000,) * 2)"
    )
    done = command(path, "--format", form, "--out", out, first=small)
    assert done.returncode == 1
    assert f"{out} cannot be written: File too large. Check that" in done.stderr
    assert "Traceback" not in done.stderr
    assert out.read_text() == "of yesterday"
    assert not list(tmp_path.glob("*.part"))


def test_without_pyarrow_the_message_says_what_to_install(
    screen: Screen, path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "plays.parquet"
    missing = "import sys; sys.modules['pyarrow'] = None"
    done = command(path, "--format", "parquet", "--out", out, first=missing)
    assert done.returncode == 1
    assert 'pip install "signage[parquet]"' in done.stderr
    assert not out.exists()


def test_the_command_says_what_it_wrote(screen: Screen, path: Path, tmp_path: Path) -> None:
    screen.play(1, None)
    out = tmp_path / "plays.csv"
    done = command(path.parent, "--out", out, "--format", "csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"1 plays: {out}\n", "")
    wrong = command(path, "--out", out, "--format", "xls")
    assert wrong.returncode == 2
    assert "dsjson" in wrong.stderr
