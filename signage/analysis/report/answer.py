"""The answer of a report: a sentence with its interval, and the figures that everybody asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from signage.analysis.report.inputs import ReportInputs
from signage.analysis.report.page import Tile
from signage.analysis.report.words import ends, length, number, share
from signage.evaluation.overlap import LEAST_EFFECTIVE, LEAST_VISITORS
from signage.stats import Estimate


def headline(inputs: ReportInputs) -> tuple[str, str]:
    """The answer, and what it rests on."""
    audience, mean = inputs.figures["audience"], inputs.rewards.mean()
    parts = []
    if audience["possible_s"] and audience["judged"] >= inputs.least_persons:
        attraction = inputs.attraction
        parts.append(
            "People looked at the screen for "
            f"{attraction.value:.0%}{ends(attraction, '.0%')} of the time they were in "
            "view."
        )
    earned = "No play had an audience yet."
    if mean is not None:
        earned = (
            "A play with an audience earned a mean reward of "
            f"{mean.value:.3f}{ends(mean, '.3f')}, on a scale from 0 to 1."
        )
    if isinstance(inputs.experiment, Mapping):
        return inputs.experiment["verdict"], " ".join([earned, *parts])
    lift = inputs.lift
    if lift is None:
        return earned, " ".join([*parts, _no_lift(inputs) if mean is not None else ""])
    value, chance = lift
    return _lift_sentence(value, chance, inputs.policies), " ".join([earned, *parts])


def tiles(inputs: ReportInputs) -> Iterator[Tile]:
    """Of the whole period."""
    figures, audience = inputs.figures, inputs.figures["audience"]
    visits, dwell_s, attention_s = (audience[k] for k in ("visits", "dwell_s", "attention_s"))
    plays = sum(row["plays"] for row in figures["contents"])
    mean = inputs.rewards.mean()
    known = visits - audience["persons"]
    again = f"visits, {known:,} of them by returning people" if known else "visits"
    yield Tile(f"{visits:,}", "opportunities to see", again)
    yield Tile(f"{audience['watchers']:,}", "watchers", _least_look(figures["counting"]))
    judged = audience["judged"]
    watching = share(audience["watchers"], judged)
    looking = share(attention_s, audience["possible_s"])
    if judged < inputs.least_persons:
        watching = looking = "–"
    unknown = f", without {visits - judged:,} whose looks are unknown" if visits > judged else ""
    yield Tile(watching, "conversion ratio", f"watchers / opportunities{unknown}")
    yield Tile(length(attention_s), "attention time", f"of {length(dwell_s)} in view")
    yield Tile(looking, "attraction ratio", "attention time / dwell time")
    yield Tile(f"{plays:,}", "plays", f"{len(inputs.rewards):,} of them with an audience")
    yield Tile(
        "–" if mean is None else f"{mean.value:.3f}",
        "mean reward",
        "of plays with an audience, 0 to 1",
    )
    yield Tile(f"{inputs.broken:,}", "constraints broken", "recounted from the journal, see below")


def _least_look(counting: Mapping[str, float]) -> str:
    """How long a watcher has looked."""
    least_s, most_s = counting["least_look_s"], counting["most_look_s"]
    if not most_s:
        return "looked at least once"
    least = f"{most_s:g} s" if least_s == most_s else f"{least_s:g} to {most_s:g} s"
    return f"looked for at least {least}"


def _lift_sentence(lift: Estimate, chance: float, policies: str) -> str:
    between = f"{number(lift.value, '+.3f')} per play{ends(lift, '+.3f')}"
    if lift.low <= 0 <= lift.high:
        return f"The data do not show that {policies} earned more than random choice: {between}."
    more = "more" if lift.value > 0 else "less"
    return (
        f"The choices of {policies} earned {abs(lift.value) / chance:.0%} {more} than "
        f"random choice would have: {between}."
    )


def _no_lift(inputs: ReportInputs) -> str:
    """Why there is no lift to show, and what is missing."""
    if isinstance(inputs.experiment, str):
        return f"The experiment has no result yet. {inputs.experiment}"
    if isinstance(inputs.by_lot, str):
        return f"Not enough data for a lift yet. {inputs.by_lot}"
    (lot,) = inputs.by_lot.valuations
    if not lot.warnings or set(inputs.figures["policies"]) == {"uniform"}:
        return "The contents were drawn at random, or nearly so. There is no lift to compute."
    overlap = lot.overlap
    if overlap is None:
        return f"The lift cannot be computed. {' '.join(lot.warnings)}"
    needs = []
    if overlap.effective_sample_size < LEAST_EFFECTIVE:
        size = f"{overlap.effective_sample_size:.0f}"
        needs.append(f"effective sample {size}, needs {LEAST_EFFECTIVE:.0f}")
    if overlap.visitors < LEAST_VISITORS:
        needs.append(f"{overlap.visitors} visitors, needs {LEAST_VISITORS}")
    if needs:
        return f"Not enough data for a lift yet ({'; '.join(needs)})."
    return f"The lift cannot be computed. {' '.join(lot.warnings)}"
