"""The report: one page that stands alone and says what the journal says."""

from __future__ import annotations

import base64
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from signage.config import DecisionConfig
from signage.errors import JournalError
from signage.evaluation.report import write_report
from signage.journal.journal import Journal
from signage.journal.reader import JournalReader
from signage.simulation.recording import Moment, Recording
from signage.simulation.simulate import Simulation
from tests.builders import catalogue, defaults, sighting, traits

SHOP = catalogue({"coffee": {"title": "Coffee & <b>cake</b>"}, "shoes": {"motion": False}})
WOMAN = sighting(x=200, traits=traits(45, 0.95))
PASSING = Recording(
    tuple(Moment(i / 5, (WOMAN,) if 20 <= i < 90 else ()) for i in range(100)), 22.0, 1
)


def simulate(out: Path, recording: Recording = PASSING) -> JournalReader:
    config = defaults(screen_id="lobby", decision=DecisionConfig(policy="uniform"))
    Simulation(config, SHOP, recording, out).run(60)
    return JournalReader(out / "journal.sqlite")


def write(reader: JournalReader, out: Path) -> str:
    write_report(
        out,
        decisions=reader.decisions()[::-1],
        viewers=reader.viewers(),
        impressions=reader.impressions(),
        contents=reader.contents(),
    )
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> JournalReader:
    return simulate(tmp_path_factory.mktemp("simulation"))


@pytest.fixture(scope="module")
def page(journal: JournalReader, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write(journal, tmp_path_factory.mktemp("report") / "deep" / "report.html")


def tiles(page: str) -> dict[str, str]:
    found = re.findall(r'class="tile"><b>(.*?)</b><span>(.*?)</span>', page)
    return {name: figure for figure, name in found}


def rows(page: str) -> dict[str, list[str]]:
    """The cells of every row of every table, by the first of them, without its tags."""
    table = {}
    for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL):
        cells = [re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<td>(.*?)</td>", row)]
        if cells:
            table[cells[0]] = cells[1:]
    return table


def pictures(page: str) -> list[str]:
    found = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)"', page)
    return [base64.b64decode(picture).decode() for picture in found]


def test_the_page_stands_alone(page: str) -> None:
    assert not re.findall(r"https?://", page)
    assert "<script" not in page
    assert "<link" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert len(pictures(page)) == page.count("<img") == 3
    for picture in pictures(page):
        assert ElementTree.fromstring(picture).tag.endswith("svg")
        assert not re.findall(r'href="(?!#)', picture)


def test_its_figures_are_those_of_the_journal(page: str, journal: JournalReader) -> None:
    viewers = journal.viewers()
    decisions = journal.decisions()
    watchers = [viewer for viewer in viewers if viewer["attention_s"] > 0]
    plays = [row for row in decisions if row["started_utc"]]
    rewards = [row["reward"] for row in plays if row["reward"] is not None]
    attention_s = sum(viewer["attention_s"] for viewer in viewers)
    assert 0 < len(watchers) < len(viewers)
    assert tiles(page) == {
        "opportunities to see": str(len(viewers)),
        "watchers": str(len(watchers)),
        "conversion ratio": f"{len(watchers) / len(viewers):.0%}",
        "attention time": f"{attention_s:.0f} s",
        "attraction ratio": f"{attention_s / sum(v['dwell_s'] for v in viewers):.0%}",
        "plays": str(len(plays)),
        "mean reward": f"{sum(rewards) / len(rewards):.3f}",
    }
    assert f"{len(rewards)} of them before people" in page
    assert "Screen lobby" in page
    assert "Decided by: uniform." in page


def test_its_tables_are_those_of_the_journal(page: str, journal: JournalReader) -> None:
    decisions = journal.decisions()
    table = rows(page)
    for content_id in SHOP:
        plays = [r for r in decisions if r["content_id"] == content_id and r["started_utc"]]
        rewards = [row["reward"] for row in plays if row["reward"] is not None]
        title = next(name for name in table if name.endswith(f" {content_id}"))
        category, count, *_, reward = table[title]
        assert (category, count) == (content_id, str(len(plays)))
        assert reward.startswith(f"{sum(rewards) / len(rewards):.3f}")
        assert ("±" in reward) == (len(set(rewards)) > 1)
    for trigger, number in Counter(row["trigger"] for row in decisions).items():
        assert table[trigger.replace("_", " ")] == [str(number)]
    states = Counter(row["state"] for row in decisions)
    assert table["shown to its end"] == [str(states["finished"])]
    assert table["cut short by another"] == [str(states["interrupted"])]


def test_what_a_content_is_called_is_text_and_no_markup(page: str) -> None:
    assert "Coffee &amp; &lt;b&gt;cake&lt;/b&gt;" in page
    assert "<b>cake" not in page


def test_the_same_journal_gives_the_same_page(
    page: str, journal: JournalReader, tmp_path: Path
) -> None:
    assert write(journal, tmp_path / "again.html") == page


def test_before_nobody_there_is_nothing_to_plot(tmp_path: Path) -> None:
    nobody = replace(PASSING, moments=tuple(replace(m, people=()) for m in PASSING.moments))
    page = write(simulate(tmp_path, nobody), tmp_path / "report.html")
    assert tiles(page)["mean reward"] == tiles(page)["conversion ratio"] == "–"
    assert "<img" not in page
    assert "nothing to plot" in page


def test_rewards_that_are_all_alike_claim_no_certainty(
    journal: JournalReader, tmp_path: Path
) -> None:
    decisions: list[dict[str, Any]] = [
        row | {"reward": None if row["reward"] is None else 0.0}
        for row in journal.decisions()[::-1]
    ]
    out = tmp_path / "report.html"
    write_report(out, decisions=decisions, viewers=[], impressions=[], contents=journal.contents())
    page = out.read_text(encoding="utf-8")
    assert "±" not in "".join(cell for cells in rows(page).values() for cell in cells)
    assert tiles(page)["mean reward"] == "0.000"


def test_an_empty_journal_is_an_error(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.sqlite").close()
    with pytest.raises(JournalError, match="no decision was ever made"):
        write(JournalReader(tmp_path / "journal.sqlite"), tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_where_it_cannot_be_written_is_said(journal: JournalReader, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path, tmp_path / "file" / "report.html"):
        with pytest.raises(JournalError, match="cannot be written") as raised:
            write(journal, out)
        assert str(out) in str(raised.value)
