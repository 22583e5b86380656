"""What a kiosk sends and writes, by its system calls."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.support.kiosk import PATIENCE_S, Kiosk, has_more_rewards_than

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


def stop_traced(kiosk: Kiosk) -> int:
    """Stop the kiosk that strace runs; returns its exit code, which is that of strace, too."""
    strace = kiosk.process.pid
    (traced,) = Path(f"/proc/{strace}/task/{strace}/children").read_text().split()
    os.kill(int(traced), signal.SIGTERM)
    return kiosk.process.wait(timeout=PATIENCE_S)


def test_nothing_leaves_the_machine_and_no_picture_reaches_a_disk(
    start: Callable[..., Kiosk], tmp_path: Path
) -> None:
    trace = tmp_path / "trace.txt"
    watch = "trace=connect,sendto,sendmsg,sendmmsg,open,openat,creat,bind"
    strace = ("strace", "-f", "-qq", "-s", "256", "--seccomp-bpf", "-e", watch, "-o", str(trace))
    kiosk = start("--stand-in", wrap=strace)
    # Before, libraries look for each other with the help of a compiler and its files.
    ready = trace.stat().st_size
    # It saw people, and all went on.
    kiosk.until("/api/decisions", has_more_rewards_than(0))
    assert stop_traced(kiosk) == 0
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
from signage.perception.tracking import owners

seen = []

def keeping(function):
    def keeps(*args):
        seen.append(function(*args))
        return seen[-1]
    return keeps

identity.FaceEncoder.embed = keeping(identity.FaceEncoder.embed)
identity.turned = keeping(identity.turned)  # as the gallery holds them
owners.turned = keeping(owners.turned)

def finish():
    os.write(2, b"the end")
    np.save({out!r}, np.array(seen, dtype=np.float64))

def leave(code, leave=os._exit):  # as a kiosk does whose camera hangs
    finish()
    leave(code)

os._exit = leave
try:
    main()
finally:
    finish()
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
        wrap=(*strace, "-o", str(trace)),
        program=("-c", _KEEPS_FACES.format(out=str(out))),
    )
    kiosk.until("/api/decisions", has_more_rewards_than(1))
    assert stop_traced(kiosk) == 0
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
    # Of every face both ends are looked for, and of eight, from the first to the last, all parts.
    whole = set(np.linspace(0, len(faces) - 1, 8).astype(int))
    for index, face in enumerate(faces):
        parts = np.array_split(face, 32)
        for part in parts if index in whole else (parts[0], parts[-1]):
            for needle in (
                part[:2].astype(np.float32).tobytes(),
                part[:1].tobytes(),
                f"{part[0]:.9e}"[-15:-4].replace(".", "").encode(),
                str(np.float32(part[0])).encode(),
            ):
                assert needle not in said
                assert needle not in kept
