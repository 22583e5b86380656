"""What a report on a journal is made of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from signage.evaluation.constraints_kept import COMPETES, ConstraintsKept
from signage.evaluation.evaluation import Evaluation
from signage.evaluation.rewards import LEAST_VISITORS, Rewards
from signage.stats import Estimate, t95
from signage.text.vocabulary import POLICIES

Row = Mapping[str, Any]

STRETCHES = 12
"""Points of the curves over time."""


@dataclass(frozen=True, slots=True)
class ReportInputs:
    """All that is known of a journal."""

    figures: Row
    """Of ``journal/figures/report.py``."""
    described: Mapping[str, Row]
    """Every content that ever was, by id."""
    contents: tuple[str, ...]
    """Ids in the order of ``rewards.shown``."""
    rewards: Rewards
    by_lot: Evaluation | str
    """What contents by lot would have earned, or why that cannot be told."""
    experiment: Row | str | None
    """As `signage experiment --json`, or why there is no result yet."""
    constraints_kept: ConstraintsKept
    simulated: Row | None
    """Summary of the simulation that made the journal."""
    least_persons: int
    """Cells with fewer are not shown."""

    @property
    def lift(self) -> tuple[Estimate, float] | None:
        """Of what played over contents by lot, and what those earn; None where not believable."""
        if isinstance(self.by_lot, str) or set(self.figures["policies"]) == {"uniform"}:
            return None
        (lot,) = self.by_lot.valuations
        if lot.difference is None or lot.dr is None or lot.warnings or lot.dr.value <= 0:
            return None
        return turned(lot.difference), lot.dr.value

    @property
    def made_by(self) -> str:
        """What made the journal, in a sentence, where no camera saw anybody; else nothing."""
        if self.simulated is None and self.figures.get("simulated") is None:
            return ""
        made = self.figures.get("simulated")
        note = (
            "The people were recorded and their response is simulated. These are not a "
            "shop’s figures."
        )
        return note if made is None else f"{note} ({made})"

    @property
    def attraction(self) -> Estimate:
        """A ratio of sums, its variance linearised, by visits (Cochran, "Sampling", 1977, 2.11)."""
        audience = self.figures["audience"]
        visits, possible_s = audience["judged"], audience["possible_s"]
        ratio = audience["attention_s"] / possible_s
        squares = audience["attention2"] - 2 * ratio * audience["both"]
        squares += ratio**2 * audience["possible2"]
        if visits < LEAST_VISITORS:
            return Estimate(ratio)
        error = math.sqrt(max(0.0, squares) * visits / (visits - 1)) / possible_s
        half = t95(visits - 1) * error
        return Estimate.from_half_width(ratio, half).within(0, 1)

    @property
    def by_plays(self) -> list[Row]:
        """The contents that were shown, most plays first."""
        rows: list[Row] = list(self.figures["contents"])
        return sorted(rows, key=lambda row: (-row["plays"], row["content_id"]))

    @property
    def keeps_apart(self) -> bool:
        """Whether competitors ever were held back: where not, that may not have been asked for."""
        return "competes" in self.figures["held_back"]

    @property
    def broken(self) -> int:
        """Number of broken constraints in the recount."""
        return sum(
            count
            for rule, count in self.constraints_kept.broken.items()
            if rule != COMPETES or self.keeps_apart
        )

    @property
    def policies(self) -> str:
        """Who decided, in words."""
        return ", ".join(POLICIES.get(name, name) for name in self.figures["policies"])

    @property
    def clock(self) -> str:
        """What hours are by."""
        return "the clock of the screen" if self.figures["on_the_wall"] else "UTC"

    def wall(self, utc_s: float) -> datetime:
        """On the clock that the screen had at the end; ``utc_s`` in seconds since 1970."""
        ahead: timedelta = self.figures["ahead"]
        return datetime(1970, 1, 1) + timedelta(seconds=float(utc_s)) + ahead  # noqa: DTZ001


def turned(estimate: Estimate) -> Estimate:
    """The other way round."""
    return Estimate(-estimate.value, -estimate.high, -estimate.low)
