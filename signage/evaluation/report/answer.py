"""The answer of a report: a sentence with its interval, and the figures that everybody asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from signage.evaluation.evaluation import Evaluation
from signage.evaluation.off_policy import Estimate
from signage.evaluation.report.material import Material
from signage.evaluation.report.page import Tile
from signage.evaluation.report.words import ends, length, number, share


def headline(said: Material) -> tuple[str, str]:
    """The answer, and what it rests on."""
    audience, mean = said.figures["audience"], said.rewards.mean()
    parts = []
    if audience["dwell_s"]:
        told = said.attraction
        parts.append(
            f"Of the time that people were in view, they looked at the screen for {told.value:.0%}"
            f"{ends(told, '.0%')}."
        )
    earned = "Nobody who could have seen a play was there yet."
    if mean is not None:
        earned = (
            "A play before people earned a mean reward of "
            f"{mean.value:.3f}{ends(mean, '.3f')}, of at most 1."
        )
    if isinstance(said.experiment, Mapping):
        return said.experiment["verdict"], " ".join([earned, *parts])
    lift = said.lift
    if lift is None:
        why = said.by_lot if isinstance(said.by_lot, str) else " ".join(_doubts(said.by_lot))
        if isinstance(said.experiment, str):
            why = said.experiment
        return earned, " ".join([*parts, f"No lift is told: {why}" if mean is not None else ""])
    value, chance = lift
    return _lift_sentence(value, chance, said.policies), " ".join([earned, *parts])


def tiles(said: Material) -> Iterator[Tile]:
    """Of the whole period."""
    figures, audience = said.figures, said.figures["audience"]
    visits, dwell_s, attention_s = (audience[k] for k in ("visits", "dwell_s", "attention_s"))
    plays = sum(row["plays"] for row in figures["contents"])
    mean = said.rewards.mean()
    known = visits - audience["persons"]
    again = f"visits, {known:,} of people known again" if known else "visits"
    yield Tile(f"{visits:,}", "opportunities to see", again)
    yield Tile(f"{audience['watchers']:,}", "watchers", "looked at least once")
    yield Tile(share(audience["watchers"], visits), "conversion ratio", "watchers / opportunities")
    yield Tile(length(attention_s), "attention time", f"of {length(dwell_s)} in view")
    yield Tile(share(attention_s, dwell_s), "attraction ratio", "attention time / dwell time")
    yield Tile(f"{plays:,}", "plays", f"{len(said.rewards):,} of them before people")
    yield Tile("–" if mean is None else f"{mean.value:.3f}", "mean reward", "of those, from 0 to 1")
    yield Tile(f"{said.broken:,}", "constraints broken", "counted anew, see below")


def _lift_sentence(lift: Estimate, chance: float, policies: str) -> str:
    between = f"{number(lift.value, '+.3f')} a play{ends(lift, '+.3f')}"
    if lift.low <= 0 <= lift.high:
        return (
            f"It is not shown that what {policies} chose earned more than one of the allowed "
            f"contents by lot would have: {between}."
        )
    more = "more" if lift.value > 0 else "less"
    return (
        f"At each decision, what {policies} chose earned {abs(lift.value) / chance:.0%} {more} "
        f"than one of the allowed contents by lot would have: {between}."
    )


def _doubts(found: Evaluation) -> Iterator[str]:
    (lot,) = found.valuations
    yield from lot.warnings or ("contents were drawn by lot, or nearly so.",)
