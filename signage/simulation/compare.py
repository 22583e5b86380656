"""Policies beside each other: the same people and the same luck, seed by seed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from signage import __version__
from signage.analysis.report import plots
from signage.analysis.report.page import Page, Picture, Section, Table, Tile, write_page
from signage.analysis.report.words import number
from signage.simulation.run import Task, estimate_record, over_seeds, people_of, summarise
from signage.stats import Estimate, mean_of

Curve = tuple[tuple[int, Estimate], ...]
"""Plays at the end of each stretch of a run, and the mean over the seeds."""


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
    curve: Curve
    lift_curve: Curve
    """``lift`` of all plays up to there."""

    @property
    def verdict(self) -> str:
        """In words."""
        if self.lift is None:
            return "compared with"
        if not self.lift.excludes_zero:
            return "no clear difference"
        return "better" if self.lift.value > 0 else "worse"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Of all policies, in their order; the first is what the others are compared with."""

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
            row_text = " | ".join("" if cell is None else str(cell) for cell in cells)
            lines.append(f"| {row_text} | {row.broken} |")
        return "\n".join(lines)


def compare(task: Task, summaries: Mapping[tuple[str, int], dict[str, Any]]) -> Comparison:
    """``summaries`` are those of each policy and seed of ``task``."""
    by_policy = {
        policy: [summaries[policy, seed] for seed in task.seeds] for policy in task.policies
    }
    first = by_policy[task.policies[0]]
    rows = []
    for policy, own in by_policy.items():
        pairs = [
            (own_summary["mean_reward"], other["mean_reward"])
            for own_summary, other in zip(own, first, strict=True)
        ]
        lifts = [earned - other for earned, other in pairs if None not in (earned, other)]
        present = sum(summary["ots"] for summary in own)
        looked = sum(summary["watchers"] for summary in own)
        rows.append(
            Row(
                policy,
                over_seeds(own, "mean_reward"),
                over_seeds(own, "reward_share_of_oracle"),
                f"{looked / present:.0%}" if present else "",
                sum(summary["constraint_violations"] for summary in own),
                None if own is first else mean_of(lifts),
                _curve([[tuple(point) for point in summary["learning_curve"]] for summary in own]),
                () if own is first else _curve(list(map(_apart, own, first))),
            )
        )
    return Comparison(tuple(rows), tuple(summarise(own) for own in by_policy.values()))


def _curve(runs: Sequence[Sequence[tuple[int, float]]]) -> Curve:
    points = sorted(point for run in runs for point in run)
    stretches = groupby(points, key=lambda point: point[0])
    means = ((end, mean_of([mean for _, mean in those])) for end, those in stretches)
    return tuple((end, mean) for end, mean in means if mean is not None)


def _apart(run: Mapping[str, Any], other: Mapping[str, Any]) -> list[tuple[int, float]]:
    """By how much a run earned more than another until then, in stretches in which both earned."""
    theirs = dict(other["learning_curve"])
    both = [(end, mean - theirs[end]) for end, mean in run["learning_curve"] if end in theirs]
    return [(end, fmean(gap for _, gap in both[: n + 1])) for n, (end, _) in enumerate(both)]


def write_comparison(comparison: Comparison, task: Task, out: Path) -> Path:
    """``comparison.json`` and the page ``report.html`` into the folder ``out``; the page's path."""
    document = {
        "policies": comparison.summaries,
        "over": comparison.rows[0].policy,
        "lifts": {row.policy: estimate_record(row.lift) for row in comparison.rows if row.lift},
        "plays_a_run": task.plays,
        "seeds": len(task.seeds),
        "response": task.model.model_dump(),
    }
    (out / "comparison.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return write_seeds_report(comparison, task, out)


def write_seeds_report(comparison: Comparison, task: Task, out: Path) -> Path:
    """The page alone, of one policy or several."""
    rows = comparison.rows
    seeds = f"{len(task.seeds)} seed{'s' * (len(task.seeds) > 1)}"
    page = Page(
        title="Simulated audience: "
        + ("policies compared" if len(rows) > 1 else f"the policy {rows[0].policy}"),
        subtitle=f"{_videos(task)}, {seeds}, {task.plays:,} plays per run.",
        headline=_headline(rows),
        detail="The people, their paths and their time in view were recorded. Their "
        "response is simulated, with the same people and the same chance events for "
        "every policy. Simulated figures are no promise for a shop.",
        tiles=tuple(_tiles(comparison)),
        sections=tuple(_sections(comparison, task)),
        methods=frozenset({"simulation", "seeds"}),
        simulated="The people were recorded and their response is simulated. These are not a "
        f"shop’s figures. (signage {__version__}, {people_of(task)})",
    )
    path = out / "report.html"
    write_page(page, path)
    return path


def _headline(rows: Sequence[Row]) -> str:
    first, others = rows[0], [row for row in rows[1:] if row.lift is not None]
    earned = f"{first.policy} earned a mean reward of {_or_dash(first.reward)} per play"
    if first.reward is None or not others:
        if first.oracle_share is None:
            return f"{earned}."
        return (
            f"{earned}, {first.oracle_share.value:.0%} of what an oracle that knows every "
            "taste would earn."
        )
    best = max(others, key=lambda row: row.lift.value if row.lift else -math.inf)
    assert best.lift is not None  # noqa: S101 - one of those with a lift
    if not best.lift.excludes_zero:
        return (
            f"No policy is clearly better than {first.policy}. The best of the others is "
            f"{best.policy} ({_signed(best.lift)} per play)."
        )
    if best.lift.value < 0:
        return (
            f"Every other policy is worse than {first.policy}. The best of them is "
            f"{best.policy} ({best.lift} per play)."
        )
    share = "" if not first.reward.value else f"{best.lift.value / first.reward.value:.0%} "
    return f"{best.policy} earned {share}more than {first.policy} ({_signed(best.lift)} per play)."


def _tiles(comparison: Comparison) -> Iterator[Tile]:
    summaries = comparison.summaries
    broken = sum(row.broken for row in comparison.rows)
    yield Tile(f"{sum(each['plays'] for each in summaries):,}", "plays", "of all runs")
    rated = sum(each["rewarded_plays"] for each in summaries)
    yield Tile(f"{rated:,}", "with an audience", "of these; nobody could see the others")
    yield Tile(f"{broken}", "constraints broken", "by an audit that knows who was in view")


def _sections(comparison: Comparison, task: Task) -> Iterator[Section]:
    rows = comparison.rows
    first = rows[0].policy
    columns = ("policy", "mean reward", "share of the oracle")
    over = (f"over {first}, same seeds", "") if len(rows) > 1 else ()
    yield Section(
        "Rewards",
        tables=(
            Table(
                (*columns, *over, "looked / present", "broken constraints"),
                tuple(_cells(row, compared=bool(over)) for row in rows),
                words=frozenset({0, 4} if over else {0}),
            ),
        ),
    )
    for title, text, series, ylabel, is_lift in (
        (
            "Learning curve",
            "Mean reward of each twentieth of a run, with its interval over the seeds.",
            {row.policy: row.curve for row in rows},
            "mean reward",
            False,
        ),
        (
            "Lift over time",
            f"Lift over {first} per play, up to each point.",
            {row.policy: row.lift_curve for row in rows[1:]},
            f"lift over {first}",
            True,
        ),
    ):
        drawn = {name: _drawn(curve) for name, curve in series.items() if curve}
        if not drawn:
            continue
        ends = ", ".join(
            f"{name} {number(means[-1].value, '.3f')}" for name, (_, means) in drawn.items()
        )
        picture = plots.curves(drawn, xlabel="plays", ylabel=ylabel, zero=is_lift)
        yield Section(title, text, (Picture(picture, f"{title}, in the end: {ends}."),))
    response = tuple(
        (name.replace("_", " "), f"{value:g}" if isinstance(value, float) else str(value))
        for name, value in task.model.model_dump().items()
    )
    yield Section("The simulated response", tables=(Table(("parameter", "value"), response),))
    if task.videos:
        yield Section("The footage", ", ".join(path.name for path in task.videos))


def _cells(row: Row, *, compared: bool) -> tuple[str, ...]:
    lift = ("" if row.lift is None else _signed(row.lift), row.verdict) if compared else ()
    return (
        row.policy,
        _or_dash(row.reward),
        _or_dash(row.oracle_share),
        *lift,
        row.looked,
        str(row.broken),
    )


def _drawn(curve: Curve) -> plots.Curve:
    return [end for end, _ in curve], [mean for _, mean in curve]


def _videos(task: Task) -> str:
    count = len(task.videos)
    return "The demo reel" if not count else f"{count} video{'s' * (count > 1)}"


def _or_dash(mean: Estimate | None) -> str:
    return "–" if mean is None else str(mean)


def _signed(lift: Estimate) -> str:
    return number(lift.value, "+.3f") + str(lift).removeprefix(f"{lift.value:.3f}")
