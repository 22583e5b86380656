"""Whether the constraints were kept, and what the record is worth."""

from __future__ import annotations

from signage.evaluation import kept
from signage.evaluation.report.material import Material
from signage.evaluation.report.page import Section, Table
from signage.evaluation.report.words import length, or_dash, share
from signage.logged import Outcome


def constraints(said: Material) -> Section:
    """What they held back, and what was counted anew."""
    figures, counted = said.figures, said.kept
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
        kept.DRAWN: "nothing was drawn that was held back",
        kept.HOURS: "campaign dates, weekdays, dayparts",
        kept.CAP: "plays an hour, of contents with a cap of their own",
        kept.COMPETES: "competitors apart"
        + (
            "" if said.keeps_apart else " (the rule never acted: it may be off, and does not count)"
        ),
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
        Table(("counted anew", "checked", "broken"), again),
        Table(("constraint", "decisions it held something back in", "gave way"), rows),
        Table(("share of voice", "at least", "had", "at most"), shares),
    ]
    broken = said.broken
    return Section(
        "Constraints kept",
        f"{'No constraint was broken' if not broken else f'{broken} were broken'}, counted anew "
        "from what was on the screen.",
        tables=tuple(table for table in tables if table.rows),
        note="What hangs on who was in view at that moment (ages, what a viewer has had) is in no "
        "journal and cannot be counted anew; how often it held something back is. A share is of "
        "the drawn plays in a content’s own hours.",
    )


def quality(said: Material) -> Section:
    """What was left out, and why."""
    figures, faults, audience = said.figures, said.rewards.faults, said.figures["audience"]
    outcome = faults.outcomes
    rows = [
        ("decisions", f"{sum(outcome.values()):,}", ""),
        ("plays with a reward", f"{len(said.rewards):,}", "the means above are of these"),
        ("nobody could have seen", f"{outcome[Outcome.NOBODY_PRESENT]:,}", "no reward, left out"),
        ("camera lost meanwhile", f"{outcome[Outcome.NOT_OBSERVED]:,}", "no reward, left out"),
        ("never shown", f"{outcome[Outcome.NEVER_SHOWN]:,}", "superseded or failed, left out"),
        ("cut off, or still running", f"{outcome[Outcome.CUT_OFF]:,}", "left out"),
        ("nothing left to chance", f"{outcome[Outcome.FORCED]:,}", "not learned from, left out"),
        ("overlapping plays", f"{faults.overlapping:,}", "of which screen? left out"),
        ("clock set back", f"{faults.clock_jumps:,}", "hours may be wrong"),
        ("starts of the program", f"{figures['runs']:,}", ""),
        ("without a decision", length(figures["silent_s"]), "in gaps of over an hour"),
        (
            "played by the page alone",
            f"{figures['alone']['plays']:,}",
            f"{length(figures['alone']['shown_s'])}, with an audience that nobody knows of",
        ),
        (
            "visits without an end",
            f"{audience['open']:,}",
            "still in view, or when the power went: not among the opportunities to see",
        ),
        ("age not told", share(audience["age_unknown"], audience["visits"]), "of visits"),
        ("gender not told", share(audience["gender_unknown"], audience["visits"]), "of visits"),
    ]
    if not figures["on_the_wall"]:
        rows.append(
            (
                "clock on the wall",
                "not known",
                "of all decisions, in an older journal: hours are by UTC, and those of contents "
                "checked only where it is",
            )
        )
    if not isinstance(said.by_lot, str) and (overlap := said.by_lot.valuations[0].overlap):
        rows.append(
            (
                "mean weight against contents by lot",
                f"{overlap.mean_weight:.3f}",
                f"should be 1 ± {overlap.mean_weight_error:.3f} where the probabilities are true",
            )
        )
        rows.append(
            (
                "effective sample size",
                f"{overlap.effective_sample_size:,.0f}",
                "plays by lot that the journal is worth",
            )
        )
    shown = tuple(row for row in rows if row[1] not in {"0", "0 s", "0%"} or row[0] == "decisions")
    table = Table(("what", "how much", ""), shown, words=frozenset({0, 2}))
    return Section("Data quality", tables=(table,))
