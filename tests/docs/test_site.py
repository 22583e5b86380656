"""The manual as a site: it builds, its links lead somewhere, and it fetches nothing."""

from __future__ import annotations

import functools
import http.server
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built manual."""
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


class Elements(HTMLParser):
    """The ids of a page, where its links lead, and what a browser loads for it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value for name, value in attrs if value}
        if "id" in found:
            self.ids.add(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag not in {"a", "base"}:
            self.loaded += [found[name] for name in ("src", "href", "data") if name in found]


@pytest.fixture(scope="session")
def elements(site: Path) -> dict[Path, Elements]:
    return {page: Elements(page) for page in site.rglob("*.html")}


def test_every_link_within_the_manual_leads_to_a_page_and_a_place_on_it(
    elements: dict[Path, Elements],
) -> None:
    broken = []
    for page, on_page in elements.items():
        for link in on_page.links:
            parts = urlsplit(link)
            if parts.scheme or page.name == "404.html":
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            target = target / "index.html" if target.is_dir() else target
            ids = elements[target].ids if target in elements else set()
            if not target.exists() or (parts.fragment and unquote(parts.fragment) not in ids):
                broken.append(f"{page.name} → {link}")
    assert broken == []


def test_a_page_loads_nothing_from_elsewhere(site: Path, elements: dict[Path, Elements]) -> None:
    outside = {
        source
        for on_page in elements.values()
        for source in on_page.loaded
        if urlsplit(source).netloc
    }
    styles = "".join(path.read_text(encoding="utf-8") for path in site.rglob("*.css"))
    outside |= set(re.findall(r"(?:url\(|@import )[\"']?((?:https?:)?//[^\"')\s]+)", styles))
    assert outside == set()


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Where the built manual is served."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing: the tests print nothing."""

    handler = functools.partial(Quiet, directory=site)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        yield context.new_page()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("attention computed", "architecture.html#where-to-find-what"),
        ("add a policy", "contributing.html#add-a-policy"),
        ("reward.stay", "configuration.html#reward.stay"),
    ],
)
def test_the_search_of_the_manual_finds_the_answer_and_asks_nobody_else(
    page: Page, address: str, words: str, answer: str
) -> None:
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    page.on("request", note)
    page.goto(address)
    page.locator("input.md-search__input").press_sequentially(words)
    file, place = answer.split("#")
    page.locator(f"a.md-search-result__link[href*='/{file}?'][href$='#{place}']").wait_for()
    assert [url for url in asked if not url.startswith((address, "blob:", "data:"))] == []


def test_a_phone_shows_every_page_without_scrolling_sideways(
    browser: Browser, site: Path, address: str
) -> None:
    wide = []
    with browser.new_context(viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        for path in sorted(site.rglob("*.html")):
            page.goto(address + path.relative_to(site).as_posix())
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(path.name)
    assert wide == []
