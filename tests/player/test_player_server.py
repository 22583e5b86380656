"""The server's routes, guards and proof of play, over real sockets."""

from __future__ import annotations

import json
import os
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from signage.config.server import ServerConfig
from signage.errors import SignageError
from signage.player.server import PlayerServer, Status
from signage.player.stand_in import TerminalPage
from signage.types.plays import PlayState
from tests.support.player_shop import Shop, until

if TYPE_CHECKING:
    from collections.abc import Iterator

S = PlayState


@pytest.fixture
def http(shop: Shop) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shop.open(), trust_env=False) as client:
        yield client


@contextmanager
def page(shop: Shop, name: str = "one", **kwargs: Any) -> Iterator[ClientConnection]:
    url = f"ws://{urlsplit(shop.url).netloc}/ws/player?page={name}"
    with connect(url, proxy=None, **kwargs) as socket:
        yield socket


def cue(socket: ClientConnection) -> dict[str, Any]:
    message: dict[str, Any] = json.loads(socket.recv(timeout=10))
    return message


def say(socket: ClientConnection, state: str, decision_id: str, age_ms: Any = 0) -> None:
    socket.send(json.dumps({"type": state, "decision_id": decision_id, "age_ms": age_ms}))


def settle(shop: Shop, socket: ClientConnection) -> None:
    """Wait until everything this page said has been heard."""
    marker = shop.show("red")
    while cue(socket)["decision_id"] != marker:
        pass
    say(socket, "failed", marker)
    shop.await_event(marker, S.FAILED)


class TestRoutes:
    def test_page_is_served_under_a_strict_policy(self, http: httpx.Client) -> None:
        answer = http.get("/")
        policy = answer.headers["content-security-policy"]
        assert answer.status_code == 200
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"

    @pytest.mark.parametrize(("status", "code"), [("ok", 200), ("degraded", 200), ("failed", 503)])
    def test_health(self, shop: Shop, http: httpx.Client, status: str, code: int) -> None:
        shop.health = {"status": status, "fps": 9.5}
        answer = http.get("/health")
        assert answer.status_code == code
        assert answer.json() == {"status": status, "fps": 9.5}
        assert answer.headers["cache-control"] == "no-store"

    def test_metrics_leave_out_what_is_not_known(self, shop: Shop, http: httpx.Client) -> None:
        shop.health = {"status": "degraded", "fps": 9.5, "last_decision_age_s": None}
        lines = http.get("/metrics").text.splitlines()
        assert "signage_frames_total 12.0" in lines
        assert "signage_decisions_total 3.0" in lines
        assert "signage_frames_per_second 9.5" in lines
        assert 'signage_status{status="degraded"} 1.0' in lines
        assert 'signage_status{status="ok"} 0.0' in lines
        assert not [line for line in lines if "last_decision_age" in line or "rewards" in line]

    def test_metrics_of_a_fleet(self, shop: Shop, http: httpx.Client) -> None:
        shop.counters = {
            "plays": {("red", "finished"): 4, ("red", "failed"): 1},
            "reward_sum": 1.5,
            "reward_count": 3,
        }
        shop.health = {
            "status": "ok",
            "screen_id": 'the "lobby"',
            "version": "1.0",
            "policy": "vw",
            "dropped_frames": 7,
            "disk_free_bytes": 2_000_000_000,
            "lessons": None,
            "orders": {"frozen": True},
        }
        lines = http.get("/metrics").text.splitlines()
        assert 'signage_plays_total{content_id="red",state="finished"} 4.0' in lines
        assert {"signage_reward_sum 1.5", "signage_reward_count 3.0"} <= set(lines)
        assert r'signage_info{policy="vw",screen_id="the \"lobby\"",version="1.0"} 1.0' in lines
        assert "signage_dropped_frames_total 7.0" in lines
        assert "signage_disk_free_bytes 2e+09" in lines
        assert "signage_learning_frozen 1.0" in lines
        assert not [line for line in lines if "lessons" in line]

    def test_metrics_tell_what_health_tells(self, shop: Shop, http: httpx.Client) -> None:
        shop.counters = {"plays": {("sale\nnow\x1b \ud800", "failed"): 2}}
        shop.health = {
            "status": "degraded",
            "camera": "slow",
            "left_out": {"a": "broken", "b": "cut off"},
            "failing": {"c": "did not load"},
            "checking": 5,
            "learning_behind": 700,
        }
        lines = http.get("/metrics").text.splitlines()
        assert 'signage_plays_total{content_id="sale now� �",state="failed"} 2.0' in lines
        assert {
            'signage_camera{state="slow"} 1.0',
            'signage_camera{state="black"} 0.0',
            "signage_contents_left_out 2.0",
            "signage_contents_failing 1.0",
            "signage_contents_checking 5.0",
            "signage_learning_behind 700.0",
        } <= set(lines)
        shop.health = {"status": "ok", "camera": "upside_down"}
        lines = http.get("/metrics").text.splitlines()
        assert 'signage_camera{state="upside_down"} 1.0' in lines
        assert "signage_contents_failing 0.0" in lines

    def test_audience_and_decisions(self, shop: Shop, http: httpx.Client) -> None:
        assert http.get("/api/audience").json() == {"viewers": []}
        assert http.get("/api/decisions?limit=7").json() == [{"decision_id": "d1"}]
        assert http.get("/api/decisions").is_success
        assert shop.asked_limits == [7, 20]

    @pytest.mark.parametrize("limit", ["0", "-1", "many", "1e3", "1001", "", "٣"])
    def test_a_bad_limit_is_explained(self, shop: Shop, http: httpx.Client, limit: str) -> None:
        answer = http.get("/api/decisions", params={"limit": limit})
        assert answer.status_code == 400
        assert "whole number from 1 to 1000" in answer.json()["error"]
        assert shop.asked_limits == []

    def test_content_is_sandboxed(self, http: httpx.Client) -> None:
        answer = http.get("/content/red/0/index.html")
        assert answer.status_code == 200
        assert answer.headers["content-security-policy"].startswith("sandbox allow-scripts;")

    def test_contents_come_while_it_serves(self, shop: Shop, http: httpx.Client) -> None:
        assert shop.server is not None
        folder = shop.content_dirs["red"].with_name("two words & 100%")
        shop.content_dirs["red"].rename(folder)
        shop.server.serve_contents({folder.name: folder})
        assert http.get("/content/two%20words%20%26%20100%25/0/index.html").status_code == 200
        assert http.get("/content/green/0/index.html").status_code == 200

    def test_only_what_was_checked_is_served(self, shop: Shop) -> None:
        sound = {shop.content_dirs["red"] / name for name in ("index.html", "look.css")}
        status = Status(
            dict,
            dict,
            lambda _: [],
            lambda: 0.0,
            is_as_checked=lambda name, version, path: (
                (name, version) == ("red", "0") and path in sound
            ),
        )
        server = PlayerServer(ServerConfig(port=0), shop.content_dirs, status)
        try:
            with httpx.Client(base_url=server.start(), trust_env=False) as http:
                paths = ("index.html", "look.css", "move.js", "%00", "")
                codes = [http.get(f"/content/red/0/{path}").status_code for path in paths]
                assert http.get("/content/red/1/index.html").status_code == 404
        finally:
            server.stop()
        assert codes == [200, 200, 404, 404, 404]

    @pytest.mark.parametrize(
        "path",
        [
            "/content/red/0/../../../secret.txt",
            "/content/red/0/..%2f..%2fsecret.txt",
            "/content/red/0/%2e%2e/%2e%2e/secret.txt",
            "/content/%2e%2e/0/secret.txt",
            "/content/%2e%2e/secret.txt",
            "/content/red/0//etc/passwd",
            "/content/unknown/0/index.html",
            "/static/../server.py",
            "/static/%2e%2e/server.py",
        ],
    )
    def test_nothing_else_is_served(self, http: httpx.Client, path: str) -> None:
        # As raw bytes: the client would tidy the path up before sending it.
        url = http.base_url.copy_with(raw_path=path.encode())
        assert http.get(url).status_code == 404


class TestStart:
    def test_a_port_in_use_is_one_clear_message(self, shop: Shop, http: httpx.Client) -> None:
        port = http.base_url.port
        other = Shop(shop.content_dirs)
        with pytest.raises(
            SignageError, match=rf"cannot listen on 127.0.0.1 port {port}: .* --port"
        ):
            other.open(port=port)

    def test_a_host_of_elsewhere_is_one_clear_message(self, shop: Shop) -> None:
        with pytest.raises(SignageError, match=r"cannot listen on 192\.0\.2\.1"):
            shop.open(host="192.0.2.1")

    def test_stops_twice_and_frees_the_port(self, shop: Shop, http: httpx.Client) -> None:
        shop.close()
        shop.close()
        assert shop.open(port=http.base_url.port) == str(http.base_url)


class TestToken:
    def test_none_on_loopback(self, shop: Shop) -> None:
        assert "token" not in shop.open(token="set")

    def test_is_asked_of_everything_elsewhere(self, shop: Shop) -> None:
        url = shop.open(host="0.0.0.0")
        token = url.partition("?token=")[2]
        assert len(token) >= 32
        base = url.partition("?")[0]
        with httpx.Client(base_url=base, trust_env=False) as client:
            for path in ("/", "/health", "/metrics", "/api/audience", "/static/player.js"):
                assert client.get(path).status_code == 401
                assert client.get(path, params={"token": "guess"}).status_code == 401
            assert client.get("/content/red/0/index.html").status_code == 401
            assert client.get(f"/k/{'0' * 32}/content/red/0/index.html").status_code == 401
            bearer = {"Authorization": f"Bearer {token}"}
            assert client.get("/health", headers=bearer).status_code == 200
            assert not client.cookies
            answer = client.get(url)
            assert answer.status_code == 200
            assert "HttpOnly; SameSite=Strict" in answer.headers["set-cookie"]
            assert client.get("/health").status_code == 200
        with pytest.raises(InvalidStatus, match="401"), page(shop):
            pass
        with page(shop, additional_headers=bearer):
            until(lambda: bool(shop.server and shop.server.connected), "the page")

    def test_content_has_a_key_of_its_own(self, shop: Shop) -> None:
        url = shop.open(host="0.0.0.0", token="of the config")
        shop.show("red")
        bearer = {"Authorization": "Bearer of the config"}
        with page(shop, additional_headers=bearer) as socket:
            path = cue(socket)["url"]
        assert "config" not in path
        with httpx.Client(base_url=url.partition("?")[0], trust_env=False) as client:
            assert client.get(path).status_code == 200
            assert client.get(path.replace("index.html", "look.css")).status_code == 200
            key = path.partition("/content/")[0]
            assert client.get(f"{key}/health").status_code == 401
            assert client.get(f"{key}/content/../health").status_code == 401

    def test_two_screens_behind_one_host_name_do_not_take_each_others_cookie(
        self, shop: Shop
    ) -> None:
        other = Shop(shop.content_dirs)
        urls = [each.open(host="0.0.0.0") for each in (shop, other)]
        try:
            with httpx.Client(trust_env=False) as client:
                for url in urls:
                    assert client.get(url).status_code == 200
                for url in urls:
                    assert client.get(url.partition("?")[0] + "health").status_code == 200
        finally:
            other.close()

    @pytest.mark.parametrize("name", ["Origin", "Host", "Cookie", "Authorization"])
    @pytest.mark.parametrize("value", ["http://[", "//[::1", "[", "signage_token=", "Bearer", "é"])
    def test_headers_that_make_no_sense_are_refused_and_break_nothing(
        self,
        shop: Shop,
        http: httpx.Client,
        caplog: pytest.LogCaptureFixture,
        name: str,
        value: str,
    ) -> None:
        headers = {name.encode(): value.encode()}
        assert http.post("/api/orders", headers=headers).status_code in range(400, 500)
        assert http.get("/health", headers=headers).status_code < 500
        upgrade = {b"Connection": b"Upgrade", b"Upgrade": b"websocket"}
        answer = http.get("/ws/player", headers={**upgrade, **headers})
        assert answer.status_code in range(400, 500)
        assert not [record for record in caplog.records if record.exc_info]

    def test_other_users_of_the_machine_see_health_and_contents_only(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("signage.player.guard.user_of", lambda *_: 54321)
        with httpx.Client(base_url=shop.open(), trust_env=False) as client:
            for path in ("/health", "/metrics", "/content/red/0/index.html"):
                assert client.get(path).status_code == 200
            for path in ("/", "/api/audience", "/api/decisions", "/api/orders", "/dashboard"):
                assert client.get(path).status_code == 403
            with pytest.raises(InvalidStatus, match="403"), page(shop):
                pass
            assert shop.server is not None
            token = {"token": shop.server.orders_token}
            assert client.get("/api/decisions", params=token).status_code == 200
            assert client.get("/api/audience").status_code == 200

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
    def test_the_user_at_the_other_end_is_known(self, shop: Shop, http: httpx.Client) -> None:
        def answer(uid: int) -> str:
            port = http.base_url.port
            request = f"GET /api/audience HTTP/1.0\\r\\nHost: localhost:{port}\\r\\n\\r\\n"
            code = f"exec 3<>/dev/tcp/127.0.0.1/{port}; printf '{request}' >&3; head -1 <&3"
            command = ["/bin/bash", "-c", code]
            return subprocess.run(
                command, user=uid, check=True, capture_output=True
            ).stdout.decode()

        assert " 200 " in answer(0)
        assert " 403 " in answer(65534)

    def test_loopback_answers_to_loopback_names_only(self, http: httpx.Client) -> None:
        for name in ("localhost", "127.0.0.1", f"localhost:{http.base_url.port}", "[::1]:80"):
            assert http.get("/health", headers={"Host": name}).status_code == 200
        for name in ("rebound.example", "127.0.0.1.example", "[", ""):
            assert http.get("/health", headers={"Host": name}).status_code == 421


class TestSocket:
    def test_a_play_from_cue_to_end(self, shop: Shop, http: httpx.Client) -> None:
        with page(shop) as socket:
            decision = shop.show("red", duration_s=8.0)
            assert cue(socket) == {
                "type": "show",
                "decision_id": decision,
                "content_id": "red",
                "title": "Red",
                "medium": "html",
                "url": "/content/red/0/index.html",
                "duration_s": 8.0,
                "now": True,
                "adults_only": False,
                "fit": "contain",
                "background": None,
                "sound": False,
                "more": None,
            }
            say(socket, "started", decision)
            say(socket, "started", decision)
            say(socket, "finished", decision)
            say(socket, "interrupted", decision)
            settle(shop, socket)
        assert shop.events()[:2] == [(decision, S.STARTED), (decision, S.FINISHED)]
        assert shop.await_event(decision, S.STARTED).page == "one"

    def test_the_age_dates_the_event_back_but_not_before_the_cue(
        self, shop: Shop, http: httpx.Client
    ) -> None:
        with page(shop) as socket:
            first = shop.show("red")
            say(socket, "started", first)
            started = shop.await_event(first, S.STARTED)
            say(socket, "finished", first, age_ms=3_000_000)
            assert shop.await_event(first, S.FINISHED).t_s == started.t_s

    def test_what_arrives_late_is_dated_by_the_clock_of_the_page(
        self, shop: Shop, http: httpx.Client
    ) -> None:
        """As after a minute in which this server stood still."""
        with page(shop) as socket:
            play = shop.show("red", duration_s=6.0)
            began = {"type": "started", "decision_id": play, "sent_ms": 100_000.0}
            socket.send(json.dumps(began))
            started = shop.await_event(play, S.STARTED)
            over = {"type": "finished", "decision_id": play, "shown_ms": 6000.0}
            socket.send(json.dumps(over | {"sent_ms": 50_000.0}))
            ended = shop.await_event(play, S.FINISHED)
        assert ended.t_s - started.t_s <= 1.1  # no later than it can be
        with page(shop) as socket:
            socket.send('{"type": "pulse", "sent_ms": 60000}')
            for name, sent_ms in (("a", 30_000.0), ("b", 40_000.0)):
                told = {"type": "alone", "play_id": name, "content_id": "red", "state": "finished"}
                ages = {"started_age_ms": 6000.0, "ended_age_ms": 0.0, "sent_ms": sent_ms}
                socket.send(json.dumps(told | ages))
            until(lambda: len(shop.told()) == 2, "both plays")
        first, second = shop.told()
        assert first.ended_s - first.started_s == pytest.approx(6.0)
        assert second.ended_s - first.ended_s == pytest.approx(10.0)

    def test_a_page_that_is_lost_showed_its_play_no_longer_than_it_lasts(
        self, shop: Shop, http: httpx.Client
    ) -> None:
        with page(shop) as socket:
            play = shop.show("red", duration_s=0.2)
            say(socket, "started", play)
            started = shop.await_event(play, S.STARTED)
            until(lambda: time.monotonic() > started.t_s + 0.4, "the time of the play")
        ended = shop.await_event(play, S.INTERRUPTED)
        assert ended.t_s - started.t_s == pytest.approx(0.2)

    def test_a_page_that_connects_late_gets_the_newest_cue_and_not_one_that_is_over(
        self, shop: Shop, http: httpx.Client
    ) -> None:
        decision = shop.show("green", now=False)
        with page(shop) as socket:
            assert cue(socket)["now"] is True
            say(socket, "started", decision)
            shop.await_event(decision, S.STARTED)
        assert shop.await_event(decision, S.INTERRUPTED).page == "one"
        with page(shop) as socket:
            after = shop.show("red")
            assert cue(socket)["decision_id"] == after

    def test_a_finished_play_is_not_sent_again(self, shop: Shop, http: httpx.Client) -> None:
        with page(shop) as socket:
            decision = shop.show("red")
            say(socket, "started", decision)
            say(socket, "finished", decision)
            shop.await_event(decision, S.FINISHED)
        with page(shop) as socket:
            later = shop.show("blue")
            assert cue(socket)["decision_id"] == later

    def test_an_unstarted_play_fails_with_the_last_page(
        self, shop: Shop, http: httpx.Client
    ) -> None:
        with page(shop, "one") as one, page(shop, "two") as two:
            decision = shop.show("red")
            assert cue(one)["decision_id"] == cue(two)["decision_id"] == decision
            say(two, "failed", decision)
        shop.await_event(decision, S.FAILED)
        assert shop.events() == [(decision, S.FAILED)]

    def test_what_nobody_saw_is_superseded_by_the_next(
        self, shop: Shop, http: httpx.Client
    ) -> None:
        first, second = shop.show("red"), shop.show("green")
        assert shop.events() == [(first, S.SUPERSEDED)]
        with page(shop) as socket:
            assert cue(socket)["decision_id"] == second

    def test_the_first_page_to_start_owns_the_play(self, shop: Shop, http: httpx.Client) -> None:
        with page(shop, "one") as one, page(shop, "two") as two:
            decision = shop.show("red")
            say(one, "started", decision)
            assert shop.await_event(decision, S.STARTED).page == "one"
            say(two, "started", decision)
            say(two, "finished", decision)
            settle_marker = shop.show("blue")
            say(two, "failed", settle_marker)
            say(one, "failed", settle_marker)
            shop.await_event(settle_marker, S.FAILED)
            assert (decision, S.FINISHED) not in shop.events()
            say(one, "finished", decision)
            shop.await_event(decision, S.FINISHED)

    def test_one_bad_page_does_not_fail_the_play(self, shop: Shop, http: httpx.Client) -> None:
        with page(shop, "one") as one, page(shop, "two") as two:
            decision = shop.show("red")
            say(one, "failed", decision)
            say(two, "started", decision)
            assert shop.await_event(decision, S.STARTED).page == "two"
        assert (decision, S.FAILED) not in shop.events()

    @pytest.mark.parametrize(
        "nonsense",
        [
            "",
            "{",
            "[]",
            "null",
            '{"type": "started"}',
            '{"type": "exploded", "decision_id": "d1", "age_ms": 0}',
            '{"type": "started", "decision_id": "d1", "age_ms": -1}',
            '{"type": "started", "decision_id": "d1", "age_ms": 1e999}',
            '{"type": "started", "decision_id": 1, "age_ms": 0}',
            b"\x00\xff",
        ],
    )
    def test_nonsense_is_ignored_and_logged_once(
        self,
        shop: Shop,
        http: httpx.Client,
        caplog: pytest.LogCaptureFixture,
        nonsense: str | bytes,
    ) -> None:
        with page(shop) as socket:
            decision = shop.show("red")
            socket.send(nonsense)
            socket.send(nonsense)
            say(socket, "started", decision)
            shop.await_event(decision, S.STARTED)
        assert shop.events()[0] == (decision, S.STARTED)
        assert [r.levelname for r in caplog.records if "invalid messages" in r.message] == [
            "WARNING"
        ]

    def test_a_giant_message_closes_the_socket(self, shop: Shop, http: httpx.Client) -> None:
        with page(shop) as socket:
            socket.send("x" * (64 * 1024 + 1))
            with pytest.raises(ConnectionClosed):
                socket.recv(timeout=10)
        assert http.get("/health").status_code == 200

    @pytest.mark.parametrize("origin", ["https://elsewhere.example", "null"])
    def test_pages_of_other_sites_are_refused(
        self, shop: Shop, http: httpx.Client, origin: Any
    ) -> None:
        with pytest.raises(InvalidStatus, match="403"), page(shop, origin=origin):
            pass

    def test_an_odd_page_id_is_not_repeated(self, shop: Shop, http: httpx.Client) -> None:
        with page(shop, "%3Cscript%3E%0A") as socket:
            decision = shop.show("red")
            say(socket, "started", decision)
            assert shop.await_event(decision, S.STARTED).page == "unnamed"

    def test_stopping_interrupts_what_plays(self, shop: Shop, http: httpx.Client) -> None:
        with page(shop) as socket:
            decision = shop.show("red")
            say(socket, "started", decision)
            shop.await_event(decision, S.STARTED)
            shop.close()
            assert shop.events()[-1] == (decision, S.INTERRUPTED)


class TestTerminalPage:
    @pytest.fixture
    def terminal(self, shop: Shop, http: httpx.Client) -> Iterator[TerminalPage]:
        terminal = TerminalPage()
        terminal.start(shop.url)
        until(lambda: bool(shop.server and shop.server.connected), "the terminal")
        yield terminal
        terminal.stop()

    def test_plays_on_time(self, shop: Shop, terminal: TerminalPage) -> None:
        first = shop.show("red", duration_s=0.05)
        second = shop.show("green", now=False, duration_s=60)
        shop.await_event(second, S.STARTED)
        third = shop.show("blue", now=False)
        fourth = shop.show("red", now=True)
        shop.await_event(fourth, S.STARTED)
        assert shop.events() == [
            (first, S.STARTED),
            (first, S.FINISHED),
            (second, S.STARTED),
            (third, S.SUPERSEDED),
            (second, S.INTERRUPTED),
            (fourth, S.STARTED),
        ]
        terminal.stop()
        assert shop.await_event(fourth, S.INTERRUPTED).page == "terminal"

    def test_yields_to_a_real_page(self, shop: Shop, terminal: TerminalPage) -> None:
        before = shop.show("green")
        assert shop.await_event(before, S.STARTED).page == "terminal"
        with page(shop) as socket:
            assert cue(socket)["decision_id"] == before
            say(socket, "started", before)
            decision = shop.show("red")
            assert cue(socket)["decision_id"] == decision
            say(socket, "interrupted", before)
            assert shop.await_event(before, S.INTERRUPTED).page == "one"
            say(socket, "started", decision)
            assert shop.await_event(decision, S.STARTED).page == "one"

    def test_comes_back_after_a_restart(self, shop: Shop, terminal: TerminalPage) -> None:
        port = urlsplit(shop.url).port
        shop.close()
        shop.open(port=port)
        decision = shop.show("red")
        shop.await_event(decision, S.STARTED)

    def test_brings_the_token(self, shop: Shop) -> None:
        terminal = TerminalPage()
        terminal.start(shop.open(host="0.0.0.0"))
        decision = shop.show("red")
        shop.await_event(decision, S.STARTED)
        terminal.stop()
