"""The player server: the page on the screen, and what the kiosk tells of itself.

The sockets of the pages are in ``pages.py``, the addresses for other programs and for the operator
in ``api/``, and who may come in at all in ``guard.py``.
"""

from __future__ import annotations

import ipaddress
import logging
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import uvicorn
from starlette.applications import Starlette
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from signage.player.api import dashboard, decisions, health, metrics, orders, state
from signage.player.api.contents import PATH as CONTENT_PATH
from signage.player.api.contents import ContentFiles
from signage.player.api.metrics import Totals
from signage.player.connections import ClientFaults, Connection
from signage.player.guard import Guard, is_loopback
from signage.player.local_users import permitted_users
from signage.player.pages import Pages
from signage.player.play_ledger import Plays
from signage.player.web_server import WebServer, listen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from starlette.requests import Request

    from signage.config.player import PlayerConfig
    from signage.config.server import ServerConfig
    from signage.types.plays import Cue, PagePlay, PlayEvent, Unfold

_STATIC = Path(__file__).parent / "static"
_MAX_MESSAGE_BYTES = 64 * 1024
_STOP_TIMEOUT_S = 5.0

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
    orders: orders.OrderHandler | None = None
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
        self._plays = Plays()
        self._pages = Pages(self._plays, lambda: self._app.content_prefix, status.clock)
        self.orders_token = config.token or secrets.token_urlsafe(24)
        """Whoever knows it may give orders."""
        self._token = None if is_loopback(config.host) else self.orders_token
        self._contents = ContentFiles(content_dirs, status.is_as_checked)
        users = permitted_users(config.local_users) if self._token is None else None
        self._app = Guard(self._routes(), self._token, self.orders_token, users)
        self._server: WebServer | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Start serving and return the address to open, with the token where one is needed.

        Raises SignageError when the address is in use or cannot be had.
        """
        listener = listen(self._config)
        _SERVER_LOG.addFilter(_CLIENT_FAULTS)
        self._server = WebServer(
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
        self._pages.loop = self._server.loop
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
        self._pages.loop = None
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
        self._pages.show(cue)

    def set_up(self, look: PlayerConfig, loop: Sequence[Cue]) -> None:
        """Tell every page how the screen looks, and what it plays when it is left alone."""
        self._pages.set_up(look, loop)

    def unfold(self, unfold: Unfold | None) -> None:
        """Unfold what is more of the running content, or fold it."""
        self._pages.unfold(unfold)

    def acknowledge(self, play_ids: Sequence[str]) -> None:
        """Tell every page that the ends of these plays are on record."""
        self._pages.acknowledge(play_ids)

    def page_plays(self) -> list[PagePlay]:
        """Plays that a page ended alone, and has told of since the last call."""
        return self._plays.drain_reports()

    def serve_contents(self, content_dirs: Mapping[str, Path]) -> None:
        """Serve these contents, too, or from these folders. May be called from any thread."""
        self._contents.serve_contents(content_dirs)

    def point(self, place: tuple[float, float] | None) -> None:
        """Show every page a point to look at, in shares of its width and height, or no more."""
        self._pages.point(place)

    def events(self) -> list[PlayEvent]:
        """What the pages confirmed since the last call, in order of arrival."""
        return self._plays.drain()

    def _routes(self) -> Starlette:
        status = self._status
        handler = status.orders
        ordering = [] if handler is None else [orders.route(handler)]
        figures = status.dashboard
        shown = (
            [] if figures is None else dashboard.routes(figures, lambda: self._app.content_prefix)
        )
        app = Starlette(
            routes=[
                *ordering,
                *shown,
                Route("/", self._page),
                health.route(status.health),
                metrics.route(status.health, status.counters),
                state.route(status.audience),
                decisions.route(status.decisions),
                WebSocketRoute("/ws/player", self._pages.answer),
                Mount("/static", StaticFiles(directory=_STATIC)),
                Route(CONTENT_PATH, self._contents.answer),
            ]
        )
        app.router.redirect_slashes = False
        return app

    def _page(self, _request: Request) -> Response:
        return FileResponse(_STATIC / "player.html")
