"""Proof of play: one row a play, what the screen confirmed first, then its audience.

| column | meaning |
|---|---|
| ``play_id`` | the decision's id, or the page's own for a play that it made by itself |
| ``screen_id``, ``content_id``, ``title`` | where, and what; the title as it was then |
| ``decision_id`` | empty where the page played by itself |
| ``asked_utc`` | when it was decided on |
| ``started_utc``, ``ended_utc`` | when it was on the screen; both empty: it never was |
| ``state`` | ``finished``; ``interrupted`` by another; ``superseded`` by another before it began; \
``failed``: could not be shown, or was on the screen when contact was lost for good (then with a \
start and no end); ``asked`` and ``started``: still on its way, or on the screen |
| ``shown_s`` | how long it was on the screen |
| ``page`` | the page that showed it |
| ``made_by`` | ``kiosk``, or ``page`` for what the page played while the kiosk was away |
| ``policy``, ``propensity``, ``trigger`` | who chose it, with which probability, and why then |
| ``opportunities_to_see`` | impressions, under the name that the column had first: of a whole \
screen, opportunities to see are visits, and a visit sees many plays |
| ``watchers`` | impressions of persons who looked at the play for ``audience.min_look_s`` or \
longer |
| ``conversion_ratio`` | watchers / impressions of persons of whom looks could be told |
| ``attention_s`` | sum over the persons of the time they looked at it |
| ``dwell_s`` | sum over the persons of the time they were present during the play |
| ``attraction_ratio`` | attention / dwell, less ``attention_unknown_s`` |
| ``read_s`` | sum over the persons of the time they read; empty where it is not known of \
every one of them |
| ``more_open_s``, ``more_read_s`` | how long what is ``more`` of it was unfolded, and was read |
| ``reward`` | in [0, 1] |
| ``impressions`` | persons who were before the play for long enough to see it |
| ``short_stays``, ``short_dwell_s``, ``short_attention_s`` | persons who were there for too \
short, and their seconds: in none of the columns above |
| ``attention_eyes_s``, ``attention_head_s`` | of the attention, what the eyes told, and what the \
head told where the eyes could not be measured; empty in journals of older versions |
| ``attention_unknown_s`` | sum over the persons of the time in which nobody could tell whether \
they looked: the head was too small |
| ``simulated`` | ``yes`` where no camera saw anybody: recorded people, simulated response |
| ``version`` | of the program that wrote the table |

What is not known is empty, never 0: the audience of a play that failed, that the page made by
itself or that the camera did not see; the reward where nobody could have seen the play. A play
that the page finished while the connection was lost is one row: the kiosk's, with the end, the
state and the seconds that the page reported later. Its audience is of the time before.

What a play is, and who is counted, is defined in ``facts.py``. The dwell time of a play is at most
its seconds on the screen for each person, and attention at most dwell time.
"""

from __future__ import annotations

import heapq
import json
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from signage import __version__
from signage.journal import facts

COLUMNS: Mapping[str, type] = {
    "play_id": str,
    "screen_id": str,
    "content_id": str,
    "title": str,
    "decision_id": str,
    "asked_utc": datetime,
    "started_utc": datetime,
    "ended_utc": datetime,
    "state": str,
    "shown_s": float,
    "page": str,
    "made_by": str,
    "policy": str,
    "propensity": float,
    "trigger": str,
    "opportunities_to_see": int,
    "watchers": int,
    "conversion_ratio": float,
    "attention_s": float,
    "dwell_s": float,
    "attraction_ratio": float,
    "read_s": float,
    "more_open_s": float,
    "more_read_s": float,
    "reward": float,
    "impressions": int,
    "short_stays": int,
    "short_dwell_s": float,
    "short_attention_s": float,
    "attention_eyes_s": float,
    "attention_head_s": float,
    "attention_unknown_s": float,
    "simulated": str,
    "version": str,
}
"""In their order, with the type of their values. Any value may be None, but those of ``play_id``,
``screen_id``, ``content_id``, ``state``, ``made_by``, ``simulated`` and ``version``."""

Row = dict[str, Any]

# Grouped in the order of the table itself, so that no row waits for another.
_KIOSK = """
SELECT p.*, total(i.decision_id IS NOT NULL) AS impressions,
    total(i.looked) AS watchers,
    total(i.attention_s) AS attention_s, count(i.attention_s) AS judged,
    total(i.present_s) AS dwell_s,
    total(i.attention_unknown_s) AS attention_unknown_s,
    sum(i.attention_eyes_s) AS attention_eyes_s, count(i.attention_eyes_s) AS eyes_of,
    sum(i.reading_s) AS read_s, count(i.reading_s) AS read_of,
    (SELECT sum(open_s) FROM main.reveals r WHERE r.decision_id = p.decision_id) AS more_open_s,
    (SELECT sum(read_s) FROM main.reveals r WHERE r.decision_id = p.decision_id) AS more_read_s,
    (SELECT count(*) FROM all_short_stays s WHERE s.decision_id = p.decision_id) AS short_stays,
    (SELECT total(present_s) FROM all_short_stays s WHERE s.decision_id = p.decision_id)
        AS short_dwell_s,
    (SELECT total(attention_s) FROM all_short_stays s WHERE s.decision_id = p.decision_id)
        AS short_attention_s
FROM decided_plays p
LEFT JOIN all_impressions i ON i.decision_id = p.decision_id
GROUP BY p.number ORDER BY p.number
"""
_PAGE = "SELECT * FROM all_plays WHERE made_by = 'page' ORDER BY started_utc"
_AUDIENCE = (
    *("opportunities_to_see", "watchers", "attention_s", "dwell_s", "read_s", "impressions"),
    *("short_stays", "short_dwell_s", "short_attention_s"),
    *("attention_eyes_s", "attention_head_s", "attention_unknown_s"),
)
_DECIMALS = 3
"""Of seconds; of ratios one more."""


def count(db: sqlite3.Connection) -> int:
    """How many rows ``plays`` will have."""
    (rows,) = db.execute(
        "SELECT (SELECT count(*) FROM decided_plays) + "
        "(SELECT count(*) FROM all_plays WHERE made_by = 'page')"
    ).fetchone()
    return int(rows)


def plays(db: sqlite3.Connection) -> Iterator[Row]:
    """Every play once, in the order of time, each with all of ``COLUMNS``."""
    titles = _titles(db)
    newest = {content_id: title for (_, content_id), title in titles.items()}
    made = {
        "simulated": "no" if facts.simulated(db) is None else "yes",
        "version": __version__,
    }
    kiosk = (_decided(row | made, titles) for row in _rows(db, _KIOSK))
    page = (
        _whole(row | made | {"title": newest.get(row["content_id"])}) for row in _rows(db, _PAGE)
    )
    return heapq.merge(kiosk, page, key=lambda row: row["asked_utc"] or row["started_utc"])


def _decided(row: Row, titles: Mapping[tuple[str, str], str]) -> Row:
    """What the query found of one decision, as a row of the table."""
    impressions, watchers = int(row["impressions"]), int(row["watchers"])
    row |= {
        "title": titles.get((row["catalogue_version"], row["content_id"])),
        "impressions": impressions,
        "opportunities_to_see": impressions,
        "watchers": watchers,
    }
    if row["read_of"] < impressions:  # of the others nobody knows
        row["read_s"] = None
    if row["eyes_of"] < impressions:
        row["attention_eyes_s"] = None
    elif impressions:
        row["attention_head_s"] = row["attention_s"] - row["attention_eyes_s"]
    possible_s = row["dwell_s"] - row["attention_unknown_s"]
    if impressions and not row["judged"]:
        row |= dict.fromkeys(("watchers", "attention_s", "attention_eyes_s", "attention_head_s"))
    if not row["seen"]:
        row |= dict.fromkeys(_AUDIENCE)
    elif row["judged"]:
        row["conversion_ratio"] = watchers / row["judged"]
        row["attraction_ratio"] = row["attention_s"] / possible_s
    return _whole(row)


def _whole(row: Row) -> Row:
    return {name: _value(name, row.get(name)) for name in COLUMNS}


def _value(name: str, value: Any) -> Any:
    if value is None:
        return None
    if COLUMNS[name] is datetime:
        return datetime.fromisoformat(value).astimezone(UTC)
    if name.endswith("_s"):
        return round(float(value), _DECIMALS)
    return round(value, _DECIMALS + 1) if name.endswith("_ratio") else value


def _titles(db: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """By catalogue version and content, oldest first."""
    return {
        (version, content_id): described["title"]
        for version, contents in db.execute("SELECT version, contents FROM catalogues ORDER BY seq")
        for content_id, described in json.loads(contents).items()
    }


def _rows(db: sqlite3.Connection, query: str) -> Iterator[Row]:
    cursor = db.execute(query)
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, row, strict=True)) for row in cursor)
