"""Converts a page's message times to the server's clock."""

from __future__ import annotations

_WINDOW_S = 600.0
"""Clocks of two machines part by up to 50 µs a second: 30 ms in this time."""


class PageClock:
    """Dates the messages of one connection by the page's own clock.

    A message may wait: for the network, or for a server that is busy. So a message is dated by the
    quickest of the last ten to twenty minutes, as Cristian's method does for clocks
    (https://doi.org/10.1007/BF01784024).
    """

    def __init__(self) -> None:
        self._begun_s = float("-inf")
        self._quickest_s = self._quickest_before_s = float("inf")

    def sent_at(self, sent_ms: float | None, received_s: float) -> float:
        """When a message was sent, by our clock in seconds, and never after ``received_s``.

        ``sent_ms`` is the page's clock when it was sent. Without it, that was just now.
        """
        if sent_ms is None:
            return received_s
        sent_s = sent_ms / 1000
        if not 0 <= sent_s - self._begun_s < _WINDOW_S:
            self._begun_s, self._quickest_before_s = sent_s, self._quickest_s
            self._quickest_s = float("inf")
        self._quickest_s = min(self._quickest_s, received_s - sent_s)
        return min(received_s, sent_s + min(self._quickest_s, self._quickest_before_s))
