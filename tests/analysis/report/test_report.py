"""The report: one page that stands alone and says what the journal says."""

from __future__ import annotations

import base64
import json
import re
import sqlite3
from collections import Counter
from dataclasses import replace
from datetime import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from playwright.sync_api import Browser

from signage.analysis.report import plots
from signage.analysis.report.audience import suppressed
from signage.analysis.report.build import write_report
from signage.analysis.report.plots import heat
from signage.config.decision import DecisionConfig
from signage.config.policies import PoliciesConfig, VwConfig
from signage.errors import JournalError, SignageError
from signage.evaluation.constraints_kept import CAP, recount
from signage.journal.reader import JournalReader
from signage.journal.writer import Journal
from signage.simulation.recordings.recording import Moment, Recording
from signage.simulation.simulate import Simulation
from signage.simulation.viewers.model import PRESETS
from signage.stats import Estimate
from signage.types.choices import PolicyName
from signage.types.vision import Sighting
from tests.support.builders import catalogue, defaults, sighting, traits

pytestmark = pytest.mark.system

SHOP = catalogue(
    {
        "coffee": {"title": "Coffee & <b>cake</b>", "dayparts": ((time(7), time(11)),)},
        "shoes": {"motion": False, "max_per_hour": 60, "share_min": 0.1},
        "toys": {"competes": "play"},
        "games": {"competes": "play"},
        "news": {},
    }
)
WOMAN = sighting(x=200, track=1, traits=traits(45, 0.95))
MAN = sighting(x=600, track=2, traits=traits(25, 0.05))


def recorded(*people: Sighting) -> Recording:
    """Everybody for 14 s, in turn, and 8 s in which nobody is there."""
    moments = []
    for number, who in enumerate(people):
        begin_s = 14.0 * number
        moments += [Moment(begin_s + i / 5, (who,)) for i in range(70)]
    empty_s = 14.0 * len(people)
    moments += [Moment(empty_s + i / 5, ()) for i in range(40)]
    return Recording(tuple(moments), empty_s + 8.0, len(people))


PASSING = recorded(WOMAN, MAN)


def simulate(
    out: Path,
    recording: Recording = PASSING,
    *,
    policy: PolicyName = "uniform",
    plays: int = 100,
    zone: str = "UTC",
    exploration: float = 0.04,
) -> JournalReader:
    config = defaults(
        screen_id="lobby",
        timezone=zone,
        decision=DecisionConfig(policy=policy),
        policies=PoliciesConfig(vw=VwConfig(exploration=exploration)),
    )
    Simulation(config, SHOP, recording, out, model=PRESETS["seed"]).run(plays)
    return JournalReader(out / "journal.sqlite")


def write(reader: JournalReader, out: Path, **options: Any) -> str:
    write_report(reader.path, out, **options)
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> JournalReader:
    return simulate(tmp_path_factory.mktemp("simulation"))


@pytest.fixture(scope="module")
def page(journal: JournalReader, tmp_path_factory: pytest.TempPathFactory) -> str:
    out = tmp_path_factory.mktemp("report") / "deep" / "report.html"
    return write(journal, out, least_persons=1)


def headline(page: str) -> str:
    found = re.search(r'class="headline">\s*<p>(.*?)</p>', page)
    assert found
    return found[1]


def tiles(page: str) -> dict[str, str]:
    found = re.findall(r'class="tile"><b>(.*?)</b><span>(.*?)</span>', page)
    return {name: figure for figure, name in found}


def rows(page: str) -> dict[str, list[str]]:
    """The cells of every row of every table, by the first of them."""
    table = {}
    for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL):
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row)
        if cells:
            table[cells[0]] = cells[1:]
    return table


def pictures(page: str) -> dict[str, str]:
    found = re.findall(r'<img src="data:image/svg\+xml;base64,([^"]+)" alt="([^"]+)"', page)
    return {alt: base64.b64decode(picture).decode() for picture, alt in found}


def spoilt(journal: JournalReader, folder: Path, *statements: str) -> JournalReader:
    """A copy in which ``statements`` changed something."""
    path = folder / "journal.sqlite"
    path.write_bytes(journal.path.read_bytes())
    db = sqlite3.connect(path)
    with db:
        for statement in statements:
            db.execute(statement)
    db.close()
    return JournalReader(path)


def test_the_page_stands_alone(page: str) -> None:
    assert not re.findall(r"https?://", page)
    assert "<script" not in page
    assert "<link" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert len(pictures(page)) == page.count("<img") >= 5
    for picture in pictures(page).values():
        assert ElementTree.fromstring(picture).tag.endswith("svg")
        assert not re.findall(r'href="(?!#|data:|")', picture)


@pytest.mark.parametrize("width_px", [1280, 390], ids=["desk", "phone"])
def test_a_browser_shows_all_of_it(
    width_px: int, page: str, browser: Browser, tmp_path: Path
) -> None:
    """And fits it onto the screen, however narrow; on paper, no plot is cut in two."""
    path = tmp_path / "report.html"
    path.write_text(page, encoding="utf-8")
    context = browser.new_context(viewport={"width": width_px, "height": 800}, offline=True)
    tab = context.new_page()
    found: list[str] = []
    tab.on("console", lambda message: found.append(message.text))
    tab.on("requestfailed", lambda request: found.append(request.url))
    tab.goto(path.as_uri())
    assert found == []
    assert tab.evaluate("[...document.images].every(i => i.complete && i.naturalWidth > 0)")
    assert tab.evaluate("document.documentElement.scrollWidth") == width_px
    tab.emulate_media(media="print")
    for what in ("figure", "tr", ".headline"):
        assert tab.locator(what).first.evaluate("e => getComputedStyle(e).breakInside") == "avoid"
    context.close()


def test_its_figures_are_those_of_the_journal(page: str, journal: JournalReader) -> None:
    viewers = journal.viewers()
    decisions = journal.decisions()
    watchers = [viewer for viewer in viewers if viewer["is_watcher"]]
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
        "constraints broken": "0",
    }
    assert f"{len(rewards)} of them with an audience" in page
    assert "Simulated audience: screen lobby" in page
    assert "Contents chosen by a random draw." in page
    held = sum(
        max(i["attention_s"] for i in journal.impressions() if i["visit_id"] == v["visit_id"]) >= 3
        for v in watchers
    )
    assert f"looked: {len(watchers)}, held for 3 s: {held}, read: 0" in page


def test_its_tables_are_those_of_the_journal(page: str, journal: JournalReader) -> None:
    decisions = journal.decisions()
    table = rows(page)
    for content_id in SHOP:
        plays = [r for r in decisions if r["content_id"] == content_id and r["started_utc"]]
        rewards = [row["reward"] for row in plays if row["reward"] is not None]
        title = next(name for name in table if name.endswith(f" ({content_id})"))
        count, *_, reward = table[title]
        assert count == str(len(plays))
        assert reward.startswith(f"{sum(rewards) / len(rewards):.3f}")
    held_back = Counter(
        why
        for row in decisions
        for why in {reason.partition(":")[0] for reason in row["masked"].values()}
    )
    assert {"competes"} <= held_back.keys()
    for rule, decided in held_back.items():
        assert table[rule.replace("_", " ")] == [str(decided), "0"]
    missing = sum((row["parts"] or {}).get("absent") == "nobody_present" for row in decisions)
    assert table["nobody present"][0] == str(missing)
    assert float(table["shoes"][1].strip("%")) == pytest.approx(
        100
        * sum(row["content_id"] == "shoes" and bool(row["started_utc"]) for row in decisions)
        / sum(bool(row["started_utc"]) for row in decisions),
        abs=0.1,
    )


def test_what_a_content_is_called_is_text_and_no_markup(page: str) -> None:
    assert "Coffee &amp; &lt;b&gt;cake&lt;/b&gt;" in page
    assert "<b>cake" not in page


def test_the_same_journal_gives_the_same_page(
    page: str, journal: JournalReader, tmp_path: Path
) -> None:
    assert write(journal, tmp_path / "again.html", least_persons=1) == page


def test_contents_by_lot_claim_no_lift(page: str) -> None:
    assert re.match(r"A play with an audience earned a mean reward of 0\.\d+", headline(page))
    assert "Lift over time" not in page
    assert "There is no lift to compute" in page


def test_what_was_chosen_is_told_from_chance(tmp_path: Path) -> None:
    """Whatever had the highest probability now earns .8 and all else .2: the truth is known."""
    exploring = simulate(tmp_path, policy="vw", plays=400, exploration=0.3)
    path = exploring.path.rename(tmp_path / "chosen.sqlite")
    with sqlite3.connect(path) as db:
        db.execute(
            "UPDATE rewards SET reward = (SELECT iif(propensity = (SELECT max(value) FROM "
            "json_each(eligible)), 0.8, 0.2) FROM decisions d WHERE d.decision_id = "
            "rewards.decision_id) WHERE reward IS NOT NULL"
        )
    db.close()
    judged = [row for row in JournalReader(path).decisions() if row["reward"] is not None]
    by_lot = [
        0.2 + 0.6 * sum(p == max(row["eligible"].values()) for p in row["eligible"].values())
        / len(row["eligible"])
        for row in judged
    ]  # fmt: skip
    truth = sum(row["reward"] for row in judged) / len(judged) - sum(by_lot) / len(by_lot)
    page = write(JournalReader(path), tmp_path / "report.html")
    told = re.match(
        r"The choices of the learner earned \d+% more .*: \+\S+ per play \((\S+) to (\S+)\)",
        headline(page),
    )
    assert told, headline(page)
    assert 0 < float(told[1]) < truth < float(told[2])
    assert "Lift over random choice" in page, "how, and by which source"
    assert any(alt.startswith("Lift over time: ") for alt in pictures(page))


def test_few_people_are_not_shown(journal: JournalReader, tmp_path: Path) -> None:
    """Not in the plots, and not in the table."""
    coffee = next(row for row in rows(write(journal, tmp_path / "a.html")) if "(coffee)" in row)
    shown, hidden = (
        rows(write(journal, tmp_path / "b.html", least_persons=least))[coffee]
        for least in (1, 1000)
    )
    assert shown[3] != "–"
    assert hidden[2:] == ["–"] * 6
    assert hidden[:2] == shown[:2], "plays are nobody's"


def test_what_is_hidden_cannot_be_told_from_the_total() -> None:
    persons = np.array([[40.0, 12, 3, 0], [40, 3, 3, 12], [40, 12, 11, 10], [3, 0, 0, 0]])
    assert suppressed(persons, 10).tolist() == [
        [False, True, True, False],
        [False, True, True, False],
        [False, False, False, False],
        [True, False, False, False],
    ]


def test_a_hidden_cell_is_not_in_the_picture() -> None:
    def texts(*, hide: bool) -> int:
        values, hidden = np.array([[0.25, 0.5]]), np.array([[hide, False]])
        picture = heat(values, ["coffee"], ["men", "women"], hidden={"few": hidden}, form="{:.0%}")
        return base64.b64decode(picture.partition(",")[2]).decode().count('<g id="text_')

    assert texts(hide=False) - texts(hide=True) == 0  # a number less, and the legend more


def svg(address: str) -> str:
    return base64.b64decode(address.partition(",")[2]).decode()


def test_every_way_a_number_is_not_shown_has_its_legend() -> None:
    values, none = np.array([[0.25, 0.5, 0.75]]), np.zeros((1, 3), bool)
    few, unknown = np.array([[1, 0, 0]], bool), np.array([[0, 0, 1]], bool)
    why = {"too few": few, "camera could not see": unknown}
    drawn = svg(heat(values, ["a"], ["x", "y", "z"], hidden=why, form="{:.2f}"))
    assert "too few" in drawn
    assert "camera could not see" in drawn
    assert "0.50" in drawn
    assert "0.25" not in drawn
    assert "0.75" not in drawn
    nothing = svg(heat(values, ["a"], ["x", "y", "z"], hidden={"too few": none}, form="{:.2f}"))
    assert "too few" not in nothing


HOSTILE = (
    "meal_$5_or_$9_",
    r"\frac{1}",
    "_hidden",
    "^up",
    "<b>&amp;",
    "厨房 🍜",
    "قائمة",
    "x" * 120,
)


def test_a_name_in_a_plot_is_shown_as_it_is() -> None:
    """No formula, no markup, no warning for a letter that matplotlib's font lacks."""
    estimates = [Estimate(0.1 * place, 0.0, 0.9) for place in range(len(HOSTILE))]
    curve = ([1, 2], estimates[1:3])
    for drawn in (
        plots.bars(dict(zip(HOSTILE, estimates, strict=True)), xlabel="$x$"),
        plots.curves(dict.fromkeys(HOSTILE, curve), xlabel="", ylabel="a_b^$c$"),
        plots.heat(np.ones((8, 1)), HOSTILE, ["$m$"], hidden={}, form="{:.0%}"),
    ):
        told = [text for text in ElementTree.fromstring(svg(drawn)).itertext() if text.strip()]
        said = {text.strip() for text in told}
        assert set(HOSTILE[:-1]) <= said
        assert any(text.startswith("xxxx") and "…" in text for text in said)


def test_a_long_name_leaves_room_for_its_bar() -> None:
    drawn = ElementTree.fromstring(svg(plots.bars({"x" * 300: Estimate(0.5, 0.4, 0.6)}, xlabel="")))
    axes = next(g for g in drawn.iter() if g.get("id") == "patch_2")
    path = next(child.get("d") for child in axes if child.get("d"))
    across = [float(number) for number in re.findall(r"-?\d+\.?\d*", path or "")][::2]
    assert max(across) - min(across) > 300


def test_hours_are_those_of_the_screen(tmp_path: Path) -> None:
    """Simulated time begins on a Monday at 08:00 in UTC, which is 23:00 on Sunday in Alaska."""
    for zone, clock, day in (("UTC", "05 January 2026 08:00", "Monday"),
                             ("America/Anchorage", "04 January 2026 23:00", "Sunday")):  # fmt: skip
        page = write(simulate(tmp_path / day, zone=zone), tmp_path / f"{day}.html")
        assert f"{clock} to" in page
        assert "by the clock of the screen" in page


def test_an_older_journal_is_by_utc_and_says_so(journal: JournalReader, tmp_path: Path) -> None:
    old = spoilt(journal, tmp_path, "UPDATE decisions SET utc_offset_min = NULL")
    page = write(old, tmp_path / "report.html")
    assert "by UTC" in page
    assert rows(page)["local time"][0] == "unknown"


def test_where_only_some_hours_are_known_others_are_not_judged(
    journal: JournalReader, tmp_path: Path
) -> None:
    """By UTC, an hour of another time zone would be a broken one."""
    half = spoilt(
        journal,
        tmp_path,
        "UPDATE decisions SET utc_offset_min = CASE WHEN number % 2 THEN NULL ELSE 0 END",
        "UPDATE catalogues SET contents = replace(contents, '07:00:00', '09:00:00')",
    )
    table = rows(write(half, tmp_path / "report.html", least_persons=1))
    checked, broken = table["campaign dates, weekdays, dayparts"]
    coffees = [row for row in half.decisions() if row["content_id"] == "coffee"]
    even = sum(int(row["decision_id"].rpartition("-")[2]) % 2 == 0 for row in coffees)
    assert (int(checked), int(broken)) == (even, even)


def test_a_catalogue_of_before_a_rule_was_there_is_understood(
    journal: JournalReader, tmp_path: Path
) -> None:
    keys = ("mandatory", "competes", "share_min", "share_max", "dayparts", "max_per_hour")
    contents = journal.contents()
    for content in contents.values():
        for key in keys:
            del content[key]
    said = json.dumps(contents).replace("'", "''")
    old = spoilt(journal, tmp_path, f"UPDATE catalogues SET contents = '{said}'")
    assert tiles(write(old, tmp_path / "report.html"))["constraints broken"] == "0"


def test_a_clock_that_goes_back_breaks_no_cap(journal: JournalReader, tmp_path: Path) -> None:
    """Three plays, then the clock is set back by five hours: nine more, three an hour."""
    plays = [(hour, minute) for hour in (13,) for minute in (0, 20, 40)]
    plays += [(hour, minute) for hour in (8, 9, 10) for minute in (0, 20, 40)]
    shown = [
        {
            "content_id": "shoes", "catalogue_version": "1", "forced": False, "held_back": False,
            "started_utc": f"2026-03-04T{hour:02}:{minute:02}:00+00:00", "wall": None,
        }
        for hour, minute in plays
    ]  # fmt: skip
    described = {"1": {"shoes": {"max_per_hour": 3}}}
    assert recount(shown, described).broken[CAP] == 0
    assert recount(shown, {"1": {"shoes": {"max_per_hour": 2}}}).broken[CAP] > 0


def test_before_nobody_there_is_nothing_to_plot(tmp_path: Path) -> None:
    nobody = replace(PASSING, moments=tuple(replace(m, people=()) for m in PASSING.moments))
    page = write(simulate(tmp_path, nobody), tmp_path / "report.html")
    assert tiles(page)["mean reward"] == tiles(page)["conversion ratio"] == "–"
    assert "<img" not in page
    assert headline(page) == "No play had an audience yet."


def test_rewards_that_are_all_alike_claim_no_certainty(
    journal: JournalReader, tmp_path: Path
) -> None:
    alike = spoilt(journal, tmp_path, "UPDATE rewards SET reward = 0 WHERE reward IS NOT NULL")
    page = write(alike, tmp_path / "report.html")
    told = re.search(r"mean reward of 0\.000 \(0\.000 to (\S+)\), on a scale", headline(page))
    assert told
    assert float(told[1]) > 0.01


# Constraints, counted anew


def test_constraints_that_were_kept_are_counted(page: str) -> None:
    table = rows(page)
    for rule in ("campaign dates, weekdays, dayparts", "competitive separation"):
        checked, broken = table[rule]
        assert int(checked) > 0
        assert broken == "0"


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        (
            "UPDATE decisions SET utc_offset_min = 360 WHERE content_id = 'coffee'",
            "campaign dates, weekdays, dayparts",
        ),
        (
            "UPDATE catalogues SET contents = replace(contents, "
            "'\"max_per_hour\": 60', '\"max_per_hour\": 1')",
            "plays per hour, of contents with their own cap",
        ),
        (
            "UPDATE decisions SET masked = json_object('shoes', 'max_per_hour: 9 of 9') "
            "WHERE content_id = 'shoes'",
            "no held-back content was drawn",
        ),
        (
            "UPDATE catalogues SET contents = replace(contents, "
            '\'"competes": null\', \'"competes": "play"\')',
            "competitive separation",
        ),
    ],
    ids=["hours", "cap", "held back", "competitors"],
)
def test_a_constraint_that_was_broken_is_counted(
    statement: str, rule: str, journal: JournalReader, tmp_path: Path
) -> None:
    page = write(spoilt(journal, tmp_path, statement), tmp_path / "report.html")
    assert int(rows(page)[rule][1]) > 0
    assert tiles(page)["constraints broken"] == rows(page)[rule][1]


# What no number can be drawn from


def test_an_empty_journal_is_an_error(tmp_path: Path) -> None:
    Journal(tmp_path / "journal.sqlite").close()
    with pytest.raises(JournalError, match="no decision was made yet"):
        write(JournalReader(tmp_path / "journal.sqlite"), tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE decisions SET propensity = 0 WHERE number = 7", "decision 7 has no propensity"),
        ("UPDATE decisions SET propensity = NULL", "NOT NULL"),
        ("UPDATE rewards SET reward = 2 WHERE reward IS NOT NULL", "no reward in"),
        ("INSERT INTO runs VALUES (9, '2026-01-01', 'other', '')", "mixes the screens"),
        ("UPDATE meta SET value = '99' WHERE key = 'schema_version'", "of version 99"),
        ("DELETE FROM decisions WHERE number BETWEEN 5 AND 7", "3 decisions were removed"),
    ],
    ids=["zero", "missing", "reward", "two screens", "newer", "removed"],
)
def test_a_spoilt_journal_is_refused(
    statement: str, why: str, journal: JournalReader, tmp_path: Path
) -> None:
    out = tmp_path / "report.html"
    with pytest.raises((JournalError, sqlite3.IntegrityError), match=why):
        write(spoilt(journal, tmp_path, statement), out)
    assert not out.exists()


def test_a_cut_off_journal_is_refused(journal: JournalReader, tmp_path: Path) -> None:
    whole = journal.path.read_bytes()
    path = tmp_path / "journal.sqlite"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(JournalError, match=r"not a complete journal|cut off"):
        write_report(path, tmp_path / "report.html")


def test_where_it_cannot_be_written_is_said(journal: JournalReader, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for out in (tmp_path, tmp_path / "file" / "report.html"):
        with pytest.raises(SignageError, match="cannot be written") as raised:
            write(journal, out)
        assert str(out) in str(raised.value)
