"""The operator's orders: from any thread into the engine's, on record, and in force.

The journal comes first: an order is on disk before it is in force.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime

from signage.content.catalogue import Catalogue
from signage.engine.learning import Learning
from signage.journal.writer import Journal
from signage.recommend.recommender import Recommender
from signage.types.choices import Action
from signage.types.orders import Order, OrderRefusedError, Orders, follow, standing

log = logging.getLogger(__name__)

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
                f"{_MAX_WAITING} orders are already waiting. Give this order again in a moment."
            ) from None
        return done

    def take(self) -> Iterator[tuple[Order, Future[None]]]:
        """What waits and was not cancelled, in order of arrival."""
        while not self._waiting.empty():  # nobody else takes any
            order, done = self._waiting.get_nowait()
            if done.set_running_or_notify_cancel():
                yield order, done


class OrderBook:
    """Checks orders, puts them on record and in force. Belongs to the engine's thread."""

    def __init__(self, recommender: Recommender, learning: Learning, journal: Journal) -> None:
        self._recommender = recommender
        self._learning = learning
        self._journal = journal
        self._put_in_force(self.in_force(recommender.catalogue))

    def apply(self, order: Order, utc: datetime) -> None:
        """Put ``order`` on record and in force.

        Raises a SignageError that says why not; nothing has changed then.
        """
        content_id, catalogue = order.content_id, self._recommender.catalogue
        if content_id is not None and content_id not in catalogue:
            raise OrderRefusedError(
                f"There is no content {content_id!r}. Choose from {', '.join(catalogue)}."
            )
        if order.action is Action.ROLLBACK:
            self._roll_back(order, utc)
        else:
            self._record(order, utc)
            self._put_in_force(follow(self._recommender.orders, order))
        log.info("Ordered: %s.", " ".join(filter(None, (order.action, content_id))))

    def take_over(self, orders: Orders, utc: datetime) -> None:
        """Put what was in force with another journal on record in this one, and in force."""
        for order in standing(orders):
            self._record(order, utc)
        self._put_in_force(self.in_force(self._recommender.catalogue))

    def in_force(self, catalogue: Catalogue) -> Orders:
        """What follows from the orders on record; one without its content has no effect."""
        orders = Orders()
        for action, detail in self._journal.orders():
            orders = follow(orders, Order(action=Action(action), **detail))
        return replace(
            orders,
            pinned=_in_catalogue(orders.pinned, catalogue),
            emergency=_in_catalogue(orders.emergency, catalogue),
        )

    def _roll_back(self, order: Order, utc: datetime) -> None:
        checkpoint, policy = self._learning.find(order.checkpoint, order.before)
        # With this transaction it is done: a newer checkpoint that a kill leaves behind is
        # refused at the next start, because its last reward is no longer a learned one.
        exact = Order(action=Action.ROLLBACK, checkpoint=checkpoint.header.name)
        self._record(exact, utc, unlearn_after=checkpoint.header.reward_seq)
        self._learning.return_to(checkpoint, policy)

    def _record(self, order: Order, utc: datetime, unlearn_after: int | None = None) -> None:
        detail = order.model_dump(mode="json", exclude={"action"}, exclude_none=True)
        self._journal.record_order(utc, order.action, detail, unlearn_after)

    def _put_in_force(self, orders: Orders) -> None:
        self._recommender.apply(replace(self._recommender.state, orders=orders))


def _in_catalogue(content_id: str | None, catalogue: Catalogue) -> str | None:
    if content_id is None or content_id in catalogue:
        return content_id
    log.warning(
        "The operator ordered the content %r, which is no longer in the catalogue: "
        "the order has no effect until it is back.",
        content_id,
    )
    return None
