"""A kiosk that is killed, and what is there when it comes back."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from typing import Any

from signage.journal.reader import JournalReader
from tests.support.kiosk import Kiosk, has_more_rewards_than


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
    frozen_at = kiosk.get("/health")["model_version"]
    known = len(rewarded({row["decision_id"]: row for row in kiosk.get("/api/decisions")}))
    kiosk.stop(signal.SIGKILL)
    kiosk = start("--stand-in")
    assert token.read_text() != first
    assert kiosk.ordered("show")["pinned"] == "coffee"
    kiosk.until("/api/decisions?limit=1000", has_more_rewards_than(known))
    assert kiosk.get("/health")["model_version"] == frozen_at
    assert kiosk.ordered("unfreeze")["frozen"] is False
    kiosk.ordered("unpin")
    kiosk.until("/health", lambda health: health["model_version"] != frozen_at)
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


def rewarded(rows: dict[str, dict[str, Any]]) -> dict[str, float]:
    return {name: row["reward"] for name, row in rows.items() if row["reward"] is not None}
