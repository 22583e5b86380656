"""What a journal has of experiments."""

from __future__ import annotations

import json
from typing import Any

from signage.errors import JournalError
from signage.journal.reader import JournalReader

_PLAYS = """
SELECT number, decision_id, run, asked_s AS t_s, asked_utc AS t_utc, utc_offset_min, forced, arm,
    unit, washout, design, state, started_s, started_utc, ended_s, reward, overlaps,
    set_before OR set_after OR came_twice AS clock_set,
    coalesce(absent, '') IN ('nobody_present', 'looks_unknown') AS before_nobody,
    (SELECT group_concat(visit_id, char(10)) FROM all_impressions i
        WHERE i.decision_id = p.decision_id) AS visits
FROM main.assignments JOIN decided_plays p USING (number) JOIN play_order USING (number)
WHERE experiment = ? ORDER BY number
"""
_ALL = """
SELECT number, decision_id, run, asked_s AS t_s, asked_utc AS t_utc, utc_offset_min, forced, state,
    started_s, started_utc, ended_s, reward
FROM decided_plays ORDER BY number
"""


class Experiments(JournalReader):
    """Reads experiments, read-only; each call has a connection of its own."""

    def names(self) -> list[str]:
        """Of all experiments, the one that ran last at the end."""
        with self.connect() as db:
            rows = db.execute(
                "SELECT experiment FROM assignments GROUP BY experiment ORDER BY max(number)"
            )
            return [str(name) for (name,) in rows]

    def design(self, name: str) -> dict[str, Any]:
        """How the experiment was set up. Raises JournalError where that was changed."""
        with self.connect() as db:
            designs = db.execute(
                "SELECT design FROM assignments WHERE experiment = ? GROUP BY design "
                "ORDER BY min(number)",
                (name,),
            ).fetchall()
        if len(designs) > 1:
            raise JournalError(
                f"The experiment {name!r} was changed while it ran, from {designs[0][0]} to "
                f"{designs[-1][0]}: plays before and after the change cannot be combined. "
                "Give the experiment a new `experiment.name` whenever one of its keys "
                "changes."
            )
        return dict(json.loads(designs[0][0]))

    def plays(self, name: str) -> list[dict[str, Any]]:
        """Every decision of the experiment with its play, reward and visits, oldest first."""
        rows = self._rows(_PLAYS, (name,))
        for row in rows:
            row["visits"] = frozenset((row["visits"] or "").splitlines())
        return rows

    def all_plays(self) -> list[dict[str, Any]]:
        """Every decision with its play and reward, oldest first."""
        return self._rows(_ALL)
