"""The tables of the journal, and how an older journal becomes one of today's."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from signage.errors import DamagedJournalError, JournalError

SCHEMA_VERSION = 8

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
    run INTEGER PRIMARY KEY,
    started_utc TEXT NOT NULL,
    screen_id TEXT NOT NULL,
    token TEXT NOT NULL DEFAULT ''
);
CREATE TABLE counting (
    run INTEGER PRIMARY KEY REFERENCES runs,
    min_look_s REAL NOT NULL,
    range_m REAL NOT NULL
);
CREATE TABLE catalogues (
    seq INTEGER PRIMARY KEY, version TEXT NOT NULL UNIQUE, contents TEXT NOT NULL
);
CREATE TABLE decisions (
    number INTEGER PRIMARY KEY,
    decision_id TEXT NOT NULL UNIQUE,
    run INTEGER NOT NULL REFERENCES runs,
    t_s REAL NOT NULL,
    t_utc TEXT NOT NULL,
    trigger TEXT NOT NULL,
    content_id TEXT NOT NULL,
    propensity REAL NOT NULL,
    forced INTEGER NOT NULL,
    eligible TEXT NOT NULL,
    estimates TEXT NOT NULL,
    masked TEXT NOT NULL,
    context TEXT NOT NULL,
    policy TEXT NOT NULL,
    policy_version TEXT NOT NULL,
    catalogue_version TEXT NOT NULL REFERENCES catalogues (version),
    gave_way TEXT NOT NULL DEFAULT '{}',
    reasons TEXT NOT NULL DEFAULT '{}',
    shadow TEXT NOT NULL DEFAULT '{}',
    utc_offset_min INTEGER
);
CREATE INDEX decisions_by_time ON decisions (t_utc);
CREATE TABLE assignments (
    number INTEGER PRIMARY KEY REFERENCES decisions,
    experiment TEXT NOT NULL,
    arm TEXT NOT NULL,
    unit TEXT NOT NULL,
    washout INTEGER NOT NULL,
    design TEXT NOT NULL
);
CREATE TABLE plays (
    decision_id TEXT PRIMARY KEY REFERENCES decisions (decision_id),
    state TEXT NOT NULL,
    started_s REAL,
    ended_s REAL,
    started_utc TEXT,
    ended_utc TEXT,
    page TEXT
) WITHOUT ROWID;
CREATE TABLE rewards (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    decision_id TEXT NOT NULL UNIQUE REFERENCES decisions (decision_id),
    t_utc TEXT NOT NULL,
    reward REAL,
    parts TEXT NOT NULL,
    learned INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE reveals (
    decision_id TEXT NOT NULL REFERENCES decisions (decision_id),
    number INTEGER NOT NULL,
    reason TEXT NOT NULL,
    unfolded_utc TEXT NOT NULL,
    open_s REAL NOT NULL,
    read_s REAL NOT NULL,
    PRIMARY KEY (decision_id, number)
) WITHOUT ROWID;
CREATE TABLE page_plays (
    play_id TEXT PRIMARY KEY,
    content_id TEXT NOT NULL,
    state TEXT NOT NULL,
    started_utc TEXT NOT NULL,
    ended_utc TEXT NOT NULL,
    shown_s REAL NOT NULL,
    page TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE orders (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    t_utc TEXT NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE TABLE impressions (
    decision_id TEXT NOT NULL REFERENCES decisions (decision_id),
    visit_id TEXT NOT NULL,
    viewer_id TEXT NOT NULL,
    present_s REAL NOT NULL,
    attention_s REAL NOT NULL,
    stayed INTEGER NOT NULL,
    reading_s REAL,
    reading_region TEXT,
    reaction REAL NOT NULL,
    parts TEXT NOT NULL,
    attention_eyes_s REAL,
    attention_unknown_s REAL NOT NULL DEFAULT 0.0,
    PRIMARY KEY (decision_id, visit_id)
) WITHOUT ROWID;
CREATE TABLE short_stays (
    decision_id TEXT NOT NULL REFERENCES decisions (decision_id),
    visit_id TEXT NOT NULL,
    viewer_id TEXT NOT NULL,
    present_s REAL NOT NULL,
    attention_s REAL NOT NULL,
    reading_s REAL,
    attention_eyes_s REAL,
    attention_unknown_s REAL NOT NULL DEFAULT 0.0,
    PRIMARY KEY (decision_id, visit_id)
) WITHOUT ROWID;
CREATE TABLE viewers (
    visit_id TEXT PRIMARY KEY,
    viewer_id TEXT NOT NULL,
    run INTEGER NOT NULL REFERENCES runs,
    left_utc TEXT NOT NULL,
    dwell_s REAL NOT NULL,
    attention_s REAL NOT NULL,
    record TEXT NOT NULL,
    arrived_utc TEXT,
    attention_eyes_s REAL,
    attention_unknown_s REAL NOT NULL DEFAULT 0.0
) WITHOUT ROWID;
CREATE INDEX viewers_by_leaving ON viewers (left_utc);
CREATE TABLE observed_hours (
    hour_utc TEXT PRIMARY KEY,
    running_s REAL NOT NULL,
    seen_s REAL NOT NULL,
    faults TEXT NOT NULL DEFAULT '{}',
    passed INTEGER,
    unfollowed_s REAL,
    most_unfollowed INTEGER
) WITHOUT ROWID;
"""
"""``runs.token`` is part of the ids of a run's decisions. ``counting`` has ``min_look_s`` and
``range_m`` of its configuration; older runs had neither. ``attention_unknown_s`` is for how long
nobody could tell whether they looked. Where that is all of the time, ``attention_s`` is 0 and means
nothing.
``meta`` has ``simulated`` where no camera saw anybody: what made the journal. ``short_stays`` are
the persons who were before a play for too short to count as impressions. ``observed_hours`` has, by
hour (``YYYY-MM-DDTHH``), for how long the program ran, for how long the camera saw, and for how
long it had which fault. ``passed`` counts the people who never came within range, ``unfollowed_s``
is for how long more people were in view than are followed, and ``most_unfollowed`` is how many more
at most. Older journals have null in these three."""

_FROM_1 = """
ALTER TABLE impressions RENAME TO impressions_1;
ALTER TABLE viewers RENAME TO viewers_1;
CREATE TABLE impressions (
    decision_id TEXT NOT NULL REFERENCES decisions (decision_id),
    visit_id TEXT NOT NULL,
    viewer_id TEXT NOT NULL,
    present_s REAL NOT NULL,
    attention_s REAL NOT NULL,
    stayed INTEGER NOT NULL,
    reading_s REAL,
    reading_region TEXT,
    reaction REAL NOT NULL,
    parts TEXT NOT NULL,
    PRIMARY KEY (decision_id, visit_id)
) WITHOUT ROWID;
CREATE TABLE viewers (
    visit_id TEXT PRIMARY KEY,
    viewer_id TEXT NOT NULL,
    run INTEGER NOT NULL REFERENCES runs,
    left_utc TEXT NOT NULL,
    dwell_s REAL NOT NULL,
    attention_s REAL NOT NULL,
    record TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO impressions SELECT decision_id, viewer_id, viewer_id, present_s, attention_s, stayed,
    NULL, NULL, smile_change, json_object('smile', smile_change) FROM impressions_1;
INSERT INTO viewers
    SELECT viewer_id, viewer_id, run, left_utc, dwell_s, attention_s, record FROM viewers_1;
DROP TABLE impressions_1;
DROP TABLE viewers_1
"""

_FROM_2 = """
ALTER TABLE decisions ADD COLUMN gave_way TEXT NOT NULL DEFAULT '{{}}';
ALTER TABLE decisions ADD COLUMN reasons TEXT NOT NULL DEFAULT '{{}}';
ALTER TABLE decisions ADD COLUMN shadow TEXT NOT NULL DEFAULT '{{}}';
ALTER TABLE rewards ADD COLUMN learned INTEGER NOT NULL DEFAULT 1;
UPDATE rewards SET learned = 0 WHERE reward IS NULL
    OR decision_id IN (SELECT decision_id FROM decisions WHERE forced);
{orders}
"""

_FROM_3 = """
{reveals};
{page_plays}
"""

_FROM_4 = """
{assignments}
"""

_FROM_5 = """
ALTER TABLE decisions ADD COLUMN utc_offset_min INTEGER
"""

# Older journals tell only of plays whether the camera saw them.
_FROM_6 = """
ALTER TABLE runs ADD COLUMN token TEXT NOT NULL DEFAULT '';
CREATE TABLE short_stays (
    decision_id TEXT NOT NULL REFERENCES decisions (decision_id),
    visit_id TEXT NOT NULL,
    viewer_id TEXT NOT NULL,
    present_s REAL NOT NULL,
    attention_s REAL NOT NULL,
    reading_s REAL,
    PRIMARY KEY (decision_id, visit_id)
) WITHOUT ROWID;
ALTER TABLE viewers ADD COLUMN arrived_utc TEXT;
CREATE INDEX viewers_by_leaving ON viewers (left_utc);
CREATE TABLE observed_hours (
    hour_utc TEXT PRIMARY KEY,
    running_s REAL NOT NULL,
    seen_s REAL NOT NULL,
    faults TEXT NOT NULL DEFAULT '{{}}'
) WITHOUT ROWID;
INSERT INTO observed_hours (hour_utc, running_s, seen_s)
    SELECT substr(started_utc, 1, 13), sum(length_s), sum(length_s * seen) FROM (
        SELECT started_utc, max(0.0, ended_s - started_s) AS length_s,
            json_extract(parts, '$.absent') IS NOT 'camera_lost' AS seen
        FROM plays JOIN rewards USING (decision_id) WHERE started_utc IS NOT NULL
    ) WHERE length_s IS NOT NULL GROUP BY 1
"""

_FROM_7 = """
{counting};
ALTER TABLE impressions ADD COLUMN attention_eyes_s REAL;
ALTER TABLE impressions ADD COLUMN attention_unknown_s REAL NOT NULL DEFAULT 0.0;
ALTER TABLE short_stays ADD COLUMN attention_eyes_s REAL;
ALTER TABLE short_stays ADD COLUMN attention_unknown_s REAL NOT NULL DEFAULT 0.0;
ALTER TABLE viewers ADD COLUMN attention_eyes_s REAL;
ALTER TABLE viewers ADD COLUMN attention_unknown_s REAL NOT NULL DEFAULT 0.0;
ALTER TABLE observed_hours ADD COLUMN passed INTEGER;
ALTER TABLE observed_hours ADD COLUMN unfollowed_s REAL;
ALTER TABLE observed_hours ADD COLUMN most_unfollowed INTEGER
"""


def create(db: sqlite3.Connection) -> None:
    """Make the tables, within the transaction of ``db``."""
    for statement in SCHEMA.split(";\n"):
        db.execute(statement)
    db.execute("INSERT INTO meta VALUES ('schema_version', ?)", (SCHEMA_VERSION,))


def upgrade(db: sqlite3.Connection, version: int) -> None:
    """Bring a journal of ``version`` up to date, within the transaction of ``db``."""
    tables = {
        name: next(s for s in SCHEMA.split(";\n") if f"CREATE TABLE {name} " in s)
        for name in ("orders", "reveals", "page_plays", "assignments", "counting")
    }
    for script in (_FROM_1, _FROM_2, _FROM_3, _FROM_4, _FROM_5, _FROM_6, _FROM_7)[version - 1 :]:
        # What is a default in SQL (an empty object) is not to be filled in.
        filled = script.replace("{{}}", "{}")
        for name, statement in tables.items():
            filled = filled.replace(f"{{{name}}}", statement)
        for statement in filled.split(";\n"):
            db.execute(statement)
    db.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (SCHEMA_VERSION,))


def version_of(db: sqlite3.Connection, path: Path) -> int | None:
    """The version of a journal; None where a file says none. JournalError for no journal."""
    try:
        row = db.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    except sqlite3.DatabaseError as error:
        raise not_whole(path, error) from error
    return None if row is None else int(row[0])


def is_damage(error: Exception) -> bool:
    """Whether SQLite says that a file is no whole database, and not that it is busy or away."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # without the details of the upper bits
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def not_whole(path: Path, error: Exception) -> JournalError:
    """What to say of a file whose tables cannot be read."""
    kind = DamagedJournalError if is_damage(error) else JournalError
    return kind(
        f"{path} is not a complete journal of signage: {error}. Check the path, use a "
        f"backup, or save what can be read: `sqlite3 {path} .recover | sqlite3 "
        "recovered.sqlite`."
    )


def check_version(db: sqlite3.Connection, path: Path) -> None:
    """Raise JournalError unless ``db`` is a journal of this version."""
    version = version_of(db, path)
    if version == SCHEMA_VERSION:
        return
    if version is not None and version < SCHEMA_VERSION:
        remedy = "Start its screen once with this program, which updates the journal."
    else:
        remedy = "Use the program that wrote it, or another `data_dir`."
    raise JournalError(
        f"{path} is a journal of version {version or 'none'}, this program reads {SCHEMA_VERSION}. "
        f"{remedy}"
    )
