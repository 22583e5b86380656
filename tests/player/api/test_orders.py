"""Who may give orders to a screen, and what it answers: over real sockets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
import pytest

from signage.types.choices import Action
from signage.types.orders import Order
from signage.types.plays import PlayState
from tests.support.player_shop import Shop

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PIN = {"action": "pin", "content_id": "red"}


@pytest.fixture
def http(shop: Shop) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=shop.open(), trust_env=False) as client:
        yield client


def bearer(shop: Shop) -> dict[str, str]:
    assert shop.server is not None
    return {"Authorization": f"Bearer {shop.server.orders_token}"}


def test_an_order_is_carried_out_and_answered_with_the_state(
    shop: Shop, http: httpx.Client
) -> None:
    before = http.get("/api/orders")
    assert before.json() == {
        "frozen": False, "pinned": None, "emergency": None, "checkpoints": [], "refused": None,
    }  # fmt: skip
    assert before.headers["cache-control"] == "no-store"
    answer = http.post("/api/orders", json=PIN, headers=bearer(shop))
    assert answer.status_code == 200
    assert (answer.json()["pinned"], answer.json()["refused"]) == ("red", None)
    assert shop.desk.orders == [Order(action=Action.PIN, content_id="red")]
    assert http.get("/api/orders").json()["pinned"] == "red"


def test_a_refusal_says_why_and_tells_the_state(shop: Shop, http: httpx.Client) -> None:
    shop.desk.refusal = "There is no content 'tea'."
    answer = http.post("/api/orders", json=PIN, headers=bearer(shop))
    assert answer.status_code == 409
    assert answer.json()["refused"] == "There is no content 'tea'."
    assert answer.json()["pinned"] is None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "This is not a valid order"),
        (b"[]", "This is not a valid order"),
        (b'{"action": "dance"}', "action: Input should be 'freeze'"),
        (b'{"action": "pin"}', "only pin and emergency take a content"),
        (b'{"action": "freeze", "content_id": "red"}', "only pin and emergency take a content"),
        (b'{"action": "freeze", "checkpoint": "1-1"}', "only rollback takes"),
        (b'{"action": "rollback", "before": "2026-03-04T12:00:00"}', "before: "),
        (b'{"action": "freeze", "now": true}', "now: "),
    ],
)
def test_what_is_no_order_is_explained(
    shop: Shop, http: httpx.Client, body: bytes, said: str
) -> None:
    answer = http.post("/api/orders", content=body, headers=bearer(shop))
    assert answer.status_code == 400
    assert said in answer.json()["refused"]
    assert shop.desk.orders == []


def test_a_body_that_is_too_long_is_refused_without_being_kept(
    shop: Shop, http: httpx.Client
) -> None:
    long = json.dumps(PIN).encode() + b" " * 5000
    assert http.post("/api/orders", content=long, headers=bearer(shop)).status_code == 413

    in_pieces = (b" " * 1000 for _ in range(100))  # whose length is not told before
    assert http.post("/api/orders", content=in_pieces, headers=bearer(shop)).status_code == 413
    assert shop.desk.orders == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer guess"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic {token}"},
        {"Cookie": "signage_token={token}"},
        {"X-Token": "{token}"},
    ],
    ids=["none", "wrong", "empty", "basic", "cookie", "other header"],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_nobody_orders_without_the_token_as_bearer(
    shop: Shop, host: str, headers: dict[str, str]
) -> None:
    url = shop.open(host=host).partition("?")[0]
    token = bearer(shop)["Authorization"].removeprefix("Bearer ")
    filled = {name: value.format(token=token) for name, value in headers.items()}
    with httpx.Client(base_url=url, trust_env=False) as client:
        assert client.post("/api/orders", json=PIN, headers=filled).status_code == 401
        query = client.post("/api/orders", params={"token": token}, json=PIN, headers=filled)
        assert query.status_code == 401
    assert shop.desk.orders == []


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://127.0.0.1:1", ""])
def test_a_page_of_another_origin_orders_nothing_even_with_the_token(
    shop: Shop, http: httpx.Client, origin: str
) -> None:
    answer = http.post("/api/orders", json=PIN, headers=bearer(shop) | {"Origin": origin})
    assert answer.status_code == 403
    assert shop.desk.orders == []
    allowed = http.options("/api/orders", headers={"Origin": origin})
    assert "access-control-allow-origin" not in allowed.headers


def test_a_page_of_this_very_host_may(shop: Shop, http: httpx.Client) -> None:
    origin = f"http://{urlsplit(shop.url).netloc}"
    answer = http.post("/api/orders", json=PIN, headers=bearer(shop) | {"Origin": origin})
    assert answer.status_code == 200


def test_the_key_of_the_content_opens_no_orders(shop: Shop) -> None:
    url = shop.open(host="0.0.0.0", token="of the config")
    assert shop.server is not None
    prefix = shop.server._app.content_prefix
    paths = ("/api/orders", "/content/../api/orders", "/content/red/../../api/orders")
    with httpx.Client(base_url=url.partition("?")[0], trust_env=False) as client:
        for path in paths:
            raw = client.base_url.copy_with(raw_path=(prefix + path).encode())
            assert client.get(raw).status_code in (401, 404)
            assert client.post(raw, json=PIN).status_code in (401, 404)
            with_token = client.post(raw, json=PIN, headers=bearer(shop))
            assert with_token.status_code in (404, 405)
    assert shop.desk.orders == []


def test_a_configured_token_is_the_one(shop: Shop) -> None:
    url = shop.open(token="of the config")
    headers = {"Authorization": "Bearer of the config"}
    with httpx.Client(base_url=url, trust_env=False) as client:
        assert client.post("/api/orders", json=PIN, headers=headers).status_code == 200


def test_a_token_that_is_made_is_another_at_each_start(shop: Shop) -> None:
    tokens = set()
    for _ in range(3):
        shop.open()
        tokens.add(bearer(shop)["Authorization"])
        shop.close()
    assert len(tokens) == 3
    assert min(map(len, tokens)) >= len("Bearer ") + 32


def test_a_creative_in_a_real_browser_orders_nothing(shop: Shop, browser: Browser) -> None:
    """It tries all ways that a page has to send something."""
    page = browser.new_page()
    page.goto(shop.open())
    shop.await_event(shop.show("red"), PlayState.STARTED)
    layer = page.locator("iframe.shown").last.element_handle()
    creative = layer.content_frame() if layer else None
    assert creative is not None
    tried: dict[str, Any] = creative.evaluate(
        """async (body) => {
            const attempt = async (what) => {
                try { return await what(); } catch (error) { return error.name; }
            };
            const form = document.createElement("form");
            form.method = "post";
            form.action = "/api/orders";
            document.body.append(form);
            return {
                fetch: await attempt(() => fetch("/api/orders", {method: "POST", body})
                    .then((answer) => answer.status)),
                opaque: await attempt(() => fetch("/api/orders",
                    {method: "POST", body, mode: "no-cors"}).then((answer) => answer.type)),
                beacon: await attempt(() => navigator.sendBeacon("/api/orders", body)),
                form: await attempt(() => { form.submit(); return "sent"; }),
            };
        }""",
        json.dumps(PIN),
    )
    assert (tried["fetch"], tried["opaque"]) == ("TypeError", "TypeError")
    # Whatever did leave has come before this answer.
    page.evaluate("() => fetch('/api/orders').then((answer) => answer.json())")
    assert shop.desk.orders == []
    page.close()
