"""What unfolds beside a content, the notice to the public, and how contents fill the screen."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from signage.types.plays import More, PlayState, Unfold
from tests.support.pixels import colour, decode
from tests.support.player_shop import Shop, until

S = PlayState
MORE = More(title="Where from", text="Huila, Colombia\n1,800 m", link="https://example.org/huila")
BOX = """() => { const box = document.querySelector('.more').getBoundingClientRect();
    return [box.left / innerWidth, box.top / innerHeight,
            box.right / innerWidth, box.bottom / innerHeight]; }"""


def unfold(shop: Shop, decision: str, region: Any = None) -> None:
    assert shop.server is not None
    shop.server.unfold(Unfold(decision, "reading", region))
    shop.await_event(decision, S.UNFOLDED)


def test_it_unfolds_and_the_play_lasts_until_it_folds(
    shop: Shop, screen: Page, complaints: list[str]
) -> None:
    decision = shop.show("red", duration_s=1.0, more=MORE)
    shop.await_event(decision, S.STARTED)
    assert not screen.locator(".more").is_visible()
    unfold(shop, decision)
    assert screen.locator(".more h2").inner_text() == "Where from"
    assert screen.locator(".more p").all_inner_texts() == ["Huila, Colombia", "1,800 m"]
    assert screen.evaluate("document.querySelector('.more .qr').naturalWidth") > 20
    waiting = shop.show("blue", now=False)
    began_ms = screen.evaluate("performance.now()")
    screen.wait_for_function("(ms) => performance.now() > ms", arg=began_ms + 1200)
    assert (decision, S.FINISHED) not in shop.events()
    assert shop.server is not None
    shop.server.unfold(None)
    shop.await_event(waiting, S.STARTED)
    assert shop.events() == [
        (decision, S.STARTED),
        (decision, S.UNFOLDED),
        (decision, S.FOLDED),
        (decision, S.FINISHED),
        (waiting, S.STARTED),
    ]
    assert screen.locator(".more").count() == 0
    assert complaints == []


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280)])
@pytest.mark.parametrize(
    "region", [(0.05, 0.1, 0.35, 0.3), (0.6, 0.6, 0.95, 0.9), (0.3, 0.3, 0.55, 0.5)]
)
def test_it_unfolds_beside_what_is_read(
    shop: Shop, browser: Browser, size: tuple[int, int], region: tuple[float, ...]
) -> None:
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.goto(shop.open())
    decision = shop.show("red", more=MORE)
    shop.await_event(decision, S.STARTED)
    unfold(shop, decision, region)
    page.wait_for_function(
        "() => document.querySelector('.more').getAnimations().every((a) => "
        "a.playState === 'finished')"
    )
    left, top, right, bottom = page.evaluate(BOX)
    context.close()
    assert left >= 0
    assert top >= 0
    assert right <= 1
    assert bottom <= 1
    apart = right <= region[0] or left >= region[2] or bottom <= region[1] or top >= region[3]
    assert apart, "it lies over what is read"


def test_an_interrupt_folds_it(shop: Shop, screen: Page) -> None:
    decision = shop.show("red", more=MORE)
    shop.await_event(decision, S.STARTED)
    unfold(shop, decision)
    after = shop.show("blue")
    shop.await_event(after, S.STARTED)
    assert (decision, S.INTERRUPTED) in shop.events()
    assert screen.locator(".more").count() == 0


def test_a_second_medium_runs_in_the_panel(shop: Shop, screen: Page) -> None:
    folder = shop.content_dirs["still"]
    (folder / "more.html").write_text("<!doctype html><p>the longer story</p>")
    decision = shop.show("still", more=More(medium="html", file="more.html"))
    shop.await_event(decision, S.STARTED)
    unfold(shop, decision)
    story = screen.frame_locator(".more iframe").locator("p")
    until(lambda: story.inner_text() == "the longer story", "the second medium")
    assert screen.locator(".more iframe").get_attribute("sandbox") == "allow-scripts"


def test_a_page_that_comes_back_unfolds_again(shop: Shop, screen: Page) -> None:
    decision = shop.show("red", more=MORE)
    shop.await_event(decision, S.STARTED)
    unfold(shop, decision)
    second = screen.context.new_page()
    second.goto(shop.url)
    second.locator(".more.open").wait_for()


def test_the_notice_is_over_everything(shop: Shop, screen: Page, complaints: list[str]) -> None:
    notice = {"text": "A camera counts looks.", "link": "https://example.org/privacy"}
    shop.set_up(notice={**notice, "corner": "top_right"})
    shop.await_event(shop.show("red"), S.STARTED)
    box = screen.locator("#notice").bounding_box()
    assert screen.locator("#notice").inner_text().strip() == notice["text"]
    assert box is not None
    assert box["x"] > 320
    assert box["y"] < 100
    on_top = "([x, y]) => document.elementFromPoint(x, y).closest('#notice') !== null"
    assert screen.evaluate(on_top, [box["x"] + 5, box["y"] + 5])
    assert screen.evaluate("document.querySelector('#notice img').naturalWidth") > 20
    assert complaints == []


@pytest.mark.parametrize(("fit", "beside"), [("contain", "#0a8f3c"), ("cover", "#f5a623")])
def test_fit_and_background_are_the_contents_own(
    shop: Shop, browser: Browser, fit: str, beside: str
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 640})
    page = context.new_page()
    page.goto(shop.open())
    shop.await_event(shop.show("still", fit=fit, background="#0a8f3c"), S.STARTED)
    until(lambda: colour(page) == "#f5a623", "the still")
    corner = "(p) => '#' + [0, 1, 2].map(i => p[i].toString(16).padStart(2, '0')).join('')"
    found = decode(page, page.screenshot(), corner)
    context.close()
    assert found == beside


@pytest.mark.parametrize("transition", ["cut", "slide", "fade"])
def test_transitions(shop: Shop, screen: Page, transition: str) -> None:
    shop.set_up(transition=transition, transition_ms=300)
    shop.await_event(shop.show("red"), S.STARTED)
    lasts = screen.evaluate(
        "() => { const a = document.querySelector('.layer.shown').getAnimations()[0];"
        "return a ? [a.animationName, a.effect.getTiming().duration] : null; }"
    )
    wanted = {"cut": ["appear", 0], "slide": ["slide", 300], "fade": ["appear", 300]}[transition]
    assert lasts == wanted or (transition == "cut" and lasts is None)
