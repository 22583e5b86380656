"""What was learned from, in the log format of Vowpal Wabbit: dsjson, one JSON document a line.

Only decisions that were drawn and have a reward: of a forced one there is nothing to learn, and no
reward is not a cost of 0. A document has

- ``_label_cost``: the negative reward; ``_label_probability``: the propensity after masking;
  ``_label_Action``: which of the eligible contents was drawn, counted from 1, and ``_labelIndex``,
  the same from 0; ``pdrop``: 0, as nothing is left out by chance,
- ``c``: the context that the policy saw in the namespace ``audience``, and in ``_multi`` the
  features of every eligible content in the namespace ``content``; so pairs of both are ``-q ac``,
- ``a`` and ``p``: the eligible contents by number, the drawn one first, and their probabilities,
- ``EventId``: the decision's id; ``Timestamp``; ``VWState.m``: the version of the policy,
- ``signage``, which VW passes over: ``learned``, false for what was not learned (while learning was
  frozen) or was taken back by a rollback; ``version`` of the program that wrote it; ``simulated``,
  what made the journal where no camera saw anybody, or null.

Source: https://github.com/VowpalWabbit/vowpal_wabbit/wiki/DSJSON.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from signage import __version__
from signage.journal import facts

_COUNT = "SELECT count(*) FROM decided_plays WHERE NOT forced AND reward IS NOT NULL"
_ROWS = """
SELECT p.decision_id, asked_utc, p.content_id, p.propensity, eligible, context,
    p.policy_version, p.catalogue_version, reward, learned
FROM decided_plays p JOIN main.decisions USING (number)
WHERE NOT p.forced AND reward IS NOT NULL ORDER BY number
"""


def count(db: sqlite3.Connection) -> int:
    """How many lines ``lines`` will have."""
    return int(db.execute(_COUNT).fetchone()[0])


def lines(db: sqlite3.Connection) -> Iterator[str]:
    """Every drawn decision with a reward as a document without line breaks, oldest first."""
    catalogues = {
        version: json.loads(contents)
        for version, contents in db.execute("SELECT version, contents FROM catalogues")
    }
    rows = db.execute(_ROWS)
    made: dict[str, Any] = {"version": __version__, "simulated": facts.simulated(db)}
    for decision_id, t_utc, content_id, propensity, eligible, context, version, *rest in rows:
        catalogue_version, reward, learned = rest
        probabilities: Mapping[str, float] = json.loads(eligible)
        names = list(probabilities)
        drawn = names.index(content_id)
        ranked = [drawn, *(at for at in range(len(names)) if at != drawn)]
        contents = catalogues[catalogue_version]
        document: Mapping[str, Any] = {
            "_label_cost": 0.0 - reward,
            "_label_probability": propensity,
            "_label_Action": drawn + 1,
            "_labelIndex": drawn,
            "Timestamp": _timestamp(t_utc),
            "Version": "1",
            "EventId": decision_id,
            "a": [at + 1 for at in ranked],
            "c": {
                "audience": json.loads(context),
                "_multi": [
                    {"content": dict.fromkeys(contents[name]["features"], 1)} for name in names
                ],
            },
            "p": [probabilities[names[at]] for at in ranked],
            "pdrop": 0.0,
            "VWState": {"m": version},
            "signage": {"learned": bool(learned)} | made,
        }
        yield json.dumps(document, allow_nan=False)


def _timestamp(t_utc: str) -> str:
    utc = datetime.fromisoformat(t_utc).astimezone(UTC)
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
