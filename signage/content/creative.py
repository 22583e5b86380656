"""What an HTML creative, or an SVG, needs beside itself: found by reading, not by running it.

What scripts load is not seen. The rules are those of the page's policy
(``signage/player/guard.py``): a creative loads what is in its own folder, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import tinycss2

from signage.content.charset import Text, read_linked, read_page, read_xml
from signage.content.pictures import parse_drawing
from signage.text.names import printable

_MOST_BYTES = 8_000_000
"""Of one page, style sheet or script."""
_SRCSET = re.compile(r"(\S*[^,\s])(?:\s+[^,]*)?(?:,|$)")
_TEMPLATE = re.compile(r"\{\{|\$\{|<%")
_INLINE = ("data", "blob", "about", "javascript")
_LOADED_LINKS = {"stylesheet", "preload", "modulepreload", "manifest"}
_IMAGE_SETS = {"image-set", "-webkit-image-set"}
_LEAVES = re.compile(
    r"(?<![\w$.])(?<!var )(?<!let )(?<!const )"
    r"(?:(?:window|self|top|parent|document|globalThis)\s*\.\s*)?location\s*"
    r"(?:(?:\.\s*(?:href|search|pathname)\s*)?=(?![=>])|\.\s*(?:assign|replace|reload)\s*\()"
)
"""A script that takes the page elsewhere; to another place in itself (``hash``) it may go."""

_SOUNDS = re.compile(r"\bnew\s+(?:window\s*\.\s*)?(?:Audio|(?:webkit)?AudioContext)\b")
_HEARD = "it is heard whenever the page is loaded, even before and after its play"


@dataclass(slots=True)
class Creative:
    """What was found."""

    files: set[Path] = field(default_factory=set)
    """Of its own folder, that it uses."""
    missing: list[str] = field(default_factory=list)
    """What it uses that is not in its folder."""
    blocked: list[str] = field(default_factory=list)
    """What it would do, and is not let."""
    unclear: list[str] = field(default_factory=list)
    """What will not be read as it was meant."""


def read_creative(folder: Path, page: Path) -> Creative:
    """Read ``page`` and all the pages, style sheets and scripts in ``folder`` that it uses."""
    return _Reader(folder.resolve()).read(page.resolve())


def linked_by_svg(path: Path) -> list[str]:
    """What an SVG shows out of other files, which no browser loads for a picture."""
    linked = []
    for element in parse_drawing(path).iter():
        if element.tag.rpartition("}")[2] in ("image", "use"):
            url = element.get("{http://www.w3.org/1999/xlink}href") or element.get("href") or ""
            linked += [url] if _loads(url) else []
    return linked


class _Reader:
    """Goes from the page to what it uses, and on to what that uses."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._found = Creative()

    def read(self, page: Path) -> Creative:
        unread = [(page, "utf-8")]
        while unread:
            path, encoding = unread.pop()
            urls, encoding = self._urls(path, encoding)
            for url in urls:
                used = self._used(path, url)
                if used is not None and used not in self._found.files:
                    self._found.files.add(used)
                    unread.append((used, encoding))
        return self._found

    def _urls(self, path: Path, encoding: str) -> tuple[list[str], str]:
        """What a file uses, and the encoding that it hands down to that."""
        ending, name = path.suffix.lower(), self._name(path)
        if ending == ".css":
            return list(
                _of_css(self._text(path, lambda data: read_linked(data, encoding)).text)
            ), encoding
        if ending in (".js", ".mjs"):
            self._script(self._text(path, lambda data: read_linked(data, encoding)).text, name)
        if ending not in (".html", ".htm", ".xhtml"):
            return [], encoding
        text = self._text(path, read_xml if ending == ".xhtml" else read_page)
        page = _Page()
        try:
            page.feed(text.text)
            page.close()
        except AssertionError as error:  # which is what the parser says of a broken declaration
            self._found.blocked.append(f"{name} is not valid HTML: {error}.")
        self._found.blocked += [f"{name} has {what}." for what in page.refused]
        for script in page.scripts:
            self._script(script, name)
        return page.urls, text.encoding

    def _text(self, path: Path, read: Callable[[bytes], Text]) -> Text:
        with path.open("rb") as file:
            text = read(file.read(_MOST_BYTES))
        if text.problem:
            self._found.unclear.append(f"{self._name(path)} {text.problem}.")
        return text

    def _script(self, script: str, name: str) -> None:
        if match := _LEAVES.search(script):
            self._found.blocked.append(
                f"{name} has a script that leaves the page ({match.group().strip()} …): a page "
                "that leaves ends its play."
            )

        if match := _SOUNDS.search(script):
            self._found.blocked.append(
                f"{name} has a script that makes sound ({match.group()}): {_HEARD}."
            )

    def _used(self, path: Path, url: str) -> Path | None:
        """The file in the folder that ``url`` names in ``path``."""
        where = f"{self._name(path)} uses {printable(url)}"
        parts = urlsplit(url)
        if parts.scheme or parts.netloc:
            self._found.blocked.append(f"{where}, from another server: the player blocks it.")
            return None
        try:
            used = (path.parent / unquote(parts.path)).resolve()
            if used.is_file() and used.is_relative_to(self._root):
                return used
        except (OSError, RuntimeError):  # a name that no file can have, or a link to itself
            pass
        self._found.missing.append(f"{where}, which is not in its folder.")
        return None

    def _name(self, path: Path) -> str:
        return printable(str(path.relative_to(self._root)))


def _of_css(text: str) -> Iterator[str]:
    """The files that a style sheet, or a part of one, loads."""
    unread = [tinycss2.parse_component_value_list(text, skip_comments=True)]
    while unread:
        word = ""
        for token in unread.pop():
            unread += [inner] if (inner := _inner(token)) else []
            if token.type == "at-keyword":
                word = token.lower_value
            elif token.type == "literal" and token.value == ";":
                word = ""
            for url in _of_token(token, word):
                if _loads(url):
                    yield url


def _of_token(token: Any, word: str) -> Iterator[str]:
    """What a token loads, behind the at-keyword ``word``."""
    if word == "namespace":  # which is a name, and loads nothing
        return
    if token.type == "url" or (token.type == "string" and word == "import"):
        yield token.value
    elif token.type == "function" and token.lower_name in {"url", "src", *_IMAGE_SETS}:
        yield from (each.value for each in token.arguments if each.type == "string")


def _inner(token: Any) -> Any:
    return token.arguments if token.type == "function" else getattr(token, "content", None)


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
        self.scripts: list[str] = []
        self.refused: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what this tag loads."""
        self._inside = tag
        attributes = {name: value for name, value in attrs if value}
        if tag in ("audio", "video") and {name for name, _ in attrs} & {"autoplay", "muted"} == {
            "autoplay"
        }:
            self.refused.append(f"<{tag} autoplay> without muted: {_HEARD}")
        if tag == "form":
            self.refused.append("a form, which cannot be sent anywhere")
        elif tag == "meta" and attributes.get("http-equiv", "").lower() == "refresh":
            self.refused.append('<meta http-equiv="refresh">: a page that leaves ends its play')
        elif tag in ("object", "embed", "base"):
            self.refused.append(f"<{tag}>, which is not allowed")
            return
        names = ["src", "poster"]
        if tag in ("image", "use"):
            names += ["href", "xlink:href"]
        elif tag == "link" and _LOADED_LINKS & set(attributes.get("rel", "").lower().split()):
            names.append("href")
        urls = [attributes[name].strip() for name in names if name in attributes]
        urls += _SRCSET.findall(attributes.get("srcset", ""))
        self.urls += filter(_loads, urls)
        self.urls += _of_css(attributes.get("style", ""))
        self.scripts += [value for name, value in attributes.items() if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        """A style sheet or a script ends."""
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        """A style sheet, or a script, in the page."""
        if self._inside == "style":
            self.urls += _of_css(data)
        elif self._inside == "script":
            self.scripts.append(data)
