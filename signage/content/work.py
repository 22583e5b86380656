"""Work that may take long, or never end, beside those who wait for it only so long."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_LOOK_S = 0.05
_LEAST_PRIORITY = 19


class Work(Generic[T]):
    """A task in a thread of its own, which a process that ends does not wait for."""

    def __init__(self, task: Callable[[], T], name: str, *, idle: bool = False) -> None:
        """With ``idle`` the work uses only spare processor time."""
        self._task = task
        self._idle = idle
        self._done = threading.Event()
        self.result: T | None = None
        """None until it is done."""
        threading.Thread(target=self._run, name=name, daemon=True).start()

    @property
    def done(self) -> bool:
        """Whether the result is ready."""
        return self._done.is_set()

    def wait(self, most_s: float, stop: threading.Event) -> T | None:
        """The result; None where it takes longer than ``most_s``, or ``stop`` is set first."""
        until_s = time.monotonic() + most_s
        while not self._done.wait(_LOOK_S) and time.monotonic() < until_s and not stop.is_set():
            pass
        return self.result

    def _run(self) -> None:
        if self._idle:
            # On Linux a thread has a priority of its own, on others it is the process's: leave it.
            with contextlib.suppress(AttributeError, OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LEAST_PRIORITY)
        self.result = self._task()
        self._done.set()
