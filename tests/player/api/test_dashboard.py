"""The operator's page in a real Chromium: what it says is what the journal has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from signage.config.config import Config
from signage.journal.figures.audience import HELD_S
from signage.journal.figures.dashboard import DashboardFigures
from signage.journal.reader import JournalReader
from signage.journal.writer import Journal
from signage.kiosk.dashboard import Dashboard
from signage.types.audience import Movement
from signage.types.choices import Action
from signage.types.decisions import Decision, Trigger
from signage.types.orders import Order
from signage.types.plays import PlayEvent, PlayState
from signage.types.rewards import Impression, Reward
from tests.support.builders import catalogue, snapshot, viewer
from tests.support.experiment_journal import AUTUMN, blocks, clear, write
from tests.support.loop import PublishedLoop
from tests.support.player_shop import Shop, until

CATALOGUE = catalogue(
    {
        "red": {"title": "Red & <b>bold</b>", "share_min": 0.3},
        "green": {"adults_only": True},
        "blue": {"share_max": 0.2},
    }
)
CONFIG = Config()
WIDTHS = {"desk": (1440, 900), "phone": (390, 844)}


class Diary:
    """A real journal of plays in the last minutes."""

    def __init__(self, path: Path) -> None:
        self.journal = Journal(path)
        self._run = self.journal.begin_run(datetime.now(UTC), "screen")
        self.journal.record_catalogue(CATALOGUE.version, CATALOGUE.as_json())
        self._number = 0

    def play(
        self, content_id: str, reward: float | None, *looks: tuple[str, float, float | None]
    ) -> None:
        """``looks``: who was there, their attention and their reading in seconds."""
        self._number += 1
        utc = datetime.now(UTC) - timedelta(milliseconds=10)
        decision = _decision(f"d{self._number}", content_id, utc)
        self.journal.record_decision(self._number, self._run, decision)
        for state, t_s in ((PlayState.STARTED, 1.0), (PlayState.FINISHED, 9.0)):
            event = PlayEvent(decision.decision_id, state, t_s, "page")
            if state is PlayState.STARTED:
                self.journal.record_start(event, utc)
                continue
            impressions = tuple(
                Impression(who, who, 8.0, seconds, True, reading, None, 0.0, {})
                for who, seconds, reading in looks
            )
            given = Reward(decision.decision_id, 9.0, utc, reward, {}, impressions)
            self.journal.record_end(event, utc, given)

    def on_screen(self, content_id: str) -> None:
        """A play that runs."""
        self._number += 1
        utc = datetime.now(UTC)
        decision = _decision(f"d{self._number}", content_id, utc)
        self.journal.record_decision(self._number, self._run, decision)
        event = PlayEvent(decision.decision_id, PlayState.STARTED, 1.0, "page")
        self.journal.record_start(event, utc)


def _decision(decision_id: str, content_id: str, utc: datetime) -> Decision:
    return Decision(
        decision_id=decision_id,
        t_s=0.0,
        utc=utc,
        trigger=Trigger.FIRST_PERSON,
        content_id=content_id,
        propensity=0.7,
        eligible={"red": 0.7, "blue": 0.3},
        masked={"green": "adults_only: the age of viewer 1.1 is unknown"},
        context={},
        policy="vw",
        policy_version="4.12",
        catalogue_version=CATALOGUE.version,
        actions={},
        estimates={"red": 0.41, "blue": 0.22},
        reasons={"category=red with daypart=noon": 0.11, "seen": -0.04},
    )


@pytest.fixture
def diary(tmp_path: Path) -> Iterator[Diary]:
    diary = Diary(tmp_path / "journal.sqlite")
    diary.play("red", 0.6, ("a", 4.0, 1.0), ("b", 0.0, None))
    diary.play("red", 0.4, ("a", 1.0, 0.0), ("c", HELD_S, None))
    diary.play("blue", None)
    diary.play("green", 0.1, ("d", 2.0, None))
    diary.on_screen("red")
    yield diary
    diary.journal.close()


@pytest.fixture
def loop() -> PublishedLoop:
    return PublishedLoop(CATALOGUE)


@pytest.fixture
def board(shop: Shop, diary: Diary, loop: PublishedLoop) -> Dashboard:
    """The kiosk's own, behind the shop's server."""
    board = Dashboard(CONFIG, loop, DashboardFigures(diary.journal.path))
    shop.dashboard = board
    shop.decisions = JournalReader(diary.journal.path).decisions()
    shop.health = {
        "status": "degraded", "reasons": ["the camera sends no pictures"], "camera": "lost",
        "fps": 12.3, "last_decision_age_s": 4.0, "model_version": "4.12",
        "player_connected": True, "orders": shop.desk.state(),
    }  # fmt: skip
    shop.audience = {"t_utc": None, "observed": True, "main": None, "viewers": []}
    return board


@pytest.fixture(params=["desk"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = WIDTHS[request.param]
    context = browser.new_context(viewport={"width": width, "height": height})
    yield context.new_page()
    context.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Whatever the browser finds wrong: errors, refusals by a policy, missing files."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda m: found.append(m.text) if m.type in ("error", "warning") else None)
    return found


def opened(shop: Shop, page: Page) -> Page:
    page.goto(shop.open() + "dashboard")
    expect(page.locator("[data-figure=ots]").first).not_to_be_empty()
    return page


def figures(page: Page) -> dict[str, str]:
    """The funnel, and the table of contents, as they are to be read."""
    found: dict[str, str] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll("[data-figure]")].map((cell) =>
            [[cell.dataset.content, cell.dataset.figure].filter(Boolean).join("."),
             cell.innerText.trim()]))"""
    )
    return found


def counted(reader: JournalReader) -> dict[str, str]:
    """The same, counted row by row."""
    impressions, rows = reader.impressions(), reader.decisions()

    def persons(least_s: float, column: str = "attention_s") -> str:
        return str(len({i["visit_id"] for i in impressions if (i[column] or 0) >= least_s}))

    tiny = 1e-9
    told = {
        "ots": persons(0), "watchers": persons(tiny), "held": persons(HELD_S),
        "read": persons(tiny, "reading_s"), "plays": str(len(rows)),
        "impressions": str(len(impressions)),
    }  # fmt: skip
    for name in CATALOGUE:
        plays = [row for row in rows if row["content_id"] == name]
        seen = [i for i in impressions if i["content_id"] == name]
        rewards = [row["reward"] for row in plays if row["reward"] is not None]
        given_s = sum(i["attention_s"] for i in seen)
        told |= {
            f"{name}.plays": str(len(plays)),
            f"{name}.attention": f"{given_s:.0f} s",
            # Too few to be ranked: no share and no mean, but why there is none.
            f"{name}.attraction": "–",
            f"{name}.reward": "–\n"
            + (f"not enough plays yet ({len(rewards)})" if rewards else "nobody could see it"),
            f"{name}.trend": "–",
        }
    return told


def test_the_page_says_what_the_journal_has_and_follows_it(
    shop: Shop, diary: Diary, board: Dashboard, page: Page, complaints: list[str]
) -> None:
    reader = JournalReader(diary.journal.path)
    opened(shop, page)
    assert figures(page) == counted(reader)
    assert page.locator("[data-voice=red]").inner_text() == "60\xa0%"
    diary.play("blue", 0.9, ("e", 8.0, 4.0))
    until(lambda: figures(page)["ots"] == "5", "the new play")
    assert figures(page) == counted(reader)
    assert page.locator("[data-voice=blue]").inner_text() == "33\xa0%"
    page.get_by_text("Show as a table").click()
    cells = page.locator("#hours-table tbody tr").first.locator("td").all_inner_texts()
    told = [hour for hour in board(1)["by_hour"] if hour["plays"]][-1]
    assert cells[:2] == [str(told["ots"]), str(told["watchers"])]
    assert page.locator("#hours canvas").count() == 1
    assert complaints == []


def test_seven_days_are_told_when_asked_for(shop: Shop, board: Dashboard, page: Page) -> None:
    opened(shop, page)
    with page.expect_response(lambda answer: "days=7" in answer.url) as answer:
        page.get_by_text("7 days").click()
    assert len(answer.value.json()["by_hour"]) == 168
    wrong = httpx.get(f"{shop.url}api/dashboard?days=3", trust_env=False)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "days must be 1 or 7, not '3'")


def test_what_plays_and_why(
    shop: Shop, board: Dashboard, page: Page, complaints: list[str]
) -> None:
    opened(shop, page)
    card = page.locator(".playing")
    assert card.locator(".title").inner_text() == "Red & <b>bold</b>"  # as it is, not as HTML
    told = "Chosen by the learner (70\xa0% likely) when the first person arrived."
    assert told in card.inner_text()
    assert "red, around noon +0.11" in card.inner_text()
    card.get_by_text("Why was this chosen?").click()
    assert card.locator(".why").inner_text() == shop.decisions[0]["why"]
    preview = page.frame_locator("iframe.guest")
    expect(preview.locator("p")).to_have_text("red")
    assert page.locator("iframe.guest").get_attribute("sandbox") == "allow-scripts"
    assert complaints == []


def test_who_is_here_is_drawn_and_told_in_words(
    shop: Shop, board: Dashboard, loop: PublishedLoop, page: Page, complaints: list[str]
) -> None:
    left = viewer(
        "1.1", age=34.0, movement=Movement.APPROACHING, body_xyxy_px=(100.0, 0.0, 200.0, 400.0)
    )
    right = viewer(
        "1.2", age=8.0, attentive=False, attention_s=0.0, body_xyxy_px=(900.0, 0.0, 1000.0, 400.0)
    )
    audience = snapshot(right, left)
    loop.see(audience)
    shop.audience |= {"viewers": [v.record() for v in audience.viewers]}
    opened(shop, page)
    room = page.locator("#room svg")
    assert room.get_attribute("aria-label") == "2 people, 1 watching"
    assert room.locator(".figure").count() == 2
    assert room.locator(".figure.watches").count() == 1
    assert page.locator("#room").locator("img, canvas, video, image").count() == 0
    first, second = page.locator("#people li").all_inner_texts()
    assert re.search(r"1\s+Woman, 34 ± 4", first)
    assert "watching, coming closer, facing the screen, 2.0 m away" in first
    assert "watched 3.0 s of 5.0 s" in first
    assert re.search(r"2\s+Child, 8 ± 4", second)
    assert "not watching" in second
    shop.audience |= {"observed": False, "viewers": []}
    expect(page.locator("#here-summary")).to_contain_text("so nobody can be counted")
    assert complaints == []


def test_what_the_learner_believes(
    shop: Shop, board: Dashboard, loop: PublishedLoop, page: Page
) -> None:
    opened(shop, page)
    assert "does not estimate rewards" in page.locator("#beliefs").inner_text()
    loop.see(snapshot())
    expect(page.locator("table.heat")).to_be_visible()
    beliefs = board(1)["beliefs"]
    for segment in beliefs["segments"]:
        for name, value in segment["estimates"].items():
            cell = page.locator(f'[data-belief="{name}|{segment["name"]}"]')
            assert cell.inner_text() == ("not allowed" if value is None else f"{value:.2f}")
    assert page.locator("#experiment").inner_text() == "No experiment is running."


@pytest.mark.parametrize("page", WIDTHS, indirect=True)
def test_a_running_experiment_tells_its_verdict(
    shop: Shop,
    board: Dashboard,
    loop: PublishedLoop,
    page: Page,
    complaints: list[str],
    tmp_path: Path,
) -> None:
    journal = write(tmp_path / "experiment", blocks(60, clear))
    board = shop.dashboard = Dashboard(Config(experiment=AUTUMN), loop, DashboardFigures(journal))
    opened(shop, page)
    card = page.locator("#experiment")
    expect(card).to_contain_text("vw earns more than rules: the lift is +2")
    assert board(1)["experiment"]["summary"] in card.inner_text()
    expect(page.locator("#experiment-words")).to_have_text("autumn: rules against vw")
    card.scroll_into_view_if_needed()
    box = card.bounding_box()
    assert box is not None
    width = page.evaluate("document.documentElement.clientWidth")
    assert 0 < box["x"] < box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert complaints == []


def test_health_has_its_reasons_also_when_it_failed(
    shop: Shop, board: Dashboard, loop: PublishedLoop, page: Page
) -> None:
    opened(shop, page)
    assert page.locator("#status").inner_text() == "Degraded"
    expect(page.locator("#health")).to_contain_text("the camera sends no pictures")
    expect(page.locator("#first-reason")).to_have_text("the camera sends no pictures")
    expect(page.locator("#more-reasons")).to_be_empty()
    shop.health |= {"status": "failed", "reasons": ["the program has not moved on for 60 s"]}
    expect(page.locator("#status")).to_have_text("Failed")
    expect(page.locator("#health")).to_contain_text("the program has not moved on for 60 s")


@pytest.mark.parametrize("page", WIDTHS, indirect=True)
def test_the_first_line_says_how_it_is_and_why(
    shop: Shop, board: Dashboard, page: Page, complaints: list[str]
) -> None:
    broken = {f"x{number}": f"film {number} is cut off" for number in range(9)}
    shop.health |= {
        "reasons": ["the camera sends only black pictures", "9 contents will not play", "no page"],
        "left_out": broken,
        "failing": {"red": "the page did not load within 4 s"},
    }
    opened(shop, page)
    for part in ("#status", "#first-reason", "#more-reasons"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
    expect(page.locator("#first-reason")).to_have_text("the camera sends only black pictures")
    assert page.locator("#more-reasons").inner_text() == "+2 more"
    page.locator("#reason").click()
    expect(page.locator("[data-reasons=reasons] li").nth(2)).to_be_in_viewport()
    assert page.locator("[data-reasons=left-out] li").count() < len(broken)
    page.get_by_role("button", name="Show all 9").click()
    assert page.locator("[data-reasons=left-out] li").count() == len(broken)
    failing = page.locator("[data-reasons=failing]")
    expect(failing).to_contain_text("Red & <b>bold</b> the page did not load within 4 s")
    shop.health |= {"status": "ok", "reasons": [], "left_out": {}, "failing": {}}
    expect(page.locator("#status")).to_have_text("Running well")
    expect(page.locator("#reason")).to_be_hidden()
    # Whatever it calls itself: who complains is not well.
    shop.health |= {"reasons": ["the clock stands in 1970"]}
    expect(page.locator("#status")).to_have_text("Degraded")
    assert complaints == []


def test_nothing_is_well_that_nobody_has_heard_of(shop: Shop, board: Dashboard, page: Page) -> None:
    """The screen takes the question and is silent: what it said before is not of now."""
    shop.health |= {"status": "ok", "reasons": []}
    opened(shop, page)
    expect(page.locator("#status")).to_have_text("Running well")
    page.route("**/health", lambda route: None)
    expect(page.locator("#status")).to_have_text("Unknown", timeout=15_000)
    expect(page.locator("#age")).to_contain_text(re.compile(r"this page is \d+ s old"))


LONG = "WithoutASpaceAndLongerThanAnybodyReads" * 4
HOSTILE = (
    {"title": LONG[:120], "share_min": 0.3},
    {"title": "عرض خاص على القهوة اليوم فقط", "adults_only": True},
    {"title": "<img src=x onerror=alert(1)> [red] \u202egnp.exe", "share_max": 0.2},
)


@pytest.mark.parametrize("page", [*WIDTHS], indirect=True)
def test_long_names_and_many_contents_keep_their_place(
    tmp_path: Path, shop: Shop, page: Page, monkeypatch: Any, complaints: list[str]
) -> None:
    names = ("red", "green", "blue", *(f"c{number}" for number in range(197)))
    hostile = dict(zip(names, HOSTILE, strict=False))
    items = catalogue({name: hostile.get(name, {}) for name in names})
    monkeypatch.setattr("tests.player.api.test_dashboard.CATALOGUE", items)
    diary = Diary(tmp_path / "many.sqlite")
    for name in names:
        diary.play(name, 0.5, ("a", 2.0, None))
    diary.on_screen("red")
    config = Config(screen_id="x" * 60)
    loop = PublishedLoop(items, config)
    shop.dashboard = Dashboard(config, loop, DashboardFigures(diary.journal.path))
    crowd = tuple(viewer(f"1.{number}") for number in range(12))
    loop.see(snapshot(*crowd))
    shop.decisions = JournalReader(diary.journal.path).decisions(6)
    orders = {"frozen": True, "pinned": "red", "emergency": None}
    shop.health = {"status": "degraded", "reasons": [LONG], "orders": orders, "left_out": {}}
    shop.audience = {"observed": True, "viewers": [one.record() for one in crowd]}
    opened(shop, page)
    width = page.evaluate("document.documentElement.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate("document.documentElement.scrollHeight") < 8000
    assert page.locator(".contents-table tbody tr").count() == 12
    assert page.locator("#voice li").count() == 12
    assert page.locator(".heat tbody tr").count() == 12
    page.locator("#contents").get_by_role("button", name="Show all 200").click()
    assert page.locator(".contents-table tbody tr").count() == 200
    for figure in ("plays", "attention", "reward"):
        place = page.locator(f'[data-content=red][data-figure="{figure}"]').bounding_box()
        assert place is not None
        assert 0 <= place["x"] < place["x"] + place["width"] <= width
    assert "\u202e" not in page.locator("body").inner_text()
    # Nobody leaves or comes: whatever happens in front of the screen, the page stays where it is.
    before = page.locator(".funnel").bounding_box()
    shop.audience = {"observed": True, "viewers": []}
    expect(page.locator("#people li")).to_have_count(0)
    assert page.locator(".funnel").bounding_box() == before
    shop.audience = {"observed": False, "fault": "black", "viewers": []}
    expect(page.locator("#here-summary")).to_contain_text("sends only black pictures, so nobody")
    assert page.locator(".funnel").bounding_box() == before
    diary.journal.close()
    assert complaints == []


def test_what_is_simulated_or_unknown_or_thin_says_so(
    shop: Shop, diary: Diary, board: Dashboard, page: Page, complaints: list[str]
) -> None:
    figures = board(1)
    hours = [hour | {"seen": "yes"} for hour in figures["by_hour"]]
    hours[0] |= {"seen": "off", "ots": None, "watchers": None, "attention_s": None}
    hours[1] |= {"seen": "no", "ots": None, "watchers": None, "attention_s": None, "plays": 4}
    contents = {
        "red": figures["contents"]["red"] | {"reward": 0.9, "rewarded": 1, "reward_low": None},
        "blue": figures["contents"]["blue"]
        | {"reward": 0.3, "rewarded": 40, "reward_low": 0.2, "reward_high": 0.4}
        | {"impressions": 60, "attraction": 0.25},
    }
    told = figures | {"simulated": "signage simulate", "by_hour": hours, "contents": contents}
    shop.dashboard = lambda days: told
    opened(shop, page)
    expect(page.locator("#simulated")).to_be_in_viewport()
    expect(page.locator("#simulated")).to_contain_text("Simulated audience.")
    marks = "getComputedStyle(document.querySelector('#hours'), '::after').content"
    assert page.evaluate(marks) == '"Simulated audience"'
    first, second = page.locator(".contents-table tbody tr").all_inner_texts()
    assert "0.30" in first
    assert "0.20 to 0.40, 40 plays" in first
    assert "not enough plays yet (1)" in second
    assert "0.90" not in second
    assert "25\xa0%" in first
    assert "%" not in second
    expect(page.locator("#hours-unknown")).to_contain_text("the camera could not see")
    none = {"rewarded": 0, "reward": None, "reward_low": None}
    for seen, impressions, why in (
        (0, 0, "no audience data"),
        (3, 0, "nobody could see it"),
        (3, 9, "never chosen, only forced"),
    ):
        contents["red"] |= none | {"seen": seen, "impressions": impressions}
        page.reload()
        row = page.locator(".contents-table tbody tr").last
        expect(row).to_contain_text(why)
        attention = row.locator("[data-figure=attention]").inner_text()
        assert (attention == "–") == (seen == 0)
    assert page.locator(".funnel [data-figure=ots]").inner_text() != "–"
    told["by_hour"] = [hours[1] | {"t_utc": hour["t_utc"]} for hour in hours]
    page.reload()
    for figure in ("ots", "watchers", "held", "read", "impressions"):
        expect(page.locator(f".funnel [data-figure={figure}]")).to_have_text("–")
    told["by_hour"] = hours
    page.reload()
    page.get_by_text("Show as a table").click()
    blind = page.locator(f'[data-hour="{hours[1]["t_utc"]}"] td')
    assert blind.all_inner_texts()[:4] == ["–", "–", "–", "4"]
    assert complaints == []
    shop.dashboard = board


def test_a_lost_connection_is_told_with_the_age_of_what_is_seen(
    shop: Shop, board: Dashboard, page: Page
) -> None:
    opened(shop, page)
    shop.close()
    expect(page.locator("#lost")).to_have_text("The screen does not answer. Trying again.")
    expect(page.locator("#age")).to_contain_text(re.compile(r"this page is \d+ s old"))
    assert figures(page)["ots"] == "4"  # the last that is known stays
    port = int(shop.url.rstrip("/").rpartition(":")[2])
    shop.open(port=port)
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#status")).to_have_text("Degraded")


def test_an_order_asks_for_the_token_and_tells_what_became_of_it(
    shop: Shop, board: Dashboard, page: Page
) -> None:
    opened(shop, page)
    assert shop.server is not None
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Pin").focus()
    page.keyboard.press("Enter")  # all of it by the keyboard
    expect(dialog.get_by_role("combobox")).to_be_focused()
    dialog.get_by_role("combobox").select_option("blue")
    dialog.get_by_role("button", name="Pin", exact=True).focus()
    page.keyboard.press("Enter")
    token = dialog.get_by_label("Token for orders")
    expect(token).to_be_focused()
    assert token.get_attribute("type") == "password"
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("Enter a token.")
    token.fill("guess")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("The screen refused this token")
    assert shop.desk.orders == []
    page.keyboard.type(shop.server.orders_token)
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#done")).to_have_text("Pinned: Blue.")
    assert shop.desk.orders == [Order(action=Action.PIN, content_id="blue")]
    shop.health |= {"orders": shop.desk.state()}
    expect(page.locator("#force")).to_contain_text("Pinned: Blue plays whenever it is allowed.")
    page.get_by_role("button", name="Unpin").click()
    until(lambda: len(shop.desk.orders) == 2, "the second order, without another question")
    assert page.evaluate("[localStorage.length, sessionStorage.length, document.cookie]") == [
        0, 0, "",
    ]  # fmt: skip


def test_a_refusal_is_shown_in_words(shop: Shop, board: Dashboard, page: Page) -> None:
    shop.desk.refusal = "There is nothing to freeze: nobody learns."
    opened(shop, page)
    _give_token(shop, page, "Freeze", "Freeze")
    alert = page.get_by_role("dialog").get_by_role("alert")
    expect(alert).to_have_text("There is nothing to freeze: nobody learns.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.locator("[data-order=freeze]")).to_be_focused()


def test_an_emergency_has_to_be_confirmed(shop: Shop, board: Dashboard, page: Page) -> None:
    opened(shop, page)
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name="Emergency").click()
    dialog.get_by_role("combobox").select_option("green")
    dialog.get_by_role("button", name="Continue").click()
    expect(dialog).to_contain_text("Nothing else plays until you end the emergency")
    page.keyboard.press("Enter")  # once too often: it rests on Cancel
    expect(dialog).to_be_hidden()
    assert shop.desk.orders == []
    page.get_by_role("button", name="Emergency").click()
    dialog.get_by_role("button", name="Continue").click()
    dialog.get_by_role("button", name="Yes, show it now").click()
    assert shop.server is not None
    dialog.get_by_label("Token for orders").fill(shop.server.orders_token)
    page.keyboard.press("Enter")
    until(lambda: len(shop.desk.orders) == 1, "the order")
    assert shop.desk.orders[0].action is Action.EMERGENCY


def _give_token(shop: Shop, page: Page, button: str, submit: str) -> None:
    assert shop.server is not None
    dialog = page.get_by_role("dialog")
    page.get_by_role("button", name=button).click()
    dialog.get_by_role("button", name=submit, exact=True).click()
    dialog.get_by_label("Token for orders").fill(shop.server.orders_token)
    page.keyboard.press("Enter")


def test_on_another_address_the_token_opens_it_once_and_a_cookie_from_then_on(
    shop: Shop, board: Dashboard, page: Page, complaints: list[str]
) -> None:
    url = shop.open(host="0.0.0.0", token="of the config")
    bare = url.partition("?")[0]
    for path in ("dashboard", "api/dashboard", "static/dashboard.js"):
        assert httpx.get(bare + path, trust_env=False).status_code == 401
    page.goto(f"{bare}dashboard?token=of%20the%20config")
    expect(page.locator("[data-figure=ots]").first).to_have_text("4")
    assert page.url == f"{bare}dashboard"
    expect(page.frame_locator("iframe.guest").locator("p")).to_have_text("red")
    page.reload()
    expect(page.locator("[data-figure=ots]").first).to_have_text("4")
    assert complaints == []


def test_everything_comes_from_this_very_host(shop: Shop, board: Dashboard, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    opened(shop, page)
    expect(page.locator("#hours canvas")).to_be_visible()
    assert [url for url in asked if not url.startswith(shop.url)] == []
    policy = httpx.get(f"{shop.url}dashboard", trust_env=False).headers["content-security-policy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy


def test_without_figures_there_is_no_dashboard(shop: Shop) -> None:
    assert httpx.get(shop.open() + "dashboard", trust_env=False).status_code == 404


CONTRAST = """() => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    const mixed = (colours) => {
        for (const colour of colours) { canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = (rgb) => rgb.map((v) => v / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const poor = [];
    for (const node of document.querySelectorAll("body *")) {
        const own = [...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
        if (!own || node.closest("svg, .unseen, .skip, dialog:not([open])")) continue;
        if (!node.getClientRects().length) continue;
        const behind = [];
        for (let at = node; at; at = at.parentElement)
            behind.unshift(getComputedStyle(at).backgroundColor);
        const ink = getComputedStyle(node).color;
        const [a, b] = [light(mixed(behind)), light(mixed([...behind, ink]))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) poor.push(`${node.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
    }
    return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_contrast(
    shop: Shop, board: Dashboard, loop: PublishedLoop, page: Page, scheme: Any
) -> None:
    loop.see(snapshot())
    shop.audience |= {"viewers": [viewer().record()]}
    shop.health |= {"orders": {"frozen": True, "pinned": "red", "emergency": "blue"}}
    shop.health |= {"left_out": {"x": "is cut off"}, "failing": {"red": "did not load"}}
    shop.dashboard = lambda days: board(days) | {"simulated": "signage simulate"}
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    opened(shop, page)
    expect(page.locator("#simulated")).to_be_visible()
    assert page.evaluate(CONTRAST) == []
    page.get_by_role("button", name="Emergency", exact=True).click()
    assert page.evaluate(CONTRAST) == []


def test_motion_rests_where_it_is_asked_to(shop: Shop, board: Dashboard, page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    opened(shop, page)
    moving = """() => [...document.querySelectorAll("*")].filter((node) =>
        getComputedStyle(node).transitionDuration !== "0s" ||
        getComputedStyle(node).animationName !== "none").length"""
    assert page.evaluate(moving) == 0
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) > 0


@pytest.mark.parametrize("page", ["desk", "phone"], indirect=True)
def test_nothing_reaches_over_the_edge(shop: Shop, board: Dashboard, page: Page) -> None:
    shop.audience |= {"viewers": [viewer(f"1.{number}").record() for number in range(6)]}
    opened(shop, page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("Pin", "Freeze", "Roll back", "Emergency"):
        expect(page.get_by_role("button", name=name)).to_be_in_viewport()


def test_the_api_is_one_json_document(shop: Shop, board: Dashboard) -> None:
    answer = httpx.get(shop.open() + "api/dashboard", trust_env=False)
    assert answer.headers["cache-control"] == "no-store"
    told = json.loads(answer.text)
    assert told["catalogue"]["red"]["url"] == "/content/red/0/index.html"
    assert (told["experiment"], told["beliefs"], told["places"]) == (None, None, {})
