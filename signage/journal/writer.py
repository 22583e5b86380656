"""The append-only record of decisions, plays, rewards and viewers, in SQLite.

A decision is on disk before it is on screen: every write is one committed transaction,
and in WAL mode with ``synchronous = FULL`` it survives kill -9 and a power cut.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from signage.config.audience import AudienceConfig
from signage.errors import JournalError
from signage.journal.joining import join_visits
from signage.journal.past import Crowd, RecordedPast, iso, play_of
from signage.types.audience import JoinedVisit, Viewer
from signage.types.decisions import Decision
from signage.types.plays import PagePlay, Play, PlayEvent, PlayState
from signage.types.rewards import Reward

_BEGUN_ALONE = """
SELECT a.started_utc, a.content_id, play_id, coalesce(forced, 1), 1
FROM all_plays a LEFT JOIN main.plays p ON p.decision_id = play_id
WHERE play_id = ? AND p.started_utc IS NULL
"""


class Journal(RecordedPast):
    """One screen's journal, open for writing by one thread.

    Raises JournalError when the file cannot be opened or written: nothing is shown that
    is not on record.
    """

    def begin_run(
        self,
        utc: datetime,
        screen_id: str,
        token: str = "",
        audience: AudienceConfig | None = None,
    ) -> int:
        """Note that the screen starts; returns the number of the run.

        ``audience`` says who counts. ``token`` is part of the ids of the run's decisions, which so
        are unique for ever.
        Plays that were on screen when an earlier run died are closed as failed: how long
        they were seen, and by whom, is not known.
        """
        audience = audience or AudienceConfig()
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
                (iso(utc), screen_id, token),
            )
            run = int(cursor.lastrowid or 0)
            db.execute(
                "INSERT INTO counting VALUES (?, ?, ?)",
                (run, audience.min_look_s, audience.range_m),
            )
            return run

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

    def record_decision(self, number: int, run: int, decision: Decision) -> None:
        """Put ``decision`` on disk. Only then may it be shown."""
        row = {
            "number": number,
            "decision_id": decision.decision_id,
            "run": run,
            "t_s": decision.t_s,
            "t_utc": iso(decision.utc),
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
                (event.state, round(event.t_s, 3), iso(utc), event.page, event.decision_id),
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
                (event.state, round(event.t_s, 3), iso(utc), event.page, event.decision_id),
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
                (reward.decision_id, iso(reward.utc), reward.value, _json(reward.parts), learned),
            )
            if cursor.rowcount == 0:
                return None
            for impression in reward.impressions:
                region = impression.reading_region
                row = {"decision_id": reward.decision_id} | _with_numbers(asdict(impression))
                row["parts"] = _json(impression.parts)
                row["reading_region"] = None if region is None else json.dumps(region)
                self._insert(db, "impressions", row)
            for stay in reward.short_stays:
                row = {"decision_id": reward.decision_id} | _with_numbers(asdict(stay))
                self._insert(db, "short_stays", row)
            for number, unfolding in enumerate(reward.unfoldings, 1):
                row = {
                    "decision_id": reward.decision_id,
                    "number": number,
                    "reason": unfolding.reason,
                    "unfolded_utc": iso(unfolding.utc),
                    "open_s": unfolding.open_s,
                    "read_s": unfolding.read_s,
                }
                self._insert(db, "reveals", row)
            return cursor.lastrowid if learned else None

    def record_page_plays(self, plays: Iterable[tuple[PagePlay, datetime]]) -> list[Play]:
        """Record plays that a page ended alone, with when each began.

        One that it reports again counts once, by the report with the most seconds. Returns those
        of which nobody knew that they had begun, for the constraints to count.
        """
        rows = [
            (
                play.play_id,
                play.content_id,
                play.state,
                iso(started),
                iso(_after(started, shown_s := round(play.ended_s - play.started_s, 3))),
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
            play_ids = [play_id for play_id, *_ in rows]
            return [
                play_of(row) for play_id in play_ids for row in db.execute(_BEGUN_ALONE, (play_id,))
            ]

    def record_observed(
        self,
        hour_utc: str,
        running_s: float,
        seen_s: float,
        faults: Mapping[str, float],
        crowd: Crowd | None = None,
    ) -> None:
        """What is known of an hour (``YYYY-MM-DDTHH``), in place of what was before.

        For how long the program ran, for how long the camera saw, what was wrong with it for
        how long, and who was there beside the viewers.
        """
        crowd = crowd or Crowd()
        with self._explained():
            self._db.execute(
                "INSERT OR REPLACE INTO observed_hours VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    hour_utc,
                    round(running_s, 3),
                    round(seen_s, 3),
                    _json(faults),
                    crowd.passed,
                    round(crowd.unfollowed_s, 3),
                    crowd.most_unfollowed,
                ),
            )

    def record_viewer(
        self, viewer: Viewer, run: int, utc: datetime, arrived_utc: datetime | None = None
    ) -> None:
        """A viewer left, noticed at ``utc``."""
        row = {
            "visit_id": viewer.visit_id,
            "viewer_id": viewer.viewer_id,
            "run": run,
            "left_utc": iso(utc),
            "dwell_s": viewer.dwell_s,
            "attention_s": viewer.attention_s,
            "record": _json(viewer.record()),
            "arrived_utc": None if arrived_utc is None else iso(arrived_utc),
            "attention_eyes_s": viewer.attention_eyes_s,
            "attention_unknown_s": viewer.attention_unknown_s,
        }
        with self._explained(), self._transaction() as db:
            self._insert(db, "viewers", _with_numbers(row))

    def record_joined(self, joined: JoinedVisit) -> None:
        """A visit turned out to be part of another: what it gave to plays is that visit's.

        Of a play that both were at, they share one impression.
        """
        with self._explained(), self._transaction() as db:
            join_visits(db, joined)

    def withdraw_visit(self, visit_id: str) -> None:
        """A visit turned out to be nobody's, a face on a picture: no play was before it."""
        with self._explained(), self._transaction() as db:
            for table in ("impressions", "short_stays"):
                db.execute(f"DELETE FROM {table} WHERE visit_id = ?", (visit_id,))  # noqa: S608

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
                db, "orders", {"t_utc": iso(utc), "action": action, "detail": _json(detail)}
            )
            if unlearn_after is not None:
                db.execute("UPDATE rewards SET learned = 0 WHERE seq > ?", (unlearn_after,))

    @staticmethod
    def _insert(db: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> None:
        # Table and column names are ours; values are bound.
        marks = ", ".join("?" * len(row))
        db.execute(
            f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})",  # noqa: S608
            tuple(row.values()),
        )


def _after(utc: datetime, seconds: float) -> datetime:
    return utc + timedelta(seconds=round(seconds, 3))


def _with_numbers(row: dict[str, Any]) -> dict[str, Any]:
    """``row`` with 0 for an attention that is unknown; ``attention_unknown_s`` says so."""
    return row | {"attention_s": row["attention_s"] or 0.0}


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=False, ensure_ascii=False)
