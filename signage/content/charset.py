"""In which encoding a browser reads a page, a style sheet or a script (WHATWG Encoding and HTML).

A byte order mark goes first, then what the server says, then what the file says of itself. The
server says nothing where the file does (``player/api/contents.py``), so that both agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from html.parser import HTMLParser

import webencodings

HEAD_BYTES = 64 * 1024
"""A browser looks for the declaration in the first 1024 bytes, and on to the end of the head."""
_SURE_BYTES = 1024
_IN_HEAD = {"html", "head", "meta", "title", "link", "script", "noscript", "style", "base"}
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
_XML_ENCODING = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["'][^>]*\?>""")
_DECLARATION = re.compile(r"\A<\?xml[^>]*\?>")
_XML_HEAD = re.compile(r"\s*<\?xml[^>]*\?>")


@dataclass(frozen=True, slots=True)
class Text:
    """A file as a browser reads it."""

    text: str
    encoding: str
    """By its name in the standard."""
    problem: str | None = None
    """What its reader sees where the bytes are not of that encoding."""


def declared_by_page(head: bytes) -> str | None:
    """The encoding that an HTML page names itself, given its first ``HEAD_BYTES``."""
    if mark := _mark(head):
        return mark
    page = _Head()
    page.feed(head[:_SURE_BYTES].decode("latin-1"))
    if page.label is None and not page.is_over:
        page.feed(head[_SURE_BYTES:HEAD_BYTES].decode("latin-1"))
    return page.label


def read_page(data: bytes) -> Text:
    """An HTML page, which is UTF-8 where it does not say what it is."""
    declared = declared_by_page(data[:HEAD_BYTES])
    return _decoded(data, declared or "utf-8", declared=declared is not None)


def read_linked(data: bytes, page: str) -> Text:
    """A style sheet or a script of a page in the encoding ``page``."""
    declared = _mark(data) or (_in_style_sheet(data) if data.startswith(b'@charset "') else None)
    return _decoded(data, declared or page, declared=declared is not None)


def read_xml(data: bytes) -> Text:
    """A page of XML, without its declaration."""
    named = _XML_ENCODING.match(data)
    declared = _mark(data) or (_known(named.group(1).decode("ascii")) if named else None)
    decoded = _decoded(data, declared or "utf-8", declared=declared is not None)
    return replace(decoded, text=_XML_HEAD.sub("", decoded.text, count=1).lstrip())


def read_svg(data: bytes) -> Text:
    """An SVG that is shown as a picture.

    Chromium takes it for UTF-8 unless a byte order mark says otherwise: its declaration counts for
    nothing there.
    """
    mark = _mark(data)
    decoded = _decoded(data, mark or "utf-8", declared=True)
    if decoded.problem and mark is None:
        at = decoded.problem.partition(" (at byte ")[2].partition(")")[0]
        why = (
            f"is not UTF-8 (at byte {at}), but Chromium reads every SVG as UTF-8: save it as UTF-8"
        )
        decoded = replace(decoded, problem=why)
    return replace(decoded, text=_DECLARATION.sub("", decoded.text, count=1))


def _decoded(data: bytes, encoding: str, *, declared: bool) -> Text:
    text = webencodings.decode(data, encoding, errors="replace")[0]
    try:
        webencodings.decode(data, encoding, errors="strict")
    except UnicodeDecodeError as error:
        says = "says that it is" if declared else "does not say what it is, and is not"
        wrong = ", and is not" if declared else ""
        return Text(
            text,
            encoding,
            f"{says} {encoding.upper()}{wrong} (at byte {error.start}): save it as UTF-8",
        )
    return Text(text, encoding)


def _mark(data: bytes) -> str | None:
    return next((name for mark, name in _MARKS if data.startswith(mark)), None)


def _in_style_sheet(data: bytes) -> str | None:
    return _known(data[10:100].partition(b'";')[0].decode("latin-1"))


def _known(label: str) -> str | None:
    """The encoding that browsers know by ``label``; where that can be read, it is no UTF-16."""
    encoding = webencodings.lookup(label)
    if encoding is None:
        return None
    name: str = encoding.name
    if name == "x-user-defined":
        return "windows-1252"
    return "utf-8" if name.startswith("utf-16") else name


class _Head(HTMLParser):
    """Looks for the declaration in the head of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.label: str | None = None
        self.is_over = False
        """Whether the body has begun."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the first encoding that a browser knows."""
        self.is_over = self.is_over or tag not in _IN_HEAD
        if tag != "meta" or self.label is not None:
            return
        attributes = {name: value or "" for name, value in attrs}
        label = attributes.get("charset")
        if label is None and attributes.get("http-equiv", "").lower() == "content-type":
            label = attributes.get("content", "").lower().partition("charset=")[2].strip("\"' ;")
        self.label = _known(label) if label else None
