"""A kiosk in a process of its own, as `signage run` starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.builders import FOOTAGE, ROOT

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
PATIENCE_S = 120.0
"""Bounds a test that fails; a busy machine may take long."""


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
        end_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < end_s:
            if answer := found(self.get(path)):
                return answer
            time.sleep(0.05)
        raise AssertionError(f"{path} never told what was waited for; last: {self.get(path)}")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE_S)


def has_more_rewards_than(count: int) -> Callable[[list[dict[str, Any]]], bool]:
    """Whether so many decisions have a reward, for ``Kiosk.until``."""
    return lambda rows: sum(row["reward"] is not None for row in rows) > count
