"""A real player server over small contents, and what it confirmed."""

from __future__ import annotations

import itertools
import time
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from typing import TYPE_CHECKING, Any

from signage.config.player import PlayerConfig
from signage.config.server import ServerConfig
from signage.errors import SignageError
from signage.player.server import PlayerServer, Status
from signage.types.orders import Order, Orders, follow
from signage.types.plays import Cue, PagePlay, PlayEvent, PlayState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COLOURS = {"red": "#d0021b", "green": "#0a8f3c", "blue": "#1450d2"}

HTML = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="look.css">
<p>{name}</p><script src="move.js"></script>"""
CSS = "html, body {{ height: 100%; margin: 0; background: {colour}; }}"
JS = "document.documentElement.dataset.ran = 'yes';"
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9">
<rect width="16" height="9" fill="{colour}"/></svg>"""


@dataclass
class Desk:
    """Takes orders, or refuses them."""

    refusal: str | None = None
    orders: list[Order] = field(default_factory=list)

    def state(self) -> dict[str, Any]:
        return asdict(reduce(follow, self.orders, Orders())) | {"checkpoints": []}

    def submit(self, order: Order) -> None:
        if self.refusal is not None:
            raise SignageError(self.refusal)
        self.orders.append(order)


@dataclass
class Shop:
    """A server with contents ``red``, ``green``, ``blue`` (HTML) and ``still`` (SVG)."""

    content_dirs: dict[str, Path]
    health: dict[str, Any] = field(default_factory=lambda: {"status": "ok"})
    audience: dict[str, Any] = field(default_factory=lambda: {"viewers": []})
    counters: dict[str, Any] = field(default_factory=lambda: {"frames": 12, "decisions": 3})
    asked_limits: list[int] = field(default_factory=list)
    desk: Desk = field(default_factory=Desk)
    decisions: list[dict[str, Any]] = field(default_factory=lambda: [{"decision_id": "d1"}])
    dashboard: Callable[[int], dict[str, Any]] | None = None
    url: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _seen: list[PlayEvent] = field(default_factory=list)
    _told: dict[str, PagePlay] = field(default_factory=dict)
    server: PlayerServer | None = None

    def open(self, **config: Any) -> str:
        status = Status(
            health=lambda: self.health,
            audience=lambda: self.audience,
            decisions=self._decisions,
            clock=time.monotonic,
            counters=lambda: self.counters,
            orders=self.desk,
            dashboard=self.dashboard,
        )
        self.server = PlayerServer(ServerConfig(**{"port": 0, **config}), self.content_dirs, status)
        self.url = self.server.start()
        return self.url

    def close(self) -> None:
        if self.server is not None:
            self.server.stop()

    def show(
        self,
        content_id: str,
        *,
        now: bool = True,
        duration_s: float = 60.0,
        adults_only: bool = False,
        **more: Any,
    ) -> str:
        """Ask for a content and return the decision's id."""
        assert self.server is not None
        asked = cue(content_id, f"d{next(self._numbers)}", duration_s=duration_s)
        self.server.show(replace(asked, now=now, adults_only=adults_only, **more))
        return asked.decision_id

    def set_up(self, *loop: str, duration_s: float = 60.0, **look: Any) -> None:
        """How the screen looks, and what it plays alone."""
        assert self.server is not None
        cues = [cue(name, "", duration_s=duration_s) for name in loop]
        self.server.set_up(PlayerConfig(**look), cues)

    def told(self) -> list[PagePlay]:
        """Every play that pages told of, each once."""
        assert self.server is not None
        for play in self.server.page_plays():
            self._told.setdefault(play.play_id, play)
        return list(self._told.values())

    def events(self) -> list[tuple[str, PlayState]]:
        """Everything confirmed so far."""
        assert self.server is not None
        self._seen += self.server.events()
        return [(event.decision_id, event.state) for event in self._seen]

    def await_event(self, decision_id: str, state: PlayState) -> PlayEvent:
        """The confirmation, as soon as it is there."""
        until(lambda: (decision_id, state) in self.events(), f"{decision_id} {state}")
        return next(e for e in self._seen if (e.decision_id, e.state) == (decision_id, state))

    def _decisions(self, limit: int) -> list[dict[str, Any]]:
        self.asked_limits.append(limit)
        return self.decisions


def cue(content_id: str, decision_id: str, *, duration_s: float) -> Cue:
    still = content_id == "still"
    return Cue(
        decision_id=decision_id,
        content_id=content_id,
        title=content_id.title(),
        medium="image" if still else "html",
        file="still.svg" if still else "index.html",
        version="0",
        duration_s=duration_s,
        now=True,
    )


def until(true: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    """Return as soon as ``true()``; the time-out only bounds a test that fails."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.01)
