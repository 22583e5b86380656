"""A decision in words: for the operator's page, and for whoever asks why this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from signage.text.vocabulary import POLICIES, TRIGGERS, feature, rule

_MOST = 3
"""Contents that are named beside the one that was chosen, and of those that were not allowed."""


def why(decision: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Explain one row of ``JournalReader.decisions``; contents are called by their ``titles``."""
    name, estimates = decision["content_id"], decision["estimates"]
    sentences = [_chosen(decision, titles)]
    if name in estimates:
        best = max(estimates, key=lambda content_id: estimates[content_id])
        sentences.append(
            f"Its expected reward was {estimates[name]:.2f}, the highest of all."
            if best == name
            else f"Its expected reward was {estimates[name]:.2f}. "
            f"{_title(best, titles)} had the highest, {estimates[best]:.2f}."
        )
    for word, sign in (("For it", 1), ("Against it", -1)):
        reasons = [
            f"{feature(about)} ({_signed(value)})"
            for about, value in decision["reasons"].items()
            if value * sign > 0
        ]
        if reasons:
            sentences.append(f"{word}: {'; '.join(reasons)}.")
    if decision["masked"]:
        sentences.append(f"Not allowed: {_together(decision['masked'], titles)}.")
    if decision["gave_way"]:
        sentences.append(f"Rules set aside: {_together(decision['gave_way'], titles)}.")
    return " ".join(sentences)


def with_words(
    decisions: Sequence[dict[str, Any]], titles: Mapping[str, Mapping[str, str]]
) -> list[dict[str, Any]]:
    """Rows with ``why`` and ``words``; ``titles`` by version of the catalogue, and content."""
    return [
        row | {"why": why(row, titles.get(row["catalogue_version"], {})), "words": in_words(row)}
        for row in decisions
    ]


def in_words(decision: Mapping[str, Any]) -> dict[str, Any]:
    """``chosen_by``, ``because`` and ``reasons`` (each in words, with its weight) of the row."""
    return {
        "chosen_by": _policy(decision),
        "because": TRIGGERS.get(decision["trigger"], decision["trigger"]),
        "reasons": [[feature(name), value] for name, value in decision["reasons"].items()],
    }


def _policy(decision: Mapping[str, Any]) -> str:
    return POLICIES.get(decision["policy"], f"the policy {decision['policy']}")


def _title(content_id: str, titles: Mapping[str, str]) -> str:
    return f"“{titles.get(content_id, content_id)}”"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST])
    more = len(names) - _MOST
    return f"{shown} and {more} more" if more > 0 else shown


def _together(reasons: Mapping[str, str], titles: Mapping[str, str]) -> str:
    """Contents with the same reason in one."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(rule(reason, titles), []).append(_title(name, titles))
    return "; ".join(f"{_listed(which)} ({reason})" for reason, which in names.items())


def _chosen(decision: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    name, eligible = decision["content_id"], decision["eligible"]
    title = _title(name, titles)
    if decision["forced"]:
        return f"{title} was the only possible choice."
    others = sorted((p, other) for other, p in eligible.items() if other != name)[::-1]
    by = _policy(decision)
    chosen = f"{by[:1].upper()}{by[1:]} chose {title} ({decision['propensity']:.0%} likely)"
    if not others:
        return f"{chosen}. Nothing else was allowed."
    beside = _listed([f"{_title(other, titles)} ({p:.0%})" for p, other in others])
    return f"{chosen}. It could also have been {beside}."


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")
