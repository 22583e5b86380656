"""A safe hand-over: the rules table decides until the learner has shown that it is no worse.

Whoever acts, both say of every decision what they would have done; what came of it judges both
(doubly robust off-policy estimate; Dudík, Langford & Li, ICML 2011): with ``p`` the probability
of what was shown, ``π`` a policy's own, ``r`` the reward and ``e`` what the learner expected,

    value of π = Σ π(a) e(a) + π(shown) / p · (r - e(shown))

The learner takes over when its value less the table's is, with the confidence asked for, not
below ``-tolerance``, and hands back when it is below 0. The interval is an asymptotic
confidence sequence (Waudby-Smith et al., "Time-uniform central limit theory", 2021): it may be
looked at after every play. After ``window_plays`` the count starts anew, so that what was true
last month decides nothing today.

So that both can be judged, whoever acts leaves some plays to the other's choice: the table to
chance, the learner to the table.
"""

from __future__ import annotations

import json
import logging
import math
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from signage.config.policies import ApprenticeConfig
from signage.experiments.confidence import margin, tuned
from signage.recommend.policies.base import Answer, Learner, Question
from signage.recommend.policies.rules import Rules
from signage.types.arrays import Floats
from signage.types.decisions import TrainingExample

log = logging.getLogger(__name__)

_TIGHTEST_AT = 300
"""The interval is narrowest at about so many plays."""

LEARNER, TABLE = "learner", "rules"
LEARNER_EXPECTED, TABLE_EXPECTED, EXPECTED = "learner_expected", "rules_expected", "expected"


@dataclass(slots=True)
class _Standing:
    """Who acts, and how the learner compares with the table since the count began."""

    acting: Literal["rules", "learner"] = "rules"
    plays: int = 0
    total: float = 0.0
    squares: float = 0.0

    def add(self, difference: float) -> None:
        self.plays += 1
        self.total += difference
        self.squares += difference**2

    def interval(self, error: float) -> tuple[float, float]:
        """Of the mean difference; never wrong with more than probability ``error``, ever."""
        n, mean = self.plays, self.total / self.plays
        variance = max(0.0, self.squares / n - mean**2)
        width = math.sqrt(variance) * float(margin(n, tuned(_TIGHTEST_AT, error), error)) / n
        return mean - width, mean + width


class Apprentice:
    """The table and the learner on one screen; one of them acts."""

    def __init__(
        self, config: ApprenticeConfig, table: Rules, learner: Learner, state: bytes | None = None
    ) -> None:
        """``state`` is the first part of ``serialize``, of an earlier one (``divide``)."""
        self._config = config
        self._table = table
        self._learner = learner
        self._standing = _Standing() if state is None else _Standing(**json.loads(state))

    @property
    def name(self) -> str:
        return "apprentice:rules" if self._standing.acting == "rules" else "apprentice:vw"

    @property
    def version(self) -> str:
        return self._learner.version

    @property
    def learned(self) -> int:
        return self._learner.learned

    def answer(self, question: Question) -> Answer:
        own, table = self._learner.answer(question), self._table.answer(question).probabilities
        share = self._config.other_share
        if self._standing.acting == "rules":
            acting = (1 - share) * table + share / len(table)
        else:
            acting = (1 - share) * own.probabilities + share * table
        shadow = {LEARNER: own.probabilities, TABLE: table}
        return Answer(acting, own.estimates, shadow)

    def explain(self, question: Question, content_id: str) -> dict[str, float]:
        return self._learner.explain(question, content_id)

    def learn(self, example: TrainingExample) -> None:
        self._learner.learn(example)
        shadow = example.shadow
        if LEARNER not in shadow:
            return  # decided before there was an apprentice
        surprise = (example.reward - shadow[EXPECTED]) / example.propensity
        learner = shadow[LEARNER_EXPECTED] + shadow[LEARNER] * surprise
        table = shadow[TABLE_EXPECTED] + shadow[TABLE] * surprise
        self._standing.add(learner - table)
        self._judge()

    def serialize(self) -> bytes:
        """Whose turn it is in the first line, then the learner."""
        return json.dumps(asdict(self._standing)).encode() + b"\n" + self._learner.serialize()

    def _judge(self) -> None:
        now, rules = self._standing, self._config
        if now.plays < rules.min_plays:
            return
        low, high = now.interval(rules.error)
        if now.acting == "rules" and low >= -rules.tolerance:
            log.warning(
                "The learner takes over from the rules table: its plays earn %+.3f (%+.3f to "
                "%+.3f) compared with the table, over %d plays.",
                *(now.total / now.plays, low, high, now.plays),
            )
            self._standing = _Standing("learner")
        elif now.acting == "learner" and high < 0:
            log.warning(
                "The learner hands back to the rules table: its plays earn %+.3f (%+.3f to "
                "%+.3f) compared with the table, over %d plays.",
                *(now.total / now.plays, low, high, now.plays),
            )
            self._standing = _Standing("rules")
        elif now.plays >= rules.window_plays:
            self._standing = _Standing(now.acting)


def divide(saved: bytes) -> tuple[bytes, bytes]:
    """What ``Apprentice.serialize`` put together: whose turn it is, and the learner."""
    state, _, learner = saved.partition(b"\n")
    return state, learner


def shadow_of(answer: Answer, index: int) -> dict[str, float]:
    """What has to be on record of content number ``index``, to judge both by it later."""
    if answer.shadow is None or answer.estimates is None:
        return {}
    estimates = answer.estimates
    own, table = answer.shadow[LEARNER], answer.shadow[TABLE]

    def rounded(value: Floats | float) -> float:
        return round(float(value), 6)

    return {
        LEARNER: rounded(own[index]),
        TABLE: rounded(table[index]),
        LEARNER_EXPECTED: rounded(own @ estimates),
        TABLE_EXPECTED: rounded(table @ estimates),
        EXPECTED: rounded(np.float64(estimates[index])),
    }
