"""The player server: the page on the screen, its socket, and what the kiosk tells of itself.

What the pages are told, and say, is in ``messages.py``, whose word counts in ``plays.py``, who may
come in at all in ``guard.py``, what the operator may order in ``orders.py``, and what the operator
sees in ``dashboard.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import re
import secrets
import socket
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from signage.errors import SignageError
from signage.player import messages
from signage.player.api import dashboard
from signage.player.api.contents import PATH as CONTENT_PATH
from signage.player.api.contents import ContentFiles
from signage.player.api.metrics import Totals, registry
from signage.player.api.orders import PATH as ORDERS_PATH
from signage.player.api.orders import OrderHandler, OrdersApi
from signage.player.connections import ClientFaults, Connection
from signage.player.guard import Guard, is_loopback
from signage.player.local_users import permitted_users
from signage.player.play_ledger import Plays, Said, Told
from signage.player.screen_watch import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request

    from signage.config.player import PlayerConfig
    from signage.config.server import ServerConfig
    from signage.types.plays import Cue, PagePlay, PlayEvent, Unfold

_STATIC = Path(__file__).parent / "static"
_MAX_MESSAGE_BYTES = 64 * 1024
_MAX_DECISIONS = 1000
_MAX_UNSENT = 64
_MAX_PAGES = 64
"""One screen has one; who has opened the page elsewhere may look on."""
_HANG_UP = ""
"""In place of a message: a page that has missed some connects anew, and is told what is so now."""
_TRY_AGAIN_LATER = 1013
_STOP_TIMEOUT_S = 5.0

_log = logging.getLogger(__name__)
_SERVER_LOG = logging.getLogger("uvicorn.error")
_CLIENT_FAULTS = ClientFaults()


@dataclass(frozen=True, slots=True)
class Status:
    """What the kiosk tells about itself. Each may be called from any thread, at any time."""

    health: Callable[[], dict[str, Any]]
    """The body of ``/health``, with ``status``: ok, degraded or failed."""
    audience: Callable[[], dict[str, Any]]
    decisions: Callable[[int], list[dict[str, Any]]]
    """At most so many decisions, newest first."""
    clock: Callable[[], float]
    """Monotonic seconds, the clock of ``Frame.t_s``."""
    counters: Callable[[], Totals] = dict
    """Totals since the start (``metrics.py``)."""
    orders: OrderHandler | None = None
    """Where orders are taken, if any are."""
    is_as_checked: Callable[[str, str, Path], bool] = lambda *_: True
    """Whether a file of a content, by its id and version, is the one that was checked: no other
    is served."""
    dashboard: Callable[[int], dict[str, Any]] | None = None
    """The figures of the last so many days (``dashboard.py``), for the operator's page."""


class PlayerServer:
    """Serves the page and the API from a thread and an event loop of its own.

    ``content_dirs`` maps each content id to its folder; nothing else is served. ``show``,
    ``events`` and ``connected`` may be called from any thread.
    """

    def __init__(
        self, config: ServerConfig, content_dirs: Mapping[str, Path], status: Status
    ) -> None:
        self._config = config
        self._status = status
        self._registry = registry(status.health, status.counters)
        self._plays = Plays()
        self._unsent: dict[int, asyncio.Queue[str]] = {}
        self._point: tuple[float, float] | None = None
        self._setup = self._unfolded = ""
        self.orders_token = config.token or secrets.token_urlsafe(24)
        """Whoever knows it may give orders."""
        self._token = None if is_loopback(config.host) else self.orders_token
        self._contents = ContentFiles(content_dirs, status.is_as_checked)
        users = permitted_users(config.local_users) if self._token is None else None
        self._app = Guard(self._routes(), self._token, self.orders_token, users)
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Start serving and return the address to open, with the token where one is needed.

        Raises SignageError when the address is in use or cannot be had.
        """
        listener = _listen(self._config)
        _SERVER_LOG.addFilter(_CLIENT_FAULTS)
        self._server = _Server(
            uvicorn.Config(
                self._app,
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                http=Connection,
                ws="websockets-sansio",
                ws_max_size=_MAX_MESSAGE_BYTES,
                ws_ping_interval=5.0,
                ws_ping_timeout=10.0,
                timeout_graceful_shutdown=2,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="player-server", daemon=True
        )
        self._thread.start()
        self._server.ready.wait()
        host, port = listener.getsockname()[:2]
        if ipaddress.ip_address(host).is_unspecified:
            host = "127.0.0.1"
        url = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
        return url if self._token is None else f"{url}?token={quote(self._token, safe='')}"

    def stop(self) -> None:
        """Close every connection and free the port. What that interrupts comes out of events()."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(_STOP_TIMEOUT_S)
        self._server = self._thread = None

    @property
    def connected(self) -> bool:
        """Whether a page, or its stand-in, is connected."""
        return self._plays.connected

    @property
    def connections(self) -> int:
        """How many are open."""
        return 0 if self._server is None else len(self._server.server_state.connections)

    @property
    def screen_problem(self) -> str | None:
        """What keeps the screen from showing what it is asked to show, for the operator."""
        return self._plays.watch.problem(self._status.clock())

    @property
    def screen_hangs(self) -> bool:
        """Whether the page is connected but does nothing any more: it has to be opened anew."""
        return self._plays.watch.hangs(self._status.clock()) is not None

    def show(self, cue: Cue) -> None:
        """Send ``cue`` to every page, and to those that connect while it is of use."""
        self._plays.ask(cue, self._status.clock())
        self._broadcast(messages.show(cue, self._app.content_prefix))

    def set_up(self, look: PlayerConfig, loop: Sequence[Cue]) -> None:
        """Tell every page how the screen looks, and what it plays when it is left alone."""
        self._setup = messages.setup(look, loop, self._app.content_prefix)
        self._broadcast(self._setup)

    def unfold(self, wanted: Unfold | None) -> None:
        """Unfold what is more of the running content, or fold it."""
        # Pages that connect later are told, too: it says itself which play it is of.
        self._unfolded = messages.FOLD if wanted is None else messages.unfold(wanted)
        self._broadcast(self._unfolded)

    def acknowledge(self, play_ids: Sequence[str]) -> None:
        """Tell every page that the ends of these plays are on record."""
        self._broadcast(messages.kept(play_ids))

    def page_plays(self) -> list[PagePlay]:
        """Plays that a page ended alone, and has told of since the last call."""
        return self._plays.drain_told()

    def serve_contents(self, content_dirs: Mapping[str, Path]) -> None:
        """Serve these contents, too, or from these folders. May be called from any thread."""
        self._contents.serve_contents(content_dirs)

    def point(self, place: tuple[float, float] | None) -> None:
        """Show every page a point to look at, in shares of its width and height, or no more."""
        if place != self._point:
            self._point = place
            self._broadcast(messages.point(place))

    def events(self) -> list[PlayEvent]:
        """What the pages confirmed since the last call, in order of arrival."""
        return self._plays.drain()

    def _routes(self) -> Starlette:
        handler = self._status.orders
        orders = [] if handler is None else [_orders_route(handler)]
        told = self._status.dashboard
        shown = [] if told is None else dashboard.routes(told, lambda: self._app.content_prefix)
        app = Starlette(
            routes=[
                *orders,
                *shown,
                Route("/", self._page),
                Route("/health", self._health),
                Route("/metrics", self._metrics),
                Route("/api/audience", self._audience),
                Route("/api/decisions", self._decisions),
                WebSocketRoute("/ws/player", self._socket),
                Mount("/static", StaticFiles(directory=_STATIC)),
                Route(CONTENT_PATH, self._contents.answer),
            ]
        )
        app.router.redirect_slashes = False
        return app

    def _page(self, _request: Request) -> Response:
        return FileResponse(_STATIC / "player.html")

    def _health(self, _request: Request) -> Response:
        health = self._status.health()
        return JSONResponse(health, 503 if health.get("status") == "failed" else 200)

    def _metrics(self, _request: Request) -> Response:
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    def _audience(self, _request: Request) -> Response:
        return JSONResponse(self._status.audience())

    def _decisions(self, request: Request) -> Response:
        text = request.query_params.get("limit", "20")
        limit = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0
        if not 1 <= limit <= _MAX_DECISIONS:
            reason = f"limit must be a whole number from 1 to {_MAX_DECISIONS}, not {text[:40]!r}"
            return JSONResponse({"error": reason}, 400)
        return JSONResponse(self._status.decisions(limit))

    async def _socket(self, websocket: WebSocket) -> None:
        page = websocket.query_params.get("page", "")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", page):
            page = "unnamed"
        if len(self._unsent) >= _MAX_PAGES and not self._make_room():
            await websocket.close(_TRY_AGAIN_LATER)
            return
        await websocket.accept()
        connection, cues = self._plays.join(page)
        unsent = self._unsent[connection] = asyncio.Queue(_MAX_UNSENT)
        shown = (messages.show(cue, self._app.content_prefix) for cue in cues)
        point = "" if self._point is None else messages.point(self._point)
        for message in (self._setup, *shown, self._unfolded, point):
            if message:
                unsent.put_nowait(message)
        _log.info("page %s connected", page)
        sender = asyncio.create_task(_send(websocket, unsent))
        try:
            await self._listen_to(websocket, connection, page)
        finally:
            sender.cancel()
            self._unsent.pop(connection, None)
            self._plays.leave(connection, self._status.clock())
            _log.info("page %s left", page)

    def _make_room(self) -> bool:
        """Hang up on a page that does not say that it lives; no screen is among those."""
        silent = [each for each in self._unsent if not self._plays.watch.has_heard(each)]
        if silent:
            self._hang_up(silent[0])
        return bool(silent)

    async def _listen_to(self, websocket: WebSocket, connection: int, page: str) -> None:
        complained = False
        while True:
            message = await websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                said = Said.validate_json(message.get("text") or b"")
            except ValidationError as error:
                if not complained:
                    complained = True
                    reason = error.errors()[0]["msg"]
                    _log.warning("page %s sends messages that make no sense: %s", page, reason)
                continue
            now_s = self._status.clock()
            if isinstance(said, Pulse):
                self._plays.hear(connection, said, now_s)
                continue
            if isinstance(said, Told):
                done = self._plays.tell(connection, said, now_s) and said.play_id
            else:
                done = self._plays.confirm(connection, said, now_s) and said.decision_id
            if done:
                self._send(connection, messages.kept([done]))

    def _broadcast(self, message: str) -> None:
        server = self._server
        if server is not None and server.loop is not None:
            # A loop that closes in this moment has no pages left to tell.
            with contextlib.suppress(RuntimeError):
                server.loop.call_soon_threadsafe(self._send_all, message)

    def _send_all(self, message: str) -> None:
        for connection in self._unsent:
            self._send(connection, message)

    def _send(self, connection: int, message: str) -> None:
        unsent = self._unsent[connection]
        if unsent.full():
            _log.warning("a page (connection %d) does not read its cues", connection)
            self._hang_up(connection)
        else:
            unsent.put_nowait(message)

    def _hang_up(self, connection: int) -> None:
        unsent = self._unsent[connection]
        while not unsent.empty():
            unsent.get_nowait()
        unsent.put_nowait(_HANG_UP)


def _orders_route(handler: OrderHandler) -> Route:
    api = OrdersApi(handler)

    async def orders(request: Request) -> Response:
        return await api(request)

    return Route(ORDERS_PATH, orders, methods=["GET", "POST"])


class _Server(uvicorn.Server):
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


async def _send(websocket: WebSocket, unsent: asyncio.Queue[str]) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while (message := await unsent.get()) != _HANG_UP:
            await websocket.send_text(message)
        await websocket.close(_TRY_AGAIN_LATER)


def _listen(config: ServerConfig) -> socket.socket:
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
