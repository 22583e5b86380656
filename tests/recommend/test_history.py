"""What is remembered of one person, and what the next decision makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from signage.config.config import Config
from signage.config.constraints import ConstraintsConfig
from signage.config.perception import PerceptionConfig
from signage.recommend.history import VisitHistory
from signage.recommend.policies.uniform import Uniform
from signage.recommend.recommender import Recommender
from signage.types.audience import Viewer
from signage.types.decisions import Decision, Trigger
from signage.types.rewards import Impression, Reward
from tests.support.builders import catalogue, snapshot, utc, viewer

THREE = catalogue({"coffee": {}, "shoes": {}, "tea": {"category": "coffee"}})


def impression(visit_id: str = "1.1", **more: Any) -> Impression:
    values: dict[str, Any] = {
        "visit_id": visit_id,
        "viewer_id": visit_id,
        "present_s": 8.0,
        "attention_s": 2.0,
        "stayed": True,
        "reading_s": None,
        "reading_region": None,
        "reaction": 0.0,
        "parts": {},
    }
    return Impression(**values | more)


def recommender(*, returning: bool = True, least: float = 0.0) -> Recommender:
    config = Config(
        perception=PerceptionConfig(returning=returning, remember_s=100.0),
        constraints=ConstraintsConfig(repeat_min_attention=least),
    )
    return Recommender(config, THREE, Uniform())


def show(to: Recommender, content_id: str, seen: Impression, t_s: float = 10.0) -> None:
    to.note_reaction(content_id, Reward("screen-1", t_s, utc(t_s), 0.5, {}, (seen,)))


def decide(by: Recommender, main: Viewer | None, t_s: float = 20.0) -> Decision:
    people = () if main is None else (main,)
    return by.decide(1, Trigger.PLAY_ENDS, snapshot(*people, t_s=t_s))


BACK = viewer("1.1", visit_id="1.9", earlier_visits=("1.1",), returning=True)


def test_attention_and_reactions_add_up_by_content_and_by_category() -> None:
    history = VisitHistory()
    history.add(
        "coffee", ["category=coffee", "tag=drink"], impression(attention_s=2.0, reaction=0.4)
    )
    history.add("tea", ["category=coffee"], impression(attention_s=6.0, reaction=-0.2))
    history.add("tea", ["category=coffee"], impression(attention_s=8.0, reaction=0.1))
    assert VisitHistory.joined([history]).features() == history.features()
    assert history.features() == {
        "liked:category=coffee": pytest.approx(16 / 24, abs=1e-4),
        "moved:category=coffee": pytest.approx(0.1),
        "liked:tag=drink": 0.25,
        "moved:tag=drink": 0.4,
        "seen:coffee": 1.0,
        "earned:coffee": 0.25,
        "seen:tea": 2.0,
        "earned:tea": pytest.approx(14 / 16 * 0.95, abs=1e-4),  # it was taken a little badly
    }


def test_who_comes_back_is_decided_for_with_what_they_saw_before() -> None:
    knows = recommender()
    show(knows, "shoes", impression(attention_s=8.0, reaction=0.6))
    knows.end_visit("1.1", 12.0)
    context = decide(knows, BACK).context
    assert context["returning"] == 1.0
    assert (context["seen:shoes"], context["earned:shoes"]) == (1.0, 1.0)
    assert context["moved:category=shoes"] == 0.6
    stranger = decide(knows, viewer("1.9")).context
    assert not [name for name in stranger if name.startswith(("seen:", "liked:"))]


def test_what_both_visits_saw_is_one_history() -> None:
    knows = recommender()
    show(knows, "shoes", impression())
    knows.end_visit("1.1", 12.0)
    show(knows, "shoes", impression("1.9"), t_s=15.0)
    assert decide(knows, BACK).context["seen:shoes"] == 2.0


def test_also_what_they_walked_away_from_is_remembered() -> None:
    """They had left before the play was over, which is when it is known what they made of it."""
    knows = recommender()
    knows.end_visit("1.1", 8.0)
    show(knows, "shoes", impression(stayed=False, attention_s=1.0))
    assert decide(knows, BACK).context["earned:shoes"] == 0.125


def test_nobody_is_remembered_for_longer_than_configured() -> None:
    knows = recommender()
    show(knows, "shoes", impression())
    show(knows, "shoes", impression("1.2", stayed=False))
    knows.end_visit("1.1", 12.0)
    knows.end_visit("1.3", 112.5)
    assert knows.remembered_viewers == 0
    assert "seen:shoes" not in decide(knows, BACK).context


def test_where_nobody_is_recognised_a_visit_is_forgotten_with_its_end() -> None:
    forgets = recommender(returning=False)
    show(forgets, "shoes", impression())
    show(forgets, "shoes", impression("1.2", stayed=False))
    assert forgets.remembered_viewers == 2  # who is out of sight may go on with the same visit
    forgets.end_visit("1.1", 12.0)
    forgets.end_visit("1.2", 20.0)
    assert forgets.remembered_viewers == 0


def test_what_did_not_earn_it_does_not_come_again() -> None:
    strict = recommender(least=0.3)
    show(strict, "shoes", impression(attention_s=1.0))
    show(strict, "tea", impression(attention_s=4.0))
    decision = decide(strict, BACK)
    assert set(decision.eligible) == {"coffee", "tea"}
    assert decision.masked == {
        "shoes": "already_watched: they gave it 12% of their attention, less than 30%"
    }
    assert set(decide(strict, viewer("1.9")).eligible) == set(THREE)
    assert set(decide(strict, None).eligible) == set(THREE)


def test_it_gives_way_where_nothing_else_may_play() -> None:
    strict = recommender(least=0.3)
    for content_id in THREE:
        show(strict, content_id, impression(attention_s=0.0))
    decision = decide(strict, BACK)
    assert set(decision.eligible) == set(THREE)
    assert not decision.forced


def test_who_is_taken_for_a_picture_for_a_moment_keeps_their_history() -> None:
    by = recommender(returning=False)
    here = viewer("1.1")
    show(by, "coffee", impression())
    assert decide(by, here, 20.0).context["seen:coffee"] == 1
    assert "seen:coffee" not in decide(by, None, 20.1).context
    assert decide(by, here, 20.2).context["seen:coffee"] == 1
    decide(by, None, 30.0)
    decide(by, None, 41.0)
    assert by.remembered_viewers == 0
