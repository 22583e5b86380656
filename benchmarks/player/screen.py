"""A player server with a page in a real Chromium."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from signage.config.server import ServerConfig
from signage.player.server import PlayerServer, Status
from signage.types.plays import PlayEvent, PlayState

_CHROMIUM = "/usr/bin/chromium"
_PATIENCE_S = 20.0


class Screen:
    """A player server and a page in Chromium, and when each play reached which state."""

    def __init__(self, contents: Mapping[str, Path]) -> None:
        status = Status(
            health=lambda: {"status": "ok"},
            audience=dict,
            decisions=lambda _: [],
            clock=time.monotonic,
        )
        self.server = PlayerServer(ServerConfig(port=0), contents, status)
        self.reached: dict[tuple[str, PlayState], float] = {}

    def events(self) -> list[PlayEvent]:
        """What the page has reported since; notes when each play reached which state."""
        events = self.server.events()
        for event in events:
            self.reached[event.decision_id, event.state] = event.t_s
        return events

    def await_state(self, page: Page, decision_id: str, *states: PlayState) -> None:
        """Wait until the play has reached one of ``states``."""
        deadline_s = time.monotonic() + _PATIENCE_S
        while not any((decision_id, state) in self.reached for state in states):
            if time.monotonic() > deadline_s:
                raise SystemExit(f"{decision_id} never reached {' or '.join(states)}.")
            page.wait_for_timeout(5)  # which also lets Playwright hand out frames
            self.events()


@contextmanager
def chromium(url: str, width: int, height: int) -> Iterator[Page]:
    """Debian's Chromium with a page at ``url``."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=_CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(url)
        yield page
        browser.close()
