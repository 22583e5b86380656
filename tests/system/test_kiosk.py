"""The daemon as it runs: a real process, real footage, a real browser, real signals."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser
from prometheus_client.parser import text_string_to_metric_families

from signage.journal.reader import JournalReader
from tests.support.builders import DEMO, ROOT
from tests.support.kiosk import PATIENCE_S, Kiosk
from tests.support.player_shop import until


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
    shown = [r for r in kiosk.get("/api/decisions?limit=100") if r["started_utc"]]
    ids = [r["decision_id"] for r in shown]  # the newest first
    before = shown[ids.index(decision["decision_id"]) + 1]
    assert before["state"] == "interrupted"
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

    until(says_so, "a notice", timeout_s=PATIENCE_S)
    kiosk.until("/api/decisions", lambda rows: [r for r in rows if r["started_utc"]])
    assert len(list(journal.parent.glob("journal.damaged-*.sqlite"))) == (harm == "damaged")
    assert kiosk.stop() == 0
    assert JournalReader(journal).decisions()
