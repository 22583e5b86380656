"""The daemon as it runs: a real process, real footage, a real browser, real signals."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser
from prometheus_client.parser import text_string_to_metric_families

from signage.journal.reader import JournalReader
from tests.support.builders import DEMO, FOOTAGE, ROOT
from tests.support.player_shop import until

pytestmark = pytest.mark.system

CONTENT = ROOT / "configs" / "content"
CONFIG = f"""
screen_id = "test"
[camera]
footage_dir = "{FOOTAGE}"
reel = [
    {{ clip = "no_face.mp4" }},
    {{ clip = "cap13_edit2.mp4", to_s = 6.0 }},
    {{ clip = "no_face.mp4" }},
    {{ clip = "single_face.mp4" }},
]
[perception]
models_dir = "{ROOT / "models"}"
mood = true
returning = true
[content]
dir = "{CONTENT}"
[decision]
min_play_s = 1.0
[server]
port = 0
"""
_PATIENCE_S = 60.0


class Kiosk:
    """A `signage run` of its own process."""

    def __init__(
        self,
        folder: Path,
        *more: str,
        wrap: tuple[str, ...] = (),
        program: tuple[str, ...] = ("-m", "signage"),
        content: Path = CONTENT,
        policy: str = "vw",
    ) -> None:
        self.config = config = folder / "kiosk.toml"
        text = CONFIG.replace(str(CONTENT), str(content))
        config.write_text(text.replace("[decision]", f'[decision]\npolicy = "{policy}"'))
        self.data = folder / "data"
        command = [sys.executable, *program, "run", "--config", str(config)]
        self.process = subprocess.Popen(
            [*wrap, *command, "--data", str(self.data), *more],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            # Some libraries keep quiet where they see a test run; here they must not be told.
            env={name: value for name, value in os.environ.items() if name != "CI"},
        )
        self.url = self._line("Player: ").rstrip("/")

    def _line(self, beginning: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(beginning):
                return line.removeprefix(beginning).strip()
        raise AssertionError(f"signage run ended with {self.process.wait()}")

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "signage", *words, "--config", str(self.config)]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)

    def order(self, *words: str) -> subprocess.CompletedProcess[str]:
        port = str(urlsplit(self.url).port)
        return self.command("order", *words, "--data", str(self.data), "--port", port, "--json")

    def ordered(self, *words: str) -> Any:
        done = self.order(*words)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)

    def answers(self, path: str) -> bool:
        try:
            self.get(path)
        except OSError:
            return False
        return True

    def until(self, path: str, found: Callable[[Any], Any]) -> Any:
        """Ask until ``found`` says yes; returns what it said."""
        end_s = time.monotonic() + _PATIENCE_S
        while time.monotonic() < end_s:
            if answer := found(self.get(path)):
                return answer
        raise AssertionError(f"{path} never told what was waited for; last: {self.get(path)}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=_PATIENCE_S)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Kiosk]]:
    started: list[Kiosk] = []

    def run(*more: str, **how: Any) -> Kiosk:
        started.append(Kiosk(tmp_path, *more, **how))
        return started[-1]

    yield run
    for kiosk in started:
        if kiosk.process.poll() is None:
            kiosk.process.kill()
            kiosk.process.wait()
        if kiosk.process.stdout is not None:
            kiosk.process.stdout.close()


def test_a_journal_that_is_taken_away_twice_ends_neither_the_screen_nor_an_emergency(
    start: Callable[..., Kiosk],
) -> None:
    kiosk = start("--stand-in")
    kiosk.ordered("emergency", "evacuation")
    journal, new = kiosk.data / "journal.sqlite", "A new journal was started"
    for away in ("first.sqlite", "second.sqlite"):
        journal.rename(kiosk.data / away)
        # The port is the same, and nobody answers there for a moment.
        until(journal.exists, "a new journal")
        until(lambda: kiosk.answers("/health"), "an answer")
        kiosk.until("/health", lambda health: new in str(health["reasons"]))
        (play,) = kiosk.until("/api/decisions?limit=1", list)
        assert play["content_id"] == "evacuation"
    assert kiosk.ordered("clear")["emergency"] is None
    assert kiosk.stop() == 0


def test_the_page_switches_content_when_a_viewer_appears(
    start: Callable[..., Kiosk], browser: Browser
) -> None:
    kiosk = start()
    assert "no player page is connected" in kiosk.get("/health")["reasons"]
    page = browser.new_page()
    page.goto(kiosk.url)

    def greeted(rows: list[dict[str, Any]]) -> Any:
        return [r for r in rows if r["trigger"] == "first_person" and r["started_utc"]]

    decision = kiosk.until("/api/decisions", greeted)[-1]
    # What the journal says was shown is what the page had on screen.
    assert re.fullmatch("[0-9a-f]{32}", decision["page"])
    page.wait_for_function(
        "id => performance.getEntriesByType('resource').some(e => e.name.includes(`/${id}/`))",
        arg=decision["content_id"],
    )
    viewers = kiosk.until("/api/audience", lambda a: a["viewers"])
    assert viewers[0]["attention_s"] > 0
    rewarded = kiosk.until("/api/decisions", lambda rows: [r for r in rows if r["reward"]])
    assert 0 < rewarded[0]["reward"] <= 1
    before = [r for r in kiosk.get("/api/decisions?limit=100") if r["trigger"] == "start"]
    assert before[0]["state"] == "interrupted"
    health = kiosk.get("/health")
    assert (health["status"], health["camera"], health["player_connected"]) == ("ok", "ok", True)
    assert health["fps"] > 0
    told = kiosk.until("/api/dashboard", lambda told: told if told["places"] else None)
    assert all(0 < place < 1 for place in told["places"].values())
    assert told["funnel"]["watchers"] >= 1
    assert told["contents"][rewarded[0]["content_id"]]["rewarded"] >= 1
    assert told["beliefs"]["segments"][-1]["name"] == "Nobody"
    page.close()
    assert kiosk.stop() == 0


def names_in_use() -> set[str]:
    """Every metric that the dashboard and the alerts ask for, but Prometheus' own."""
    dashboard = json.loads((ROOT / "configs/grafana/signage.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [variable["query"]["query"] for variable in dashboard["templating"]["list"]]
    alerts = (ROOT / "configs/prometheus/signage-alerts.yml").read_text()
    asked += re.findall(r"^ +expr: (.+|\|(?:\n {10}.+)+)", alerts, re.MULTILINE)
    assert len(asked) > 35
    return {name for text in asked for name in re.findall(r"\b(?:signage|process)_\w+", text)}


def names_given(text: str) -> set[str]:
    """Every metric of an answer of ``/metrics``, also where nothing was counted yet."""
    families = list(text_string_to_metric_families(text))
    empty = {f"{f.name}_total" for f in families if f.type == "counter"}
    return empty | {sample.name for family in families for sample in family.samples}


def test_a_covered_camera_is_told(start: Callable[..., Kiosk], tmp_path: Path) -> None:
    covered = tmp_path / "covered.avi"
    writer = cv2.VideoWriter(str(covered), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for _ in range(50):
        writer.write(np.zeros((240, 320, 3), dtype=np.uint8))
    writer.release()
    kiosk = start("--stand-in", "--source", str(covered))
    health = kiosk.until("/health", lambda h: h if h["camera"] == "black" else None)
    assert health["status"] == "degraded"
    assert "the camera sends only black pictures" in health["reasons"]
    with urllib.request.urlopen(kiosk.url + "/metrics", timeout=10) as answer:
        text = answer.read().decode()
    assert 'signage_camera{state="black"} 1.0' in text.splitlines()
    assert 'signage_camera{state="ok"} 0.0' in text.splitlines()
    unknown = {"signage_viewers_present"}
    assert names_in_use() - names_given(text) == unknown
    assert kiosk.stop() == 0


def test_kill_in_mid_play_loses_nothing_acknowledged(start: Callable[..., Kiosk]) -> None:
    known: dict[str, dict[str, Any]] = {}
    for _ in range(2):
        kiosk = start("--stand-in")
        kiosk.until("/api/decisions?limit=1000", has_more_rewards_than(len(rewarded(known))))
        kiosk.until("/api/decisions", lambda rows: rows[0]["state"] == "started")
        rows = {row["decision_id"]: row for row in kiosk.get("/api/decisions?limit=1000")}
        learned = int(kiosk.get("/health")["model_version"].partition(".")[2])
        kiosk.stop(signal.SIGKILL)
        for decision_id, before in known.items():
            assert rows[decision_id]["reward"] == before["reward"]
        assert learned >= len(rewarded(known))
        known = rows
    last = start("--stand-in")
    # Every reward that was ever told is in the model: none forgotten, none learned twice.
    caught_up = last.until(
        "/health", lambda h: h if h["model_version"] and not h["learning_behind"] else None
    )
    learned = int(caught_up["model_version"].partition(".")[2])
    after = {row["decision_id"]: row for row in last.get("/api/decisions?limit=1000")}
    assert rewarded(known).items() <= rewarded(after).items()
    assert len(rewarded(known)) <= learned <= len(rewarded(after)) + 1
    assert last.stop() == 0
    states = [row["state"] for row in JournalReader(last.data / "journal.sqlite").decisions()]
    assert "started" not in states
    assert list((last.data / "checkpoints").glob("*.checkpoint"))


def test_orders_reach_the_running_screen_and_survive_its_death(
    start: Callable[..., Kiosk],
) -> None:
    kiosk = start("--stand-in")
    assert kiosk.ordered("show")["frozen"] is False
    assert kiosk.ordered("freeze")["frozen"] is True
    assert kiosk.ordered("pin", "coffee")["pinned"] == "coffee"
    assert kiosk.get("/health")["orders"] == {
        "frozen": True, "pinned": "coffee", "emergency": None,
    }  # fmt: skip
    refused = kiosk.order("pin", "tea")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "There is no content 'tea'" in refused.stderr
    token = kiosk.data / "orders-token"
    assert token.stat().st_mode & 0o777 == 0o600
    first = token.read_text()
    kiosk.stop(signal.SIGKILL)
    kiosk = start("--stand-in")
    assert token.read_text() != first
    assert kiosk.ordered("show")["pinned"] == "coffee"
    kiosk.until("/api/decisions?limit=1000", has_more_rewards_than(0))
    assert kiosk.get("/health")["model_version"].endswith(".0")  # frozen
    assert kiosk.ordered("unfreeze")["frozen"] is False
    kiosk.ordered("unpin")
    kiosk.until("/health", lambda health: not health["model_version"].endswith(".0"))
    running = kiosk.command("rebuild", str(kiosk.data))
    assert running.returncode == 1
    assert "in use by another screen" in running.stderr
    assert kiosk.stop() == 0
    assert kiosk.process.stdout is not None
    said = kiosk.process.stdout.read()
    assert "orders    coffee is pinned, learning is frozen\n" in said
    assert "orders    none\n" in said
    assert not token.exists()
    rebuilt = kiosk.command("rebuild", str(kiosk.data), "--json")
    assert json.loads(rebuilt.stdout)["same_bytes"] is True
    assert "No screen runs" in kiosk.order("show").stderr


def has_more_rewards_than(count: int) -> Callable[[list[dict[str, Any]]], bool]:
    return lambda rows: sum(row["reward"] is not None for row in rows) > count


def rewarded(rows: dict[str, dict[str, Any]]) -> dict[str, float]:
    return {name: row["reward"] for name, row in rows.items() if row["reward"] is not None}


# A connection or a look-up, as strace prints it.
_AWAY = re.compile(r"sa_family=(?!AF_UNIX|AF_UNSPEC|AF_NETLINK)(\w+)(.*)")
_LOOPBACK = re.compile(r'inet_addr\("127\.|inet_pton\(AF_INET6, "::1"')
_WRITES = re.compile(r'open\w*\([^"]*"([^"]+)", [^)]*O_(?:WRONLY|RDWR|CREAT)')


def leaves_the_machine(call: str) -> bool:
    """Whether a system call reaches for something beyond the loopback, or for a name server."""
    if "resolv.conf" in call or re.search(r"htons\(53\)", call):
        return True
    return bool(_AWAY.search(call)) and not _LOOPBACK.search(call)


def _inet(port: int, address: str) -> str:
    return f'{{sa_family=AF_INET, sin_port=htons({port}), sin_addr=inet_addr("{address}")}}, 16'


@pytest.mark.parametrize(
    ("call", "leaves"),
    [
        (f"connect(9, {_inet(443, '192.0.2.1')})", True),
        (f"sendto(9, 'x', 1, 0, {_inet(53, '127.0.0.53')})", True),
        ('connect(9, {sa_family=AF_INET6, inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}', True),
        ('openat(AT_FDCWD, "/etc/resolv.conf", O_RDONLY|O_CLOEXEC) = 3', True),
        (f"connect(9, {_inet(8080, '127.0.0.1')})", False),
        ('connect(9, {sa_family=AF_INET6, inet_pton(AF_INET6, "::1", &sin6_addr)}', False),
        ('connect(9, {sa_family=AF_UNIX, sun_path="/run/bus"}, 16)', False),
    ],
)
def test_the_guard_knows_what_leaves_the_machine(call: str, leaves: bool) -> None:
    assert leaves_the_machine(call) is leaves


def test_nothing_leaves_the_machine_and_no_picture_reaches_a_disk(
    start: Callable[..., Kiosk], tmp_path: Path
) -> None:
    trace = tmp_path / "trace.txt"
    watch = "trace=connect,sendto,sendmsg,sendmmsg,open,openat,creat,bind"
    strace = ("strace", "-f", "-qq", "-s", "256", "--seccomp-bpf", "-e", watch, "-o", str(trace))
    kiosk = start("--stand-in", "--minutes", "0.35", wrap=strace)
    # Before, libraries look for each other with the help of a compiler and its files.
    ready = trace.stat().st_size
    assert kiosk.process.wait(timeout=_PATIENCE_S) == 0
    rows = JournalReader(kiosk.data / "journal.sqlite").decisions()
    assert [row for row in rows if row["reward"] is not None]  # it saw people, and all went on
    calls = trace.read_text(errors="replace").splitlines()
    assert [call for call in calls if "htons(" in call]  # it did see the page's own socket
    assert [call for call in calls if leaves_the_machine(call)] == []
    since_ready = trace.read_text(errors="replace")[ready:].splitlines()
    written = {Path(found[1]) for call in since_ready if (found := _WRITES.search(call))}
    journal = {kiosk.data / f"journal.sqlite{ending}" for ending in ("", "-wal", "-shm")}
    checkpoint = kiosk.data / "checkpoints" / "writing.new"
    assert checkpoint in written
    assert written <= journal | {checkpoint, Path("/dev/null")}


# Runs the product, and keeps what it makes of faces, for the test to look for.
_KEEPS_FACES = """
import os
import numpy as np
from signage.cli.app import main
from signage.perception.models import identity

seen = []

def keeping(function):
    def keeps(*args):
        seen.append(function(*args))
        return seen[-1]
    return keeps

identity.FaceEncoder.embed = keeping(identity.FaceEncoder.embed)
identity._turned = keeping(identity._turned)  # as the gallery holds them
try:
    main()
finally:
    os.write(2, b"the end")
    np.save({out!r}, np.array(seen, dtype=np.float64))
"""
_SAID = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def test_what_is_made_of_a_face_is_in_no_file_and_in_no_system_call(
    start: Callable[..., Kiosk], tmp_path: Path
) -> None:
    trace, out = tmp_path / "trace.txt", tmp_path / "faces.npy"
    watch = "trace=write,pwrite64,writev,pwritev,pwritev2,sendto,sendmsg,sendmmsg,mmap"
    strace = ("strace", "-f", "-qq", "-xx", "-s", "1048576", "--seccomp-bpf", "-e", watch)
    kiosk = start(
        "--stand-in",
        "--minutes",
        "0.4",
        wrap=(*strace, "-o", str(trace)),
        program=("-c", _KEEPS_FACES.format(out=str(out))),
    )
    while kiosk.process.poll() is None:
        kiosk.process.stdout.readline()  # type: ignore[union-attr]
    faces = np.load(out)
    assert len(faces) >= 4
    assert np.linalg.norm(faces, axis=1).min() > 0.1
    calls = trace.read_text(errors="replace")
    end = calls.rindex("".join(f"\\x{byte:02x}" for byte in b"the end"))
    said = bytes.fromhex("".join(_SAID.findall(calls[:end])).replace("\\x", ""))
    # A file that is mapped for writing needs no call to be written to.
    kept = b"".join(p.read_bytes() for p in kiosk.data.rglob("*") if p.is_file()) + (
        calls[:end].encode()
    )
    assert b"viewer_id" in said  # what it tells of people is there to be found
    for face in faces:
        for part in np.array_split(face, 32):
            for needle in (
                part[:2].astype(np.float32).tobytes(),
                part[:1].tobytes(),
                f"{part[0]:.9e}"[-15:-4].replace(".", "").encode(),
                str(np.float32(part[0])).encode(),
            ):
                assert needle not in said
                assert needle not in kept


def test_the_demo_configuration_runs_to_its_end(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "signage",
            "run",
            "--config",
            DEMO,
            "--stand-in",
            "--port",
            "0",
            "--data",
            tmp_path,
            "--minutes",
            "0.2",
            "--report",
            tmp_path / "report.html",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
        check=True,
    )
    assert "decision" in done.stdout
    assert "reward" in done.stdout
    assert "first person" in done.stdout
    assert done.stderr == ""
    assert "<!doctype html>" in (tmp_path / "report.html").read_text()


def test_a_stream_that_never_answers_holds_nothing_up(start: Callable[..., Kiosk]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        kiosk = start("--stand-in", "--source", f"rtsp://admin:hidden@127.0.0.1:{port}/live")
        shown = kiosk.until("/api/decisions", lambda rows: [r for r in rows if r["started_utc"]])
        assert "wine" not in {row["content_id"] for row in shown}
        assert "(camera: lost)" in shown[0]["masked"]["wine"]
        health = kiosk.until("/health", lambda h: h if h["camera"] == "lost" else None)
        assert (health["fps"], health["viewers_present"]) == (0, None)
        assert kiosk.get("/api/audience")["fault"] == "lost"
        assert kiosk.ordered("emergency", "evacuation")["emergency"] == "evacuation"
        kiosk.until(
            "/api/decisions",
            lambda rows: rows[0]["content_id"] == "evacuation" and rows[0]["started_utc"],
        )
        assert kiosk.stop() == 0
    assert kiosk.process.stdout is not None
    assert "hidden" not in kiosk.process.stdout.read()
    assert "hidden" not in json.dumps(health)


@pytest.mark.parametrize("harm", ["removed", "damaged"])
def test_a_journal_that_is_gone_makes_way_for_a_new_one(
    start: Callable[..., Kiosk], tmp_path: Path, harm: str
) -> None:
    journal = tmp_path / "data" / "journal.sqlite"
    if harm == "damaged":
        journal.parent.mkdir()
        journal.write_bytes(b"\0" * 8192 + b"what the power cut left")
    kiosk = start("--stand-in")
    kiosk.until("/api/decisions", lambda rows: [r for r in rows if r["started_utc"]])
    if harm == "removed":
        journal.unlink()

    def says_so() -> bool:
        try:
            reasons = kiosk.get("/health")["reasons"]
        except OSError:  # it begins anew, under the same address
            return False
        return "new journal was started" in " ".join(reasons)

    until(says_so, "a notice", timeout_s=_PATIENCE_S)
    kiosk.until("/api/decisions", lambda rows: [r for r in rows if r["started_utc"]])
    assert len(list(journal.parent.glob("journal.damaged-*.sqlite"))) == (harm == "damaged")
    assert kiosk.stop() == 0
    assert JournalReader(journal).decisions()
