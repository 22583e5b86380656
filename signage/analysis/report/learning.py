"""Whether it learned, and what that was worth."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from signage.analysis.report import plots
from signage.analysis.report.inputs import STRETCHES, ReportInputs, Row, turned
from signage.analysis.report.page import Picture, Section, Table
from signage.analysis.report.words import number, or_dash
from signage.evaluation.evaluation import stretches_of
from signage.stats import Estimate


def simulated(inputs: ReportInputs) -> Section | None:
    """What the simulation knows that no journal does."""
    summary = inputs.simulated
    if summary is None:
        return None
    earned = f"earned a mean reward of {or_dash(summary['mean_reward'], '.3f')}"
    if (share := summary["reward_share_of_oracle"]) is not None:
        earned += f", {share:.1%} of what an oracle that knows every taste would have earned"
    return Section(
        "A simulation",
        "The people were recorded, their response is simulated. The policy "
        f"{summary['policy']}, with seed {summary['seed']}, {earned}. The simulation’s own audit, "
        f"which knew who was in view, found {summary['constraint_violations']} broken constraints.",
    )


def experiment(inputs: ReportInputs) -> Section | None:
    """Its arms and checks."""
    result = inputs.experiment
    if not isinstance(result, Mapping):
        return None
    units = "visits" if result["assign"] == "visit" else "blocks"
    arms = Table(
        (
            "arm",
            "mean reward",
            "lift",
            "interval (anytime-valid)",
            "detectable lift",
            units,
            "plays",
        ),
        tuple(_arm(arm) for arm in result["arms"]),
    )
    checks = Table(
        ("check", "", "result"),
        tuple(
            (check["name"], "ok" if check["ok"] else "failed", check["detail"])
            for check in result["checks"]
        ),
        words=frozenset({0, 1, 2}),
    )
    return Section(
        f"The experiment “{result['experiment']}”",
        f"Assigned by {units}, over {result['days']:.1f} days. The detectable lift is "
        f"the smallest that this many {units} would probably reveal.",
        tables=(arms, checks),
    )


def learning_curve(inputs: ReportInputs) -> Section | None:
    """Rewards as the plays went on."""
    rewards = inputs.rewards
    stretches = stretches_of(len(rewards), STRETCHES)
    if len(stretches) < 2:
        return None
    means = [mean for within in stretches if (mean := rewards.mean(within)) is not None]
    first, last = means[0].value, means[-1].value
    ends = [within.stop for within in stretches]
    picture = plots.curves(
        {"mean reward": (ends, means)}, xlabel="plays with an audience", ylabel="mean reward"
    )
    return Section(
        "Learning curve",
        f"Mean reward over {len(means)} equal stretches of plays. A change in the "
        "audience moves it as much as learning does"
        + (
            ". The curve covers all arms together."
            if isinstance(inputs.experiment, Mapping)
            else "."
        ),
        (Picture(picture, f"Mean reward by plays: from {first:.3f} to {last:.3f}."),),
    )


def lift_over_time(inputs: ReportInputs) -> Section | None:
    """Over the control of the experiment, or over contents drawn at random."""
    title = "Lift over time"
    if isinstance(inputs.experiment, Mapping):
        return _experiment_over_time(inputs, title)
    if inputs.lift is None or isinstance(inputs.by_lot, str):
        return None
    evaluation = inputs.by_lot
    lifts = [turned(estimate) for estimate in evaluation.valuations[0].over_time]
    times = [inputs.wall(inputs.rewards.t_utc_s[end - 1]) for end in evaluation.stretches]
    picture = plots.curves(
        {"lift": (times, lifts)}, xlabel="", ylabel="lift over random choice", zero=True
    )
    return Section(
        title,
        "How much more a play earned than a random choice would have earned with the "
        "same people. Each point covers the plays since the previous point.",
        (
            Picture(
                picture,
                f"Lift over time: from {number(lifts[0].value, '+.3f')} to "
                f"{number(lifts[-1].value, '+.3f')}.",
            ),
        ),
        note="No point uses later data. A point covers few plays, so its band is wide. It "
        "is left out where too few people were present.",
    )


def _experiment_over_time(inputs: ReportInputs, title: str) -> Section | None:
    assert isinstance(inputs.experiment, Mapping)  # noqa: S101 - asked before
    series: dict[str, tuple[list[datetime], list[Estimate]]] = {}
    for point in inputs.experiment["lift_over_time"]:
        if point["lift"] is None or point["low"] is None or point["high"] is None:
            continue
        times, lifts = series.setdefault(point["arm"], ([], []))
        utc = datetime.fromisoformat(point["until_utc"]).timestamp()
        times.append(inputs.wall(utc))
        lifts.append(Estimate(*(100 * point[name] for name in ("lift", "low", "high"))))
    if not series:
        return None
    control = inputs.experiment["arms"][0]["arm"]
    picture = plots.curves(series, xlabel="", ylabel=f"lift over {control}, %", zero=True)
    last = {arm: lifts[-1] for arm, (_, lifts) in series.items()}
    final = ", ".join(f"{arm} {number(lift.value, '+.1f')} %" for arm, lift in last.items())
    return Section(
        title,
        f"The lift over {control} and its interval, from all plays up to each day. "
        "All bands together contain the true lift with 95 % confidence, however "
        "often you look.",
        (Picture(picture, f"Lift over {control}: {final} in the end."),),
    )


def _arm(arm: Row) -> tuple[str, ...]:
    lift = ("control", "", "")
    if not arm["control"]:
        ends = arm["lift_interval"] or (None, None)
        lift = (
            or_dash(arm["lift"], "+.1%"),
            " to ".join(or_dash(end, "+.1%") for end in ends),
            or_dash(arm["detectable_lift"], ".0%"),
        )
    counts = (f"{arm['units']:,}", f"{arm['rewarded_plays']:,}")
    return (arm["arm"], f"{arm['mean']:.3f}", *lift, *counts)
