"""Which arm of an experiment made a decision."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which arm of an experiment had a decision, and why (``experiments/assignment.py``)."""

    experiment: str
    arm: str
    """The policy that acted."""
    unit: str
    """What was given to the arm: the number of a time block, or a visit."""
    washout: bool
    """Too early in its block to be analysed."""
    design: str
    """The experiment's arms and how they are assigned, as JSON."""
