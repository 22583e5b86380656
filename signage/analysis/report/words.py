"""How the reports write numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

from signage.stats import Estimate


def number(value: float, form: str) -> str:
    """In ``form``, with a true minus, and no sign where it rounds to zero."""
    text = format(value, form)
    if not text.strip("+-0.%"):
        text = text.lstrip("+-")
    return text.replace("-", "−")


def ends(estimate: Estimate, form: str) -> str:
    """An interval in brackets; nothing where there is none."""
    if math.isnan(estimate.low):
        return ""
    return f" ({number(estimate.low, form)} to {number(estimate.high, form)})"


def or_dash(value: float | None, form: str) -> str:
    """A number in ``form``, or a dash."""
    return "–" if value is None else number(value, form)


def share(part: float, whole: float) -> str:
    """In percent, or a dash."""
    if not whole:
        return "–"
    return f"{part / whole:.1%}" if 0 < part / whole < 0.01 else f"{part / whole:.0%}"


def length(seconds: float) -> str:
    """A time, in the unit that suits it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"


def counting_rules(counting: Mapping[str, float]) -> str:
    """Who was counted, in sentences, by the configurations of all runs."""
    least_s, most_s = counting["least_look_s"], counting["most_look_s"]
    near_m, far_m = counting["least_range_m"], counting["most_range_m"]
    watchers = f"A watcher has looked for at least {most_s:g} s."
    if least_s != most_s:
        watchers = f"A watcher has looked for {least_s:g} to {most_s:g} s, depending on the run."
    elif not most_s:
        watchers = "A watcher has looked at least once, for however short."
    people = f"People who stayed more than {far_m:g} m away are traffic, and no opportunity to see."
    if near_m != far_m:
        people = "The distance within which people count differs from run to run."
    elif not far_m:
        people = "People count at any distance."
    return f"{watchers} {people}"
