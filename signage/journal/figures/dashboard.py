"""Figures of a screen's last days, added up by SQLite: for the operator's dashboard.

Everything is counted by ``facts.py``, as in every other output:

- a play counts once it was on the screen, whoever made it, in the hour it was decided in (one of
  the page alone: began in),
- visits and watchers (``audience.py``) count in the hour in which the person came,
- of one content, they are visits that had it before them, and that looked at it,
- impressions and attention are of plays whose audience the camera saw,
- rewards are of plays that were drawn, as in the report: not of those that had to play.

In an hour in which the program did not run, or the camera did not see, nobody knows who was there:
that is None, and not 0.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from signage.journal import facts
from signage.journal.figures import audience
from signage.journal.figures.audience import HELD_S
from signage.journal.reader import JournalReader
from signage.stats import mean_of_shares

TREND_PARTS = 12
"""A period is drawn as so many mean rewards of each content."""
TREND_PLAYS = 10
"""Rewarded plays that each half of the period needs, for there to be a trend."""
SEEN_SHARE = 0.95
"""Of an hour from which on it counts as seen: a start of the program takes some seconds."""

_HOUR_S = 3600.0

_SHOWN = """
SELECT content_id, substr(asked_utc, 1, 13) AS hour, count(*) AS plays,
    coalesce(sum(shown_s), 0.0) AS shown_s, sum(seen) AS seen,
    count(drawn_reward) AS rewarded, coalesce(sum(drawn_reward), 0.0) AS reward,
    coalesce(sum(drawn_reward * drawn_reward), 0.0) AS squares
FROM decided_plays WHERE asked_utc >= :since AND started_utc IS NOT NULL
GROUP BY content_id, hour
UNION ALL
SELECT content_id, substr(started_utc, 1, 13), count(*), coalesce(sum(shown_s), 0.0), 0, 0, 0.0, 0.0
FROM all_plays WHERE made_by = 'page' AND started_utc >= :since
GROUP BY 1, 2
"""
_BY_CONTENT = """
SELECT content_id, count(*) AS ots, sum(looked) AS watchers,
    sum(impressions) AS impressions, sum(possible_s) AS possible_s,
    sum(attention_s) AS attention_s
FROM (
    SELECT content_id, sum(impressions) AS impressions, sum(possible_s) AS possible_s,
        sum(attention_s) AS attention_s, max(looked) AS looked
    FROM looks GROUP BY content_id, visit_id
) GROUP BY content_id
"""
_ATTENTION = "SELECT hour, sum(attention_s) FROM looks GROUP BY hour"
_OBSERVED = "SELECT hour_utc, running_s, seen_s FROM main.observed_hours WHERE hour_utc >= ?"
_VOICE = """
SELECT content_id, count(*) FROM (
    SELECT content_id FROM decided_plays
    WHERE started_utc IS NOT NULL AND NOT forced ORDER BY number DESC LIMIT ?
) GROUP BY content_id
"""


@dataclass(frozen=True, slots=True)
class Period:
    """A period of whole hours that ends with the current hour."""

    since: datetime
    hours: int

    @classmethod
    def last(cls, days: int, utc: datetime) -> Period:
        """The ``days`` up to ``utc``."""
        this_hour = utc.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return cls(this_hour - timedelta(hours=24 * days - 1), 24 * days)

    def place(self, hour: str) -> int:
        """Which hour of the period ``YYYY-MM-DDTHH`` is.

        Its first for a visit that began before, its last where a clock was set back.
        """
        began = datetime.fromisoformat(f"{hour}:00:00+00:00")
        return max(0, min(self.hours - 1, int((began - self.since) / timedelta(hours=1))))


@dataclass(slots=True)
class _Hour:
    """What was counted in one hour."""

    plays: int = 0
    ots: int = 0
    watchers: int = 0
    attention_s: float = 0.0
    running_s: float | None = None
    """None where the journal does not say."""
    seen_s: float = 0.0
    rewarded: int = 0
    reward: float = 0.0


class DashboardFigures(JournalReader):
    """Adds up what a journal has, read-only; any thread may ask."""

    def over(self, period: Period, share_plays: int) -> dict[str, Any]:
        """All figures of ``period``; shares of voice are of the last ``share_plays`` drawn plays.

        ``{"since_utc", "simulated", "funnel", "by_hour", "contents", "share_of_voice"}``:

        - ``simulated``: what made the journal, where no camera saw anybody, or None,
        - ``funnel``: ``ots``, ``watchers``, ``held``, ``read``, persons each; ``impressions``,
          ``plays``; ``held_s``, the threshold of ``held``,
        - ``by_hour``: for each hour of the period ``t_utc``, ``plays``, ``ots``, ``watchers``,
          ``attention_s`` (each None where ``seen`` is ``no`` or ``off``), ``reward`` (mean, or
          None), ``seen``: ``yes``, ``partly``, ``no`` (the camera did not see) or ``off`` (the
          program did not run), and ``seen_share``, the share of the hour that was seen,
        - ``contents``, by id, of those that played: ``plays``, ``seen`` (those whose audience the
          camera saw: without any, nobody knows who was there), ``shown_s``, ``ots``, ``watchers``,
          ``impressions``, ``attention_s``, ``attraction`` (attention time over the time for which
          a look could be told, or None), ``rewarded`` (plays), ``reward`` (mean, or None),
          ``reward_low`` and ``reward_high`` (its 95 % interval, each play taken for itself, or
          None), ``rewards`` (means of ``TREND_PARTS`` parts of the period, each or None),
          ``trend`` (mean reward of the newer half less that of the older, or None),
        - ``share_of_voice``: ``window_plays`` and ``plays`` by content.
        """
        since = period.since.isoformat(timespec="milliseconds")
        with self.connect(period.since) as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN")  # all of one moment
            shown = [dict(row) for row in db.execute(_SHOWN, {"since": since})]
            audience.define_looks(db, period.since)
            by_content = {row["content_id"]: dict(row) for row in db.execute(_BY_CONTENT)}
            hours = _counted(db, period, since)
            funnel = audience.before_plays(db)
            voice = dict(db.execute(_VOICE, (share_plays,)).fetchall())
            simulated = facts.simulated(db)
        for row in shown:
            row["hour"] = period.place(row["hour"])
            hour = hours[row["hour"]]
            hour.plays += row["plays"]
            hour.rewarded += row["rewarded"]
            hour.reward += row["reward"]
        return {
            "since_utc": since,
            "simulated": simulated,
            "funnel": {
                "ots": sum(hour.ots for hour in hours),
                "watchers": sum(hour.watchers for hour in hours),
                **funnel,
                "plays": sum(row["plays"] for row in shown),
                "held_s": HELD_S,
            },
            "by_hour": [_hour(period, place, hour) for place, hour in enumerate(hours)],
            "contents": _contents(period, shown, by_content),
            "share_of_voice": {"window_plays": sum(voice.values()), "plays": voice},
        }


_NOBODY: Mapping[str, Any] = dict.fromkeys(
    ("ots", "watchers", "impressions", "possible_s", "attention_s"), 0
)


def _counted(db: sqlite3.Connection, period: Period, since: str) -> list[_Hour]:
    """People, and what the camera saw, by hour."""
    hours = [_Hour() for _ in range(period.hours)]
    for hour_utc, ots, watchers in audience.by_hour(db):
        hour = hours[period.place(hour_utc)]
        hour.ots += ots
        hour.watchers += watchers
    for hour_utc, attention_s in db.execute(_ATTENTION):
        hours[period.place(hour_utc)].attention_s += attention_s
    for hour_utc, running_s, seen_s in db.execute(_OBSERVED, (since[:13],)):
        hour = hours[period.place(hour_utc)]
        hour.running_s = (hour.running_s or 0.0) + running_s
        hour.seen_s += seen_s
    return hours


def _hour(period: Period, place: int, hour: _Hour) -> dict[str, Any]:
    runs = place == period.hours - 1
    seen, share = _seen(hour, runs=runs)
    is_known = seen in ("yes", "partly")
    return {
        "t_utc": (period.since + timedelta(hours=place)).isoformat(timespec="seconds"),
        "plays": hour.plays,
        "ots": hour.ots if is_known else None,
        "watchers": hour.watchers if is_known else None,
        "attention_s": round(hour.attention_s, 3) if is_known else None,
        "reward": round(hour.reward / hour.rewarded, 4) if hour.rewarded else None,
        "seen": seen,
        "seen_share": share,
    }


def _seen(hour: _Hour, *, runs: bool) -> tuple[str, float]:
    """Whether the camera saw the hour, and the share of it; ``runs``: it is not over."""
    if hour.running_s is None:
        # Where the journal does not say, somebody who was seen says it.
        return ("yes", 1.0) if hour.ots or hour.rewarded else ("off", 0.0)
    if not hour.running_s:
        return "off", 0.0
    share = min(1.0, hour.seen_s / (hour.running_s if runs else _HOUR_S))
    if not hour.seen_s:
        return "no", 0.0
    return "yes" if share >= SEEN_SHARE else "partly", round(share, 4)


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
    possible_s = seen["possible_s"]
    rewarded = sum(row["rewarded"] for row in rows)
    sums = [sum(row[name] for row in rows) for name in ("reward", "squares")]
    mean = mean_of_shares(rewarded, *sums)
    low = high = None
    if mean is not None and mean.has_interval:
        low, high = round(mean.low, 4), round(mean.high, 4)
    return {
        "plays": sum(row["plays"] for row in rows),
        "seen": sum(row["seen"] for row in rows),
        "shown_s": round(sum(row["shown_s"] for row in rows), 3),
        "ots": seen["ots"],
        "watchers": seen["watchers"],
        "impressions": seen["impressions"],
        "attention_s": round(seen["attention_s"], 3),
        "attraction": round(seen["attention_s"] / possible_s, 4) if possible_s else None,
        "rewarded": rewarded,
        "reward": _mean(older + newer),
        "reward_low": low,
        "reward_high": high,
        "rewards": [_mean(part) for part in parts],
        "trend": round(after - before, 4)
        if enough and before is not None and after is not None
        else None,
    }


def _mean(pairs: list[tuple[int, float]]) -> float | None:
    """Of counts, each with its sum."""
    count = sum(n for n, _ in pairs)
    return round(sum(total for _, total in pairs) / count, 4) if count else None
