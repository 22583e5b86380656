"""Orders on the command line: what is said where no screen answers, or another one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from signage.config.config import Config
from signage.config.server import ServerConfig
from signage.errors import ConfigError, SignageError
from signage.kiosk.client import ask_screen
from signage.kiosk.installation import keep_orders_token, orders_token_path
from signage.player.server import PlayerServer, Status
from signage.types.choices import Action
from signage.types.orders import Order
from tests.support.player_shop import Desk

FREEZE = Order(action=Action.FREEZE)


@pytest.fixture
def screen() -> Iterator[tuple[PlayerServer, Desk, int]]:
    desk = Desk()
    status = Status(
        health=dict, audience=dict, decisions=lambda _: [], clock=lambda: 0.0, orders=desk
    )
    server = PlayerServer(ServerConfig(port=0), {}, status)
    url = server.start()
    yield server, desk, int(url.rstrip("/").rpartition(":")[2])
    server.stop()


def at(port: int, data_dir: Path, host: str = "127.0.0.1") -> Config:
    return Config(data_dir=data_dir, server=ServerConfig(host=host, port=port))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_an_order_arrives(
    screen: tuple[PlayerServer, Desk, int],
    tmp_path: Path,
    host: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server, desk, port = screen
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    keep_orders_token(tmp_path, server.orders_token)
    assert ask_screen(at(port, tmp_path, host), FREEZE)["frozen"] is True
    assert desk.orders == [FREEZE]
    assert ask_screen(at(port, tmp_path, host), None)["frozen"] is True
    assert len(desk.orders) == 1


def test_a_refusal_is_passed_on(screen: tuple[PlayerServer, Desk, int], tmp_path: Path) -> None:
    server, desk, port = screen
    keep_orders_token(tmp_path, server.orders_token)
    desk.refusal = "Not today."
    with pytest.raises(SignageError, match=r"The screen refused the order\. Not today\."):
        ask_screen(at(port, tmp_path), FREEZE)


def test_another_screen_is_told_from_ours(
    screen: tuple[PlayerServer, Desk, int], tmp_path: Path
) -> None:
    _, desk, port = screen
    keep_orders_token(tmp_path, "of another data folder")
    with pytest.raises(SignageError, match="refuses the token of this data folder"):
        ask_screen(at(port, tmp_path), FREEZE)
    assert desk.orders == []


def test_no_screen_is_one_clear_message(tmp_path: Path) -> None:
    with pytest.raises(SignageError, match="No screen runs on the data folder"):
        ask_screen(at(8080, tmp_path), FREEZE)
    keep_orders_token(tmp_path, "of a screen that died")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(SignageError, match=f"No screen answers at 127.0.0.1 port {port}"):
        ask_screen(at(port, tmp_path), FREEZE)
    with pytest.raises(ConfigError, match="Name the port that the screen printed with --port"):
        ask_screen(at(0, tmp_path), FREEZE)


def test_what_is_no_screen_is_told(tmp_path: Path) -> None:
    class Other(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    keep_orders_token(tmp_path, "any")
    with HTTPServer(("127.0.0.1", 0), Other) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(SignageError, match=r"not a screen of this version \(status 404\)"):
            ask_screen(at(server.server_port, tmp_path), FREEZE)
        thread.join()


def test_the_token_is_for_this_user_alone_whatever_lay_there(tmp_path: Path) -> None:
    path = orders_token_path(tmp_path)
    path.write_text("old")
    path.chmod(0o644)
    keep_orders_token(tmp_path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
