"""The books balance: every output of one eventful journal tells the same, to the millisecond.

Each output is read by its own tools, and none of the program's readers.
"""

from __future__ import annotations

import csv
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from signage.analysis.evaluate import EvaluationRequest, evaluated
from signage.analysis.experiment import result
from signage.config.audience import AudienceConfig
from signage.config.config import Config
from signage.journal.exports.export import export
from signage.journal.figures.dashboard import DashboardFigures, Period
from signage.journal.figures.report import ReportFigures
from signage.journal.reader import JournalReader
from signage.journal.writer import Journal
from signage.types.choices import ExportFormat
from tests.support.builders import utc
from tests.support.eventful_journal import LENGTH_S, write

Row = Mapping[str, Any]


class Books:
    """Every output of the journal at ``path``."""

    def __init__(self, path: Path, out: Path) -> None:
        self.path = path
        for form in ExportFormat:
            export(path, form, out / form)
        with (out / "csv").open(encoding="utf-8", newline="") as file:
            self.csv = [
                {name: text or None for name, text in row.items()} for row in csv.DictReader(file)
            ]
        self.parquet = parquet.read_table(out / "parquet").to_pylist()
        self.decisions = parquet.read_table(out / "decisions").to_pylist()
        self.dsjson = [json.loads(line) for line in (out / "dsjson").read_text().splitlines()]
        self.api = JournalReader(path).decisions()
        self.report = ReportFigures(path).all()
        self.dashboard = DashboardFigures(path).over(Period.last(1, utc(LENGTH_S)), 500)
        self.experiment = result(path)
        self.evaluation = evaluated(path, EvaluationRequest(policies=("uniform",)), Config())

    @property
    def shown(self) -> list[Row]:
        return [row for row in self.csv if row["started_utc"]]

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        db = sqlite3.connect(self.path)
        try:
            return db.execute(query).fetchall()
        finally:
            db.close()


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    folder = tmp_path_factory.mktemp("books")
    return Books(write(folder), folder)


def ms(values: Iterable[Any]) -> int:
    """The sum, in whole milliseconds."""
    return sum(round(1000 * float(value)) for value in values if value is not None)


def by_content(rows: Iterable[Row], column: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row["content_id"]] += ms([row[column]])
    return dict(sums)


def test_everything_has_happened(books: Books) -> None:
    """Else what follows would prove nothing."""
    states = Counter(row["state"] for row in books.csv)
    assert {"finished", "interrupted", "superseded", "failed"} <= states.keys()
    assert {row["made_by"] for row in books.csv} == {"kiosk", "page"}
    assert any(row["state"] == "failed" and row["started_utc"] for row in books.csv), "the kill"
    assert any(row["started_utc"] and not row["impressions"] for row in books.csv), "blind"
    assert any(float(row["more_read_s"] or 0) > 0 for row in books.csv)
    assert sum(int(row["short_stays"] or 0) for row in books.csv) > 5
    assert any(not line["signage"]["learned"] for line in books.dsjson), "the rollback"
    (told,) = books.sql("SELECT count(*) FROM page_plays JOIN decisions ON play_id = decision_id")
    assert told[0] >= 2
    audience = books.report["audience"]
    assert audience["unseen_s"] > 0
    assert audience["outside_s"] > 0
    assert audience["watchers"] > audience["watchers_of_plays"]


def test_csv_and_parquet_are_one_table(books: Books) -> None:
    for row, typed in zip(books.csv, books.parquet, strict=True):
        assert list(row) == list(typed)
        for name, value in typed.items():
            text = row[name] or ""
            if value is None or isinstance(value, str):
                assert text in (value or "", f"'{value}"), "a formula has an apostrophe before it"
            elif isinstance(value, datetime):
                assert datetime.fromisoformat(f"{text}+00:00") == value
            else:
                assert float(text) == value


def test_plays_and_their_seconds_are_the_same_everywhere(books: Books) -> None:
    plays = Counter(row["content_id"] for row in books.shown)
    seconds = by_content(books.shown, "shown_s")
    assert len({row["play_id"] for row in books.csv}) == len(books.csv)
    for contents in (
        [{"content_id": name, **row} for name, row in books.dashboard["contents"].items()],
        books.report["contents"],
    ):
        assert {row["content_id"]: row["plays"] for row in contents} == plays
        assert by_content(contents, "shown_s") == seconds
    assert books.dashboard["funnel"]["plays"] == sum(plays.values())
    assert sum(hour["plays"] for hour in books.dashboard["by_hour"]) == sum(plays.values())
    kiosk = {row["decision_id"]: row for row in books.csv if row["decision_id"]}
    assert len(books.api) == len(kiosk) == len(books.decisions)
    for row in books.api:
        other = kiosk[row["decision_id"]]
        assert row["state"] == other["state"]
        assert ms([row["shown_s"]]) == ms([other["shown_s"]])
        for name in ("started_utc", "ended_utc"):
            assert (row[name] or "").replace("T", " ").removesuffix("+00:00") == (other[name] or "")
    alone = [row for row in books.shown if row["state"] == "finished" and row["reward"] is None]
    page = [row for row in books.shown if row["made_by"] == "page"]
    assert books.report["alone"]["plays"] >= len(page) > 3
    assert len(alone) >= len(page)


def test_no_play_gets_more_than_it_lasted(books: Books) -> None:
    for row in books.shown:
        if row["shown_s"] is None:
            continue
        lasts = timedelta(milliseconds=ms([row["shown_s"]]))
        began, ended = (datetime.fromisoformat(row[name]) for name in ("started_utc", "ended_utc"))
        assert ended - began == lasts
        if row["impressions"] is None:
            continue
        assert ms([row["dwell_s"]]) <= ms([row["shown_s"]]) * int(row["impressions"])
        assert ms([row["attention_s"]]) <= ms([row["dwell_s"]])
        assert ms([row["more_read_s"]]) <= ms([row["more_open_s"]])
        assert ms([row["more_read_s"]]) <= ms([row["read_s"]]) or row["read_s"] is None
        assert int(row["watchers"]) <= int(row["impressions"]) == int(row["opportunities_to_see"])


def test_impressions_and_attention_are_the_same_everywhere(books: Books) -> None:
    seen = [row for row in books.shown if row["impressions"] is not None]
    for column, of_report in (("attention_s", "attention_s"), ("dwell_s", "present_s")):
        mine = {name: total for name, total in by_content(seen, column).items() if total}
        told = [row for row in books.report["contents"] if row.get("impressions")]
        assert by_content(told, of_report) == mine
    impressions = Counter[str]()
    for row in seen:
        impressions[row["content_id"]] += int(row["impressions"])
    contents = books.dashboard["contents"]
    assert {name: row["impressions"] for name, row in contents.items()} == impressions
    assert books.dashboard["funnel"]["impressions"] == impressions.total()
    assert books.report["audience"]["impressions"] == impressions.total()
    assert books.report["audience"]["looked"] == sum(int(row["watchers"]) for row in seen)
    assert ms(row["attention_s"] for row in contents.values()) == ms(
        row["attention_s"] for row in seen
    )
    assert ms(hour["attention_s"] for hour in books.dashboard["by_hour"]) == ms(
        row["attention_s"] for row in seen
    )


def test_visits_and_watchers_are_the_same_everywhere(books: Books) -> None:
    audience, funnel = books.report["audience"], books.dashboard["funnel"]
    ended = books.sql("SELECT visit_id, dwell_s, attention_s FROM viewers")
    open_visits = books.sql(
        "SELECT visit_id, sum(attention_s) FROM (SELECT visit_id, attention_s FROM impressions "
        "UNION ALL SELECT visit_id, attention_s FROM short_stays) "
        "WHERE visit_id NOT IN (SELECT visit_id FROM viewers) GROUP BY visit_id"
    )
    assert len(open_visits) == audience["open"] > 0
    visits = len(ended) + len(open_visits)
    assert audience["visits"] == funnel["ots"] == visits
    least_s = AudienceConfig().min_look_s
    watchers = sum(round(row[2], 3) >= least_s for row in ended)
    watchers += sum(round(row[1], 3) >= least_s for row in open_visits)
    assert audience["watchers"] == funnel["watchers"] == watchers
    assert (audience["held"], audience["read"]) == (funnel["held"], funnel["read"])
    assert funnel["ots"] >= funnel["watchers"] >= funnel["held"] > 0
    by_hour = books.dashboard["by_hour"]
    for name in ("ots", "watchers"):
        assert sum(hour[name] or 0 for hour in by_hour) == funnel[name]


def test_no_second_of_a_visit_is_lost(books: Books) -> None:
    audience = books.report["audience"]
    seen = [row for row in books.shown if row["impressions"] is not None]
    for total, part, column, short in (
        ("dwell_s", "s", "dwell_s", "short_dwell_s"),
        ("attention_s", "attention_s", "attention_s", "short_attention_s"),
    ):
        parts = {
            name: audience[f"{name}_{part}"] for name in ("seen", "unseen", "short", "outside")
        }
        assert ms(parts.values()) == ms([audience[total]])
        assert min(parts.values()) >= 0
        assert ms([parts["seen"]]) == ms(row[column] for row in seen)
        assert ms([parts["short"]]) >= ms(row[short] for row in seen) > 0
    # Nobody has a negative rest that another one's hides.
    with JournalReader(books.path).connect() as db:
        least = db.execute("SELECT min(outside_s), min(outside_attention_s) FROM visit_time")
        assert min(least.fetchone()) >= 0


def test_rewards_are_the_same_everywhere(books: Books) -> None:
    csv_rewards = {row["decision_id"]: float(row["reward"]) for row in books.csv if row["reward"]}
    api = {row["decision_id"]: row["reward"] for row in books.api if row["reward"] is not None}
    assert api == csv_rewards
    forced = {row["decision_id"] for row in books.api if row["forced"]}
    drawn = {name: value for name, value in csv_rewards.items() if name not in forced}
    costs = {line["EventId"]: line["_label_cost"] for line in books.dsjson}
    assert {name: -cost for name, cost in costs.items()} == drawn
    columns = sorted(row["reward"] for row in books.decisions if row["outcome"] == "rewarded")
    assert columns == sorted(drawn.values())
    contents = books.dashboard["contents"]
    for name, row in contents.items():
        its = {r["decision_id"] for r in books.csv if r["content_id"] == name}
        mine = [value for decision, value in drawn.items() if decision in its]
        assert row["rewarded"] == len(mine)
        if mine:
            assert row["reward"] == pytest.approx(sum(mine) / len(mine), abs=1e-4)
            low, high = row["reward_low"], row["reward_high"]
            assert low is None or 0 <= low <= row["reward"] <= high <= 1
    logged = books.evaluation["logged"]["value"]
    assert logged == pytest.approx(sum(drawn.values()) / len(drawn))
    taken_back = {row["decision_id"] for row in books.api if row["reward"] and not row["learned"]}
    assert {line["EventId"] for line in books.dsjson if not line["signage"]["learned"]} == (
        taken_back - forced
    )


def test_every_decision_has_one_outcome(books: Books) -> None:
    outcomes = Counter(row["outcome"] for row in books.decisions)
    assert outcomes == {k: v for k, v in books.evaluation["outcomes"].items() if v}
    assert sum(outcomes.values()) == books.evaluation["decisions"] == len(books.api)
    never = [r for r in books.csv if r["decision_id"] and not r["started_utc"]]
    forced = sum(row["forced"] for row in books.api)
    assert outcomes["never_shown"] <= len(never) <= outcomes["never_shown"] + forced
    assert outcomes["page_alone"] >= 1


def test_every_play_of_the_experiment_is_in_an_arm_or_left_out(books: Books) -> None:
    (count,) = books.sql("SELECT count(*) FROM assignments")[0]
    experiment = books.experiment
    in_arms = sum(arm["rewarded_plays"] for arm in experiment["arms"])
    assert experiment["plays"] == count == in_arms + sum(experiment["left_out"].values())
    assert experiment["left_out"]["in an incomplete round"] > 0


def test_what_the_page_alone_saw_counts_for_caps_and_shares(books: Books) -> None:
    shown = Counter(row["content_id"] for row in books.shown if row["decision_id"])
    voice = books.dashboard["share_of_voice"]
    forced = [row for row in books.api if row["forced"] and row["started_utc"]]
    assert voice["window_plays"] == shown.total() - len(forced)
    journal = Journal(books.path, durable=False)
    counted = journal.decided_since(utc(-1), 0, utc(2 * LENGTH_S))
    journal.close()
    by_start = sorted(books.shown, key=lambda row: str(row["started_utc"]))
    assert [play.decision_id for play in counted] == [row["play_id"] for row in by_start]
    assert [play.content_id for play in counted] == [row["content_id"] for row in by_start]


def test_the_hour_in_which_the_camera_was_black_is_told(books: Books) -> None:
    (hour,) = [hour for hour in books.dashboard["by_hour"] if hour["seen"] != "off"]
    assert hour["seen"] == "partly"
    assert 0.85 < hour["seen_share"] < 0.95
    assert books.report["observed"]["faults"]["black"] > 70
    for other in books.dashboard["by_hour"]:
        if other is not hour:
            assert (other["ots"], other["watchers"], other["attention_s"]) == (None,) * 3
