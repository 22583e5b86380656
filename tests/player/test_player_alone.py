"""The page without its server: it plays on, and tells of it once."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page

from signage.types.plays import More, PlayState, Unfold
from tests.support.pixels import colour
from tests.support.player_shop import COLOURS, Shop, until

S = PlayState
LOADED = "(n) => document.querySelectorAll('iframe.layer, img.layer').length === n"
KEPT = """Object.keys(localStorage).filter((key) => key.startsWith('plays:'))
    .flatMap((key) => JSON.parse(localStorage.getItem(key)).plays)"""
STORED = f"(n) => {KEPT}.length"


def looped(shop: Shop, screen: Page, *loop: str, **more: Any) -> None:
    shop.set_up(*loop, **more)
    screen.wait_for_function(LOADED, arg=len(loop))
    screen.wait_for_load_state("networkidle")


def restart(shop: Shop) -> None:
    shop.open(port=urlsplit(shop.url).port)
    until(lambda: bool(shop.server and shop.server.connected), "the page")


def test_a_page_that_is_left_alone_plays_its_loop(shop: Shop, screen: Page) -> None:
    looped(shop, screen, "green", "still", duration_s=0.5)
    shop.await_event(shop.show("red", duration_s=0.5), S.STARTED)
    shop.close()
    for shown in (COLOURS["green"], "#f5a623", COLOURS["green"], "#f5a623"):
        until(lambda shown=shown: colour(screen) == shown, f"{shown} while nobody serves")  # type: ignore[misc]


def test_the_running_play_ends_before_the_loop_begins(shop: Shop, screen: Page) -> None:
    looped(shop, screen, "green")
    decision = shop.show("red", duration_s=2.0)
    shop.await_event(decision, S.STARTED)
    shop.close()
    assert shop.events()[-1] == (decision, S.INTERRUPTED)  # as far as the server can know
    until(lambda: colour(screen) == COLOURS["green"], "the loop")
    restart(shop)
    until(lambda: bool(shop.told()), "the truth")
    told = shop.told()[0]
    assert (told.play_id, told.content_id, told.state) == (decision, "red", S.FINISHED)
    assert told.ended_s - told.started_s == pytest.approx(2.0, abs=0.5)


def test_plays_made_alone_are_told_with_their_own_times_until_they_are_kept(
    shop: Shop, screen: Page
) -> None:
    looped(shop, screen, "green", duration_s=0.4)
    shop.await_event(shop.show("red", duration_s=0.4), S.STARTED)
    shop.close()
    screen.wait_for_function(f"{STORED} >= n", arg=4)
    restart(shop)
    until(lambda: len(shop.told()) >= 4, "the plays")
    plays = sorted(shop.told(), key=lambda play: play.started_s)
    assert {play.content_id for play in plays[1:]} == {"green"}
    for before, after in pairwise(plays):
        assert before.ended_s <= after.started_s + 0.01
    assert shop.server is not None
    shop.server.acknowledge([play.play_id for play in plays])
    # Then the next cue ends the loop, and nothing of before is told again.
    shop.await_event(shop.show("blue"), S.STARTED)
    until(lambda: len(shop.told()) > len(plays), "the last one of the loop")
    shop.server.acknowledge([shop.told()[-1].play_id])
    screen.wait_for_function(f"{STORED} === n", arg=0)
    known = {play.play_id for play in shop.told()}
    shop.close()
    restart(shop)
    shop.await_event(shop.show("red"), S.STARTED)
    until(lambda: len(shop.told()) > len(known), "blue, which has outlived the restart")
    again = [play.play_id for play in shop.told()[len(known) :]]
    assert known.isdisjoint(again)


def test_a_reload_while_alone_loses_no_play(shop: Shop, screen: Page) -> None:
    looped(shop, screen, "green", duration_s=0.4)
    decision = shop.show("red", duration_s=0.4)
    shop.await_event(decision, S.STARTED)
    shop.close()
    screen.wait_for_function(f"{STORED} >= n", arg=3)
    before = {play["play_id"] for play in screen.evaluate(KEPT)}
    assert decision in before
    restart(shop)
    screen.reload()
    until(lambda: before <= {play.play_id for play in shop.told()}, "what was before the reload")


def test_a_server_that_says_nothing_more_is_not_waited_for(shop: Shop, screen: Page) -> None:
    looped(shop, screen, "green")
    shop.await_event(shop.show("red", duration_s=0.3), S.FINISHED)
    until(lambda: colour(screen) == COLOURS["green"], "the loop, although the server is there")
    shop.await_event(shop.show("blue", now=False), S.STARTED)
    until(lambda: colour(screen) == COLOURS["blue"], "blue at once")
    until(lambda: "green" in [play.content_id for play in shop.told()], "the play of the loop")


def test_what_is_for_adults_gives_way_to_the_loop(shop: Shop, screen: Page) -> None:
    looped(shop, screen, "green")
    shop.await_event(shop.show("red", adults_only=True), S.STARTED)
    shop.close()
    until(lambda: colour(screen) == COLOURS["green"], "the loop at once")


def test_a_server_that_says_nothing_at_all_is_not_waited_for(shop: Shop, screen: Page) -> None:
    shop.set_up("green")
    until(lambda: colour(screen) == COLOURS["green"], "the loop in place of the boot screen")


def test_a_new_loop_takes_over_when_it_is_loaded(shop: Shop, screen: Page) -> None:
    looped(shop, screen, "green", duration_s=0.5)
    shop.await_event(shop.show("red", duration_s=0.5), S.STARTED)
    (shop.content_dirs["blue"] / "index.html").unlink()
    shop.set_up("blue", duration_s=0.5)
    screen.wait_for_load_state("networkidle")
    shop.close()
    until(lambda: colour(screen) == COLOURS["green"], "the loop of before, as the new is broken")


def test_a_page_that_joins_shows_what_runs_and_not_what_is_next(shop: Shop, screen: Page) -> None:
    running = shop.show("red")
    shop.await_event(running, S.STARTED)
    shop.show("blue", now=False)
    second = screen.context.new_page()
    second.goto(shop.url)
    until(lambda: colour(second) == COLOURS["red"], "the same on both")
    assert shop.events() == [(running, S.STARTED)]


def test_of_two_pages_one_counts_and_the_other_keeps_nothing(shop: Shop, screen: Page) -> None:
    second = screen.context.new_page()
    second.goto(shop.url)
    first = shop.show("red", duration_s=0.6)
    shop.await_event(first, S.FINISHED)
    shop.await_event(shop.show("blue"), S.STARTED)
    assert shop.server is not None
    shop.server.acknowledge([first])
    shop.close()
    restart(shop)
    shop.await_event(shop.show("green"), S.STARTED)
    until(lambda: len(shop.told()) > 0, "blue, which outlived the restart")
    assert first not in {play.play_id for play in shop.told()}


def test_nothing_of_what_is_for_adults_unfolds_over_the_loop(shop: Shop, screen: Page) -> None:
    looped(shop, screen, "green")
    decision = shop.show("red", adults_only=True, duration_s=0.6, more=More(text="for adults"))
    shop.await_event(decision, S.FINISHED)
    until(lambda: colour(screen) == COLOURS["green"], "the loop")
    assert shop.server is not None
    shop.server.unfold(Unfold(decision, "reading", None))
    shop.server.point((0.5, 0.5))  # which comes after it
    screen.wait_for_selector("#point:not([hidden])")
    assert screen.locator(".more").count() == 0


def test_a_clock_that_is_set_makes_no_play_longer_or_shorter(shop: Shop, screen: Page) -> None:
    looped(shop, screen, "green", duration_s=0.5)
    shop.await_event(shop.show("red", duration_s=0.5), S.STARTED)
    shop.close()
    clock = "const real = Date.now; Date.now = () => real() + %d"
    for hours in (2, -3):
        known = screen.evaluate(KEPT.replace("\n", " ") + ".length")
        screen.evaluate(f"(() => {{ {clock % (hours * 3_600_000)} }})()")
        screen.wait_for_function(f"{STORED} >= n", arg=known + 2)
    restart(shop)
    until(lambda: len(shop.told()) >= 4, "the plays")
    plays = sorted(shop.told(), key=lambda play: play.started_s)
    for play in plays:
        assert 0 < play.ended_s - play.started_s < 5
    for before, after in pairwise(plays):
        assert before.ended_s <= after.started_s + 0.01


def test_a_play_of_a_month_does_not_end_at_once(shop: Shop, screen: Page) -> None:
    month = shop.show("red", duration_s=30 * 24 * 3600)
    shop.await_event(month, S.STARTED)
    began_ms = screen.evaluate("performance.now()")
    screen.wait_for_function("(ms) => performance.now() > ms", arg=began_ms + 500)
    assert shop.events() == [(month, S.STARTED)]
