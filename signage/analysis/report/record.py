"""The sections on constraints, data quality and how the figures add up."""

from __future__ import annotations

from collections.abc import Mapping

from signage.analysis.report.inputs import ReportInputs
from signage.analysis.report.page import Section, Table
from signage.analysis.report.words import length, or_dash, share
from signage.evaluation.constraints_kept import CAP, COMPETES, DRAWN, HOURS
from signage.types.log import Outcome


def constraints(inputs: ReportInputs) -> Section:
    """What the constraints held back, and how often they were broken."""
    figures, counted = inputs.figures, inputs.constraints_kept
    rules = sorted(
        # What is mandatory is held back from every draw.
        (figures["held_back"].keys() | figures["gave_way"].keys()) - {"mandatory"},
        key=lambda rule: (-figures["held_back"].get(rule, 0), rule),
    )
    rows = tuple(
        (
            rule.replace("_", " "),
            f"{figures['held_back'].get(rule, 0):,}",
            f"{figures['gave_way'].get(rule, 0):,}",
        )
        for rule in rules
    )
    names = {
        DRAWN: "no held-back content was drawn",
        HOURS: "campaign dates, weekdays, dayparts",
        CAP: "plays per hour, of contents with their own cap",
        COMPETES: "competitive separation"
        + ("" if inputs.keeps_apart else " (not counted: the rule never acted and may be off)"),
    }
    again = tuple(
        (text, f"{counted.checked[rule]:,}", f"{counted.broken[rule]:,}")
        for rule, text in names.items()
        if counted.checked.get(rule)
    )
    shares = tuple(
        (name, or_dash(least, ".0%"), f"{had:.1%}", or_dash(most, ".0%"))
        for name, (least, had, most) in counted.shares.items()
    )
    tables = [
        Table(("recounted", "checked", "broken"), again),
        Table(("constraint", "decisions in which it held content back", "set aside"), rows),
        Table(("share of voice", "at least", "had", "at most"), shares),
    ]
    broken = inputs.broken
    return Section(
        "Constraints kept",
        f"{'No constraint was broken' if not broken else f'{broken} constraints were broken'}, "
        "recounted from the plays in the journal.",
        tables=tuple(table for table in tables if table.rows),
        note="Rules about who was in view (age, what a viewer has already seen) cannot be "
        "recounted, because the journal does not store that. It stores how often they held "
        "content back. A share counts the chosen plays within a content’s own hours.",
    )


def quality(inputs: ReportInputs) -> Section:
    """What was left out, and why."""
    figures, counts, audience = inputs.figures, inputs.rewards.counts, inputs.figures["audience"]
    outcome = counts.outcomes
    rows = [
        ("decisions", f"{sum(outcome.values()):,}", ""),
        ("plays with a reward", f"{len(inputs.rewards):,}", "the means above use these"),
        ("nobody present", f"{outcome[Outcome.NOBODY_PRESENT]:,}", "no reward, not counted"),
        ("camera could not see", f"{outcome[Outcome.NOT_OBSERVED]:,}", "no reward, not counted"),
        ("never shown", f"{outcome[Outcome.NEVER_SHOWN]:,}", "replaced or failed, not counted"),
        (
            "cut off, failed on the screen, or still running",
            f"{outcome[Outcome.CUT_OFF]:,}",
            "not counted",
        ),
        (
            "shown without the kiosk",
            f"{outcome[Outcome.PAGE_ALONE]:,}",
            "chosen earlier, audience unknown, not counted",
        ),
        ("no choice", f"{outcome[Outcome.FORCED]:,}", "only one content was possible, not counted"),
        ("overlapping plays", f"{counts.overlapping:,}", "not counted; check for a second screen"),
        ("clock set back", f"{counts.clock_jumps:,}", "hours may be wrong"),
        (
            "time without a working camera",
            length(max(0.0, figures["observed"]["running_s"] - figures["observed"]["seen_s"])),
            f"{_faults(figures['observed']['faults'])}the audience is unknown for this time",
        ),
        ("starts of the program", f"{figures['runs']:,}", ""),
        ("without a decision", length(figures["silent_s"]), "in gaps of more than an hour"),
        (
            "plays reported by the page only",
            f"{figures['alone']['plays']:,}",
            f"{length(figures['alone']['shown_s'])} of the plays above, audience unknown",
        ),
        (
            "visits without an end",
            f"{audience['open']:,}",
            "still in view, or cut off by a power failure; known only from their plays",
        ),
        (
            "looks unknown",
            f"{audience['visits'] - audience['judged']:,}",
            "visits with a head too small to tell where it looks; not in the ratios",
        ),
        (
            "people beyond range",
            f"{figures['observed']['passed']:,}",
            "traffic that never came near enough; not in opportunities to see",
        ),
        (
            "more people than the screen follows",
            length(figures["observed"]["unfollowed_s"]),
            f"up to {figures['observed']['most_unfollowed']:,} more, not in opportunities to see",
        ),
        (
            "looks that agree on age and gender",
            share(audience["traits_agreement"] or 0.0, 1.0),
            "of the looks at one person; low where people are mixed up",
        ),
        ("age unknown", share(audience["age_unknown"], audience["visits"]), "of visits"),
        ("gender unknown", share(audience["gender_unknown"], audience["visits"]), "of visits"),
    ]
    if not figures["on_the_wall"]:
        rows.append(
            (
                "local time",
                "unknown",
                "of all decisions, from an older version: hours are in UTC",
            )
        )
    if not isinstance(inputs.by_lot, str) and (overlap := inputs.by_lot.valuations[0].overlap):
        rows.append(
            (
                "mean weight for random choice",
                f"{overlap.mean_weight:.3f}",
                f"should be 1 ± {overlap.mean_weight_error:.3f} if the probabilities are right",
            )
        )
        rows.append(
            (
                "effective sample size",
                f"{overlap.effective_sample_size:,.0f}",
                "random plays with the same evidence",
            )
        )
    shown = tuple(row for row in rows if row[1] not in {"0", "0 s", "0%"} or row[0] == "decisions")
    table = Table(("what", "value", ""), shown, words=frozenset({0, 2}))
    return Section("Data quality", tables=(table,))


def _faults(lasted: Mapping[str, float]) -> str:
    """What was wrong with the camera, and for how long."""
    if not lasted:
        return ""
    return ", ".join(f"{name} for {length(seconds)}" for name, seconds in lasted.items()) + "; "


def balance(inputs: ReportInputs) -> Section | None:
    """How visits, persons, impressions, watchers, plays and seconds fit together."""
    figures, audience = inputs.figures, inputs.figures["audience"]
    if not audience["visits"]:
        return None
    plays = sum(row["plays"] for row in figures["contents"])
    shown_s = sum(row["shown_s"] for row in figures["contents"])
    seconds = Table(
        ("what", "number", "in view", "looking"),
        (
            ("all visits (opportunities to see)", f"{audience['visits']:,}", *_times(inputs, "")),
            (
                "= impressions: one person during one play",
                f"{audience['impressions']:,}",
                *_times(inputs, "seen_"),
            ),
            (
                "+ during plays that failed, or that the camera could not see",
                f"{audience['unseen']:,}",
                *_times(inputs, "unseen_"),
            ),
            (
                "+ during a play, but too short to count",
                f"{audience['short_stays']:,}",
                *_times(inputs, "short_"),
            ),
            ("+ outside plays", "", *_times(inputs, "outside_")),
        ),
        words=frozenset({0}),
    )
    people = Table(
        ("what", "number", ""),
        (
            ("visits", f"{audience['visits']:,}", f"of {audience['persons']:,} people"),
            ("visits with a play", f"{audience['before_plays']:,}", "at least one impression"),
            ("watchers", f"{audience['watchers']:,}", "visits that looked for long enough"),
            (
                "watchers of plays",
                f"{audience['watchers_of_plays']:,}",
                "the others looked outside plays, or too briefly",
            ),
            (
                "impressions with a look",
                f"{audience['looked']:,}",
                "the sum of “watchers” in the exported table of plays",
            ),
            ("plays", f"{plays:,}", f"{_exact(shown_s)} on the screen"),
        ),
        words=frozenset({0, 2}),
    )
    return Section(
        "How the figures add up",
        "Where the time of all visits went, and how people are counted.",
        tables=(seconds, people),
        note="Outside plays means between two plays, during one that failed or was not "
        "confirmed, or noticed only after the play. In the table of plays (signage "
        "export) the column “opportunities_to_see” counts the impressions of one "
        "play.",
    )


def _times(inputs: ReportInputs, which: str) -> tuple[str, str]:
    audience = inputs.figures["audience"]
    names = ("dwell_s", "attention_s") if not which else (f"{which}s", f"{which}attention_s")
    return _exact(audience[names[0]]), _exact(audience[names[1]])


def _exact(seconds: float) -> str:
    return f"{seconds + 0.0:,.3f} s"
