"""What an HTML creative, or an SVG, needs beside itself: found by reading, not by running it.

What scripts load is not seen. The rules are those of the page's policy
(``signage/player/guard.py``): a creative loads what is in its own folder, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_CSS_URL = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^"'()\s]+))\s*\)""", re.IGNORECASE)
_CSS_IMPORT = re.compile(r"""@import\s+(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_SRCSET = re.compile(r"(\S*[^,\s])(?:\s+[^,]*)?(?:,|$)")
_TEMPLATE = re.compile(r"\{\{|\$\{|<%")
_INLINE = ("data", "blob", "about", "javascript")
_LOADED_LINKS = {"stylesheet", "preload", "modulepreload", "manifest"}


@dataclass(slots=True)
class Creative:
    """What was found."""

    files: set[Path] = field(default_factory=set)
    """Of its own folder, that it uses."""
    missing: list[str] = field(default_factory=list)
    """What it uses that is not in its folder."""
    blocked: list[str] = field(default_factory=list)
    """What it would load or send, and is not let."""


def read_creative(folder: Path, page: Path) -> Creative:
    """Read ``page`` and all the pages and style sheets in ``folder`` that it uses."""
    found = Creative()
    root = folder.resolve()
    unread = [page.resolve()]
    while unread:
        path = unread.pop()
        for url in _urls(path, found):
            where = f"{path.relative_to(root)} uses {url}"
            parts = urlsplit(url)
            if parts.scheme or parts.netloc:
                found.blocked.append(f"{where}, from elsewhere: the page lets nothing in.")
                continue
            used = (path.parent / unquote(parts.path)).resolve()
            if not used.is_file() or not used.is_relative_to(root):
                found.missing.append(f"{where}, which is not in its folder.")
            elif used not in found.files:
                found.files.add(used)
                unread.append(used)
    return found


def linked_by_svg(path: Path) -> list[str]:
    """What an SVG shows out of other files, which no browser loads for a picture."""
    linked = []
    for element in ElementTree.parse(path).getroot().iter():  # noqa: S314 - the operator's own
        if element.tag.rpartition("}")[2] in ("image", "use"):
            url = element.get("{http://www.w3.org/1999/xlink}href") or element.get("href") or ""
            linked += [url] if _loads(url) else []
    return linked


def _urls(path: Path, found: Creative) -> Iterator[str]:
    ending = path.suffix.lower()
    if ending == ".css":
        return _of_css(path.read_text(encoding="utf-8", errors="replace"))
    if ending in (".html", ".htm", ".xhtml"):
        page = _Page()
        try:
            page.feed(path.read_text(encoding="utf-8", errors="replace"))
            page.close()
        except AssertionError as error:  # which is what the parser says of a broken declaration
            found.blocked.append(f"{path.name} is no good HTML from some place on: {error}.")
        found.blocked += [f"{path.name} has {what}." for what in page.refused]
        return iter(page.urls)
    return iter(())


def _of_css(text: str) -> Iterator[str]:
    text = _COMMENT.sub(" ", text)
    for pattern in (_CSS_URL, _CSS_IMPORT):
        for match in pattern.finditer(text):
            url = next(filter(None, match.groups()), "")
            if _loads(url):
                yield url


def _loads(url: str) -> bool:
    """Whether ``url`` names another file, and is not for a script to fill in first."""
    if not url.strip() or url.startswith("#") or "\0" in unquote(url) or _TEMPLATE.search(url):
        return False
    try:
        return urlsplit(url).scheme not in _INLINE
    except ValueError:  # it names nothing at all
        return False


class _Page(HTMLParser):
    """Collects what a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.refused: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what this tag loads."""
        self._in_style = tag == "style"
        told = {name: value for name, value in attrs if value}
        if tag == "form":
            self.refused.append("a form, which can be sent nowhere")
        elif tag in ("object", "embed", "base"):
            self.refused.append(f"<{tag}>, which is not allowed")
            return
        names = ["src", "poster"]
        if tag in ("image", "use"):
            names += ["href", "xlink:href"]
        elif tag == "link" and _LOADED_LINKS & set(told.get("rel", "").lower().split()):
            names.append("href")
        urls = [told[name] for name in names if name in told]
        urls += _SRCSET.findall(told.get("srcset", ""))
        self.urls += filter(_loads, urls)
        self.urls += _of_css(told.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        """A style sheet ends."""
        if tag == "style":
            self._in_style = False

    def handle_data(self, data: str) -> None:
        """A style sheet in the page."""
        if self._in_style:
            self.urls += _of_css(data)
