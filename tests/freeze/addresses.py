"""A running screen, asked for every address as browsers and outside tools do."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urljoin, urlsplit

from prometheus_client.parser import text_string_to_metric_families
from websockets.sync.client import ClientConnection, connect

from tests.freeze.shapes import Shape, merged, missing, shape_of

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_S = 60.0
_HEADERS = (
    "content-type",
    "cache-control",
    "content-security-policy",
    "cross-origin-resource-policy",
    "referrer-policy",
    "x-content-type-options",
    "access-control-allow-origin",
    "www-authenticate",
    "allow",
)
_DOCUMENTS = (
    "/health",
    "/api/audience",
    "/api/decisions?limit=100",
    "/api/dashboard",
    "/api/dashboard?days=7",
    "/api/orders",
)
_TOKEN = {"Authorization": "TOKEN"}
_EVIL = {"Origin": "http://evil.example"}
_REQUESTS: tuple[tuple[str, str, Mapping[str, str]], ...] = (
    *(("GET", path, {}) for path in ("/", "/?screen", "/dashboard", "/metrics", *_DOCUMENTS)),
    *(("HEAD", path, {}) for path in ("/", "/health")),
    *(("GET", f"/api/decisions?limit={limit}", {}) for limit in ("1", "1000", "0", "1001", "x")),
    *(("GET", f"/api/dashboard?days={days}", {}) for days in ("1", "2", "x")),
    *(("GET", path, {}) for path in ("/nothing", "/api/orders/", "/static/no.js", "/ws/player")),
    *(("GET", path, {}) for path in ("/content/coffee/0/no.html", "/content/no/0/index.html")),
    *(("GET", path, {"Host": "evil.example"}) for path in ("/", "/health", "/api/orders")),
    *(("POST", path, {}) for path in ("/", "/health", "/api/orders", "/api/decisions")),
    ("POST", "/api/orders", _EVIL),
    ("PUT", "/api/orders", _TOKEN),
    ("DELETE", "/health", _TOKEN),
)
_ORDERS: tuple[bytes, ...] = (
    b'{"action": "freeze"}',
    b'{"action": "unfreeze"}',
    b'{"action": "pin", "content_id": "coffee"}',
    b'{"action": "unpin"}',
    b'{"action": "pin", "content_id": "tea"}',
    b'{"action": "pin"}',
    b'{"action": "rollback", "checkpoint": "none"}',
    b'{"action": "emergency", "content_id": "evacuation"}',
    b'{"action": "clear"}',
    b"no JSON",
    b" " * 5000,
)


class Answer(NamedTuple):
    """What the server says to one request."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Screen:
    """A `signage run` in a process of its own."""

    def __init__(self, config: Path, data: Path) -> None:
        self._data = data
        command = [sys.executable, "-m", "signage", "run", "--stand-in"]
        self._process = subprocess.Popen(
            [*command, "--config", config, "--data", data],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        assert self._process.stdout is not None
        lines = (line for line in self._process.stdout if line.startswith("Player: "))
        self.url = next(lines).removeprefix("Player: ").strip()
        self.port = str(urlsplit(self.url).port)

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.communicate(timeout=_PATIENCE_S)
        finally:
            self._process.kill()

    def ask(
        self, path: str, method: str = "GET", body: bytes = b"", headers: Mapping[str, str] = {}
    ) -> Answer:
        token = f"Bearer {(self._data / 'orders-token').read_text().strip()}"
        sent = {name: token if value == "TOKEN" else value for name, value in headers.items()}
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        connection.request(method, path, body or None, sent)
        answer = connection.getresponse()
        said = {name.lower(): value for name, value in answer.getheaders()}
        result = Answer(answer.status, said, answer.read())
        connection.close()
        return result


def statuses(screen: Screen) -> dict[str, Any]:
    """Return status and headers of every request, by method, path and headers."""
    found: dict[str, Any] = {}
    for method, path, headers in _REQUESTS:
        name = " ".join((method, path, *(f"{k}={v}" for k, v in headers.items())))
        found[name] = _outline(screen.ask(path, method, headers=headers))
    for body in _ORDERS:
        name = f"POST /api/orders {body.decode().strip() or 'too much'}"
        answer = screen.ask("/api/orders", "POST", body, headers=_TOKEN)
        found[name] = _outline(answer) | {"body": shape_of(json.loads(answer.body))}
    for kind, outline in _files(screen).items():
        found[f"GET *{kind}"] = outline
    return found


def _outline(answer: Answer) -> dict[str, Any]:
    headers = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
    policy = headers.get("content-security-policy", "")
    if policy:
        headers["content-security-policy"] = re.sub("'sha256-[^']+'", "'sha256'", policy)
    if "allow" in headers:
        headers["allow"] = " ".join(sorted(headers["allow"].split(", ")))
    return {"status": answer.status} | {name.replace("-", "_"): v for name, v in headers.items()}


def _files(screen: Screen) -> dict[str, Any]:
    """Ask for every file that the pages and their modules load; one answer by kind of file."""
    catalogue = json.loads(screen.ask("/api/dashboard").body)["catalogue"]
    waiting = ["/", "/dashboard", *(content["url"] for content in catalogue.values())]
    answers: dict[str, Any] = {}
    for path in waiting:  # grows
        answer = screen.ask(path)
        outline = _outline(answer)
        content = "content " if path.startswith("/content/") else ""
        kind = content + Path(path).suffix or path
        assert answers.setdefault(kind, outline) == outline, path
        if content or kind not in ("/", "/dashboard", ".js"):
            continue
        linked = r"""(?:(?:src|href)=|from |import )["']([^"'#]+\.\w+)["']"""
        for link in re.findall(linked, answer.body.decode()):
            if (file := urljoin(path, link)) not in waiting:
                waiting.append(file)
    return answers


def documents(screen: Screen, wanted: Mapping[str, Shape] | None) -> dict[str, Shape]:
    """Return the shape of each JSON document and of the metrics.

    The screen is asked until all of ``wanted`` was seen; without it, for long enough to see most.
    """
    seen: dict[str, Shape] = defaultdict(dict)
    end_s = time.monotonic() + (_PATIENCE_S if wanted is not None else 15.0)
    ids: list[str] = []
    while time.monotonic() < end_s:
        for path in _DOCUMENTS:
            answer = json.loads(screen.ask(path).body)
            ids = ids or ["shoes", *json.loads(screen.ask("/api/dashboard").body)["catalogue"]]
            seen[path] = merged([seen[path], shape_of(answer, ids)])
        seen["/metrics"] = merged([seen["/metrics"], _metrics(screen.ask("/metrics").body)])
        if wanted and not any(missing(wanted[path], seen[path]) for path in wanted):
            break
        time.sleep(0.2)  # leaves the processor to the screen
    return dict(seen)


def _metrics(body: bytes) -> Shape:
    """Return the kind of each family, and the labels of each sample."""
    found: dict[str, list[str]] = defaultdict(list)
    for family in text_string_to_metric_families(body.decode()):
        found[family.name].append(family.type)
        for sample in family.samples:
            found[sample.name].append(f"labels {','.join(sorted(sample.labels))}")
    return merged([found])


def messages(screen: Screen) -> dict[str, Shape]:
    """Play all that is asked for as the page does; return the shape of every message that came."""
    came: dict[str, Shape] = {}
    alone = {"play_id": "frozen-1", "content_id": "coffee", "state": "finished"}
    with connect(screen.url.replace("http", "ws", 1) + "ws/player?page=frozen") as page:
        _say(page, type="pulse", screen=True, visible=True, problem="")
        _say(page, type="alone", started_age_ms=900.0, ended_age_ms=100.0, **alone)
        asked: set[str] = set()
        kept: set[str] = set()
        end_s = time.monotonic() + _PATIENCE_S
        while not (kept & asked and "frozen-1" in kept):
            assert time.monotonic() < end_s, f"{asked} were played, and only {kept} are on record"
            message = json.loads(page.recv(timeout=_PATIENCE_S))
            name = message["type"]
            came[name] = merged([came.get(name, {}), shape_of(message)])
            kept |= set(message.get("play_ids", ()))
            if name == "show":
                asked.add(play := message["decision_id"])
                _say(page, type="started", decision_id=play, age_ms=10.0)
                _say(page, type="finished", decision_id=play, age_ms=0.0, shown_ms=10.0)
    return came


def _say(page: ClientConnection, **message: Any) -> None:
    page.send(json.dumps(message | {"sent_ms": time.monotonic() * 1000}))
