"""Writes the lines of a screen's log without making anyone wait.

A pipe whose reader has stopped, or a terminal that is held, takes no more bytes and gives no error:
whoever writes waits, for as long as it pleases the reader.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import queue
import threading

_MOST_WAITING = 4096
"""Lines. They are short, so that this is less than a megabyte."""
_LAST_WORDS_S = 1.0
"""For so long the end of the program waits for what is not written yet."""


class BackgroundWriter:
    """Writes to the open file ``descriptor`` in a thread of its own.

    What cannot be written is lost, and so is what comes while too much waits.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_MOST_WAITING)
        # A daemon, as nothing ends a write that waits.
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def write(self, data: bytes) -> None:
        """Have ``data`` written, at once or never."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(data)

    def close(self) -> None:
        """Wait a moment for what is not written yet. Nothing is written after that."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(None)
        self._thread.join(_LAST_WORDS_S)

    def _run(self) -> None:
        while (data := self._waiting.get()) is not None:
            with contextlib.suppress(OSError):
                while data:
                    data = data[os.write(self._descriptor, data) :]
