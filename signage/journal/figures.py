"""Figures of a screen's last days, added up by SQLite: for the operator's dashboard.

What is counted, in the industry's words:

- a play counts once the screen confirmed its start, in the hour it was decided in,
- opportunities to see (OTS) are visits: persons who had at least one play before them,
- watchers are those of them who looked at a play at all, ``held`` those who gave one play
  ``HELD_S`` of attention or more, ``read`` those who read in one.

What the page played while the kiosk was away had no audience that anybody knows of: it is in the
proof of play (``proof_of_play.py``), and not here.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from signage.journal.reader import JournalReader

HELD_S = 3.0
"""Attention to one play from which somebody was held, and did not only glance: glances at public
displays last one or two seconds (Huang, Koster & Borchers, Pervasive 2008)."""

TREND_PARTS = 12
"""A period is drawn as so many mean rewards of each content."""
TREND_PLAYS = 10
"""Rewarded plays that each half of the period needs, for a trend to be told."""

_SHOWN = """
SELECT content_id, substr(decisions.t_utc, 1, 13) AS hour, count(*) AS plays,
    coalesce(sum(ended_s - started_s), 0) AS shown_s,
    count(reward) AS rewarded, coalesce(sum(reward), 0) AS reward
FROM decisions CROSS JOIN plays USING (decision_id) LEFT JOIN rewards USING (decision_id)
WHERE decisions.t_utc >= ? AND started_s IS NOT NULL
GROUP BY content_id, hour
"""
# One pass over the impressions; what follows adds up its rows. Every visit has one row for each
# content and hour.
_LOOKS = """
CREATE TEMP TABLE looks AS
SELECT content_id, substr(t_utc, 1, 13) AS hour, visit_id, count(*) AS impressions,
    sum(present_s) AS present_s, sum(attention_s) AS attention_s,
    max(attention_s) AS longest_s, max(coalesce(reading_s, 0)) AS reading_s
FROM decisions CROSS JOIN impressions USING (decision_id)
WHERE t_utc >= ? GROUP BY content_id, hour, visit_id
"""
_VISITS = """
SELECT {key} AS key, count(*) AS ots, coalesce(sum(attention_s > 0), 0) AS watchers,
    coalesce(sum(longest_s >= ?), 0) AS held, coalesce(sum(reading_s > 0), 0) AS read,
    coalesce(sum(impressions), 0) AS impressions, coalesce(sum(present_s), 0) AS present_s,
    coalesce(sum(attention_s), 0) AS attention_s
FROM (
    SELECT {key} AS {name}, sum(impressions) AS impressions, sum(present_s) AS present_s,
        sum(attention_s) AS attention_s, max(longest_s) AS longest_s, max(reading_s) AS reading_s
    FROM looks GROUP BY {key}, visit_id
) GROUP BY 1
"""
_VOICE = """
SELECT content_id, count(*) FROM (
    SELECT content_id FROM decisions CROSS JOIN plays USING (decision_id)
    WHERE started_s IS NOT NULL AND NOT forced ORDER BY number DESC LIMIT ?
) GROUP BY content_id
"""


@dataclass(frozen=True, slots=True)
class Period:
    """Whole hours, of which the last is the one that runs."""

    since: datetime
    hours: int

    @classmethod
    def last(cls, days: int, utc: datetime) -> Period:
        """The ``days`` up to ``utc``."""
        this_hour = utc.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return cls(this_hour - timedelta(hours=24 * days - 1), 24 * days)

    def place(self, hour: str) -> int:
        """Which hour of the period ``YYYY-MM-DDTHH`` is; its last where a clock was set back."""
        began = datetime.fromisoformat(f"{hour}:00:00+00:00")
        return min(self.hours - 1, int((began - self.since) / timedelta(hours=1)))


class Figures(JournalReader):
    """Adds up what a journal has, read-only; any thread may ask."""

    def of(self, period: Period, share_plays: int) -> dict[str, Any]:
        """All figures of ``period``; shares of voice are of the last ``share_plays`` drawn plays.

        ``{"since_utc", "funnel", "by_hour", "contents", "share_of_voice"}``:

        - ``funnel``: ``ots``, ``watchers``, ``held``, ``read``, persons each; ``impressions``,
          ``plays``; ``held_s``, the threshold of ``held``,
        - ``by_hour``: for each hour of the period ``t_utc``, ``plays``, ``ots``, ``watchers``,
          ``attention_s``, ``reward`` (mean, or None),
        - ``contents``, by id, of those that played: ``plays``, ``shown_s``, ``ots``,
          ``watchers``, ``impressions``, ``attention_s``, ``attraction`` (attention time over
          time present, or None), ``rewarded`` (plays), ``reward`` (mean, or None), ``rewards``
          (means of ``TREND_PARTS`` parts of the period, each or None), ``trend`` (mean reward of
          the newer half less that of the older, or None),
        - ``share_of_voice``: ``window_plays`` and ``plays`` by content.
        """
        since = period.since.isoformat(timespec="milliseconds")
        with self.connect() as db:
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA temp_store = MEMORY")
            db.execute("BEGIN")  # all of one moment
            shown = [dict(row) for row in db.execute(_SHOWN, (since,))]
            db.execute(_LOOKS, (since,))
            everybody = _visits(db, "1", "every").get(1, _NOBODY)
            by_content = _visits(db, "content_id", "content_id")
            by_hour = _visits(db, "hour", "hour")
            voice = dict(db.execute(_VOICE, (share_plays,)).fetchall())
        for row in shown:
            row["hour"] = period.place(row["hour"])
        looks_by_hour = {period.place(hour): row for hour, row in by_hour.items()}
        people = ("ots", "watchers", "held", "read", "impressions")
        return {
            "since_utc": since,
            "funnel": {name: everybody[name] for name in people}
            | {"plays": sum(row["plays"] for row in shown), "held_s": HELD_S},
            "by_hour": _hours(period, shown, looks_by_hour),
            "contents": _contents(period, shown, by_content),
            "share_of_voice": {"window_plays": sum(voice.values()), "plays": voice},
        }


_NOBODY: Mapping[str, Any] = dict.fromkeys(
    ("ots", "watchers", "held", "read", "impressions", "present_s", "attention_s"), 0
)


def _visits(db: sqlite3.Connection, key: str, name: str) -> dict[Any, dict[str, Any]]:
    """What ``looks`` has, by ``key``, with every person once in each."""
    query = _VISITS.format(key=key, name=name)
    return {row["key"]: dict(row) for row in db.execute(query, (HELD_S,))}


def _hours(
    period: Period, shown: list[dict[str, Any]], looks: Mapping[int, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    plays: dict[int, int] = defaultdict(int)
    rewards: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for row in shown:
        plays[row["hour"]] += row["plays"]
        rewards[row["hour"]].append((row["rewarded"], row["reward"]))
    return [
        {
            "t_utc": (period.since + timedelta(hours=hour)).isoformat(timespec="seconds"),
            "plays": plays[hour],
            "ots": (seen := looks.get(hour, _NOBODY))["ots"],
            "watchers": seen["watchers"],
            "attention_s": round(seen["attention_s"], 3),
            "reward": _mean(rewards[hour]),
        }
        for hour in range(period.hours)
    ]


def _contents(
    period: Period, shown: list[dict[str, Any]], looks: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in shown:
        rows[row["content_id"]].append(row)
    return {name: _content(period, its, looks.get(name, _NOBODY)) for name, its in rows.items()}


def _content(period: Period, rows: list[dict[str, Any]], seen: Mapping[str, Any]) -> dict[str, Any]:
    parts: list[list[tuple[int, float]]] = [[] for _ in range(TREND_PARTS)]
    for row in rows:
        part = row["hour"] * TREND_PARTS // period.hours
        parts[part].append((row["rewarded"], row["reward"]))
    half = TREND_PARTS // 2
    older = [pair for part in parts[:half] for pair in part]
    newer = [pair for part in parts[half:] for pair in part]
    enough = min(sum(n for n, _ in older), sum(n for n, _ in newer)) >= TREND_PLAYS
    before, after = _mean(older), _mean(newer)
    present_s = seen["present_s"]
    return {
        "plays": sum(row["plays"] for row in rows),
        "shown_s": round(sum(row["shown_s"] for row in rows), 3),
        "ots": seen["ots"],
        "watchers": seen["watchers"],
        "impressions": seen["impressions"],
        "attention_s": round(seen["attention_s"], 3),
        "attraction": round(seen["attention_s"] / present_s, 4) if present_s else None,
        "rewarded": sum(row["rewarded"] for row in rows),
        "reward": _mean(older + newer),
        "rewards": [_mean(part) for part in parts],
        "trend": round(after - before, 4)
        if enough and before is not None and after is not None
        else None,
    }


def _mean(pairs: list[tuple[int, float]]) -> float | None:
    """Of counts, each with its sum."""
    count = sum(n for n, _ in pairs)
    return round(sum(total for _, total in pairs) / count, 4) if count else None
