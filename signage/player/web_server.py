"""The web server in a thread of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import uvicorn

from signage.errors import SignageError

if TYPE_CHECKING:
    from signage.config.server import ServerConfig


class WebServer(uvicorn.Server):
    """Says when it serves, and on which loop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()
        self.loop: asyncio.AbstractEventLoop | None = None

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            super().run(sockets)
        finally:
            self.ready.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.ready.set()


def listen(config: ServerConfig) -> socket.socket:
    """A listening socket; bound here so that a port in use is an error at once."""
    host = "127.0.0.1" if config.host == "localhost" else config.host
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, config.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise SignageError(
            f"The host {config.host!r} of [server] cannot be used: {error}."
        ) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise SignageError(
            f"The player cannot listen on {config.host} port {config.port}: {error.strerror}. "
            "Stop what uses it, or choose another with --port (0: any free one)."
        ) from error
    return listener
