"""Which user of this machine has opened a connection over loopback."""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Iterable
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Linux, proc_net_tcp.rst: addresses in hexadecimal words of the machine's byte order."""
_ESTABLISHED = "01"
_MAPPED = bytes(10) + b"\xff\xff"
"""Before an IPv4 address, in a socket of IPv6."""

_log = logging.getLogger(__name__)


def permitted_users(names: Iterable[str]) -> frozenset[int] | None:
    """The numbers of those users, of root and of ours; None where nobody could be told apart."""
    if not _TABLES[0].exists():
        return None
    import pwd  # noqa: PLC0415 - Windows has none

    users = {0, os.geteuid()}
    for name in names:
        try:
            users.add(pwd.getpwnam(name).pw_uid)
        except KeyError:
            _log.debug("server.local_users: this machine has no user %s", name)
    return frozenset(users)


def user_of(client: tuple[str, int], server: tuple[str, int]) -> int | None:
    """The number of the user whose connection from ``client`` to ``server`` is open, if any."""
    ends = [(_packed(host), port) for host, port in (client, server)]
    sign = f":{client[1]:04X} "
    for table in _TABLES:
        for line in table.read_text("ascii").splitlines()[1:] if table.exists() else ():
            if sign not in line:
                continue
            _, local, remote, state, _, _, _, user = line.split()[:8]
            # The kernel gives a connection that is closed already to root.
            if state == _ESTABLISHED and [_address(local), _address(remote)] == ends:
                return int(user)
    return None


def _address(text: str) -> tuple[bytes, int]:
    address, port = text.split(":")
    words = [address[at : at + 8] for at in range(0, len(address), 8)]
    packed = b"".join(int(word, 16).to_bytes(4, sys.byteorder) for word in words)
    return packed.removeprefix(_MAPPED), int(port, 16)


def _packed(host: str) -> bytes:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.inet_pton(family, host).removeprefix(_MAPPED)
