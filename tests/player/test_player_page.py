"""The page in a real Chromium: what it shows, and that what it confirms is true."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Frame, Page

from signage.types.plays import Cue, PlayState
from tests.support.pixels import colour, decode
from tests.support.player_shop import COLOURS, Shop, until

S = PlayState
CONTENT = Path(__file__).parents[2] / "configs" / "content"
CREATIVES = sorted(path.parent.name for path in CONTENT.glob("*/content.toml"))
SIZES = {"landscape": (1280, 720), "portrait": (720, 1280)}

FADES = "document.querySelector('.layer:last-child').getAnimations().length"

# Lines of text that reach over the edge; what is hidden from readers is decoration.
CUT_OFF = """() => [...document.querySelectorAll("h1, p")].filter((text) => {
    const range = document.createRange();
    range.selectNodeContents(text);
    return !text.closest("[aria-hidden]") && [...range.getClientRects()].some((line) =>
        line.left < 0 || line.top < 0 || line.right > innerWidth || line.bottom > innerHeight);
}).map((text) => text.textContent)"""


def creative(page: Page) -> Frame:
    """The frame that is on top."""
    layer = page.locator("iframe.shown").last.element_handle()
    assert layer is not None
    frame = layer.content_frame()
    assert frame is not None
    return frame


def test_boot_screen_is_not_black(screen: Page) -> None:
    assert "waiting for the first content" in screen.locator("#boot").inner_text()
    assert colour(screen) != "#000000"
    assert screen.evaluate("getComputedStyle(document.body).cursor") == "none"


def test_shows_the_first_cue_and_switches_at_once(
    shop: Shop, screen: Page, complaints: list[str]
) -> None:
    first = shop.show("red")
    shop.await_event(first, S.STARTED)
    until(lambda: colour(screen) == COLOURS["red"], "red")
    still = shop.show("still")
    shop.await_event(still, S.STARTED)
    until(lambda: colour(screen) == "#f5a623", "the still")
    assert shop.events() == [(first, S.STARTED), (first, S.INTERRUPTED), (still, S.STARTED)]
    assert complaints == []


def test_the_next_waits_for_the_end_of_the_running_play(shop: Shop, screen: Page) -> None:
    first = shop.show("red", duration_s=1.5)
    shop.await_event(first, S.STARTED)
    replaced = shop.show("green", now=False)
    second = shop.show("blue", now=False)
    shop.await_event(second, S.STARTED)
    assert shop.events() == [
        (first, S.STARTED),
        (replaced, S.SUPERSEDED),
        (first, S.FINISHED),
        (second, S.STARTED),
    ]
    until(lambda: colour(screen) == COLOURS["blue"], "blue")


def test_the_picture_stays_when_nothing_follows(shop: Shop, screen: Page) -> None:
    first = shop.show("red", duration_s=0.5)
    shop.await_event(first, S.FINISHED)
    until(lambda: colour(screen) == COLOURS["red"], "red")
    shop.show("blue", now=False)
    until(lambda: colour(screen) == COLOURS["blue"], "blue")


def test_no_blank_frame_in_twenty_switches(shop: Shop, screen: Page) -> None:
    """Every frame that is painted is one of the contents or a mix of them, never another."""
    cast = screen.context.new_cdp_session(screen)
    frames: list[str] = []

    def keep(event: dict[str, Any]) -> None:
        frames.append(event["data"])
        cast.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    shop.await_event(shop.show("red"), S.STARTED)
    until(lambda: colour(screen) == COLOURS["red"], "red")
    cast.on("Page.screencastFrame", keep)
    cast.send("Page.startScreencast", {"format": "png", "maxWidth": 320, "maxHeight": 180})
    for _ in range(10):
        for content_id in ("blue", "red"):
            decision = shop.show(content_id)
            shop.await_event(decision, S.STARTED)
            # Playwright hands out what the browser sent only when it is called.
            until(lambda: screen.evaluate(FADES) == 0, "the end of the crossfade")
    cast.send("Page.stopScreencast")
    assert len(frames) >= 20
    # Mixes of red and blue have little green in them; black, white and the stage do not fit.
    # The page's own policy would not let the pictures in.
    outside = screen.context.new_page().evaluate(
        """async (frames) => {
            const outside = [];
            for (const data of frames) {
                const picture = new Image();
                picture.src = "data:image/png;base64," + data;
                await picture.decode();
                const canvas = new OffscreenCanvas(1, 1);
                const context = canvas.getContext("2d");
                context.drawImage(picture, 8, 8, 1, 1, 0, 0, 1, 1);
                const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
                const share = (b - 27) / (210 - 27);
                const near = Math.abs(r - (208 - share * 188)) + Math.abs(g - (2 + share * 78));
                if (near > 24) outside.push([r, g, b]);
            }
            return outside;
        }""",
        frames,
    )
    assert outside == []


def test_animations_begin_when_a_creative_is_shown(shop: Shop, screen: Page) -> None:
    sheet = shop.content_dirs["green"] / "look.css"
    sheet.write_text(
        sheet.read_text() + "p { animation: fly 100s } @keyframes fly { to { opacity: 0 } }"
    )
    first = shop.show("red")
    shop.await_event(first, S.STARTED)
    waiting = shop.show("green", now=False)
    until(lambda: screen.evaluate("document.querySelectorAll('iframe').length") == 2, "green")
    screen.frames[-1].wait_for_load_state("load")
    loaded = screen.evaluate("performance.now()")
    until(lambda: screen.evaluate("performance.now()") > loaded + 500, "half a second of waiting")
    assert (waiting, S.STARTED) not in shop.events()
    asked = screen.evaluate("performance.now()")
    shop.show("green")
    screen.wait_for_selector("iframe.shown >> nth=1")
    progress = creative(screen).evaluate("document.getAnimations()[0].currentTime")
    assert progress <= screen.evaluate("performance.now()") - asked


def test_missing_content_fails_and_the_picture_stays(shop: Shop, screen: Page) -> None:
    first = shop.show("red")
    shop.await_event(first, S.STARTED)
    (shop.content_dirs["green"] / "index.html").unlink()
    shop.await_event(shop.show("green"), S.FAILED)
    until(lambda: colour(screen) == COLOURS["red"], "red")
    (shop.content_dirs["still"] / "still.svg").write_text("not a picture")
    shop.await_event(shop.show("still"), S.FAILED)
    until(lambda: colour(screen) == COLOURS["red"], "red")


def test_a_reloaded_page_goes_on_with_the_next_cue(shop: Shop, screen: Page) -> None:
    first = shop.show("red")
    shop.await_event(first, S.STARTED)
    screen.reload()
    shop.await_event(first, S.INTERRUPTED)
    second = shop.show("blue", now=False)
    shop.show("green")
    until(lambda: colour(screen) == COLOURS["green"], "green")
    assert (second, S.SUPERSEDED) in shop.events()


def test_adults_only_content_leaves_a_screen_that_nobody_controls(shop: Shop, screen: Page) -> None:
    shop.await_event(shop.show("red", adults_only=True), S.STARTED)
    shop.close()
    until(lambda: colour(screen) != COLOURS["red"], "no red while nobody serves")


def test_adults_only_content_leaves_when_its_play_is_over(shop: Shop, screen: Page) -> None:
    over = shop.show("red", duration_s=0.5, adults_only=True)
    shop.await_event(over, S.FINISHED)
    until(lambda: colour(screen) != COLOURS["red"], "no red after its time")


def test_keeps_the_picture_and_comes_back_after_a_restart(shop: Shop, screen: Page) -> None:
    shop.await_event(shop.show("red"), S.STARTED)
    port = urlsplit(shop.url).port
    shop.close()
    until(lambda: colour(screen) == COLOURS["red"], "red while nobody serves")
    shop.open(port=port)
    shop.await_event(shop.show("blue"), S.STARTED)
    until(lambda: colour(screen) == COLOURS["blue"], "blue")


def test_a_creative_reaches_neither_the_page_nor_the_api(shop: Shop, screen: Page) -> None:
    shop.await_event(shop.show("red"), S.STARTED)
    tried = creative(screen).evaluate(
        """async () => {
            const attempt = async (what) => {
                try { return await what(); } catch (error) { return error.name; }
            };
            return {
                origin: self.origin,
                parent: await attempt(() => parent.document.title),
                storage: await attempt(() => sessionStorage.length),
                api: await attempt(() => fetch("/api/decisions").then((a) => a.text())),
                socket: await attempt(() => new Promise((resolve) => {
                    const socket = new WebSocket(`ws://${location.host}/ws/player?page=x`);
                    socket.onopen = () => resolve("open");
                    socket.onerror = () => resolve("refused");
                })),
                top: await attempt(() => { top.location = "about:blank"; return "gone"; }),
                ownScript: document.documentElement.dataset.ran,
                ownSheet: getComputedStyle(document.body).backgroundColor,
            };
        }"""
    )
    assert tried == {
        "origin": "null",
        "parent": "SecurityError",
        "storage": "SecurityError",
        "api": "TypeError",
        "socket": tried["socket"],
        "top": "SecurityError",
        "ownScript": "yes",
        "ownSheet": "rgb(208, 2, 27)",
    }
    assert tried["socket"] in ("refused", "SecurityError")
    assert shop.asked_limits == []


def test_works_with_a_token(shop: Shop, page: Page, complaints: list[str]) -> None:
    page.goto(shop.open(host="0.0.0.0"))
    shop.await_event(shop.show("red"), S.STARTED)
    assert creative(page).evaluate("document.documentElement.dataset.ran") == "yes"
    until(lambda: colour(page) == COLOURS["red"], "red")
    assert "token" not in page.url
    assert complaints == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("content_id", CREATIVES)
def test_every_creative_renders(
    browser: Browser, tmp_path: Path, content_id: str, size: str
) -> None:
    described = tomllib.loads((CONTENT / content_id / "content.toml").read_text())
    shop = Shop({content_id: CONTENT / content_id})
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height})
    page = context.new_page()
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda m: found.append(m.text) if m.type != "log" else None)
    page.on("response", lambda r: found.append(r.url) if r.status >= 400 else None)
    page.on("requestfailed", lambda request: found.append(request.url))
    try:
        page.goto(shop.open())
        assert shop.server is not None
        shop.server.show(
            Cue(
                decision_id="d1",
                content_id=content_id,
                title=described["title"],
                medium=described["medium"],
                file=described["file"],
                version="0",
                duration_s=described["duration_s"],
                now=True,
            )
        )
        shop.await_event("d1", S.STARTED)
        # Many colours mean a picture; a blank page has one.
        colours = "(p) => { const s = new Set(); for (let i = 0; i < p.length; i += 4) "
        colours += "s.add(p[i] << 16 | p[i + 1] << 8 | p[i + 2]); return s.size; }"
        until(lambda: decode(page, page.screenshot(), colours) > 100, "a picture")
        for frame in page.frames[1:]:
            assert frame.evaluate(CUT_OFF) == []
        assert found == []
    finally:
        context.close()
        shop.close()


def test_points_to_look_at_are_shown_where_they_are_over_everything_else(
    screen: Page, shop: Shop, complaints: list[str]
) -> None:
    assert shop.server is not None
    for x, y in ((0.1, 0.9), (0.5, 0.5)):
        shop.server.point((x, y))
        screen.wait_for_function(
            "([x, y]) => { const box = document.getElementById('point').getBoundingClientRect();"
            "return Math.abs(box.x + box.width / 2 - x * innerWidth) < 1 &&"
            "Math.abs(box.y + box.height / 2 - y * innerHeight) < 1; }",
            arg=[x, y],
        )
    # The middle of the point is dark red, and around it all is covered.
    assert colour(screen) == "#b3261e"
    shop.server.point(None)
    screen.wait_for_function("() => document.getElementById('point').hidden")
    assert "waiting for the first content" in screen.locator("#boot").inner_text()
    assert complaints == []
