"""How a journal makes one visit of two, where both turned out to be the same person's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import asdict

from signage.types.audience import JoinedVisit

# Both are added up, within the seconds of the play. Who was there at its end had both.
_ADD_UP = """
UPDATE {table} AS own SET
    present_s = min(own.present_s + part.present_s, p.ended_s - p.started_s),
    attention_s = min(own.attention_s + part.attention_s, p.ended_s - p.started_s),
    reading_s = min(coalesce(own.reading_s + part.reading_s, own.reading_s, part.reading_s),
        p.ended_s - p.started_s),
    attention_eyes_s = min(own.attention_eyes_s + part.attention_eyes_s, p.ended_s - p.started_s),
    attention_unknown_s =
        min(own.attention_unknown_s + part.attention_unknown_s, p.ended_s - p.started_s)
FROM {other} part JOIN plays p ON p.decision_id = part.decision_id
WHERE own.visit_id = :into AND part.visit_id = {whose} AND own.decision_id = part.decision_id
"""
_STAYED = """
UPDATE impressions AS own SET stayed = max(own.stayed, part.stayed) FROM impressions part
WHERE own.visit_id = :into AND part.visit_id = :visit_id AND own.decision_id = part.decision_id
"""
_DROP = """
DELETE FROM {other} WHERE visit_id = {whose}
    AND decision_id IN (SELECT decision_id FROM {table} WHERE visit_id = :into)
"""
_RENAME = """
UPDATE {table} SET visit_id = :into, viewer_id = :viewer_id WHERE visit_id = :visit_id
"""


def _merges() -> Iterator[str]:
    """Each table by itself; then whoever has an impression of a play has no short stay of it."""
    yield _STAYED
    for table in ("impressions", "short_stays"):
        for statement in (_ADD_UP, _DROP):
            yield statement.format(table=table, other=table, whose=":visit_id")
        yield _RENAME.format(table=table)
    for statement in (_ADD_UP, _DROP):
        yield statement.format(table="impressions", other="short_stays", whose=":into")


def join_visits(db: sqlite3.Connection, joined: JoinedVisit) -> None:
    """Give one visit what another gave to plays, within the transaction of ``db``."""
    for statement in _merges():
        db.execute(statement, asdict(joined))
