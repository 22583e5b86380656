"""A real player server over small contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.player_shop import COLOURS, CSS, HTML, JS, SVG, Shop, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    dirs = {}
    for name, colour in COLOURS.items():
        dirs[name] = tmp_path / "content" / name
        dirs[name].mkdir(parents=True)
        (dirs[name] / "index.html").write_text(HTML.format(name=name))
        (dirs[name] / "look.css").write_text(CSS.format(colour=colour))
        (dirs[name] / "move.js").write_text(JS)
    dirs["still"] = tmp_path / "content" / "still"
    dirs["still"].mkdir()
    (dirs["still"] / "still.svg").write_text(SVG.format(colour="#f5a623"))
    (tmp_path / "secret.txt").write_text("not content")
    shop = Shop(dirs)
    yield shop
    shop.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 640, "height": 360})
    yield context.new_page()
    context.close()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Whatever the browser finds wrong: errors, refusals by a policy, missing files."""
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "console",
        lambda m: found.append(m.text) if m.type in ("error", "warning") else None,
    )
    page.on(
        "requestfailed",
        lambda request: found.append(f"failed: {request.method} {request.url} {request.failure}"),
    )
    return found


@pytest.fixture
def screen(shop: Shop, page: Page) -> Page:
    page.goto(shop.open())
    until(lambda: bool(shop.server and shop.server.connected), "the page")
    return page
