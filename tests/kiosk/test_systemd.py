"""What systemd hears of the daemon: through the socket that it listens on."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from signage.kiosk.systemd import Supervisor


def said(listener: socket.socket) -> list[bytes]:
    listener.setblocking(False)
    heard = []
    while True:
        try:
            heard.append(listener.recv(100))
        except BlockingIOError:
            return heard


@pytest.mark.parametrize("abstract", [False, True])
def test_ready_with_the_first_beat_then_alive_once_a_second(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, abstract: bool
) -> None:
    address = f"@{tmp_path}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address.replace("@", "\0", 1))
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        supervisor = Supervisor()
        assert said(listener) == []  # it is not up before the loop moves
        for frame in range(25):
            supervisor.notify(100.0 + frame / 10)
        assert said(listener) == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]


def test_nobody_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Supervisor().notify(1.0)
