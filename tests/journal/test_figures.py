"""The dashboard's figures are what one counts by hand from the same journal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from signage.journal.figures.audience import HELD_S
from signage.journal.figures.dashboard import TREND_PLAYS, DashboardFigures, Period
from signage.journal.writer import Journal
from signage.types.decisions import Decision, Trigger
from signage.types.plays import PlayEvent, PlayState
from signage.types.rewards import Impression, Reward
from tests.support.builders import NOON, catalogue

CATALOGUE = catalogue()
NOW = NOON + timedelta(minutes=30)
DAY = Period.last(1, NOW)


@dataclass
class Diary:
    """Writes plays into a real journal."""

    journal: Journal
    run: int
    number: int = 0

    def play(
        self,
        content_id: str,
        utc: datetime,
        impressions: Sequence[Impression] = (),
        reward: float | None = None,
        *,
        state: PlayState | None = PlayState.FINISHED,
        forced: bool = False,
        shown_s: float = 8.0,
    ) -> None:
        """``state`` None: still on screen."""
        self.number += 1
        name = f"screen-{self.number}"
        decision = Decision(
            decision_id=name,
            t_s=0.0,
            utc=utc,
            trigger=Trigger.PLAY_ENDS,
            content_id=content_id,
            propensity=1.0,
            eligible={content_id: 1.0},
            masked={},
            context={},
            policy="vw",
            policy_version="1",
            catalogue_version=CATALOGUE.version,
            actions={},
            forced=forced,
        )
        self.journal.record_decision(self.number, self.run, decision)
        if state in (PlayState.SUPERSEDED, PlayState.FAILED):
            self.journal.record_end(PlayEvent(name, state, 0.0, "page"), utc, None)
            return
        self.journal.record_start(PlayEvent(name, PlayState.STARTED, 10.0, "page"), utc)
        if state is not None:
            given = Reward(name, 0.0, utc, reward, {}, tuple(impressions))
            self.journal.record_end(PlayEvent(name, state, 10.0 + shown_s, "page"), utc, given)


def impression(visit_id: str, attention_s: float, reading_s: float | None = None) -> Impression:
    return Impression(visit_id, visit_id, 8.0, attention_s, True, reading_s, None, 0.0, {})


@pytest.fixture
def diary(tmp_path: Path) -> Iterator[Diary]:
    journal = Journal(tmp_path / "journal.sqlite")
    run = journal.begin_run(NOON - timedelta(days=9), "screen")
    journal.record_catalogue(CATALOGUE.version, CATALOGUE.as_json())
    yield Diary(journal, run)
    journal.close()


@pytest.fixture
def figures(diary: Diary) -> DashboardFigures:
    return DashboardFigures(diary.journal.path)  # while the writer has it open


def test_an_empty_journal_has_figures_too(figures: DashboardFigures) -> None:
    told = figures.over(DAY, 200)
    assert told["funnel"] == {
        "ots": 0, "watchers": 0, "held": 0, "read": 0, "impressions": 0, "plays": 0,
        "held_s": HELD_S,
    }  # fmt: skip
    assert (told["contents"], told["share_of_voice"]) == ({}, {"window_plays": 0, "plays": {}})
    assert len(told["by_hour"]) == 24
    assert {hour["reward"] for hour in told["by_hour"]} == {None}


def test_the_funnel_counts_persons_not_plays(diary: Diary, figures: DashboardFigures) -> None:
    diary.play("coffee", NOON, [impression("passes", 0.0), impression("glances", 1.0)])
    diary.play("shoes", NOON, [impression("glances", 2.5), impression("stays", HELD_S)])
    diary.play("shoes", NOON, [impression("reads", 5.0, 2.0), impression("stays", 8.0, 0.0)])
    funnel = figures.over(DAY, 200)["funnel"]
    assert (funnel["ots"], funnel["watchers"]) == (4, 3)
    assert funnel["held"] == 2  # glances looked for 3.5 s, but never at one play
    assert (funnel["read"], funnel["impressions"], funnel["plays"]) == (1, 6, 3)


def test_only_plays_that_reached_the_screen_count(diary: Diary, figures: DashboardFigures) -> None:
    diary.play("coffee", NOON, shown_s=8.0)
    diary.play("coffee", NOON, state=PlayState.INTERRUPTED, shown_s=2.5)
    diary.play("coffee", NOON, state=PlayState.SUPERSEDED)
    diary.play("coffee", NOON, state=PlayState.FAILED)
    diary.play("coffee", NOON, state=None)
    told = figures.over(DAY, 200)
    assert (told["contents"]["coffee"]["plays"], told["funnel"]["plays"]) == (3, 3)
    assert told["contents"]["coffee"]["shown_s"] == 10.5  # of what runs it is not known yet
    assert told["share_of_voice"] == {"window_plays": 3, "plays": {"coffee": 3}}


def test_each_content_has_its_own(diary: Diary, figures: DashboardFigures) -> None:
    diary.play("coffee", NOON, [impression("a", 4.0), impression("b", 0.0)], 0.4)
    diary.play("coffee", NOON, [impression("a", 2.0)], 0.2)
    diary.play("coffee", NOON)  # nobody was there: no reward, which is not a reward of zero
    diary.play("shoes", NOON, [impression("a", 8.0)], 0.9)
    contents = figures.over(DAY, 200)["contents"]
    coffee = contents["coffee"]
    assert {name: coffee[name] for name in ("plays", "ots", "watchers", "impressions")} == {
        "plays": 3, "ots": 2, "watchers": 1, "impressions": 3,
    }  # fmt: skip
    assert (coffee["attention_s"], coffee["attraction"]) == (6.0, 0.25)
    assert (coffee["rewarded"], coffee["reward"]) == (2, pytest.approx(0.3))
    assert coffee["rewards"][-1] == pytest.approx(0.3)
    assert coffee["trend"] is None  # two plays tell none
    assert (contents["shoes"]["reward"], contents["shoes"]["attraction"]) == (0.9, 1.0)


def test_what_had_to_play_earns_no_content_a_mean(diary: Diary, figures: DashboardFigures) -> None:
    """As in the report: it was not chosen for who was there."""
    diary.play("coffee", NOON, [impression("a", 4.0)], 0.4)
    diary.play("coffee", NOON, [impression("a", 8.0)], 0.9, forced=True)
    diary.play("shoes", NOON, [impression("a", 8.0)], 0.9, forced=True)
    told = figures.over(DAY, 200)
    coffee, shoes = told["contents"]["coffee"], told["contents"]["shoes"]
    assert (coffee["rewarded"], coffee["reward"], coffee["impressions"]) == (1, 0.4, 2)
    assert (shoes["rewarded"], shoes["reward"], shoes["impressions"]) == (0, None, 1)
    assert told["by_hour"][-1]["reward"] == 0.4
    assert (coffee["seen"], shoes["seen"]) == (2, 1)


def test_hours_are_whole_and_the_last_one_runs(diary: Diary, figures: DashboardFigures) -> None:
    diary.play("coffee", DAY.since - timedelta(seconds=1), [impression("too early", 8.0)], 1.0)
    diary.play("coffee", DAY.since, [impression("first", 1.0)], 0.5)
    diary.play("coffee", NOON + timedelta(minutes=29), [impression("last", 2.0)], 0.1)
    diary.play("shoes", NOON + timedelta(minutes=29), [impression("last", 3.0)], 0.3)
    told = figures.over(DAY, 200)
    assert told["since_utc"] == "2026-03-03T13:00:00.000+00:00"
    hours = told["by_hour"]
    assert hours[0] | {"t_utc": ""} == {
        "t_utc": "", "plays": 1, "ots": 1, "watchers": 1, "attention_s": 1.0, "reward": 0.5,
        "seen": "yes", "seen_share": 1.0,
    }  # fmt: skip
    assert hours[-1] == {
        "t_utc": "2026-03-04T12:00:00+00:00", "plays": 2, "ots": 1, "watchers": 1,
        "attention_s": 5.0, "reward": pytest.approx(0.2), "seen": "yes", "seen_share": 1.0,
    }  # fmt: skip
    assert sum(hour["plays"] for hour in hours) == 3
    week = figures.over(Period.last(7, NOW), 200)
    assert (len(week["by_hour"]), week["funnel"]["ots"]) == (168, 3)


def test_a_trend_needs_enough_plays_on_both_sides(diary: Diary, figures: DashboardFigures) -> None:
    for _ in range(TREND_PLAYS):
        diary.play("coffee", DAY.since, [impression("a", 1.0)], 0.2)
    for _ in range(TREND_PLAYS - 1):
        diary.play("coffee", NOON, [impression("b", 1.0)], 0.5)
    assert figures.over(DAY, 200)["contents"]["coffee"]["trend"] is None
    diary.play("coffee", NOON, [impression("b", 1.0)], 0.5)
    coffee = figures.over(DAY, 200)["contents"]["coffee"]
    assert coffee["trend"] == pytest.approx(0.3)
    assert (coffee["rewards"][0], coffee["rewards"][-1]) == (0.2, 0.5)


def test_share_of_voice_is_of_the_newest_drawn_plays(
    diary: Diary, figures: DashboardFigures
) -> None:
    for name in ("coffee", "coffee", "shoes", "coffee"):
        diary.play(name, NOON - timedelta(days=3))  # however long ago
    diary.play("wine", NOON, forced=True)
    voice = figures.over(DAY, 3)["share_of_voice"]
    assert voice == {"window_plays": 3, "plays": {"coffee": 2, "shoes": 1}}


def test_a_clock_that_was_set_back_breaks_nothing(diary: Diary, figures: DashboardFigures) -> None:
    diary.play("coffee", NOW + timedelta(hours=5), [impression("a", 1.0)], 0.5)
    assert figures.over(DAY, 200)["by_hour"][-1]["plays"] == 1
