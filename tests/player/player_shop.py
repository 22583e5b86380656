"""A real player server over small contents, and what it confirmed."""

from __future__ import annotations

import itertools
import time
from dataclasses import asdict, dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any

from signage.config import ServerConfig
from signage.errors import SignageError
from signage.orders import Order, follow
from signage.player.server import PlayerServer, Status
from signage.types import Cue, Orders, PlayEvent, PlayState

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

    def carry_out(self, order: Order) -> None:
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
    url: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _seen: list[PlayEvent] = field(default_factory=list)
    server: PlayerServer | None = None

    def open(self, **config: Any) -> str:
        status = Status(
            health=lambda: self.health,
            audience=lambda: self.audience,
            decisions=self._decisions,
            clock=time.monotonic,
            counters=lambda: self.counters,
            desk=self.desk,
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
    ) -> str:
        """Ask for a content and return the decision's id."""
        assert self.server is not None
        decision_id = f"d{next(self._numbers)}"
        still = content_id == "still"
        self.server.show(
            Cue(
                decision_id=decision_id,
                content_id=content_id,
                title=content_id.title(),
                medium="image" if still else "html",
                file="still.svg" if still else "index.html",
                duration_s=duration_s,
                now=now,
                adults_only=adults_only,
            )
        )
        return decision_id

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
        return [{"decision_id": "d1"}]


def until(true: Callable[[], bool], what: str, timeout_s: float = 20.0) -> None:
    """Return as soon as ``true()``; the time-out only bounds a test that fails."""
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.01)
