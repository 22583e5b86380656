"""What the operator has ordered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Orders:
    """What the operator has ordered, and not taken back."""

    frozen: bool = False
    """Rewards are recorded and not learned."""
    pinned: str | None = None
    """Content that plays as long as no audience or date forbids it."""
    emergency: str | None = None
    """Content that plays at once, and alone, whatever else."""
