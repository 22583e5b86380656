"""Logs that are not what they should be: a message that says what, and no number out of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from signage.analysis.evaluate import EvaluationRequest, evaluated
from signage.config.config import Config
from signage.errors import JournalError, SignageError
from signage.journal.exports.export import export
from signage.types.choices import ExportFormat
from tests.support.builders import catalogue, sighting, traits
from tests.support.stage import Stage

UNIFORM = EvaluationRequest(policies=("uniform",))
TWO = catalogue({"coffee": {"duration_s": 4.0}, "shoes": {"duration_s": 4.0}})


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("log") / "journal.sqlite"
    stage = Stage(path, TWO)
    stage.play(300, lambda t_s: [sighting(track=int(t_s // 20), traits=traits(30, 1.0))])
    stage.journal.close()
    return path


@pytest.fixture
def journal(recorded: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "journal.sqlite"
    copy.write_bytes(recorded.read_bytes())
    return copy


@pytest.fixture
def columns(recorded: Path, tmp_path: Path) -> Path:
    out = tmp_path / "log.parquet"
    export(recorded, ExportFormat.DECISIONS, out)
    return out


def changed(path: Path, sql: str) -> None:
    with sqlite3.connect(path) as db:
        db.executescript(sql)
    db.close()


def judged(path: Path) -> dict[str, Any]:
    return evaluated(path, UNIFORM, Config())


_OF_DECISIONS = "(SELECT decision_id FROM decisions WHERE number"
_REMOVE = (
    f"DELETE FROM rewards WHERE decision_id IN {_OF_DECISIONS} BETWEEN 5 AND 7); "
    f"DELETE FROM plays WHERE decision_id IN {_OF_DECISIONS} BETWEEN 5 AND 7); "
    "DELETE FROM decisions WHERE number BETWEEN 5 AND 7"
)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM rewards; DELETE FROM plays; DELETE FROM decisions", "is empty: no decision"),
        ("UPDATE rewards SET reward = NULL", "none of them was drawn at random and has a reward"),
        (
            "UPDATE decisions SET propensity = 1, eligible = json_object(content_id, 1.0)",
            "only one content had a chance in each of them",
        ),
        ("INSERT INTO runs (started_utc, screen_id) VALUES ('2026', 'b')", "mixes the screens"),
        (
            "UPDATE decisions SET decision_id = 'b-' || number WHERE number > 20",
            "mixes the screens",
        ),
        ("DELETE FROM plays", "has no play that can be read"),
        (_REMOVE, "3 decisions were removed"),
        (
            "UPDATE decisions SET propensity = 0.3 WHERE number = 5",
            "decision 5 has a propensity that differs",
        ),
        ("UPDATE decisions SET context = '{' WHERE number = 5", "is damaged or was cut off"),
        ("UPDATE decisions SET eligible = '[]' WHERE number = 5", "is damaged or was cut off"),
        ("UPDATE decisions SET t_utc = 'noon' WHERE number = 5", "decision 5 has no time in UTC"),
        ("UPDATE decisions SET content_id = 'gone' WHERE number = 5", "is damaged or was cut off"),
        ("UPDATE decisions SET propensity = '' WHERE number = 5", "decision 5 has no propensity"),
        ("UPDATE decisions SET utc_offset_min = 'x' WHERE number = 5", "decision 5 has no time"),
        ("UPDATE decisions SET t_utc = substr(t_utc, 1, 23)", "has no time in UTC"),
        ("UPDATE plays SET started_s = 'x'", "has no play that can be read"),
        (
            "UPDATE decisions SET propensity = 0 WHERE number = 5",
            "decision 5 has no propensity above 0",
        ),
        ("UPDATE meta SET value = 99 WHERE key = 'schema_version'", "of version 99"),
    ],
)
def test_a_journal_that_cannot_be_judged_is_refused(journal: Path, sql: str, said: str) -> None:
    changed(journal, sql)
    with pytest.raises(JournalError, match=said):
        judged(journal)


def test_wherever_a_journal_is_cut_off_no_number_comes_of_it(journal: Path) -> None:
    whole = journal.read_bytes()
    for part in range(20):
        journal.write_bytes(whole[: len(whole) * part // 20])
        with pytest.raises(JournalError, match="journal"):
            judged(journal)


def test_a_clock_that_went_back_changes_no_value_and_is_told(journal: Path) -> None:
    before = judged(journal)
    changed(journal, "UPDATE decisions SET t_utc = '2020-01-01T00:00:00+00:00' WHERE number = 9")
    after = judged(journal)
    assert after["policies"] == before["policies"]
    assert (before["clock_jumps"], after["clock_jumps"]) == (0, 1)
    assert "clock went back" in after["notes"][0]


def test_plays_that_overlap_are_left_out_and_counted(journal: Path) -> None:
    before = judged(journal)
    assert before["overlapping"] == 0
    changed(
        journal,
        "UPDATE plays SET ended_s = ended_s + 3 WHERE decision_id IN "
        "(SELECT decision_id FROM decisions JOIN rewards USING (decision_id) "
        "WHERE number = 9 AND reward IS NOT NULL)",
    )
    after = judged(journal)
    assert after["overlapping"] == 2
    assert after["plays"] == before["plays"] - 2
    assert "another play was on the screen" in after["notes"][0]


Spoil = Callable[[pa.Table], pa.Table]


def without_propensity(table: pa.Table) -> pa.Table:
    values = table["propensity"].to_pylist()
    values[7] = None
    place = table.schema.get_field_index("propensity")
    return table.set_column(place, "propensity", pa.array(values, pa.float64()))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda table: pa.concat_tables([table, table]), "joined from several logs"),
        (
            lambda table: pa.concat_tables([table.slice(0, 4), table.slice(7)]),
            "no decision between 4 and 8",
        ),
        (without_propensity, "decision 8 has no propensity"),
        (lambda table: table.drop_columns(["propensity"]), "lacks the column propensity"),
        (lambda table: table.slice(0, 0), "is empty: no decision"),
        (lambda table: table.replace_schema_metadata({"signage": "{"}), "is damaged"),
        (
            lambda table: table.replace_schema_metadata({"signage": json.dumps({"layout": 9})}),
            "is of layout 9",
        ),
        (lambda table: table.replace_schema_metadata(None), "has no decisions"),
    ],
    ids=[
        "twice",
        "a part taken out",
        "missing",
        "no column",
        "empty",
        "no description",
        "newer",
        "another table",
    ],
)
def test_columns_that_cannot_be_judged_are_refused(columns: Path, spoil: Spoil, said: str) -> None:
    parquet.write_table(spoil(parquet.read_table(columns)), columns)
    with pytest.raises(JournalError, match=said):
        judged(columns)


def test_wherever_columns_are_cut_off_no_number_comes_of_it(columns: Path) -> None:
    whole = columns.read_bytes()
    for part in range(20):
        columns.write_bytes(whole[: len(whole) * part // 20])
        with pytest.raises(JournalError, match="damaged or was cut off"):
            judged(columns)


# Policies of one's own, and logs that tell too little

_OWN = """
from signage.recommend.policies.base import Answer, certain

class NeedsArguments:
    def __init__(self, size): ...

class Raises:
    name, version = "raises", "1"
    def answer(self, question): raise KeyError("no such\\nplace")
    def learn(self, example): ...

class Nothing: ...

def fails(): raise RuntimeError("no licence")
"""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("NeedsArguments", "is called without arguments: name a factory"),
        ("Raises", r"failed on decisions 1 to \d+ of .*: KeyError: 'no such\\nplace'. Correct"),
        ("Nothing", "no method answer and no method learn"),
        ("fails", "cannot be made: RuntimeError: no licence"),
        ("gone", "cannot be imported"),
    ],
)
def test_a_policy_of_ones_own_that_fails_is_one_clear_error(
    journal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    module = f"own_{name.lower()}"
    (tmp_path / f"{module}.py").write_text(_OWN)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SignageError, match=said):
        evaluated(journal, EvaluationRequest(policies=(f"{module}:{name}",)), Config())


def test_one_visitor_alone_gives_valid_json_and_no_interval(journal: Path) -> None:
    changed(journal, "UPDATE impressions SET viewer_id = '1.1'")
    told = judged(journal)
    json.dumps(told, allow_nan=False)
    assert 0 < told["logged"]["value"] < 1
    assert told["logged"]["low"] is told["logged"]["high"] is None


def test_thin_data_says_how_thin_and_no_interval_leaves_what_is_possible(journal: Path) -> None:
    changed(journal, "DELETE FROM rewards WHERE seq > 6")
    wanted = EvaluationRequest(policies=("uniform", "playlist"), without=("coffee",))
    told = evaluated(journal, wanted, Config())
    assert told["policies"]
    for one in told["policies"]:
        assert f"Not enough data for {one['policy']} yet (effective sample" in one["warnings"][0]
        for name, least in (("ips", 0), ("snips", 0), ("dm", 0), ("dr", 0), ("difference", -1)):
            ends = (one[name] or {}).values()
            assert all(end is None or least <= end <= 1 for end in ends)
