"""The systemd unit of the screen: what it does before Chromium starts, and with which flags."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import socket
import subprocess
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from signage.types.plays import PlayState
from tests.support.player_shop import Shop, until

UNIT = Path(__file__).parents[2] / "configs" / "systemd" / "signage-screen.service"


def command(name: str, unit: Path = UNIT) -> list[str]:
    """The words of the first command of the unit under this name."""
    text = unit.read_text().replace("\\\n", " ")
    found = re.search(rf"^{name}=-?(.+)$", text, re.MULTILINE)
    assert found is not None
    return shlex.split(found[1].replace("$$", "$"))


def start_anew(state: Path) -> None:
    """What the unit does before Chromium starts."""
    subprocess.run(command("ExecStartPre"), cwd=state, check=True)


@pytest.mark.system
def test_a_profile_that_is_broken_is_made_anew_and_keeps_the_ledger(
    shop: Shop, tmp_path: Path
) -> None:
    profile = tmp_path / "chromium"
    url = shop.open()
    start_anew(tmp_path)
    play = {"play_id": "p1", "content_id": "red", "state": "finished"}
    told = {"at": 0, "plays": [play | {"started_age_ms": 9000, "ended_age_ms": 3000}]}

    def visit(script: str) -> None:
        threading.Thread(target=run, args=(profile, url, script)).start()

    def run(profile: Path, url: str, script: str) -> None:
        with sync_playwright() as own:
            context = own.chromium.launch_persistent_context(
                profile, executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = context.new_page()
            page.goto(url)
            page.evaluate(script)
            done.wait(20)
            context.close()

    done = threading.Event()
    visit(f"localStorage.setItem('plays:gone', {json.dumps(json.dumps(told))})")
    until(lambda: bool(list(profile.glob("Default/Local Storage/leveldb/*.log"))), "the ledger")
    done.set()
    until(lambda: not (profile / "SingletonLock").is_symlink(), "the end of the browser")
    (profile / "SingletonLock").symlink_to("another-machine-4711")
    (profile / "Last Version").write_text("999.0.0.0")
    for name in ("Local State", "Default/Preferences"):
        (profile / name).write_bytes(bytes(100))
    start_anew(tmp_path)
    assert not (profile / "SingletonLock").is_symlink()
    done = threading.Event()
    visit("0")
    until(lambda: [told.play_id for told in shop.told()] == ["p1"], "the play of before")
    done.set()
    until(lambda: not (profile / "SingletonLock").is_symlink(), "the end of the browser")


def test_a_profile_that_never_was_is_no_error(tmp_path: Path) -> None:
    start_anew(tmp_path)
    assert (tmp_path / "chromium" / "Default").is_dir()


@pytest.mark.browser
def test_a_creative_reaches_nobody_but_the_kiosk(shop: Shop, tmp_path: Path) -> None:
    """Not by a connection ahead of time, nor by leaving, nor by the datagrams of a call."""
    address = own_address()
    reached: list[str] = []
    with closing(socket.socket()) as tcp, closing(socket.socket(type=socket.SOCK_DGRAM)) as udp:
        for each in (tcp, udp):
            each.bind((address, 0))
            each.settimeout(20)
        tcp.listen()
        to_tcp, to_udp = (f"{address}:{each.getsockname()[1]}" for each in (tcp, udp))
        page = shop.content_dirs["red"] / "index.html"
        page.write_text(
            f"""<!doctype html><link rel="preconnect" href="http://{to_tcp}"><script>
            const call = new RTCPeerConnection({{ iceServers: [{{ urls: "stun:{to_udp}" }}] }});
            call.createDataChannel("any");
            call.createOffer().then((offer) => call.setLocalDescription(offer));
            setTimeout(() => {{ location.href = "http://{to_tcp}/" }}, 2000);
            </script>"""
        )

        def listen(each: socket.socket) -> None:
            with closing(each), suppress(OSError):  # the time is over, or the test is
                reached.append(repr(each.accept() if each is tcp else each.recvfrom(99)))

        flags = [
            word for word in command("ExecStart") if word.startswith("--") and word != "--kiosk"
        ]
        flags = [flag for flag in flags if not re.match("--(user-data-dir|ozone)", flag)]
        assert len(flags) > 10
        for each in (tcp, udp):
            threading.Thread(target=listen, args=(each,), daemon=True).start()
        thread = threading.Thread(target=play_red, args=(shop, flags))
        thread.start()
        thread.join()
    assert reached == []


def play_red(shop: Shop, flags: list[str]) -> None:
    with sync_playwright() as own:
        browser = own.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", *flags]
        )
        browser.new_page().goto(shop.open())
        shop.await_event(shop.show("red"), PlayState.FAILED)
        browser.close()


@pytest.mark.parametrize(
    ("health", "is_restarted"),
    [
        ({"player_connected": True, "screen_hangs": False}, False),
        ({"player_connected": False, "screen_hangs": False}, True),
        ({"player_connected": True, "screen_hangs": True}, True),
        (None, False),
    ],
)
def test_the_check_starts_a_screen_anew_that_is_away_or_hangs(
    tmp_path: Path, health: dict[str, bool] | None, is_restarted: bool
) -> None:
    answer = "exit 7" if health is None else f"echo '{json.dumps(health, separators=(',', ':'))}'"
    programs = {"curl": answer, "sleep": "", "systemctl": f"echo restart >> {tmp_path}/restarts"}
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    words = command("ExecStart", UNIT.with_name("signage-screen-check.service"))
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SIGNAGE_TOKEN": ""}
    subprocess.run([word.replace(r"\\", "\\") for word in words], env=environment, check=True)
    assert (tmp_path / "restarts").exists() == is_restarted


def own_address() -> str:
    """An address of this machine that is not loopback."""
    with closing(socket.socket(type=socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # which sends nothing
        except OSError:
            pytest.skip("this machine has no network")
        return str(probe.getsockname()[0])
