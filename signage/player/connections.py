"""The server's connections: how many there may be, and for how long one may say nothing."""

from __future__ import annotations

import asyncio
import logging
import time

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

_MAX_CONNECTIONS = 256
"""A process may have 1,024 files open, the camera's and the journal's among them."""
_REQUEST_S = 10.0
"""A request has to be here as a whole within this time."""

_SAME_AGAIN_S = 60.0
_MAX_TOLD = 100


class Connection(H11Protocol):
    """One connection. It is closed when it asks for nothing, or when others need its place."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Make room for it."""
        super().connection_made(transport)
        self.waits_since_s = self.loop.time()
        self._check = self.loop.call_later(_REQUEST_S, self._hang_up_if_late)
        if len(self.connections) > _MAX_CONNECTIONS:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """It has closed."""
        self._check.cancel()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """It becomes a page's, which may say nothing for long."""
        self._check.cancel()
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """The next request may come."""
        self.waits_since_s = self.loop.time()
        super().on_response_complete()

    @property
    def waits(self) -> bool:
        """Whether a request, or the rest of one, has yet to come."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def _hang_up_if_late(self) -> None:
        late_s = self.loop.time() - self.waits_since_s
        if self.waits and late_s >= _REQUEST_S:
            self.transport.abort()
        elif not self.transport.is_closing():
            self._check = self.loop.call_later(_REQUEST_S, self._hang_up_if_late)

    def _make_room(self) -> None:
        """Close the connection that has been idle longest, or else the new one.

        The pages' sockets have been handed over to another protocol, so they stay.
        """
        idle = [each for each in self.connections if isinstance(each, Connection) and each.waits]
        given_up = min(idle, key=lambda each: each.waits_since_s, default=self)
        # It closes in the loop's next turn; more may come in this one.
        self.connections.discard(given_up)
        given_up.transport.abort()


class ClientFaults(logging.Filter):
    """Tells in one line, and once a minute, what clients do to their own connections."""

    def __init__(self) -> None:
        super().__init__()
        self._told_s: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is to be logged; without a traceback where a client is the cause."""
        cause = record.exc_info[1] if record.exc_info else None
        if cause is not None and not isinstance(cause, h11.ProtocolError | OSError):
            return True
        if cause is not None:
            record.msg, record.args = f"A client broke its connection: {cause}", ()
            record.exc_info = None
        text, now_s = str(record.msg), time.monotonic()
        if now_s - self._told_s.get(text, float("-inf")) < _SAME_AGAIN_S:
            return False
        if len(self._told_s) < _MAX_TOLD:
            self._told_s[text] = now_s
        return True
