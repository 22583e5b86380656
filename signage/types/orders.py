"""What the operator may order, and what follows from it.

Orders are events in the journal; `Orders` is what follows from them all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from signage.errors import SignageError
from signage.types.choices import Action


@dataclass(frozen=True, slots=True)
class Orders:
    """What the operator has ordered, and not taken back."""

    frozen: bool = False
    """Rewards are recorded and not learned."""
    pinned: str | None = None
    """Content that plays as long as no audience or date forbids it."""
    emergency: str | None = None
    """Content that plays at once, and alone, whatever else."""


Name = Annotated[str, Field(min_length=1, max_length=200)]


class OrderRefusedError(SignageError):
    """An order that cannot be carried out; nothing has changed."""


class Order(BaseModel):
    """One order, as the API takes it and as the journal keeps it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    action: Action
    content_id: Name | None = None
    """Of ``pin`` and ``emergency``."""
    checkpoint: Name | None = None
    """Of ``rollback``: its name. Without it, and without ``before``, the newest."""
    before: AwareDatetime | None = None
    """Of ``rollback``: the newest checkpoint that was made before this time."""

    @model_validator(mode="after")
    def _fits_its_action(self) -> Self:
        if (self.content_id is not None) != (self.action in (Action.PIN, Action.EMERGENCY)):
            raise ValueError("only pin and emergency take a content, and each needs one")
        chosen = [self.checkpoint, self.before]
        if any(chosen) and (self.action is not Action.ROLLBACK or all(chosen)):
            raise ValueError("only rollback takes a checkpoint or a time, and it takes one of them")
        return self


def follow(orders: Orders, order: Order) -> Orders:
    """What is in force after ``order``."""
    match order.action:
        case Action.FREEZE | Action.UNFREEZE:
            return replace(orders, frozen=order.action is Action.FREEZE)
        case Action.PIN | Action.UNPIN:
            return replace(orders, pinned=order.content_id)
        case Action.EMERGENCY | Action.CLEAR:
            return replace(orders, emergency=order.content_id)
        case Action.ROLLBACK:
            return orders


def standing(orders: Orders) -> Iterator[Order]:
    """The orders that ``orders`` follows from."""
    if orders.frozen:
        yield Order(action=Action.FREEZE)
    if orders.pinned is not None:
        yield Order(action=Action.PIN, content_id=orders.pinned)
    if orders.emergency is not None:
        yield Order(action=Action.EMERGENCY, content_id=orders.emergency)
