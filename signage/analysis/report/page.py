"""One self-contained HTML page: what every report here is written as."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jinja2

from signage.errors import SignageError
from signage.text.plain import plain

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Table:
    """Cells are text; the first column names its row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: frozenset[int] = frozenset({0})
    """Columns of words, set from the left; the others are numbers."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG, as ``plots`` draws it."""

    address: str
    alt: str
    """What it shows, for who does not see it."""


@dataclass(frozen=True, slots=True)
class Section:
    """One question, and its answer."""

    title: str
    text: str = ""
    """What it says, in words, before the pictures and tables."""
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()
    note: str = ""
    """How to read it, after them."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure that stands alone."""

    figure: str
    name: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Page:
    """A report."""

    title: str
    subtitle: str
    headline: str
    """The answer in one sentence, with its interval."""
    detail: str
    """What it rests on."""
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]
    methods: frozenset[str]
    """Which parts of ``methods.html`` apply."""
    simulated: str = ""
    """What made the figures, where no camera saw anybody: a band, and a mark across each plot."""
    counting: str = ""
    """The rules by which people were counted, in sentences; empty where there are several."""


def _as_text(value: object) -> object:
    """Whatever is put into the page is text, but for what the template itself calls safe."""
    return plain(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def write_page(page: Page, out: Path) -> None:
    """Write ``page`` to the file ``out``. Raises SignageError where that cannot be written."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_as_text,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    html = environment.get_template("page.html").render(page=page)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(html, encoding="utf-8")
    except OSError as error:
        raise SignageError(
            f"The report {out} cannot be written: {error.strerror}. Choose another --out."
        ) from error
