"""The account of what was on the screen, over a kiosk that is killed and comes back."""

from __future__ import annotations

import csv
import signal
import socket
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from signage.journal.exports.export import export
from signage.types.choices import ExportFormat
from tests.support.kiosk import Kiosk

TOML = """title = "{name}"
category = "{name}"
medium = "html"
file = "index.html"
motion = false
duration_s = 2.0
"""
ALONE = """(n) => Object.keys(localStorage).filter((key) => key.startsWith('plays:'))
    .flatMap((key) => JSON.parse(localStorage.getItem(key)).plays).length >= n"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    for name, colour in (("red", "#d0021b"), ("green", "#0a8f3c"), ("blue", "#1450d2")):
        folder = tmp_path / "content" / name
        folder.mkdir(parents=True)
        (folder / "content.toml").write_text(TOML.format(name=name))
        (folder / "index.html").write_text(
            f"<!doctype html><style>html {{ background: {colour} }}</style>"
        )
    return tmp_path / "content"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_every_second_on_the_screen_is_accounted_for_once(
    start: Callable[..., Kiosk], content: Path, browser: Browser, tmp_path: Path
) -> None:
    port = str(free_port())
    kiosk = start("--port", port, content=content)
    page = browser.new_page()
    page.goto(kiosk.url)
    kiosk.until("/api/decisions?limit=9", lambda rows: any(r["state"] == "finished" for r in rows))
    kiosk.stop(signal.SIGKILL)
    page.wait_for_function(ALONE, arg=3)
    kiosk = start("--port", port, content=content)
    kiosk.until("/health", lambda health: health["player_connected"])
    page.wait_for_function("() => localStorage.length === 0")
    finished = [r["decision_id"] for r in kiosk.get("/api/decisions?limit=99")]
    kiosk.until(
        "/api/decisions?limit=9",
        lambda rows: [
            r for r in rows if r["state"] == "finished" and r["decision_id"] not in finished
        ],
    )
    page.close()
    assert kiosk.stop() == 0

    export(kiosk.data, ExportFormat.CSV, tmp_path / "plays.csv")
    with (tmp_path / "plays.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["shown_s"]]
    assert len({row["play_id"] for row in rows}) == len(rows)
    assert {row["made_by"] for row in rows} == {"kiosk", "page"}
    times = sorted((_time(row["started_utc"]), _time(row["ended_utc"])) for row in rows)
    assert len(rows) > 5
    for (_, ended), (started, _) in pairwise(times):
        # Neither twice nor not at all; a frame or two is between, and the clocks' resolution.
        assert -0.1 < (started - ended).total_seconds() < 2.0


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
