"""A policy that is asked again what was decided in a log, and learns as it goes.

It is asked what was asked then: the same context, the same eligible contents, the same hour, and
as what was decided on before, what really was. Constraints have masked already. What they do to a
policy's answer after that (a floor for a promised share) is not repeated. A learner starts empty
and answers each decision before it learns that decision's reward. Judged by what it has become at
the end, it would know the answers.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import cast, get_args

import numpy as np

from signage.config.clock import ZoneName, local_time
from signage.config.config import Config
from signage.errors import ConfigError, SignageError
from signage.recommend.policies.apprentice import shadow_of
from signage.recommend.policies.base import Policy, Question
from signage.recommend.policies.make import make_policy
from signage.types.arrays import Floats
from signage.types.choices import PolicyName
from signage.types.decisions import TrainingExample
from signage.types.log import Block, Index, Log, Outcome

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORCED, _REWARDED = int(Outcome.FORCED), int(Outcome.REWARDED)


def policy_named(name: str, config: Config) -> Policy:
    """Return the policy ``name``, or one of the user's own, as ``package.module:name``.

    Raises ConfigError where there is none, or it cannot be used.
    """
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
            "The configuration has no rules table (`policies.rules`), so `rules` would "
            "play like `playlist`. Name the screen's own configuration with --config."
        )
    return make_policy(cast(PolicyName, name), config)


def _own_policy(name: str, module: str, attribute: str) -> Policy:
    try:
        made = getattr(importlib.import_module(module), attribute)
    except Exception as error:
        raise ConfigError(
            f"--policy {name} cannot be imported: {_short(error)}. Write it as "
            "package.module:Name, with a module that Python can import."
        ) from error
    try:
        policy = made()
    except Exception as error:
        raise ConfigError(
            f"--policy {name} cannot be made: {_short(error)}. It is called without "
            "arguments: name a factory that needs none."
        ) from error
    missing = [method for method in ("answer", "learn") if not callable(getattr(policy, method, 0))]
    if missing:
        raise ConfigError(
            f"--policy {name} is not a policy: it has no method "
            f"{' and no method '.join(missing)}. See signage/recommend/policies/base.py "
            "for what one needs."
        )
    return cast(Policy, policy)


def _short(error: Exception) -> str:
    """An error in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


class ReplayedPolicy:
    """A policy that is asked each decision of a log again, in order, and learns their rewards.

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
                f"{block.number[-1]} of {self._log.name}: {_short(error)}. Correct the policy."
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
        unknown = np.isnan(local_s)
        # Every zone is ahead or behind by quarters of an hour.
        quarters, of = np.unique(block.t_utc_s[unknown] // 900, return_inverse=True)
        times = [datetime.fromtimestamp(900 * quarter, UTC) for quarter in quarters.tolist()]
        hours = np.array([local_time(utc, self._zone).hour for utc in times], float)
        local_s[unknown] = 3600 * hours[of]
        return [int(hour) for hour in (local_s // 3600 % 24).tolist()]


def _contexts(features: Sequence[str], values: Floats) -> Iterator[dict[str, float]]:
    """Of each decision the features that it had, by name."""
    lacking = np.asarray(np.isnan(values).any(axis=1))
    for row, lacks in zip(values.tolist(), lacking.tolist(), strict=True):
        pairs = zip(features, row, strict=True)
        yield {n: v for n, v in pairs if not math.isnan(v)} if lacks else dict(pairs)
