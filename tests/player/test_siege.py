"""Clients that mean no good, or cannot do better: the server stays up, and the screen plays on."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Page
from websockets.sync.client import connect

from signage.types.plays import PlayState
from tests.support.pixels import colour
from tests.support.player_shop import COLOURS, Shop, until

S = PlayState
PORT = "the port of the server"


def address(shop: Shop) -> tuple[str, int]:
    parts = urlsplit(shop.url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


@pytest.fixture
def raw(shop: Shop, screen: Page) -> Iterator[list[socket.socket]]:
    """Hundreds of connections, closed at the end."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(address(shop), timeout=10))
            for _ in range(300)
        ]


def plays_on(shop: Shop, screen: Page) -> None:
    for name in ("blue", "green", "red"):
        shop.await_event(shop.show(name), S.STARTED)
        until(lambda name=name: colour(screen) == COLOURS[name], name)  # type: ignore[misc]
    assert httpx.get(f"{shop.url}health", trust_env=False).status_code == 200


def test_hundreds_of_sockets_that_say_nothing(
    shop: Shop, screen: Page, raw: list[socket.socket]
) -> None:
    plays_on(shop, screen)


def test_who_asks_for_nothing_is_hung_up(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signage.player.connections._REQUEST_S", 0.2)
    shop.open()
    silent, slow = (socket.create_connection(address(shop), timeout=20) for _ in range(2))
    with silent, slow:
        slow.sendall(b"GET / HTTP/1.1\r\n")
        for each in (silent, slow):
            with contextlib.suppress(ConnectionResetError):
                assert each.recv(1) == b""


def test_requests_that_make_no_sense_leave_a_line_and_no_traceback(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shop.open()
    host = ":".join(map(str, address(shop)))
    head = f"POST /api/orders HTTP/1.1\r\nHost: {host}\r\n"
    for _ in range(5):
        for request in ("\0\0\0\0\r\n\r\n", f"{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n"):
            with socket.create_connection(address(shop), timeout=10) as each:
                each.sendall(request.encode())
                assert each.recv(12) == b"HTTP/1.1 400"
    assert httpx.get(f"{shop.url}health", trust_env=False).status_code == 200
    assert not [record for record in caplog.records if record.exc_info]
    assert len([record for record in caplog.records if record.name == "uvicorn.error"]) <= 4


def test_there_is_always_room_for_one_more(
    shop: Shop, screen: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signage.player.connections._MAX_CONNECTIONS", 20)
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(socket.create_connection(address(shop), timeout=10))
        plays_on(shop, screen)
        assert shop.server is not None
        assert shop.server.connections <= 20


def test_requests_that_never_end(shop: Shop, screen: Page, raw: list[socket.socket]) -> None:
    host = ":".join(map(str, address(shop)))
    for number, each in enumerate(raw):
        each.sendall(f"GET /api/decisions HTTP/1.1\r\nHost: {host}\r\nX-{number}: ".encode())
    plays_on(shop, screen)


def test_an_order_that_never_ends(shop: Shop, screen: Page, raw: list[socket.socket]) -> None:
    host = ":".join(map(str, address(shop)))
    head = f"POST /api/orders HTTP/1.1\r\nHost: {host}\r\nContent-Length: 999999999\r\n\r\n"
    for each in raw:
        each.sendall(head.encode() + b"{" * 1000)
    plays_on(shop, screen)


def test_hundreds_of_pages_that_do_not_read_their_cues(shop: Shop, screen: Page) -> None:
    host, port = address(shop)
    with contextlib.ExitStack() as stack:
        for number in range(200):
            page = connect(f"ws://{host}:{port}/ws/player?page=idle{number}", max_queue=1)
            stack.enter_context(page)
        for _ in range(40):
            shop.show("red", now=False)
        plays_on(shop, screen)


def test_a_page_that_talks_without_end(shop: Shop, screen: Page) -> None:
    host, port = address(shop)
    told = (
        '{"type": "alone", "play_id": "x%d", "content_id": "red", "state": "finished",'
        ' "started_age_ms": 2, "ended_age_ms": 1}'
    )
    with connect(f"ws://{host}:{port}/ws/player?page=chatty") as page:
        for number in range(5000):
            page.send(told % number)
        plays_on(shop, screen)
    assert len(shop.told()) <= 1000
