"""Joins journal, policies and off-policy evaluation: `signage evaluate`.

A policy is asked what it was asked then: the same context, the same eligible contents, the same
hour, and as what was decided on before, what really was. Constraints have masked already; what
they do to a policy's answer after (a floor for a promised share) is not repeated. A learner
starts empty and goes through the log: each decision is answered before its own reward is learned.
Judged by what it has become at the end, it would know the answers.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from signage.config.clock import ZoneName, local_time
from signage.config.config import Config
from signage.errors import ConfigError, SignageError
from signage.evaluation import what_if
from signage.evaluation.evaluation import Evaluation, Valuation, evaluate
from signage.evaluation.what_if import NewContent, Target
from signage.io import journal_path
from signage.journal.decision_log import JournalLog
from signage.journal.exports.columns import ColumnsLog
from signage.journal.reader import JournalReader
from signage.journal.soundness import SoundLog, check_sound
from signage.recommend.policies.apprentice import shadow_of
from signage.recommend.policies.base import Policy, Question
from signage.recommend.policies.make import make_policy
from signage.stats import CONFIDENCE, Estimate
from signage.types.arrays import Floats
from signage.types.choices import PolicyName
from signage.types.decisions import TrainingExample
from signage.types.log import Block, Index, Log, Outcome

_BLOCK = 100_000
_MOVED = 0.001
"""Share of voice that may be left of what was removed."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORCED, _REWARDED = int(Outcome.FORCED), int(Outcome.REWARDED)


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
    wanted: EvaluationRequest,
    config: Config,
    on_progress: Callable[[float], None] = lambda _: None,
) -> dict[str, Any]:
    """The document that `signage evaluate --json` prints.

    Raises ConfigError for what cannot be judged, JournalError for a journal that tells nothing.
    """
    log = open_log(path)
    targets = list(_targets(log, wanted, config))
    found = evaluate(log, targets, [_new_content(said) for said in wanted.add], on_progress)
    return _document(log, found, wanted)


def _targets(log: Log, wanted: EvaluationRequest, config: Config) -> Iterator[Target]:
    for name in wanted.policies:
        if name == "uniform":
            yield Target(name, what_if.uniform)
        else:
            yield Target(name, ReplayedPolicy(name, _policy(name, config), log, config.timezone))
    for name in wanted.without:
        yield Target(_without(name), what_if.without(_place(log, name)))
    for said in wanted.caps:
        name, _, text = said.rpartition("=")
        place, cap = _place(log, name), _share(said, text)
        share = _share_of(log, place)
        factor = min(1.0, cap / share) if share else 1.0
        yield Target(f"{name} at most {cap:.1%}", what_if.capped(place, factor))


def _without(name: str) -> str:
    return f"without {name}"


def _policy(name: str, config: Config) -> Policy:
    module, _, attribute = name.partition(":")
    if attribute:
        return _own_policy(name, module, attribute)
    if name not in get_args(PolicyName):
        raise ConfigError(
            f"There is no policy {name!r}; choose from {', '.join(get_args(PolicyName))}, or name "
            "one of your own as package.module:Name."
        )
    if name == "rules" and not config.policies.rules:
        raise ConfigError(
            "The configuration has no rules table (`policies.rules`), so that `rules` would play "
            "as `playlist` does. Name the screen's own file with --config."
        )
    return make_policy(cast(PolicyName, name), config)


def _own_policy(name: str, module: str, attribute: str) -> Policy:
    try:
        made = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise ConfigError(
            f"--policy {name} cannot be imported: {_short(error)}. It has the form "
            "package.module:Name, from where Python finds modules."
        ) from error
    try:
        policy = made()
    except Exception as error:
        raise ConfigError(
            f"--policy {name} cannot be made: {_short(error)}. It is called without arguments; "
            "give it a factory that needs none."
        ) from error
    missing = [method for method in ("answer", "learn") if not callable(getattr(policy, method, 0))]
    if missing:
        raise ConfigError(
            f"--policy {name} is no policy: it has no method {' and no method '.join(missing)}. "
            "See signage/recommend/policies/base.py for what one needs."
        )
    return cast(Policy, policy)


def _short(error: Exception) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


class ReplayedPolicy:
    """A policy that is asked each decision of a log anew, in order, and learns their rewards.

    The hour is that of the clock on the wall; where the log does not tell it, of ``zone``.
    """

    def __init__(self, name: str, policy: Policy, log: Log, zone: ZoneName | None) -> None:
        self._name, self._policy = name, policy
        self._log = log
        self._zone = zone
        self._names = list(log.contents)
        self._last: dict[str, datetime] = {}
        self._choices = lru_cache(4096)(self._choice)

    def __call__(self, block: Block) -> Floats:
        try:
            return self._answers(block)
        except SignageError:
            raise
        except Exception as error:
            if ":" not in self._name:
                raise  # ours to mend, not the user's
            raise SignageError(
                f"The policy {self._name} failed on decisions {block.number[0]} to "
                f"{block.number[-1]} of {self._log.name}: {_short(error)}. Mend the policy."
            ) from error

    def _answers(self, block: Block) -> Floats:
        answers = np.zeros_like(block.probabilities)
        eligible, hours, numbers = block.eligible, self._hours(block), block.number.tolist()
        outcomes, shown_at = block.outcome.tolist(), block.shown.tolist()
        for at, context in enumerate(_contexts(self._log.features, block.context)):
            places, actions = self._choices(eligible[at].tobytes())
            shown, number = self._names[shown_at[at]], numbers[at]
            if outcomes[at] == _FORCED:
                answers[at, places] = 1 / len(places)
            else:
                question = Question(context, actions, dict(self._last), hours[at])
                answer = self._policy.answer(question)
                answers[at, places] = answer.probabilities
                if outcomes[at] == _REWARDED:
                    example = TrainingExample(
                        decision_id=str(number),
                        context=context,
                        actions=actions,
                        content_id=shown,
                        reward=float(block.reward[at]),
                        propensity=float(block.propensity[at]),
                        shadow=shadow_of(answer, list(actions).index(shown)),
                    )
                    self._policy.learn(example)
            # By number: what came first is known where the clock was put back, too.
            self._last[shown] = _EPOCH + timedelta(seconds=number)
        return answers

    def _choice(self, eligible: bytes) -> tuple[Index, dict[str, tuple[str, ...]]]:
        """The places of the contents that were eligible, and their features."""
        places: Index = np.flatnonzero(np.frombuffer(eligible, np.bool_))
        names = [self._names[place] for place in places]
        return places, {name: self._log.contents[name] for name in names}

    def _hours(self, block: Block) -> list[int]:
        local_s = block.t_utc_s + 60 * block.utc_offset_min
        untold = np.isnan(local_s)
        # Every zone is ahead or behind by quarters of an hour.
        quarters, of = np.unique(block.t_utc_s[untold] // 900, return_inverse=True)
        times = [datetime.fromtimestamp(900 * quarter, UTC) for quarter in quarters.tolist()]
        hours = np.array([local_time(utc, self._zone).hour for utc in times], float)
        local_s[untold] = 3600 * hours[of]
        return [int(hour) for hour in (local_s // 3600 % 24).tolist()]


def _contexts(features: Sequence[str], values: Floats) -> Iterator[dict[str, float]]:
    """Of each decision the features that it had, by name."""
    lacking = np.asarray(np.isnan(values).any(axis=1))
    for row, lacks in zip(values.tolist(), lacking.tolist(), strict=True):
        pairs = zip(features, row, strict=True)
        yield {n: v for n, v in pairs if not math.isnan(v)} if lacks else dict(pairs)


def _place(log: Log, name: str) -> int:
    if name not in log.contents:
        raise ConfigError(
            f"There is no content {name!r} in {log.name}; it has {', '.join(log.contents)}."
        )
    return list(log.contents).index(name)


def _share(said: str, text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise ConfigError(f"--cap {said} needs a share from 0 to 1, as in --cap coffee=0.1.")
    return share


def _share_of(log: Log, place: int) -> float:
    """Share of voice of one content, of the plays that will be judged."""
    total, count = 0.0, 0
    for block in log.blocks(_BLOCK):
        counted = block.judged
        total += float(np.nansum(block.probabilities[counted, place]))
        count += int(counted.sum())
    return total / count if count else 0.0


def _new_content(said: str) -> NewContent:
    kinds = tuple(part.strip() for part in said.split(",") if part.strip())
    if not any(kind.startswith("category=") for kind in kinds):
        raise ConfigError(
            f"--add {said} needs at least a category, as in --add category=coffee,tag=drink; also "
            "possible: medium=image, motion, still."
        )
    return NewContent(f"with a new one: {', '.join(kinds)}", kinds)


def _document(log: Log, found: Evaluation, wanted: EvaluationRequest) -> dict[str, Any]:
    counts = found.counts
    notes = []
    if counts.clock_jumps:
        often = "once" if counts.clock_jumps == 1 else f"{counts.clock_jumps} times"
        notes.append(
            f"The clock went back {often}. The order of the decisions is by "
            "their number, so no value hangs on it, but hours may be wrong."
        )
    if counts.overlapping:
        notes.append(
            f"{counts.overlapping} plays were left out, during which another was on the screen: "
            "two pages, or two screens, and the reward is of neither alone."
        )
    outcomes = {outcome.name.lower(): counts.outcomes[outcome] for outcome in Outcome}
    return {
        "journal": log.name,
        "simulated": log.simulated,
        "decisions": found.decisions,
        "plays": found.plays,
        "visitors": found.visitors,
        "outcomes": outcomes,
        "overlapping": counts.overlapping,
        "clock_jumps": counts.clock_jumps,
        "left_out": counts.in_words(),
        "confidence": CONFIDENCE,
        "logged": _estimate(found.logged),
        "policies": [_told(one, wanted) for one in found.valuations],
        "notes": notes,
    }


def _told(one: Valuation, wanted: EvaluationRequest) -> dict[str, Any]:
    warnings = [
        *one.warnings,
        *(
            f"In {one.shares[name]:.1%} of the plays nothing else was possible, and it stays."
            for name in wanted.without
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
    """Fields that cannot be told are None."""
    if estimate is None:
        return None
    return {
        name: value if math.isfinite(value) else None for name, value in asdict(estimate).items()
    }


def _verdict(one: Valuation, warnings: Sequence[str]) -> str:
    if one.overlap is None:
        return "a guess"
    if one.difference is None or math.isnan(one.difference.low):
        return "cannot be told" if one.difference is None else "not to be believed"
    if warnings:
        return "not to be believed"
    if one.difference.low > 0:
        return "better than what played"
    return "worse than what played" if one.difference.high < 0 else "no difference for sure"
