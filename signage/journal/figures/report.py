"""Figures of a whole journal, added up by SQLite: for the report.

A person is a ``viewer_id``: who is recognised when they come again counts once, and is a visit
more. Hours and days are by the clock on the wall where the screen stands; in a journal that does
not say of every decision what that showed, by UTC.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from signage.journal import facts
from signage.journal.figures import audience
from signage.journal.figures.audience import HELD_S
from signage.journal.reader import JournalReader

_SILENCE_S = 3600.0

# A gender is given where its probability is .8 or more; who is less clear is an adult.
_SEGMENTS = """
CREATE TEMP TABLE segments AS
SELECT visit_id, viewer_id, CASE
    WHEN age IS NULL THEN 'age unknown'
    WHEN age < 18 THEN 'under 18'
    ELSE CASE WHEN female >= 0.8 THEN 'women' WHEN female <= 0.2 THEN 'men' ELSE 'adults' END
        || CASE WHEN age < 35 THEN ' 18–34' WHEN age < 55 THEN ' 35–54' ELSE ' 55+' END
    END AS looks,
    CASE WHEN movement LIKE 'passing%' THEN 'passing by' ELSE coalesce(movement, 'unknown') END
        AS movement
FROM (
    SELECT visit_id, viewer_id, json_extract(record, '$.age_years') AS age,
        json_extract(record, '$.gender.female') AS female,
        json_extract(record, '$.movement') AS movement
    FROM main.viewers
)
"""
_CELLS = """
SELECT content_id, {segment} AS segment, count(DISTINCT s.viewer_id) AS persons,
    sum(present_s) AS present_s, coalesce(sum(attention_s), 0.0) AS attention_s,
    sum(present_s - attention_unknown_s) AS possible_s
FROM all_impressions i JOIN main.decisions USING (decision_id) JOIN segments s USING (visit_id)
WHERE seen GROUP BY content_id, segment
"""
# An hour counts where the camera saw any of it. Older journals do not say; there it counts.
_LOCAL = """
CREATE TEMP TABLE local AS
SELECT decision_id, CAST(strftime('%w', wall) AS INTEGER) AS weekday,
    CAST(strftime('%H', wall) AS INTEGER) AS hour, strftime('%Y-%m-%d %H', wall) AS clock_hour,
    coalesce((SELECT seen_s > 0 FROM main.observed_hours WHERE hour_utc = substr(t_utc, 1, 13)), 1)
        AS is_known
FROM (
    SELECT decision_id, t_utc, datetime(t_utc, {offset_min} || ' minutes') AS wall
    FROM main.decisions
)
"""
_HOURS = """
SELECT weekday, hour, count(DISTINCT clock_hour) FILTER (WHERE is_known) AS hours,
    count(DISTINCT viewer_id) AS persons,
    coalesce(sum(present_s), 0.0) AS present_s, coalesce(sum(attention_s), 0.0) AS attention_s,
    coalesce(sum(present_s - attention_unknown_s), 0.0) AS possible_s
FROM local LEFT JOIN (SELECT * FROM all_impressions WHERE seen) USING (decision_id)
GROUP BY weekday, hour
"""
# The squares are those of the variance of a ratio.
_AUDIENCE = """
SELECT count(*) AS visits, count(DISTINCT viewer_id) AS persons,
    coalesce(sum(is_watcher), 0) AS watchers, count(is_watcher) AS judged,
    coalesce(sum(is_watcher AND seen_attention_s > 0), 0) AS watchers_of_plays,
    coalesce(sum(ended = 0), 0) AS open,
    coalesce(sum(impressions > 0), 0) AS before_plays,
    coalesce(sum(impressions), 0) AS impressions,
    coalesce(sum(dwell_s), 0.0) AS dwell_s, coalesce(sum(attention_s), 0.0) AS attention_s,
    coalesce(sum(attention_eyes_s), 0.0) AS attention_eyes_s,
    coalesce(sum(attention_s) FILTER (WHERE attention_eyes_s IS NULL), 0.0) AS attention_either_s,
    coalesce(sum(possible_s), 0.0) AS possible_s,
    coalesce(sum(possible_s * possible_s), 0.0) AS possible2,
    coalesce(sum(attention_s * attention_s), 0.0) AS attention2,
    coalesce(sum(possible_s * attention_s), 0.0) AS both,
    avg(json_extract(record, '$.traits_agreement')) AS traits_agreement,
    coalesce(sum(json_extract(record, '$.age_years') IS NULL), 0) AS age_unknown,
    coalesce(sum(json_extract(record, '$.gender') IS NULL), 0) AS gender_unknown,
    coalesce(sum(seen_s), 0.0) AS seen_s, coalesce(sum(seen_attention_s), 0.0) AS seen_attention_s,
    coalesce(sum(unseen_s), 0.0) AS unseen_s,
    coalesce(sum(unseen_attention_s), 0.0) AS unseen_attention_s,
    coalesce(sum(short_s), 0.0) AS short_s,
    coalesce(sum(short_attention_s), 0.0) AS short_attention_s,
    coalesce(sum(outside_s), 0.0) AS outside_s,
    coalesce(sum(outside_attention_s), 0.0) AS outside_attention_s
FROM (SELECT *, dwell_s - attention_unknown_s AS possible_s FROM visit_time)
"""
_STAYS = """
SELECT (SELECT count(*) FROM all_short_stays) AS short_stays,
    (SELECT count(*) FROM all_impressions WHERE NOT seen) AS unseen,
    (SELECT count(*) FROM all_impressions WHERE seen AND looked) AS looked
"""
_CONTENTS = """
SELECT content_id, count(*) AS plays, coalesce(sum(shown_s), 0.0) AS shown_s
FROM all_plays WHERE started_utc IS NOT NULL GROUP BY content_id
"""
_ALONE = """
SELECT count(*) AS plays, coalesce(sum(shown_s), 0.0) AS shown_s
FROM all_plays WHERE started_utc IS NOT NULL AND told_by_page
"""
_OBSERVED = """
SELECT coalesce(sum(running_s), 0.0) AS running_s, coalesce(sum(seen_s), 0.0) AS seen_s,
    coalesce(sum(passed), 0) AS passed, coalesce(sum(unfollowed_s), 0.0) AS unfollowed_s,
    coalesce(max(most_unfollowed), 0) AS most_unfollowed
FROM main.observed_hours
"""
_FAULTS = """
SELECT key, sum(value) FROM main.observed_hours, json_each(faults) GROUP BY key ORDER BY 2 DESC
"""
_LOOKS = """
SELECT content_id, count(*) AS impressions, count(DISTINCT viewer_id) AS persons,
    sum(present_s) AS present_s, coalesce(sum(attention_s), 0.0) AS attention_s,
    sum(present_s - attention_unknown_s) AS possible_s,
    coalesce(sum(reading_s), 0.0) AS reading_s, avg(reaction) AS reaction
FROM all_impressions JOIN main.decisions USING (decision_id) WHERE seen GROUP BY content_id
"""
# Of how long a look makes a watcher, and of how near somebody must come, the least and the most.
_COUNTING = """
SELECT min(coalesce(min_look_s, 0.0)) AS least_look_s,
    max(coalesce(min_look_s, 0.0)) AS most_look_s,
    min(coalesce(range_m, 0.0)) AS least_range_m, max(coalesce(range_m, 0.0)) AS most_range_m
FROM main.runs LEFT JOIN main.counting USING (run)
"""
_RULES = """
SELECT substr(value, 1, instr(value || ':', ':') - 1) AS rule, count(DISTINCT number) AS decisions
FROM decisions, json_each({column}) GROUP BY rule
"""
_TIMES = """
SELECT t_utc, coalesce(lead(t_utc) OVER (ORDER BY number), t_utc) AS next_utc FROM decisions
"""
_SILENT = f"""
SELECT coalesce(sum(gap_s), 0) FROM (
    SELECT (julianday(next_utc) - julianday(t_utc)) * 86400 AS gap_s FROM ({_TIMES})
) WHERE gap_s > ?
"""  # noqa: S608 - from what stands above
_SHOWN = """
SELECT p.content_id, p.catalogue_version, p.forced, started_utc,
    datetime(asked_utc, p.utc_offset_min || ' minutes') AS wall,
    p.content_id IN (SELECT key FROM json_each(masked)) AS held_back
FROM decided_plays p JOIN main.decisions USING (number) WHERE number <= ? ORDER BY number
"""

Rows = list[dict[str, Any]]


class ReportFigures(JournalReader):
    """Adds up a journal, read-only."""

    def all(self) -> dict[str, Any]:
        """``{"screen", "since", "until", "on_the_wall", "runs", "policies", "counting",
        "audience", "held_s", "contents", "looks", "movements", "hours", "held_back", "gave_way",
        "alone", "observed", "simulated",
        "silent_s"}``; who and what is counted is defined in ``facts.py``:

        - ``since``, ``until``, ``hours``: by the clock on the wall, where ``on_the_wall`` says that
          it is known of every decision, else by UTC; ``last``: the number of the last decision,
        - ``policies``: decisions by policy,
        - ``counting``: who counts, by the configurations of the runs: ``least_look_s`` and
          ``most_look_s``, ``least_range_m`` and ``most_range_m`` (0: no limit),
        - ``audience``: visits (opportunities to see), ``judged`` visits of which a look could be
          told, persons, ``watchers``, ``held`` and ``read`` visits, times in seconds
          (``possible_s``: for which a look could be told) and sums of their squares; ``open``:
          visits without an end; where the seconds of the visits are (``seen_s``, ``unseen_s``,
          ``short_s``, ``outside_s`` and the same of attention, see ``visit_time``),
        - ``contents``: of each that was shown its plays, ``shown_s``, impressions, persons, times,
        - ``looks``, ``movements``: content, segment, persons, ``present_s``, ``attention_s``,
        - ``hours``: ``weekday`` (0 is Sunday), ``hour``, ``hours`` in which the camera saw (0
          where it never did: then nobody knows), persons, times,
        - ``held_back``, ``gave_way``: decisions by constraint,
        - ``alone``: plays that the page alone saw (also those of ``contents``), and their seconds,
        - ``observed``: for how long the program ran and the camera saw (``running_s``, ``seen_s``),
          and for how long it had which of its ``faults``; the people who ``passed`` beyond range,
          for how long more people were in view than are followed (``unfollowed_s``), and how many
          more at most (``most_unfollowed``),
        - ``simulated``: what made the journal, where no camera saw anybody, or None,
        - ``silent_s``: of the period, in gaps of over an hour between decisions.
        """
        with self.connect() as db:
            db.row_factory = sqlite3.Row
            db.execute("BEGIN")  # all of one moment
            db.execute(_SEGMENTS)
            db.execute("CREATE UNIQUE INDEX temp.segment_of ON segments (visit_id)")
            period = _period(db)
            offset_min = "utc_offset_min" if period["on_the_wall"] else "0"
            audience.define_looks(db)
            db.execute(_LOCAL.format(offset_min=offset_min))
            db.execute("CREATE UNIQUE INDEX temp.local_of ON local (decision_id)")
            (silent_s,) = db.execute(_SILENT, (_SILENCE_S,)).fetchone()
            looks = {row["content_id"]: row for row in _rows(db, _LOOKS)}
            return {
                **period,
                "counting": _one(db, _COUNTING),
                "audience": _one(db, _AUDIENCE) | _one(db, _STAYS) | audience.before_plays(db),
                "held_s": HELD_S,
                "contents": [
                    row | looks.get(row["content_id"], {}) for row in _rows(db, _CONTENTS)
                ],
                "looks": _rows(db, _CELLS.format(segment="looks")),
                "movements": _rows(db, _CELLS.format(segment="movement")),
                "hours": _rows(db, _HOURS),
                "held_back": _pairs(db, _RULES.format(column="masked")),
                "gave_way": _pairs(db, _RULES.format(column="gave_way")),
                "alone": _one(db, _ALONE),
                "observed": _one(db, _OBSERVED) | {"faults": _pairs(db, _FAULTS)},
                "simulated": facts.simulated(db),
                "silent_s": silent_s,
            }

    def shown(self, until: int) -> Iterator[dict[str, Any]]:
        """The decisions up to number ``until``, as far as plays and rules are concerned.

        ``wall`` is when each was made, by the clock on the wall; None where that is not known.
        """
        with self.connect() as db:
            db.row_factory = sqlite3.Row
            for row in db.execute(_SHOWN, (until,)):
                yield dict(row)

    def catalogues(self) -> dict[str, dict[str, Any]]:
        """What the contents were, by the version of the catalogue."""
        rows = self._rows("SELECT version, contents FROM catalogues")
        return {row["version"]: json.loads(row["contents"]) for row in rows}


def _period(db: sqlite3.Connection) -> dict[str, Any]:
    totals = _one(
        db,
        "SELECT count(*) AS decisions, max(number) AS last, "
        "count(utc_offset_min) AS offsets, "
        "(SELECT screen_id FROM runs LIMIT 1) AS screen, (SELECT count(*) FROM runs) AS runs "
        "FROM decisions",
    )
    on_the_wall = totals["offsets"] == totals["decisions"]
    earliest = "SELECT t_utc, utc_offset_min FROM decisions ORDER BY t_utc"
    since, until = _one(db, f"{earliest} LIMIT 1"), _one(db, f"{earliest} DESC LIMIT 1")
    ahead = {
        end: timedelta(minutes=row["utc_offset_min"] if on_the_wall else 0)
        for end, row in (("since", since), ("until", until))
    }
    return {
        "screen": totals["screen"],
        "since": _naive(since["t_utc"]) + ahead["since"],
        "until": _naive(until["t_utc"]) + ahead["until"],
        "ahead": ahead["until"],
        "on_the_wall": on_the_wall,
        "last": totals["last"],
        "runs": totals["runs"],
        "policies": _pairs(db, "SELECT policy, count(*) FROM decisions GROUP BY policy"),
    }


def _naive(t_utc: str) -> datetime:
    return datetime.fromisoformat(t_utc).replace(tzinfo=None)


def _rows(db: sqlite3.Connection, query: str) -> Rows:
    return [dict(row) for row in db.execute(query)]


def _one(db: sqlite3.Connection, query: str, *values: float) -> dict[str, Any]:
    return dict(db.execute(query, values).fetchone())


def _pairs(db: sqlite3.Connection, query: str) -> dict[str, int]:
    return dict(db.execute(query).fetchall())
