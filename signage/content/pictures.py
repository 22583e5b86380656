"""Pictures to be shown: every one of their frames decoded, by the strict rules of Pillow.

What stands behind the end of a picture (padding, the film of a "motion photo") is no fault: no
browser minds it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from PIL import Image

from signage.content.charset import read_svg
from signage.errors import MediaError

# It warns of many pixels on stderr, and refuses more; both come too late here.
Image.MAX_IMAGE_PIXELS = None
_MOST_PX = 100_000_000
_MOST_SVG_BYTES = 50_000_000
"""It is read into memory as a whole, here and by the browser."""
_DEEPEST = 4_900
"""Chromium's reader gives up at 5000, or a little before."""
_SHORTEST_MS = 10
"""Browsers take frames of no more than this for frames of 100 ms."""

_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, struct.error)
"""What Pillow's readers raise of files that are not as they should be."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What was decoded."""

    width_px: int | None
    """None of an SVG that takes any size."""
    height_px: int | None
    frames: int = 1
    duration_s: float | None = None
    """Of an animation."""


def read_picture(path: Path, container: str) -> Picture:
    """Decode a picture of the format ``container``, every frame of it.

    Raises MediaError where a part is missing or damaged, or no screen has so many pixels.
    """
    try:
        with Image.open(path, formats=[container.upper()]) as image:
            width, height = image.size
            if width * height > _MOST_PX:
                raise MediaError(
                    f"{path.name} has more pixels than any screen: {width} × {height}. Export it "
                    "no larger than the screen."
                )
            if container == "JPEG":
                image.draft("L", (1, 1))  # read wholly, and painted small
                image.load()
                return Picture(width, height)
            durations_ms = _frames(image)
    except _BROKEN as error:
        reason = str(error).partition(" (")[0]
        if "truncated" in reason:
            raise MediaError(
                f"{path.name} is cut off: its end is missing. Copy it again."
            ) from error
        raise MediaError(
            f"{path.name} cannot be decoded as {container}: it is cut off or damaged. Copy it "
            "again, or export it again."
        ) from error
    if len(durations_ms) < 2:
        return Picture(width, height)
    played_ms = (each if each > _SHORTEST_MS else 100.0 for each in durations_ms)
    return Picture(width, height, len(durations_ms), round(sum(played_ms) / 1000, 3))


def _frames(image: Image.Image) -> list[float]:
    """Decode every frame; the milliseconds of each."""
    durations_ms = []
    # The first picture of an animated PNG may be for those that do not know animations.
    first = 1 if getattr(image, "default_image", False) else 0
    for index in range(first, getattr(image, "n_frames", 1)):
        image.seek(index)
        image.load()
        durations_ms.append(float(image.info.get("duration", 0)))
    return durations_ms


def read_drawing(path: Path) -> Picture:
    """Read an SVG. Raises MediaError where a browser would show none."""
    try:
        root = parse_drawing(path)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise MediaError(
            f"{path.name} is not well-formed SVG: {error}. Export it again."
        ) from error
    if root.tag != "{http://www.w3.org/2000/svg}svg":
        raise MediaError(
            f"{path.name} begins with <{root.tag.rpartition('}')[2]}> and not with <svg> of "
            'xmlns="http://www.w3.org/2000/svg": Chromium does not show it as a picture.'
        )
    box = root.get("viewBox", "").replace(",", " ").split()
    width, height = _length_px(root.get("width")), _length_px(root.get("height"))
    if (width is None or height is None) and len(box) == 4:
        width, height = _length_px(box[2]), _length_px(box[3])
    return Picture(width, height)


def parse_drawing(path: Path) -> ElementTree.Element:
    """The root of an SVG, in whatever encoding it says it is. Raises ParseError or ValueError."""
    size = path.stat().st_size
    if size > _MOST_SVG_BYTES:
        raise ValueError(
            f"it has {size / 1e6:,.0f} MB, and {_MOST_SVG_BYTES / 1e6:.0f} are allowed"
        )
    svg = read_svg(path.read_bytes())
    if svg.problem:
        raise ValueError(f"it {svg.problem}")
    # The operator's own file, and expat itself stops what would swell up.
    parser = ElementTree.XMLParser(target=_Tree())  # noqa: S314
    parser.feed(svg.text)
    root: ElementTree.Element = parser.close()
    return root


class _Tree(ElementTree.TreeBuilder):
    """Stops where Chromium does, at elements that lie too deep in one another."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: Any, attrs: Any, /) -> ElementTree.Element:
        """Raises ValueError where it lies too deep."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"more than {_DEEPEST:,} elements are nested")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ElementTree.Element:
        """The element is over."""
        self._depth -= 1
        return super().end(tag)


def _length_px(text: str | None) -> int | None:
    try:
        length = float((text or "").removesuffix("px"))
    except ValueError:  # of the screen: "100%", "20vw"
        return None
    return round(length) if 0 < length < float("inf") else None
