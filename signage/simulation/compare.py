"""Policies beside each other: the same people and the same luck, seed by seed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from signage.simulation.intervals import Estimate, estimate, over_seeds
from signage.simulation.run import Order, summarise

_TEMPLATE = Path(__file__).with_name("comparison.html")


@dataclass(frozen=True, slots=True)
class Row:
    """What one policy earned."""

    policy: str
    reward: Estimate | None
    oracle_share: Estimate | None
    looked: str
    """Watchers among those present."""
    broken: int
    """Constraints."""
    lift: Estimate | None
    """Of the mean reward over the first policy's, by the same seeds; None of the first."""

    @property
    def verdict(self) -> str:
        """In words."""
        if self.lift is None:
            return "compared with"
        if not self.lift.is_sure:
            return "not told apart"
        return "better" if self.lift.mean > 0 else "worse"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of all policies, in their order."""

    rows: tuple[Row, ...]
    summaries: tuple[dict[str, Any], ...]
    """Of each policy over the seeds."""

    def as_text(self) -> str:
        """A Markdown table."""
        first = self.rows[0].policy
        lines = [
            f"| policy | mean reward | share of the oracle | over {first} | | looked / present "
            "| broken constraints |",
            "|---|---|---|---|---|---|---|",
        ]
        for row in self.rows:
            cells = [row.policy, row.reward, row.oracle_share, row.lift, row.verdict, row.looked]
            said = " | ".join("" if cell is None else str(cell) for cell in cells)
            lines.append(f"| {said} | {row.broken} |")
        return "\n".join(lines)


def compare(order: Order, summaries: Mapping[tuple[str, int], dict[str, Any]]) -> Comparison:
    """``summaries`` are those of each policy and seed of ``order``."""
    by_policy = {
        policy: [summaries[policy, seed] for seed in order.seeds] for policy in order.policies
    }
    first = by_policy[order.policies[0]]
    rows = []
    for policy, own in by_policy.items():
        pairs = [
            (mine["mean_reward"], other["mean_reward"])
            for mine, other in zip(own, first, strict=True)
        ]
        lifts = [mine - other for mine, other in pairs if None not in (mine, other)]
        present = sum(summary["ots"] for summary in own)
        looked = sum(summary["watchers"] for summary in own)
        rows.append(
            Row(
                policy,
                over_seeds(own, "mean_reward"),
                over_seeds(own, "reward_share_of_oracle"),
                f"{looked / present:.0%}" if present else "",
                sum(summary["constraint_violations"] for summary in own),
                None if own is first else estimate(lifts),
            )
        )
    return Comparison(tuple(rows), tuple(summarise(own) for own in by_policy.values()))


def write_comparison(comparison: Comparison, order: Order, out: Path) -> Path:
    """``comparison.json`` and the page ``report.html`` into the folder ``out``; the page's path."""
    document = {
        "policies": comparison.summaries,
        "over": comparison.rows[0].policy,
        "lifts": {row.policy: row.lift.record() for row in comparison.rows if row.lift},
        "plays_a_run": order.plays,
        "seeds": len(order.seeds),
        "response": order.model.model_dump(),
    }
    (out / "comparison.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    page = environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        rows=comparison.rows,
        videos=[path.name for path in order.videos],
        plays=order.plays,
        seeds=len(order.seeds),
        model=order.model.model_dump(),
    )
    path = out / "report.html"
    path.write_text(page, encoding="utf-8")
    return path
