"""The facts of a journal, each defined once: what every output counts.

Views for one connection, which need nothing of the journal but to read it:

| view | a row is |
|---|---|
| ``decided_plays`` | a decision, with its play, its reward and its arm of an experiment |
| ``all_plays`` | the same, and every play that a page made by itself |
| ``all_impressions`` | one person's opportunity to see one play |
| ``all_short_stays`` | one person before one play, for too short to count as an impression |
| ``all_visits`` | one person, from coming into view to leaving it |
| ``play_order`` | a decision: whether another play was on the screen during its own, and what \
the clock did |
| ``visit_time`` | the same, with where the seconds of the visit are |

A play *counts* once it was on the screen: it has ``started_utc``. What a page reported of a play
goes before what the kiosk knew: a play that the page began or ended while the kiosk was away is one
play, with the state and the seconds that the page reported. ``ended_utc`` is ``started_utc`` and
``shown_s`` later: a clock that is set meanwhile changes no duration.

A mean reward of contents is of ``drawn_reward``: what had to play was not chosen for who was there.

The audience of a play is *seen* where the play ended as it should, and the camera did not fail for
most of it.
Where a page reported that a play was on the screen for less than the kiosk took it to be, its
impressions are cut in proportion.

A visit is an opportunity to see. Its person is a *watcher* who looked at the screen for
``min_look_s`` of the run's configuration or longer, all looks together, at a play or between two
(``is_watcher``). Of one play, those are watchers who *looked* at it for as long. Where nobody could
tell whether somebody looked, ``attention_s``, ``is_watcher`` and ``looked`` are null: neither a
conversion nor an attraction ratio counts that person. ``attention_unknown_s`` is the part of the
seconds for which it could not be told, and ``attention_eyes_s`` the part of the attention that the
eyes told, null in older journals.
A visit that has not ended, or whose end was lost in a power cut, is known by its plays alone. The
seconds of a visit are in impressions of plays that were seen, in impressions of plays that were
not, in stays that were too short, or *outside* of plays: between two, during one that failed or was
not confirmed, or known only when the play was over. The four add up to the visit, to the
millisecond.

Plays *overlap* where one began more than ``OVERLAP_S`` before the furthest end of those that began
before it in the same run, by the clock that only runs. The clock *was set* where the one on the
wall moved otherwise than that by more than ``CLOCK_SET_S``; a time *came twice* where it is earlier
by more than that than some decision before.
"""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

from signage.types.log import CLOCK_SET_S, OVERLAP_S

_DECIDED = """
CREATE TEMP VIEW decided_plays AS
SELECT d.number, d.decision_id AS play_id, d.decision_id, d.run, screen_id, d.content_id,
    d.catalogue_version, 'kiosk' AS made_by, d.t_utc AS asked_utc, d.t_s AS asked_s,
    d.utc_offset_min, d.trigger, d.policy, d.policy_version, d.propensity, d.forced,
    coalesce(own.state, p.state) AS state,
    coalesce(p.started_utc, own.started_utc) AS started_utc,
    CASE WHEN coalesce(own.shown_s, p.ended_s - p.started_s) IS NULL THEN NULL ELSE
        strftime('%Y-%m-%dT%H:%M:%f', coalesce(p.started_utc, own.started_utc),
            max(0.0, round(coalesce(own.shown_s, p.ended_s - p.started_s), 3)) || ' seconds')
        || '+00:00' END AS ended_utc,
    CASE WHEN coalesce(p.started_utc, own.started_utc) IS NULL THEN NULL ELSE
        max(0.0, round(coalesce(own.shown_s, p.ended_s - p.started_s), 3)) END AS shown_s,
    p.started_s,
    p.started_s + max(0.0, round(coalesce(own.shown_s, p.ended_s - p.started_s), 3)) AS ended_s,
    coalesce(p.page, own.page) AS page,
    own.play_id IS NOT NULL AND w.decision_id IS NULL AS told_by_page,
    w.decision_id IS NOT NULL AS judged, w.reward,
    CASE WHEN NOT d.forced THEN w.reward END AS drawn_reward,
    w.parts, w.learned, w.t_utc AS rewarded_utc,
    json_extract(w.parts, '$.absent') AS absent,
    w.decision_id IS NOT NULL
        AND coalesce(json_extract(w.parts, '$.absent'), '') NOT IN ('camera_lost', 'play_failed')
        AS seen
FROM main.decisions d
LEFT JOIN main.runs USING (run)
LEFT JOIN main.plays p ON p.decision_id = d.decision_id
LEFT JOIN main.page_plays own ON own.play_id = d.decision_id
LEFT JOIN main.rewards w ON w.decision_id = d.decision_id
"""
_COLUMNS = (
    "number, play_id, decision_id, run, screen_id, content_id, catalogue_version, made_by, "
    "asked_utc, trigger, policy, propensity, forced, state, started_utc, ended_utc, shown_s, "
    "page, reward, seen, told_by_page"
)
_PAGE = """
SELECT NULL AS number, play_id, NULL AS decision_id, NULL AS run,
    (SELECT screen_id FROM main.runs LIMIT 1) AS screen_id, content_id,
    NULL AS catalogue_version, 'page' AS made_by, NULL AS asked_utc, NULL AS trigger,
    NULL AS policy, NULL AS propensity, NULL AS forced, state, started_utc,
    strftime('%Y-%m-%dT%H:%M:%f', started_utc, round(shown_s, 3) || ' seconds') || '+00:00'
        AS ended_utc,
    round(shown_s, 3) AS shown_s, page, NULL AS reward, 0 AS seen, 1 AS told_by_page
FROM main.page_plays
WHERE play_id NOT IN (SELECT decision_id FROM main.decisions)
"""
_ALL = f"CREATE TEMP VIEW all_plays AS SELECT {_COLUMNS} FROM decided_plays UNION ALL {_PAGE}"  # noqa: S608

# Only where the page reported fewer seconds than the kiosk took the play to last.
_CUT = """coalesce((
    SELECT own.shown_s / (p.ended_s - p.started_s)
    FROM main.page_plays own JOIN main.plays p ON p.decision_id = own.play_id
    WHERE own.play_id = {of}.decision_id AND own.shown_s < p.ended_s - p.started_s
), 1.0)"""
_SEEN = """(
    SELECT coalesce(json_extract(w.parts, '$.absent'), '') NOT IN ('camera_lost', 'play_failed')
    FROM main.rewards w WHERE w.decision_id = {of}.decision_id
)"""
# What an impression, or a stay, tells of looking; null where nothing could be told.
_LOOKING = """
    CASE WHEN {of}.attention_unknown_s = 0 OR {of}.attention_unknown_s < {of}.present_s
        THEN round({of}.attention_s * {cut}, 3) END AS attention_s,
    round({of}.attention_eyes_s * {cut}, 3) AS attention_eyes_s,
    round({of}.attention_unknown_s * {cut}, 3) AS attention_unknown_s"""
_LEAST_OF_PLAY = """(
    SELECT coalesce(min_look_s, 0.0) FROM main.decisions d LEFT JOIN main.counting USING (run)
    WHERE d.decision_id = i.decision_id
)"""
_IMPRESSIONS = f"""
CREATE TEMP VIEW all_impressions AS
SELECT i.*, attention_s > 0 AND attention_s >= {_LEAST_OF_PLAY} AS looked
FROM (
    SELECT i.decision_id, i.visit_id, i.viewer_id,
        round(i.present_s * {_CUT.format(of="i")}, 3) AS present_s,
        {_LOOKING.format(of="i", cut=_CUT.format(of="i"))},
        i.stayed,
        round(i.reading_s * {_CUT.format(of="i")}, 3) AS reading_s,
        i.reading_region, i.reaction, i.parts, {_SEEN.format(of="i")} AS seen
    FROM main.impressions i
) i
"""  # noqa: S608
_SHORT_STAYS = f"""
CREATE TEMP VIEW all_short_stays AS
SELECT s.decision_id, s.visit_id, s.viewer_id,
    round(s.present_s * {_CUT.format(of="s")}, 3) AS present_s,
    {_LOOKING.format(of="s", cut=_CUT.format(of="s"))},
    round(s.reading_s * {_CUT.format(of="s")}, 3) AS reading_s,
    {_SEEN.format(of="s")} AS seen
FROM main.short_stays s
"""  # noqa: S608
_ORDER = f"""
CREATE TEMP VIEW play_order AS
SELECT number,
    coalesce(started_s < max(ended_s) OVER before_it - {OVERLAP_S}, 0)
        OR coalesce(lead(started_s) OVER by_start < ended_s - {OVERLAP_S}, 0) AS overlaps,
    coalesce(abs((day - lag(day) OVER of_run) * 86400 - (asked_s - lag(asked_s) OVER of_run))
        > {CLOCK_SET_S}, 0) AS set_before,
    coalesce(abs((day - lead(day) OVER of_run) * 86400 - (asked_s - lead(asked_s) OVER of_run))
        > {CLOCK_SET_S}, 0) AS set_after,
    coalesce((day - max(day) OVER so_far) * 86400 < -{CLOCK_SET_S}, 0) AS came_twice
FROM (
    SELECT number, run, started_s, ended_s, asked_s, julianday(asked_utc) AS day
    FROM decided_plays
)
WINDOW by_start AS (PARTITION BY run, started_s IS NULL ORDER BY started_s, number),
    before_it AS (by_start ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
    of_run AS (PARTITION BY run ORDER BY number),
    so_far AS (ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
"""  # noqa: S608
_VISITS = """
CREATE TEMP VIEW all_visits AS
SELECT v.visit_id, v.viewer_id, v.run, ended, arrived_utc, left_utc, dwell_s, attention_s, record,
    attention_s > 0 AND attention_s >= coalesce(min_look_s, 0.0) AS is_watcher,
    attention_eyes_s, attention_unknown_s
FROM (
    SELECT visit_id, viewer_id, run, 1 AS ended, coalesce(arrived_utc,
            strftime('%Y-%m-%dT%H:%M:%f', left_utc, -dwell_s || ' seconds') || '+00:00')
            AS arrived_utc,
        left_utc, round(dwell_s, 3) AS dwell_s,
        CASE WHEN attention_unknown_s = 0 OR attention_unknown_s < dwell_s
            THEN round(attention_s, 3) END AS attention_s,
        record, round(attention_eyes_s, 3) AS attention_eyes_s,
        round(attention_unknown_s, 3) AS attention_unknown_s
    FROM main.viewers {ended_since}
    UNION ALL
    SELECT visit_id, max(viewer_id), max(run), 0, min(started_utc), NULL,
        round(sum(present_s), 3), round(sum(attention_s), 3), NULL,
        round(sum(attention_eyes_s), 3), round(sum(attention_unknown_s), 3)
    FROM (
        SELECT i.*, run, started_utc FROM main.decisions d CROSS JOIN (
            SELECT decision_id, visit_id, viewer_id, present_s, attention_s, attention_eyes_s,
                attention_unknown_s FROM all_impressions
        ) i USING (decision_id) CROSS JOIN main.plays USING (decision_id)
        WHERE visit_id NOT IN (SELECT visit_id FROM main.viewers) {decided_since}
        UNION ALL
        SELECT s.*, run, started_utc FROM main.decisions d CROSS JOIN (
            SELECT decision_id, visit_id, viewer_id, present_s, attention_s, attention_eyes_s,
                attention_unknown_s FROM all_short_stays
        ) s USING (decision_id) CROSS JOIN main.plays USING (decision_id)
        WHERE visit_id NOT IN (SELECT visit_id FROM main.viewers) {decided_since}
    )
    GROUP BY visit_id
) v LEFT JOIN main.counting USING (run)
"""
_TIME = """
CREATE TEMP VIEW visit_time AS
SELECT v.*,
    coalesce(impressions, 0) AS impressions,
    coalesce(i.present_s, 0.0) AS seen_s, coalesce(i.attention_s, 0.0) AS seen_attention_s,
    coalesce(i.unseen_s, 0.0) AS unseen_s,
    coalesce(i.unseen_attention_s, 0.0) AS unseen_attention_s,
    coalesce(s.present_s, 0.0) AS short_s, coalesce(s.attention_s, 0.0) AS short_attention_s,
    round(v.dwell_s - coalesce(i.present_s, 0.0) - coalesce(i.unseen_s, 0.0)
        - coalesce(s.present_s, 0.0), 3) AS outside_s,
    round(coalesce(v.attention_s, 0.0) - coalesce(i.attention_s, 0.0)
        - coalesce(i.unseen_attention_s, 0.0) - coalesce(s.attention_s, 0.0), 3)
        AS outside_attention_s
FROM all_visits v
LEFT JOIN (
    SELECT visit_id, count(*) FILTER (WHERE seen) AS impressions,
        round(sum(present_s) FILTER (WHERE seen), 3) AS present_s,
        round(sum(attention_s) FILTER (WHERE seen), 3) AS attention_s,
        round(sum(present_s) FILTER (WHERE NOT seen), 3) AS unseen_s,
        round(sum(attention_s) FILTER (WHERE NOT seen), 3) AS unseen_attention_s
    FROM all_impressions GROUP BY visit_id
) i USING (visit_id)
LEFT JOIN (
    SELECT visit_id, round(sum(present_s), 3) AS present_s,
        round(sum(attention_s), 3) AS attention_s
    FROM all_short_stays GROUP BY visit_id
) s USING (visit_id)
"""


def define(db: sqlite3.Connection, since: datetime | None = None) -> None:
    """Make the views on ``db``, for as long as it is open.

    With ``since``, visits are those that have ended since or not yet, and whose plays were decided
    since; the other views are of the whole journal.
    """
    ended_since = decided_since = ""
    if since is not None:
        text = since.astimezone(UTC).isoformat(timespec="milliseconds")
        ended_since, decided_since = f"WHERE left_utc >= '{text}'", f"AND d.t_utc >= '{text}'"
    visits = _VISITS.format(ended_since=ended_since, decided_since=decided_since)
    for view in (_DECIDED, _ALL, _ORDER, _IMPRESSIONS, _SHORT_STAYS, visits, _TIME):
        db.execute(view)


def simulated(db: sqlite3.Connection) -> str | None:
    """What made the journal, where no camera saw anybody; None for a real one."""
    row = db.execute("SELECT value FROM main.meta WHERE key = 'simulated'").fetchone()
    return None if row is None else str(row[0])
