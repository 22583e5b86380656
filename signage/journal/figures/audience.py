"""The audience of a journal, counted once for the dashboard, the report and the simulation.

Opportunities to see (OTS) are visits. Watchers are the visits that looked at the screen for long
enough, at plays and between them (``is_watcher`` in ``facts.py``). Of the visits that had a play
before them, those are ``held`` that gave one play ``HELD_S`` of attention or more, and those
``read`` that read in one. Plays whose audience the camera did not see count for nobody.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

HELD_S = 3.0
"""Attention to one play from which somebody was held, and did not only glance: glances at public
displays last one or two seconds (Huang, Koster & Borchers, Pervasive 2008)."""

_TOTALS = """
SELECT count(*) AS ots, coalesce(sum(is_watcher), 0) AS watchers,
    round(coalesce(sum(attention_s), 0), 3) AS attention_s
FROM all_visits
"""
_BY_HOUR = """
SELECT substr(arrived_utc, 1, 13) AS hour, count(*) AS ots, coalesce(sum(is_watcher), 0) AS watchers
FROM all_visits GROUP BY hour
"""
# One pass over the impressions; what follows adds up its rows.
_LOOKS = """
CREATE TEMP TABLE looks AS
SELECT d.content_id, substr(d.t_utc, 1, 13) AS hour, visit_id, count(*) AS impressions,
    sum(present_s) AS present_s, coalesce(sum(attention_s), 0.0) AS attention_s,
    sum(present_s - attention_unknown_s) AS possible_s, coalesce(max(looked), 0) AS looked,
    max(attention_s) AS longest_s, max(coalesce(reading_s, 0)) AS reading_s
FROM main.decisions d CROSS JOIN all_impressions USING (decision_id)
WHERE d.t_utc >= ? AND seen GROUP BY d.content_id, hour, visit_id
"""
_BEFORE_PLAYS = """
SELECT coalesce(sum(longest_s >= ?), 0) AS held, coalesce(sum(reading_s > 0), 0) AS read,
    coalesce(sum(impressions), 0) AS impressions
FROM (
    SELECT max(longest_s) AS longest_s, max(reading_s) AS reading_s,
        sum(impressions) AS impressions
    FROM looks GROUP BY visit_id
)
"""


def define_looks(db: sqlite3.Connection, since: datetime | None = None) -> None:
    """Make the table ``looks`` on ``db``: a row for each visit, content and hour of plays.

    Of plays that were decided on ``since``, and whose audience the camera saw.
    """
    text = "" if since is None else since.astimezone(UTC).isoformat(timespec="milliseconds")
    db.execute(_LOOKS, (text,))


def before_plays(db: sqlite3.Connection) -> dict[str, int]:
    """Return ``held``, ``read`` and ``impressions`` of the table ``looks``."""
    held, read, impressions = db.execute(_BEFORE_PLAYS, (HELD_S,)).fetchone()
    return {"held": held, "read": read, "impressions": impressions}


def totals(db: sqlite3.Connection) -> dict[str, float]:
    """Return ``ots``, ``watchers`` and ``attention_s`` of the visits that ``facts`` defines."""
    ots, watchers, attention_s = db.execute(_TOTALS).fetchone()
    return {"watchers": watchers, "ots": ots, "attention_s": attention_s}


def by_hour(db: sqlite3.Connection) -> list[tuple[str, int, int]]:
    """Return OTS and watchers by the hour (``YYYY-MM-DDTHH``) in which the visit began."""
    return db.execute(_BY_HOUR).fetchall()
