"""Tells systemd how the daemon is doing, where systemd asks for it: sd_notify(3)."""

from __future__ import annotations

import logging
import os
import socket

log = logging.getLogger(__name__)

_EVERY_S = 1.0


class Supervisor:
    """The supervisor behind ``NOTIFY_SOCKET``, such as systemd; does nothing if it is not set."""

    def __init__(self) -> None:
        self._address = os.environ.pop("NOTIFY_SOCKET", "")
        self._last_s: float | None = None

    def notify(self, t_s: float) -> None:
        """The loop has moved. The first time says that all is up, as there is nothing to wait for
        any more; from then on the watchdog is held off, once a second at most.
        """
        if not self._address or (self._last_s is not None and t_s - self._last_s < _EVERY_S):
            return
        message = b"READY=1" if self._last_s is None else b"WATCHDOG=1"
        self._last_s = t_s
        address = self._address
        if address.startswith("@"):  # which stands for the null byte of an abstract address
            address = "\0" + address[1:]
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto(message, address)
        except OSError as error:
            log.warning("The state of the program cannot be sent to systemd: %s.", error)
