"""What a journal remembers for the screen that writes it: rewards, orders, plays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any

from signage.journal.store import JournalStore
from signage.types.decisions import TrainingExample
from signage.types.experiments import Assignment
from signage.types.plays import Play

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)

# Plays that reached the screen, whoever reported it (``facts.py``).
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


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who was there in an hour beside the viewers."""

    passed: int = 0
    """People who never came within range."""
    unfollowed_s: float = 0.0
    """For how long more people were in view than are followed."""
    most_unfollowed: int = 0
    """How many more, at most."""


class RecordedPast(JournalStore):
    """Reads back what was recorded, also within the transaction of a simulation."""

    def next_number(self) -> int:
        """The number of the next decision; counts over all runs."""
        with self._explained():
            return int(
                self._db.execute("SELECT coalesce(max(number), 0) + 1 FROM decisions").fetchone()[0]
            )

    def observed(self, hour_utc: str) -> tuple[float, float, dict[str, float], Crowd]:
        """Return what ``record_observed`` recorded of an hour; zeros where it recorded nothing."""
        with self._explained():
            row = self._db.execute(
                "SELECT running_s, seen_s, faults, coalesce(passed, 0), "
                "coalesce(unfollowed_s, 0.0), coalesce(most_unfollowed, 0) "
                "FROM observed_hours WHERE hour_utc = ?",
                (hour_utc,),
            ).fetchone()
        if row is None:
            return 0.0, 0.0, {}, Crowd()
        return row[0], row[1], json.loads(row[2]), Crowd(*row[3:])

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
            for seq, decision_id, context, eligible, version, content_id, *columns in rows:
                if version not in catalogues:
                    (contents,) = self._db.execute(
                        "SELECT contents FROM catalogues WHERE version = ?", (version,)
                    ).fetchone()
                    catalogues[version] = json.loads(contents)
                contents = catalogues[version]
                actions = {name: tuple(contents[name]["features"]) for name in json.loads(eligible)}
                reward, propensity, shadow, experiment, arm, unit, washout, design = columns
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
            rows = self._db.execute(_DECIDED, (iso(utc), iso(until or _NEVER), drawn)).fetchall()
            rows += self._db.execute(_ALONE, (iso(utc), iso(until or _NEVER)))
        return _in_order(rows)

    def newest_utc(self) -> datetime | None:
        """When the newest decision was made; None where there is none."""
        with self._explained():
            row = self._db.execute(
                "SELECT t_utc FROM decisions ORDER BY number DESC LIMIT 1"
            ).fetchone()
        return None if row is None else datetime.fromisoformat(row[0])


def iso(utc: datetime) -> str:
    """Return ``utc`` as the journal has it: to the nearest millisecond, as seconds are kept."""
    # ``isoformat`` alone cuts the rest off.
    nearest = utc.astimezone(UTC) + timedelta(microseconds=500)
    return nearest.isoformat(timespec="milliseconds")


def play_of(row: tuple[Any, ...]) -> Play:
    """Return the play in a row of the queries above."""
    began_utc, content_id, play_id, forced, _ = row
    return Play(datetime.fromisoformat(began_utc), content_id, play_id, bool(forced))


def _in_order(rows: Iterable[tuple[Any, ...]]) -> list[Play]:
    """In the order of the screen.

    Of what the kiosk saw begin, that is the order of the decisions, also where the clock was set
    back; of what the page reported, that of its times.
    """
    latest = datetime.min.replace(tzinfo=UTC)
    timed = []
    for *row, by_page in rows:
        play = play_of((*row, by_page))
        if not by_page:
            latest = max(latest, play.utc)
        timed.append((play.utc if by_page else latest, play))
    return [play for _, play in sorted(timed, key=itemgetter(0))]
