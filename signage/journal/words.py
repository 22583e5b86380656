"""A decision in words: for the operator's page, and for whoever asks why this one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def why(decision: Mapping[str, Any]) -> str:
    """Explain one row of ``JournalReader.decisions``."""
    name, estimates = decision["content_id"], decision["estimates"]
    said = [_drawn(decision)]
    if name in estimates:
        best = max(estimates, key=lambda content_id: estimates[content_id])
        said.append(
            f"A reward of {estimates[name]:.2f} was expected of it, the most of all."
            if best == name
            else f"A reward of {estimates[name]:.2f} was expected of it; the most, "
            f"{estimates[best]:.2f}, of {best}."
        )
    for word, sign in (("For it spoke", 1), ("Against it spoke", -1)):
        reasons = [
            f"{feature} ({value:+.2f})"
            for feature, value in decision["reasons"].items()
            if value * sign > 0
        ]
        if reasons:
            said.append(f"{word} {', '.join(reasons)}.")
    if decision["masked"]:
        said.append(f"Not allowed: {_together(decision['masked'])}.")
    if decision["gave_way"]:
        said.append(f"Gave way: {_together(decision['gave_way'])}.")
    return " ".join(said)


def _together(reasons: Mapping[str, str]) -> str:
    """Contents with the same reason in one."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(reason, []).append(name)
    return "; ".join(f"{', '.join(which)} ({reason})" for reason, which in names.items())


def _drawn(decision: Mapping[str, Any]) -> str:
    name, eligible = decision["content_id"], decision["eligible"]
    if decision["forced"]:
        return f"{name} had to play: nothing else was to be drawn from."
    others = sorted((p, other) for other, p in eligible.items() if other != name)[::-1]
    beside = ", ".join(f"{other} {p:.0%}" for p, other in others[:3])
    drawn = f"{decision['policy']} drew {name} with a probability of {decision['propensity']:.0%}"
    if not others:
        return f"{drawn}: nothing else was allowed."
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return f"{drawn}, beside {beside}{more}."
