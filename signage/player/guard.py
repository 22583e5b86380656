"""Who may come in, and what a page that came from here may do.

On loopback root, the kiosk's own user and those of ``server.local_users`` may come in, anybody else
of the machine with the orders' token, and all under a loopback name only: a page of
another site cannot point its own host name here and read along. ``/health``, ``/metrics``
and the files of the contents are for everybody on the machine. On any other address
every request needs the token: ``?token=…`` once (kept as a cookie from then on) or
``Authorization: Bearer …``. A WebSocket must come from a page of this very host.

Whatever changes anything (every request but GET and HEAD) needs the orders' token as
``Authorization: Bearer …``, on loopback, too: no page sends that unless it was told. One that
a page sends must come from a page of this very host.

A creative is a guest: it runs in a sandbox of no origin, and may load its own files but
neither read nor call anything else. A browser sends no cookie from there, so with a token
its files lie under ``/k/<key>/content/…``, with a key that opens nothing but content.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
import re
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, unquote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

from signage.player.local_users import user_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "signage_token"
_TOLD_TO_ALL = ("/health", "/metrics")
_SHOWN_TO_ALL = ("/content/", "/static/")
STATIC = Path(__file__).parent / "static"

_ANSWER = re.search(r"const ANSWER = '(.+)';", (STATIC / "frames.js").read_text("utf-8"))
"""The script of the frame that says whether the creatives' process lives."""
assert _ANSWER is not None  # noqa: S101 - a file of our own
_ANSWER_HASH = base64.b64encode(hashlib.sha256(_ANSWER[1].encode()).digest()).decode()
_PAGE_POLICY = (
    f"default-src 'self'; script-src 'self' 'sha256-{_ANSWER_HASH}'; "
    "img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_CREATIVE_POLICY = (
    "sandbox allow-scripts; default-src 'self' 'unsafe-inline' data: blob:; "
    "connect-src 'none'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)


def is_loopback(host: str) -> bool:
    """Whether ``host``, a name or an address, can only be this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(
        self,
        app: ASGIApp,
        token: str | None,
        orders_token: str,
        users: frozenset[int] | None = None,
    ) -> None:
        """``token`` opens everything to read; None asks for none. ``orders_token`` may order.

        Without ``token``, only ``users`` may read, by their number; None lets everybody.
        """
        self._app = app
        self._users = users
        self._token = token
        self._orders_token = orders_token
        self.content_prefix = ""
        """What a page puts before ``/content/…`` so that a creative may load its files."""
        if token is not None:
            key = hmac.new(token.encode(), b"content", hashlib.sha256).hexdigest()[:32]
            self.content_prefix = f"/k/{key}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or answer it with the headers that protect."""
        headers = Headers(scope=scope)
        keyed = self._strip_key(scope)
        refusal = self._refusal(scope, headers, keyed=keyed)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        cookie = None
        offer = _query_token(scope)
        if offer is not None and self._opens(offer):
            # A cookie holds neither spaces nor semicolons; a token of the operator's may.
            value = f"{quote(offer, safe='')}; Path=/; HttpOnly; SameSite=Strict"
            cookie = f"{_cookie_name(headers)}={value}"

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                _protect(out, scope["path"])
                if cookie is not None:
                    out.append("Set-Cookie", cookie)
            await send(message)

        await self._app(scope, receive, send_guarded)

    def _refusal(self, scope: Scope, headers: Headers, *, keyed: bool) -> PlainTextResponse | None:
        host = headers.get("host", "")
        if self._token is None:
            if not is_loopback(_name(host)):
                return PlainTextResponse(
                    "This screen answers only this machine, as 127.0.0.1 or localhost.\n", 421
                )
            if not (self._knows_user(scope) or self._knows_token(scope, headers)):
                return PlainTextResponse(
                    "This user of the machine has no access. `server.local_users` names the "
                    "users who have. The token in the file orders-token of the data folder also "
                    "gives access.\n",
                    403,
                )
        elif not keyed and not self._knows_token(scope, headers):
            return PlainTextResponse(
                "The token is missing or wrong. Add ?token=… to the address: it is "
                "server.token of the configuration, or in the file orders-token of the data "
                "folder.\n",
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        orders = scope["type"] == "http" and scope["method"] not in ("GET", "HEAD")
        if orders or scope["type"] == "websocket":
            origin = headers.get("origin")
            if origin is not None and _authority(origin) != host:
                return PlainTextResponse("Pages from other sites may not connect.\n", 403)
        if orders and not _same(_bearer_token(headers), self._orders_token):
            return PlainTextResponse(
                "An order needs a token as `Authorization: Bearer …`: `server.token`, or the "
                "one in the file orders-token of the data folder.\n",
                401,
                {"WWW-Authenticate": "Bearer"},
            )
        return None

    def _strip_key(self, scope: Scope) -> bool:
        """Turn ``/k/<key>/content/…`` with the right key into ``/content/…``."""
        prefix, path = self.content_prefix, scope["path"]
        if not prefix or scope["type"] != "http" or not path[len(prefix) :].startswith("/content/"):
            return False
        if not _same(path[: len(prefix)], prefix):
            return False
        scope["path"] = path[len(prefix) :]
        return True

    def _knows_user(self, scope: Scope) -> bool:
        path = scope["path"]
        if self._users is None or path in _TOLD_TO_ALL or path.startswith(_SHOWN_TO_ALL):
            return True
        client, server = scope.get("client"), scope.get("server")
        user = user_of(tuple(client), tuple(server)) if client and server else None
        return user is not None and user in self._users

    def _knows_token(self, scope: Scope, headers: Headers) -> bool:
        offers = [_query_token(scope), _bearer_token(headers), _cookie_token(headers)]
        return any(self._opens(offer) for offer in offers if offer)

    def _opens(self, offer: str) -> bool:
        return _same(offer, self._token or self._orders_token)


def _protect(headers: MutableHeaders, path: str) -> None:
    creative = path.startswith("/content/")
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Content-Security-Policy"] = _CREATIVE_POLICY if creative else _PAGE_POLICY
    headers["Cross-Origin-Resource-Policy"] = "cross-origin" if creative else "same-origin"
    if creative:
        # A sandbox of no origin needs leave to load its own fonts and modules.
        headers["Access-Control-Allow-Origin"] = "*"
        headers["X-DNS-Prefetch-Control"] = "off"
    # Files may be kept but are asked after each time, so that a changed one shows.
    files = creative or path == "/" or path.startswith("/static/")
    headers["Cache-Control"] = "no-cache" if files else "no-store"


def _name(host: str) -> str:
    """The host name in a Host header, without port and brackets."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _authority(origin: str) -> str | None:
    """The host and port in an Origin header; None where it is none."""
    try:
        return urlsplit(origin).netloc or None
    except ValueError:
        return None


def _cookie_name(headers: Headers) -> str:
    """Cookies know no ports, and there may be two screens behind one host name."""
    try:
        port = urlsplit(f"//{headers.get('host', '')}").port
    except ValueError:
        port = None
    return f"{COOKIE}_{port or 80}"


def _query_token(scope: Scope) -> str | None:
    values = parse_qs(scope["query_string"].decode("latin-1")).get("token")
    return values[0] if values else None


def _bearer_token(headers: Headers) -> str:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    return bearer.strip() if scheme.lower() == "bearer" else ""


def _cookie_token(headers: Headers) -> str | None:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(_cookie_name(headers))
    except CookieError:
        return None
    return unquote(morsel.value) if morsel is not None else None


def _same(offer: str, secret: str) -> bool:
    return hmac.compare_digest(offer.encode(), secret.encode())
