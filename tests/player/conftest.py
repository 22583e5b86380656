"""A real player server over small contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.player.player_shop import COLOURS, CSS, HTML, JS, SVG, Shop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


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
