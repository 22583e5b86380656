"""How the reports write numbers."""

from __future__ import annotations

import math

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
