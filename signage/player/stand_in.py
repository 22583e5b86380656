"""A stand-in for the page, for a machine without a browser.

It speaks the page's protocol (``messages.py``) over a real socket and plays every cue on
time, showing nothing: what is on is told elsewhere.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from signage.player.play_ledger import STAND_IN

_FIRST_RETRY_S = 0.5
_LAST_RETRY_S = 5.0
_OPEN_TIMEOUT_S = 5.0


@dataclass(slots=True)
class _Running:
    decision_id: str
    ends_s: float
    over: bool = False
    unfolded: bool = False
    """What is more of it is open: it does not end before that is folded."""


class TerminalPage:
    """Confirms plays from a thread of its own, and connects again when the server goes away."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._socket: ClientConnection | None = None
        self._thread: threading.Thread | None = None
        self._running: _Running | None = None
        self._waiting: dict[str, Any] | None = None

    def start(self, url: str) -> None:
        """Connect to the player at ``url``, the address that ``PlayerServer.start`` returned."""
        self._thread = threading.Thread(
            target=self._run, args=(url,), name="terminal-page", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Leave; the running play, if any, counts as interrupted."""
        self._stopping.set()
        with self._lock:
            if self._socket is not None:
                self._socket.close()
        if self._thread is not None:
            self._thread.join()

    def _run(self, url: str) -> None:
        retry_s = _FIRST_RETRY_S
        while not self._stopping.is_set():
            with (
                contextlib.suppress(OSError, InvalidHandshake, ConnectionClosed),
                _open(url) as page,
            ):
                with self._lock:
                    self._socket = page
                retry_s = _FIRST_RETRY_S
                self._play(page)
            with self._lock:
                self._socket = None
            self._stopping.wait(retry_s)
            retry_s = min(2 * retry_s, _LAST_RETRY_S)

    def _play(self, page: ClientConnection) -> None:
        while not self._stopping.is_set():
            running = self._running
            timeout_s = None
            if running is not None and not running.over and not running.unfolded:
                timeout_s = max(0.0, running.ends_s - time.monotonic())
            try:
                cue = json.loads(page.recv(timeout_s))
            except TimeoutError:
                self._finish(page)
                continue
            if cue.get("type") == "show":
                self._take(page, cue)
            elif cue.get("type") in ("unfold", "fold"):
                self._unfold(page, cue)

    def _take(self, page: ClientConnection, cue: dict[str, Any]) -> None:
        running, waiting = self._running, self._waiting
        if running is not None and running.decision_id == cue["decision_id"]:
            return
        if waiting is not None and waiting["decision_id"] != cue["decision_id"]:
            _tell(page, "superseded", waiting["decision_id"])
        self._waiting = cue
        if cue["now"] or running is None or running.over:
            self._swap(page)

    def _unfold(self, page: ClientConnection, message: dict[str, Any]) -> None:
        running, unfold = self._running, message["type"] == "unfold"
        if running is None or running.unfolded is unfold:
            return
        if unfold and message["decision_id"] != running.decision_id:
            return  # of a play that is over
        running.unfolded = unfold
        _tell(page, message["type"] + "ed", running.decision_id)

    def _finish(self, page: ClientConnection) -> None:
        if self._running is not None:
            self._running.over = True
            _tell(page, "finished", self._running.decision_id)
        self._swap(page)

    def _swap(self, page: ClientConnection) -> None:
        cue, running = self._waiting, self._running
        if cue is None:
            return
        if running is not None and not running.over:
            _tell(page, "interrupted", running.decision_id)
        self._waiting = None
        self._running = _Running(cue["decision_id"], time.monotonic() + cue["duration_s"])
        _tell(page, "started", cue["decision_id"])


def _open(url: str) -> ClientConnection:
    parts = urlsplit(url)
    token = parse_qs(parts.query).get("token")
    address = (parts.hostname or "127.0.0.1", parts.port or 80)
    return connect(
        f"ws://{parts.netloc}/ws/player?page={STAND_IN}",
        # A socket of our own goes straight there, whatever proxy the environment names.
        sock=socket.create_connection(address, timeout=_OPEN_TIMEOUT_S),
        additional_headers={"Authorization": f"Bearer {token[0]}"} if token else None,
        open_timeout=_OPEN_TIMEOUT_S,
    )


def _tell(page: ClientConnection, state: str, decision_id: str) -> None:
    page.send(json.dumps({"type": state, "decision_id": decision_id, "age_ms": 0}))
