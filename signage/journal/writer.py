"""The append-only record of decisions, plays, rewards and viewers, in SQLite.

A decision is on disk before it is on screen: every write is one committed transaction,
and in WAL mode with ``synchronous = FULL`` it survives kill -9 and a power cut.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import Any

from signage.errors import JournalError, LostJournalError
from signage.io import give_to_owner
from signage.journal import facts, schema
from signage.journal.file import explained, lock
from signage.types.audience import Viewer
from signage.types.decisions import Decision, TrainingExample
from signage.types.experiments import Assignment
from signage.types.plays import PagePlay, Play, PlayEvent, PlayState
from signage.types.rewards import Reward

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


# Plays that reached the screen, whoever tells so (``facts.py``).
_DECIDED = """
SELECT started_utc, content_id, play_id, forced, started_s IS NULL FROM decided_plays
WHERE started_utc IS NOT NULL AND (asked_utc > ? AND asked_utc <= ? OR number >= (
    SELECT min(number) FROM (
        SELECT number FROM decided_plays WHERE started_utc IS NOT NULL AND NOT forced
        ORDER BY number DESC LIMIT ?
    )
)) ORDER BY number
"""
_ALONE = """
SELECT started_utc, content_id, play_id, 1, 1 FROM all_plays
WHERE made_by = 'page' AND started_utc > ? AND started_utc <= ? ORDER BY started_utc
"""
_BEGUN_ALONE = """
SELECT a.started_utc, a.content_id, play_id, coalesce(forced, 1), 1
FROM all_plays a LEFT JOIN main.plays p ON p.decision_id = play_id
WHERE play_id = ? AND p.started_utc IS NULL
"""


class Journal:
    """One screen's journal, open for writing by one thread.

    Raises JournalError when the file cannot be opened or written: nothing is shown that
    is not on record.
    """

    def __init__(self, path: Path, *, durable: bool = True, at_end: bool = False) -> None:
        """``durable=False`` leaves the writing to the operating system: for simulations.

        With ``at_end``, all is one transaction, and there when the journal is closed.
        """
        self.path = path
        self._durable, self._at_end = durable, at_end
        with self._explained():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = lock(path)
            self._db = sqlite3.connect(path, isolation_level=None)
            give_to_owner(path.parent, path)  # SQLite gives its own files to the owner of this one
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                self._db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'OFF'}")
                self._db.execute("PRAGMA foreign_keys = ON")
                self._prepare()
            except BaseException:
                self._db.close()
                self._lock.close()
                raise

    def _prepare(self) -> None:
        tables = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if not tables:
            with self._transaction() as db:
                schema.create(db)
        elif (
            found := schema.version_of(self._db, self.path)
        ) is not None and 1 <= found < schema.SCHEMA_VERSION:
            with self._transaction() as db:
                schema.upgrade(db, found)
        schema.check_version(self._db, self.path)
        facts.define(self._db)
        found_file = self.path.stat()
        self._file = found_file.st_dev, found_file.st_ino
        if self._at_end:
            self._db.execute("BEGIN IMMEDIATE")

    def begin_run(self, utc: datetime, screen_id: str, token: str = "") -> int:
        """Note that the screen starts; returns the number of the run.

        ``token`` is part of the ids of the run's decisions, which so are unique for ever.
        Plays that were on screen when an earlier run died are closed as failed: how long
        they were seen, and by whom, is not known.
        """
        with self._explained(), self._transaction() as db:
            owner = db.execute("SELECT screen_id FROM runs LIMIT 1").fetchone()
            if owner and owner[0] != screen_id:
                raise JournalError(
                    f"{self.path} is the journal of screen {owner[0]!r}, this is {screen_id!r}. "
                    "Give each screen its own `data_dir`."
                )
            db.execute(
                "UPDATE plays SET state = ? WHERE state IN ('asked', ?)",
                (PlayState.FAILED, PlayState.STARTED),
            )
            cursor = db.execute(
                "INSERT INTO runs (started_utc, screen_id, token) VALUES (?, ?, ?)",
                (_iso(utc), screen_id, token),
            )
            return int(cursor.lastrowid or 0)

    def record_simulated(self, how: str) -> None:
        """Note for good that no camera saw anybody; ``how`` says what made the journal."""
        with self._explained():
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('simulated', ?)", (how,))

    def record_catalogue(self, version: str, contents: str) -> None:
        """Keep what the contents were, so that old decisions can be understood."""
        with self._explained():
            self._db.execute(
                "INSERT OR IGNORE INTO catalogues (version, contents) VALUES (?, ?)",
                (version, contents),
            )

    def next_number(self) -> int:
        """The number of the next decision; counts over all runs."""
        with self._explained():
            return int(
                self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM decisions").fetchone()[0]
            )

    def record_decision(self, number: int, run: int, decision: Decision) -> None:
        """Put ``decision`` on disk. Only then may it be shown."""
        row = {
            "number": number,
            "decision_id": decision.decision_id,
            "run": run,
            "t_s": decision.t_s,
            "t_utc": _iso(decision.utc),
            "trigger": decision.trigger,
            "content_id": decision.content_id,
            "propensity": decision.propensity,
            "forced": decision.forced,
            "eligible": _json(decision.eligible),
            "estimates": _json(decision.estimates),
            "masked": _json(decision.masked),
            "context": _json(decision.context),
            "policy": decision.policy,
            "policy_version": decision.policy_version,
            "catalogue_version": decision.catalogue_version,
            "gave_way": _json(decision.gave_way),
            "reasons": _json(decision.reasons),
            "shadow": _json(decision.shadow),
            "utc_offset_min": decision.utc_offset_min,
        }
        with self._explained(), self._transaction() as db:
            self._insert(db, "decisions", row)
            if decision.assignment is not None:
                self._insert(db, "assignments", {"number": number} | asdict(decision.assignment))
            db.execute(
                "INSERT INTO plays (decision_id, state) VALUES (?, 'asked')",
                (decision.decision_id,),
            )

    def record_start(self, event: PlayEvent, utc: datetime) -> None:
        """The screen confirmed that the play began, be it that it was given up for failed."""
        with self._explained():
            self._db.execute(
                "UPDATE plays SET state = ?, started_s = ?, started_utc = ?, page = ?, "
                "ended_s = NULL, ended_utc = NULL WHERE decision_id = ?",
                (event.state, round(event.t_s, 3), _iso(utc), event.page, event.decision_id),
            )

    def record_end(
        self, event: PlayEvent, utc: datetime, reward: Reward | None, *, learn: bool = True
    ) -> int | None:
        """The play ended, and this is what it got: one transaction. Only the first end counts.

        Returns the reward's sequence number where it is to be learned; None where there is
        none, the decision was forced, or ``learn`` says no.
        """
        with self._explained(), self._transaction() as db:
            (started_s, started_utc) = db.execute(
                "SELECT started_s, started_utc FROM plays WHERE decision_id = ?",
                (event.decision_id,),
            ).fetchone() or (None, None)
            if started_s is not None and started_utc is not None:
                # Not by the clock on the wall, which may have been set meanwhile.
                utc = _after(datetime.fromisoformat(started_utc), event.t_s - started_s)
            db.execute(
                "UPDATE plays SET state = ?, ended_s = ?, ended_utc = ?, page = coalesce(page, ?) "
                "WHERE decision_id = ? AND ended_utc IS NULL",
                (event.state, round(event.t_s, 3), _iso(utc), event.page, event.decision_id),
            )
            if reward is None:
                return None
            (forced,) = db.execute(
                "SELECT forced FROM decisions WHERE decision_id = ?", (event.decision_id,)
            ).fetchone()
            learned = learn and reward.value is not None and not forced
            cursor = db.execute(
                "INSERT OR IGNORE INTO rewards (decision_id, t_utc, reward, parts, learned) "
                "VALUES (?, ?, ?, ?, ?)",
                (reward.decision_id, _iso(reward.utc), reward.value, _json(reward.parts), learned),
            )
            if cursor.rowcount == 0:
                return None
            for impression in reward.impressions:
                region = impression.reading_region
                row = {"decision_id": reward.decision_id} | asdict(impression)
                row["parts"] = _json(impression.parts)
                row["reading_region"] = None if region is None else json.dumps(region)
                self._insert(db, "impressions", row)
            for stay in reward.short_stays:
                self._insert(db, "short_stays", {"decision_id": reward.decision_id} | asdict(stay))
            for number, unfolding in enumerate(reward.unfoldings, 1):
                row = {
                    "decision_id": reward.decision_id,
                    "number": number,
                    "reason": unfolding.reason,
                    "unfolded_utc": _iso(unfolding.utc),
                    "open_s": unfolding.open_s,
                    "read_s": unfolding.read_s,
                }
                self._insert(db, "reveals", row)
            return cursor.lastrowid if learned else None

    def record_page_plays(self, plays: Iterable[tuple[PagePlay, datetime]]) -> list[Play]:
        """A page tells of plays that it ended alone, with when each began.

        One that is told again counts once, by the word that knows most of it. Returns those of
        which nobody knew that they had begun, for the constraints to count.
        """
        rows = [
            (
                play.play_id,
                play.content_id,
                play.state,
                _iso(started),
                _iso(_after(started, shown_s := round(play.ended_s - play.started_s, 3))),
                shown_s,
                play.page,
            )
            for play, started in plays
        ]
        if not rows:
            return []
        with self._explained(), self._transaction() as db:
            db.executemany(
                "INSERT INTO page_plays (play_id, content_id, state, started_utc, ended_utc, "
                "shown_s, page) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
                "state = excluded.state, started_utc = excluded.started_utc, "
                "ended_utc = excluded.ended_utc, "
                "shown_s = excluded.shown_s WHERE excluded.shown_s > shown_s",
                rows,
            )
            told = [play_id for play_id, *_ in rows]
            return [_play(row) for play_id in told for row in db.execute(_BEGUN_ALONE, (play_id,))]

    def record_observed(
        self, hour_utc: str, running_s: float, seen_s: float, faults: Mapping[str, float]
    ) -> None:
        """What is known of an hour (``YYYY-MM-DDTHH``), in place of what was before.

        For how long the program ran, for how long the camera saw, and what was wrong with it for
        how long.
        """
        with self._explained():
            self._db.execute(
                "INSERT OR REPLACE INTO observed_hours VALUES (?, ?, ?, ?)",
                (hour_utc, round(running_s, 3), round(seen_s, 3), _json(faults)),
            )

    def observed(self, hour_utc: str) -> tuple[float, float, dict[str, float]]:
        """The observed seconds of an hour; zeros if none are recorded."""
        with self._explained():
            row = self._db.execute(
                "SELECT running_s, seen_s, faults FROM observed_hours WHERE hour_utc = ?",
                (hour_utc,),
            ).fetchone()
        return (0.0, 0.0, {}) if row is None else (row[0], row[1], json.loads(row[2]))

    def record_viewer(
        self, viewer: Viewer, run: int, utc: datetime, arrived_utc: datetime | None = None
    ) -> None:
        """A viewer left, noticed at ``utc``."""
        row = {
            "visit_id": viewer.visit_id,
            "viewer_id": viewer.viewer_id,
            "run": run,
            "left_utc": _iso(utc),
            "dwell_s": viewer.dwell_s,
            "attention_s": viewer.attention_s,
            "record": _json(viewer.record()),
            "arrived_utc": None if arrived_utc is None else _iso(arrived_utc),
        }
        with self._explained(), self._transaction() as db:
            self._insert(db, "viewers", row)

    def count_training_examples(self, after_seq: int = 0) -> int:
        """Number of rewards after ``after_seq`` that are to be learned."""
        with self._explained():
            query = "SELECT count(*) FROM rewards WHERE seq > ? AND learned"
            return int(self._db.execute(query, (after_seq,)).fetchone()[0])

    def training_examples(
        self, after_seq: int = 0, most: int | None = None
    ) -> Iterator[tuple[int, TrainingExample]]:
        """Every reward that is to be learned, in the order they came, with its sequence number.

        With ``most`` the first so many.
        """
        catalogues: dict[str, dict[str, Any]] = {}
        with self._explained():
            rows = self._db.execute(
                "SELECT seq, d.decision_id, context, eligible, catalogue_version, content_id, "
                "reward, propensity, shadow, experiment, arm, unit, washout, design "
                "FROM rewards JOIN decisions d USING (decision_id) "
                "LEFT JOIN assignments USING (number) WHERE seq > ? AND learned ORDER BY seq "
                "LIMIT ?",
                (after_seq, -1 if most is None else most),
            )
            for seq, decision_id, context, eligible, version, content_id, *told in rows:
                if version not in catalogues:
                    (contents,) = self._db.execute(
                        "SELECT contents FROM catalogues WHERE version = ?", (version,)
                    ).fetchone()
                    catalogues[version] = json.loads(contents)
                contents = catalogues[version]
                actions = {name: tuple(contents[name]["features"]) for name in json.loads(eligible)}
                reward, propensity, shadow, experiment, arm, unit, washout, design = told
                part = experiment and Assignment(experiment, arm, unit, bool(washout), design)
                yield (
                    seq,
                    TrainingExample(
                        decision_id,
                        json.loads(context),
                        actions,
                        content_id,
                        reward,
                        propensity,
                        json.loads(shadow),
                        part,
                    ),
                )

    def stamp(self, seq: int) -> str | None:
        """Names the learned reward ``seq`` as no other journal does; None where it is none."""
        with self._explained():
            row = self._db.execute(
                "SELECT decision_id || ' of ' || t_utc FROM rewards WHERE seq = ? AND learned",
                (seq,),
            ).fetchone()
        return None if row is None else str(row[0])

    def record_order(
        self,
        utc: datetime,
        action: str,
        detail: Mapping[str, Any],
        unlearn_after: int | None = None,
    ) -> None:
        """The operator gave an order: on disk before it is in force.

        ``unlearn_after``: rewards with a higher sequence number are not learned any more, in
        the same transaction.
        """
        with self._explained(), self._transaction() as db:
            self._insert(
                db, "orders", {"t_utc": _iso(utc), "action": action, "detail": _json(detail)}
            )
            if unlearn_after is not None:
                db.execute("UPDATE rewards SET learned = 0 WHERE seq > ?", (unlearn_after,))

    def orders(self) -> list[tuple[str, dict[str, Any]]]:
        """Every order (action, detail) that was ever given, oldest first."""
        with self._explained():
            rows = self._db.execute("SELECT action, detail FROM orders ORDER BY seq")
            return [(action, json.loads(detail)) for action, detail in rows]

    def decided_since(
        self, utc: datetime, drawn: int = 0, until: datetime | None = None
    ) -> list[Play]:
        """Plays that reached the screen, oldest first.

        Those decided from ``utc`` to ``until``, and as many of the newest as it takes for
        ``drawn`` unforced ones. A clock that is behind has most of the journal after ``until``.
        """
        with self._explained():
            rows = self._db.execute(_DECIDED, (_iso(utc), _iso(until or _NEVER), drawn)).fetchall()
            rows += self._db.execute(_ALONE, (_iso(utc), _iso(until or _NEVER)))
        return _in_order(rows)

    def newest_utc(self) -> datetime | None:
        """Time of the newest decision; None if the journal is empty."""
        with self._explained():
            row = self._db.execute(
                "SELECT t_utc FROM decisions ORDER BY number DESC LIMIT 1"
            ).fetchone()
        return None if row is None else datetime.fromisoformat(row[0])

    @property
    def is_in_place(self) -> bool:
        """Whether the file that is written is still the one that ``path`` names."""
        try:
            found = self.path.stat()
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == self._file

    def check_in_place(self) -> None:
        """Raise LostJournalError unless ``is_in_place``: what is written then is on no record."""
        if not self.is_in_place:
            raise LostJournalError(
                f"The journal {self.path} was removed or replaced while the screen ran. If "
                "you need it, stop the screen and put it back."
            )

    def close(self) -> None:
        """Write everything back into the one file."""
        if not self.is_in_place:
            self._db.close()
            self._lock.close()
            return
        with self._explained():
            if self._at_end:
                self._db.execute("COMMIT")
            # A finished simulation is one file; a kiosk's pages may still be reading.
            done = "wal_checkpoint(TRUNCATE)" if self._durable else "journal_mode = DELETE"
            self._db.execute(f"PRAGMA {done}")
            self._db.close()
            self._lock.close()

    @staticmethod
    def _insert(db: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
        # Table and column names are ours; values are bound.
        marks = ", ".join("?" * len(row))
        db.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})",  # noqa: S608
            tuple(row.values()),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._db.in_transaction:  # it is a part of that
            yield self._db
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
            self._db.execute("COMMIT")
        except BaseException:
            self._db.rollback()
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with explained(self.path):
            yield


def _after(utc: datetime, seconds: float) -> datetime:
    return utc + timedelta(seconds=round(seconds, 3))


def _iso(utc: datetime) -> str:
    """A time rounded to milliseconds; ``isoformat`` alone would truncate."""
    nearest = utc.astimezone(UTC) + timedelta(microseconds=500)
    return nearest.isoformat(timespec="milliseconds")


def _play(row: tuple[Any, ...]) -> Play:
    began_utc, content_id, play_id, forced, _ = row
    return Play(datetime.fromisoformat(began_utc), content_id, play_id, bool(forced))


def _in_order(rows: Iterable[tuple[Any, ...]]) -> list[Play]:
    """In the order of the screen.

    Of what the kiosk saw begin, that is the order of the decisions, also where the clock was set
    back; of what the page tells, that of its times.
    """
    latest = datetime.min.replace(tzinfo=UTC)
    timed = []
    for *row, by_page in rows:
        play = _play((*row, by_page))
        if not by_page:
            latest = max(latest, play.utc)
        timed.append((play.utc if by_page else latest, play))
    return [play for _, play in sorted(timed, key=itemgetter(0))]


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=False, ensure_ascii=False)
