"""The page plays in a real Chromium, and every frame that it paints is looked at.

`--switches N` plays N contents of HTML, still and video, half of them ended by an interrupt.
`--arrivals N` lets N people come into an empty picture, in recorded footage, with the perception,
the engine and the page of the whole kiosk. Chromium is Debian's; its frames are those of its
headless compositor, 60 a second.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from benchmarks.common.tables import Block, Table
from benchmarks.player import arrivals, switches

QUICK: Mapping[str, object] = {"switches": 60, "arrivals": 8}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    parser.add_argument("--switches", type=int, default=300, help="0 leaves them out")
    parser.add_argument("--arrivals", type=int, default=40, help="0 leaves them out")


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Measure the switches, then the arrivals."""
    columns = ("measured", "signage")
    with tempfile.TemporaryDirectory() as folder:
        if options.switches:
            yield Table(columns, switches.rows(Path(folder), options.switches), "Switches")
        if options.arrivals:
            yield Table(columns, arrivals.rows(Path(folder), options.arrivals), "Arrivals")
