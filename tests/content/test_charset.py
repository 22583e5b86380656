"""Pages, style sheets and scripts are read as the browser reads them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from signage.config.server import ServerConfig
from signage.content.charset import read_linked, read_page
from signage.content.check import check_content
from signage.player.server import PlayerServer, Status
from tests.support.media import page

WORDS = "Käse für Müller"
LATIN = '<!doctype html>{}<link rel="stylesheet" href="look.css"><p>' + WORDS
PAGES: dict[str, bytes] = {
    "utf8.html": LATIN.format("").encode(),
    "latin1.html": LATIN.format("<meta charset='ISO-8859-1'>").encode("latin-1"),
    "latin1-old.html": LATIN.format(
        '<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=windows-1252">'
    ).encode("latin-1"),
    "late.html": LATIN.format(f"<script>/* {'x' * 2000} */</script><meta charset=latin1>").encode(
        "latin-1"
    ),
    "utf16.html": LATIN.format("").encode("utf-16"),
    "mark.html": LATIN.format("<meta charset=latin1>").encode("utf-8-sig"),
    # Nobody who can read it can mean it.
    "says-utf16.html": LATIN.format("<meta charset=utf-16>").encode(),
    "unknown.html": LATIN.format("<meta charset=utf-7>").encode(),
    "commented.html": LATIN.format("<!-- <meta charset=latin1> -->").encode(),
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_read_as_it_says(name: str) -> None:
    text = read_page(PAGES[name])
    assert WORDS in text.text
    assert text.problem is None


def test_chromium_shows_them_so(tmp_path: Path, browser: Browser) -> None:
    for name, data in PAGES.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "look.css").write_text("p::after { content: 'é' }", encoding="utf-8")
    (tmp_path / "japanese.html").write_bytes(
        "<!doctype html><meta charset=Shift_JIS><p>日本語".encode("cp932")
    )
    server = PlayerServer(
        ServerConfig(port=0), {"a": tmp_path}, Status(dict, dict, lambda _: [], lambda: 0.0)
    )
    tab = browser.new_page()
    try:
        address = server.start()
        for name in PAGES:
            tab.goto(f"{address}content/a/0/{name}")
            assert tab.inner_text("p") == WORDS, name
        tab.goto(f"{address}content/a/0/japanese.html")
        assert tab.inner_text("p") == "日本語"
    finally:
        tab.close()
        server.stop()


def test_a_page_that_is_not_what_it_says_is_a_warning(tmp_path: Path) -> None:
    page(tmp_path)
    (tmp_path / "index.html").write_bytes(LATIN.format("").encode("latin-1"))
    (tmp_path / "look.css").write_bytes('@charset "utf-8"; /* ä */'.encode("latin-1"))
    checked = check_content(tmp_path)
    assert checked.errors == []
    told = " ".join(checked.warnings)
    assert "index.html does not say what it is, and is not UTF-8 (at byte" in told
    assert "look.css says that it is UTF-8, and is not (at byte" in told


def test_a_style_sheet_is_read_as_its_page_where_it_says_nothing() -> None:
    sheet = "/* ä */"
    assert read_linked(sheet.encode("latin-1"), "windows-1252").text == sheet
    assert read_linked(sheet.encode(), "utf-8").text == sheet
    assert read_linked(sheet.encode("utf-8-sig"), "windows-1252").text == sheet
    said = '@charset "latin1"; ' + sheet
    assert read_linked(said.encode("latin-1"), "utf-8").text == said
