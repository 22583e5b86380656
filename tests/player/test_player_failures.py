"""What goes wrong with a content once it is on the screen, and what the page does about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route

from signage.types.plays import PlayState
from tests.support.media import film
from tests.support.pixels import colour
from tests.support.player_shop import COLOURS, Shop, until

S = PlayState
MARKUP = "<!doctype html><style>html {{ background: {colour} }}</style>{more}"
LEAVES = {
    "by itself": "<script>setTimeout(() => location = 'https://example.com/', 300)</script>",
    "as it is told to": '<meta http-equiv="refresh" content="0.3; url=https://example.com/">',
    "for a page of the same server": "<script>setTimeout(() => location.reload(), 300)</script>",
}


@pytest.fixture
def held(screen: Page) -> Iterator[None]:
    """Whoever asks for what is called slow is not answered."""
    waiting: list[Route] = []

    def hold(route: Route) -> None:
        waiting.append(route)

    screen.route("**/slow*", hold)
    yield
    for route in waiting:
        route.abort()


@pytest.mark.parametrize("how", LEAVES)
def test_a_page_that_leaves_has_failed_and_the_next_is_shown(
    shop: Shop, screen: Page, how: str
) -> None:
    page = shop.content_dirs["blue"] / "index.html"
    page.write_text(MARKUP.format(colour="#808080", more=LEAVES[how]))
    play = shop.show("blue", duration_s=60)
    event = shop.await_event(play, S.FAILED)
    assert (play, S.STARTED) in shop.events()
    assert event.reason == "blue/index.html left its page"
    shop.await_event(shop.show("red", now=False), S.STARTED)
    until(lambda: colour(screen) == COLOURS["red"], "what follows")


def test_what_waits_follows_at_once_on_what_has_failed(shop: Shop, screen: Page) -> None:
    page = shop.content_dirs["blue"] / "index.html"
    page.write_text(MARKUP.format(colour="#808080", more=LEAVES["by itself"]))
    failed = shop.show("blue", duration_s=60)
    waits = shop.show("red", now=False)
    shop.await_event(waits, S.STARTED)
    assert shop.events() == [(failed, S.STARTED), (failed, S.FAILED), (waits, S.STARTED)]


def test_a_failed_play_gives_way_to_the_loop(shop: Shop, screen: Page) -> None:
    shop.set_up("green")
    page = shop.content_dirs["blue"] / "index.html"
    page.write_text(MARKUP.format(colour="#808080", more=LEAVES["by itself"]))
    shop.await_event(shop.show("blue", duration_s=60), S.FAILED)
    until(lambda: colour(screen) == COLOURS["green"], "the loop")


@pytest.mark.parametrize("how", ["a gap", "no end"])
def test_a_film_that_breaks_off_has_failed_where_it_stopped(
    shop: Shop, page: Page, tmp_path: Path, how: str
) -> None:
    """The middle of its file is zeros, or the rest is missing, as after a bad copy."""
    folder = shop.content_dirs["films"] = tmp_path / "content" / "films"
    folder.mkdir()
    name, codec = ("film.mp4", "VP90") if how == "a gap" else ("film.webm", "VP80")
    data = film(folder / name, codec, seconds=4, size=(320, 240)).read_bytes()
    half, gap = len(data) // 2, len(data) // 8
    rest = bytes(gap) + data[half + gap :] if how == "a gap" else b""
    (folder / name).write_bytes(data[:half] + rest)
    page.goto(shop.open())
    play = shop.show("films", medium="video", file=name, duration_s=20)
    started = shop.await_event(play, S.STARTED)
    failed = shop.await_event(play, S.FAILED)
    assert re.match(rf"films/{name} (stopped|ended) at \d\.\d s", failed.reason)
    assert 0 < failed.t_s - started.t_s < 4


def test_a_film_begins_anew_only_where_its_play_is_longer(
    shop: Shop, page: Page, tmp_path: Path
) -> None:
    folder = shop.content_dirs["films"] = tmp_path / "content" / "films"
    folder.mkdir()
    film(folder / "film.webm", seconds=1)
    page.goto(shop.open())
    whole = shop.show("films", medium="video", file="film.webm", duration_s=1)
    shop.await_event(whole, S.FINISHED)
    at = "(() => { const film = document.querySelector('video'); return [film.paused, %s]; })()"
    page.wait_for_function(at % "film.currentTime > 0.9" + ".every(Boolean)")
    longer = shop.show("films", medium="video", file="film.webm", duration_s=2.5)
    shop.await_event(longer, S.STARTED)
    page.evaluate(
        """() => { window.begun = 0; [...document.querySelectorAll('video')].at(-1)
            .addEventListener('seeked', () => { window.begun += 1; }); }"""
    )
    shop.await_event(longer, S.FINISHED)
    assert page.evaluate("window.begun") == 2


def test_a_page_that_does_not_come_has_failed_with_a_reason(
    shop: Shop, screen: Page, held: None
) -> None:
    play = shop.show("red", file="slow.html")
    failed = shop.await_event(play, S.FAILED)
    assert failed.reason == "red/slow.html did not load within 4 s"


def test_a_missing_file_has_failed_with_a_reason(shop: Shop, screen: Page) -> None:
    failed = shop.await_event(shop.show("red", file="none.html"), S.FAILED)
    assert failed.reason == "red/none.html could not be loaded: the server answers 404"


def test_pages_that_do_not_answer_are_taken_away_and_the_next_one_loads(
    shop: Shop, screen: Page
) -> None:
    """The frame that answers for all of them is made to fall silent: nothing here may hang."""
    first = shop.show("red", duration_s=60)
    shop.await_event(first, S.STARTED)
    next(f for f in screen.frames[1:] if "index.html" not in f.url).evaluate("onmessage = null")
    failed = shop.await_event(first, S.FAILED)
    assert failed.reason == "red/index.html stopped answering"
    shop.await_event(shop.show("blue"), S.STARTED)
    until(lambda: colour(screen) == COLOURS["blue"], "a page in a new process")


def test_a_page_that_says_nothing_more_hangs(shop: Shop, screen: Page) -> None:
    """And so does a screen whose own page is away, whoever else looks on."""
    server = shop.server
    assert server is not None
    clock = server._status.clock
    until(lambda: server._plays.watch._heard != {}, "the first pulse")
    assert not server.screen_hangs
    assert server._plays.watch.hangs(clock() + 60) is not None
    own = screen.context.new_page()
    own.goto(shop.url + "?screen")
    until(lambda: server._plays.watch._has_screen, "the screen's own page")
    assert not server.screen_hangs
    own.close()
    until(
        lambda: server.screen_problem == "the screen's own player page is not connected",
        "its leaving",
    )
    assert server.connected
