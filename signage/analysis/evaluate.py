"""Joins journal, policies and off-policy evaluation: `signage evaluate`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signage.analysis.replay import ReplayedPolicy, policy_named
from signage.config.config import Config
from signage.errors import ConfigError
from signage.evaluation import what_if
from signage.evaluation.evaluation import Evaluation, evaluate
from signage.evaluation.valuation import Valuation
from signage.evaluation.what_if import NewContent, Target
from signage.io import journal_path
from signage.journal.decision_log import JournalLog
from signage.journal.exports.columns import ColumnsLog
from signage.journal.reader import JournalReader
from signage.journal.soundness import SoundLog, check_sound
from signage.stats import CONFIDENCE, Estimate
from signage.types.log import Log, Outcome

_BLOCK = 100_000
_MOVED = 0.001
"""Share of voice that may be left of what was removed."""


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What is to be judged."""

    policies: Sequence[str] = ()
    """Names of policies, or ``package.module:name`` of one's own, called without arguments."""
    without: Sequence[str] = ()
    """Contents, each removed in turn."""
    caps: Sequence[str] = ()
    """``CONTENT=SHARE``, each in turn."""
    add: Sequence[str] = ()
    """``category=NAME,tag=NAME,…``, each a new content in turn."""


def open_log(path: Path) -> Log:
    """Open a journal, the folder that holds it, or its decisions as Parquet, to be judged.

    Raises JournalError for a log that no number can be drawn from, now or as it is read.
    """
    if path.suffix == ".parquet":
        return SoundLog(ColumnsLog(path))
    journal = journal_path(path)
    check_sound(JournalReader(journal))
    return SoundLog(JournalLog(journal))


def evaluated(
    path: Path,
    request: EvaluationRequest,
    config: Config,
    on_progress: Callable[[float], None] = lambda _: None,
) -> dict[str, Any]:
    """The document that `signage evaluate --json` prints.

    Raises ConfigError for what cannot be judged, JournalError for a journal that tells nothing.
    """
    log = open_log(path)
    targets = list(_targets(log, request, config))
    new = [_new_content(option) for option in request.add]
    return _document(log, evaluate(log, targets, new, on_progress), request)


def _targets(log: Log, request: EvaluationRequest, config: Config) -> Iterator[Target]:
    for name in request.policies:
        if name == "uniform":
            yield Target(name, what_if.uniform)
        else:
            yield Target(
                name, ReplayedPolicy(name, policy_named(name, config), log, config.timezone)
            )
    for name in request.without:
        yield Target(_without(name), what_if.without(_place(log, name)))
    for option in request.caps:
        name, _, text = option.rpartition("=")
        place, cap = _place(log, name), _share(option, text)
        share = _share_of(log, place)
        factor = min(1.0, cap / share) if share else 1.0
        yield Target(f"{name} at most {cap:.1%}", what_if.capped(place, factor))


def _without(name: str) -> str:
    return f"without {name}"


def _place(log: Log, name: str) -> int:
    if name not in log.contents:
        raise ConfigError(
            f"There is no content {name!r} in {log.name}. Choose from {', '.join(log.contents)}."
        )
    return list(log.contents).index(name)


def _share(option: str, text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ConfigError(f"--cap {option} needs a share from 0 to 1, as in --cap coffee=0.1.")
    return share


def _share_of(log: Log, place: int) -> float:
    """Share of voice of one content, of the plays that will be judged."""
    total, count = 0.0, 0
    for block in log.blocks(_BLOCK):
        counted = block.judged
        total += float(np.nansum(block.probabilities[counted, place]))
        count += int(counted.sum())
    return total / count if count else 0.0


def _new_content(option: str) -> NewContent:
    kinds = tuple(part.strip() for part in option.split(",") if part.strip())
    if not any(kind.startswith("category=") for kind in kinds):
        raise ConfigError(
            f"--add {option} needs at least a category, as in --add "
            "category=coffee,tag=drink. Further keys: medium=image, motion, still."
        )
    return NewContent(f"new content: {', '.join(kinds)}", kinds)


def _document(log: Log, evaluation: Evaluation, request: EvaluationRequest) -> dict[str, Any]:
    counts = evaluation.counts
    notes = []
    if counts.clock_jumps:
        often = "once" if counts.clock_jumps == 1 else f"{counts.clock_jumps} times"
        notes.append(
            f"The clock went back {often}. The decisions are ordered by number, so the "
            "values hold, but hours may be wrong."
        )
    if counts.overlapping:
        notes.append(
            f"{counts.overlapping} plays were left out because another play was on the "
            "screen at the same time. Check for two player pages or two screens."
        )
    outcomes = {outcome.name.lower(): counts.outcomes[outcome] for outcome in Outcome}
    return {
        "journal": log.name,
        "simulated": log.simulated,
        "decisions": evaluation.decisions,
        "plays": evaluation.plays,
        "visitors": evaluation.visitors,
        "outcomes": outcomes,
        "overlapping": counts.overlapping,
        "clock_jumps": counts.clock_jumps,
        "left_out": counts.in_words(),
        "confidence": CONFIDENCE,
        "logged": _estimate(evaluation.logged),
        "policies": [_record(one, request) for one in evaluation.valuations],
        "notes": notes,
    }


def _record(one: Valuation, request: EvaluationRequest) -> dict[str, Any]:
    warnings = [
        *one.warnings,
        *(
            f"In {one.shares[name]:.1%} of the plays nothing else was possible, so it still plays."
            for name in request.without
            if one.policy == _without(name) and one.shares[name] > _MOVED
        ),
    ]
    overlap = one.overlap
    return {
        "policy": one.policy,
        "ips": _estimate(one.ips),
        "snips": _estimate(one.snips),
        "dm": _estimate(one.dm),
        "dr": _estimate(one.dr),
        "difference": _estimate(one.difference),
        "effective_sample_size": None if overlap is None else overlap.effective_sample_size,
        "largest_share": None if overlap is None else overlap.largest_share,
        "mean_weight": None if overlap is None else overlap.mean_weight,
        "unsupported_share": None if overlap is None else overlap.unsupported_share,
        "shares": dict(one.shares),
        "believable": not warnings,
        "warnings": warnings,
        "verdict": _verdict(one, warnings),
    }


def _estimate(estimate: Estimate | None) -> dict[str, float | None] | None:
    """The estimate as JSON fields; unknown fields are None."""
    if estimate is None:
        return None
    return {
        name: value if math.isfinite(value) else None for name, value in asdict(estimate).items()
    }


def _verdict(one: Valuation, warnings: Sequence[str]) -> str:
    if one.overlap is None:
        return "a guess by the model"
    if one.difference is None or math.isnan(one.difference.low):
        return "no estimate" if one.difference is None else "not reliable"
    if warnings:
        return "not reliable"
    if one.difference.low > 0:
        return "better than the log"
    return "worse than the log" if one.difference.high < 0 else "no clear difference"
