"""Orders on their way to the engine's thread."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import Future

from signage.types.orders import Order, OrderRefusedError

_MAX_WAITING = 16


class OrderQueue:
    """Orders on their way from any thread to the one that carries them out."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[tuple[Order, Future[None]]] = queue.Queue(_MAX_WAITING)

    def put(self, order: Order) -> Future[None]:
        """Done when ``order`` is carried out; cancelled in time, it never will be.

        Raises OrderRefusedError when too many wait already.
        """
        done: Future[None] = Future()
        try:
            self._waiting.put_nowait((order, done))
        except queue.Full:
            raise OrderRefusedError(
                f"{_MAX_WAITING} orders wait to be carried out already. Give this one again."
            ) from None
        return done

    def take(self) -> Iterator[tuple[Order, Future[None]]]:
        """What waits and was not cancelled, in order of arrival."""
        while not self._waiting.empty():  # nobody else takes any
            order, done = self._waiting.get_nowait()
            if done.set_running_or_notify_cancel():
                yield order, done
