"""Names that people choose from, in a configuration and on the command line.

This module is light, so that `signage --help` can name them without the rooms behind them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

PolicyName = Literal["vw", "apprentice", "rules", "playlist", "uniform"]
POLICY_NAMES: tuple[PolicyName, ...] = ("vw", "apprentice", "rules", "playlist", "uniform")


class ExportFormat(StrEnum):
    """A format of an export."""

    CSV = "csv"
    DECISIONS = "decisions"
    DSJSON = "dsjson"
    PARQUET = "parquet"


class Action(StrEnum):
    """What an operator can order."""

    FREEZE = "freeze"
    """Record rewards and do not learn from them."""
    UNFREEZE = "unfreeze"
    PIN = "pin"
    """Play one content wherever it may play."""
    UNPIN = "unpin"
    EMERGENCY = "emergency"
    """Play one content at once, and alone."""
    CLEAR = "clear"
    """End the emergency."""
    ROLLBACK = "rollback"
    """Go back to an earlier checkpoint of the model."""
