"""A recorded audience, a simulated response, and the rest as on a real screen."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from signage.config.camera import CameraConfig, ReelSegment
from signage.config.config import Config
from signage.config.constraints import ConstraintsConfig
from signage.config.decision import DecisionConfig
from signage.config.perception import PerceptionConfig
from signage.errors import SignageError, SourceError
from signage.journal.reader import JournalReader
from signage.simulation.recordings.recording import Moment, Recording, record
from signage.simulation.simulate import Simulation
from signage.types.choices import POLICY_NAMES, PolicyName
from signage.types.vision import Sighting
from tests.support.builders import FOOTAGE, ROOT, catalogue, defaults, sighting, traits

pytestmark = pytest.mark.system

SUMMARY_KEYS = {
    "policy", "seed", "plays", "rewarded_plays", "mean_reward", "reward_share_of_oracle",
    "watchers", "ots", "attention_s", "constraint_violations", "learning_curve",
}  # fmt: skip
SHOP = catalogue(
    {
        "coffee": {},
        "news": {"max_per_hour": 5, "motion": False},
        "shoes": {"duration_s": 6.0},
        "toys": {"duration_s": 12.0, "max_per_hour": 9},
        "wine": {"adults_only": True},
    }
)


def recording() -> Recording:
    """A woman stays, a man passes, a child comes beside her, then nobody."""
    woman = sighting(x=200, track=1, traits=traits(45, 0.95))
    man = sighting(x=500, track=2, traits=traits(30, 0.05))
    child = sighting(x=350, track=3, height=60, traits=traits(9, 0.5))

    def present(t_s: float) -> tuple[Sighting, ...]:
        spans = ((woman, 2, 25), (man, 10, 15), (child, 18, 24))
        return tuple(who for who, begin, end in spans if begin <= t_s < end)

    moments = tuple(Moment(index / 5, present(index / 5)) for index in range(150))
    return Recording(moments, 32.0, 3)


def simulate(
    out: Path, policy: PolicyName = "vw", *, seed: int = 0, plays: int = 60, **constraints: Any
) -> dict[str, Any]:
    out.mkdir()
    config = defaults(
        seed=seed,
        decision=DecisionConfig(policy=policy),
        constraints=ConstraintsConfig(**constraints),
    )
    return Simulation(config, SHOP, recording(), out).run(plays)


def dump(out: Path) -> str:
    with sqlite3.connect(out / "journal.sqlite") as db:
        text = "\n".join(db.iterdump())
    db.close()
    return text


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_the_same_seed_gives_the_same_journal_and_another_does_not(
    policy: PolicyName, tmp_path: Path
) -> None:
    summaries = [
        simulate(tmp_path / name, policy, seed=seed)
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    ]
    first, again, other = ((tmp_path / n / "journal.sqlite") for n in ("first", "again", "other"))
    assert first.read_bytes() == again.read_bytes()
    assert dump(first.parent) == dump(again.parent) != dump(other.parent)
    assert summaries[0] == summaries[1]
    assert summaries[0] != summaries[2]


@pytest.mark.parametrize("policy", POLICY_NAMES)
@pytest.mark.parametrize("max_per_hour", [None, 7])
def test_every_policy_plays_within_its_constraints(
    policy: PolicyName, max_per_hour: int | None, tmp_path: Path
) -> None:
    summary = simulate(tmp_path / "out", policy, seed=0, plays=100, max_per_hour=max_per_hour)
    assert summary.keys() - {"simulated_s"} == SUMMARY_KEYS
    assert (summary["policy"], summary["seed"], summary["plays"]) == (policy, 0, 100)
    assert summary["constraint_violations"] == 0
    assert 0 < summary["rewarded_plays"] < 100
    assert 0 < summary["mean_reward"] < 1
    assert 0 < summary["reward_share_of_oracle"] <= 1
    assert 0 < summary["watchers"] <= summary["ots"]
    assert summary["attention_s"] > 0
    ends = [plays for plays, _ in summary["learning_curve"]]
    assert ends == sorted(set(ends))
    assert ends[-1] <= 100
    assert all(0 <= mean <= 1 for _, mean in summary["learning_curve"])


@pytest.mark.parametrize("policy", POLICY_NAMES)
def test_every_policy_keeps_every_kind_of_constraint(policy: PolicyName, tmp_path: Path) -> None:
    """Simulated time begins on a Monday at 08:00."""
    busy = catalogue(
        {
            "alarm": {"mandatory": True, "dayparts": ((time(8, 5), time(8, 7)),)},
            "coffee": {"share_min": 0.2, "dayparts": ((time(7), time(8, 12)),)},
            "film": {"min_age": 12, "max_per_viewer": 1},
            "news": {},
            "red": {"competes": "cola", "share_max": 0.3},
            "blue": {"competes": "cola", "max_per_viewer": 2, "weekdays": ("mon",)},
            "wine": {"adults_only": True, "share_min": 0.1, "from_date": date(2026, 1, 6)},
        }
    )
    config = defaults(
        timezone="UTC",
        decision=DecisionConfig(policy=policy),
        constraints=ConstraintsConfig(
            share_window_plays=40, separation_plays=2, exploration_max=0.5, repeat_min_attention=0.2
        ),
    )
    summary = Simulation(config, busy, recording(), tmp_path).run(150)
    assert summary["constraint_violations"] == 0
    rows = JournalReader(tmp_path / "journal.sqlite").decisions()[::-1]
    assert {row["content_id"] for row in rows} == set(busy) - {"wine"}
    reasons = {why.partition(":")[0] for row in rows for why in row["masked"].values()}
    assert reasons >= {"from_date", "daypart", "max_per_viewer", "min_age", "competes", "mandatory"}
    assert {row["content_id"] for row in rows if row["trigger"] == "mandatory"} >= {"alarm"}
    coffees = [row["content_id"] == "coffee" for row in rows if row["started_utc"]][:35]
    assert sum(coffees) >= 0.15 * len(coffees)


def test_the_summary_says_what_the_journal_says(tmp_path: Path) -> None:
    summary = simulate(tmp_path / "out")
    journal = JournalReader(tmp_path / "out" / "journal.sqlite")
    ended = [row for row in journal.decisions() if row["started_utc"] and row["ended_utc"]]
    rewards = [row["reward"] for row in ended if row["reward"] is not None]
    assert len(ended) == summary["plays"] == 60
    assert len(rewards) == summary["rewarded_plays"]
    assert sum(rewards) / len(rewards) == pytest.approx(summary["mean_reward"], abs=1e-6)
    viewers = journal.viewers()
    assert len(viewers) == summary["ots"]
    assert sum(v["attention_s"] > 0 for v in viewers) == summary["watchers"]
    assert sum(v["attention_s"] for v in viewers) == pytest.approx(summary["attention_s"], abs=0.1)


def test_one_that_knows_the_best_answer_gets_all_of_the_oracle(tmp_path: Path) -> None:
    """With one content alone there is nothing to choose."""
    config = defaults(decision=DecisionConfig(policy="uniform"))
    only = catalogue({"coffee": {}})
    summary = Simulation(config, only, recording(), tmp_path).run(20)
    assert summary["reward_share_of_oracle"] == 1


def test_before_nobody_nothing_is_earned(tmp_path: Path) -> None:
    summary = simulate(tmp_path / "out", plays=1)
    empty = Recording(tuple(replace(m, people=()) for m in recording().moments), 32.0, 3)
    out = tmp_path / "empty"
    out.mkdir()
    nobody = Simulation(defaults(), SHOP, empty, out).run(10)
    assert summary["plays"] == 1
    assert (nobody["rewarded_plays"], nobody["mean_reward"]) == (0, None)
    assert nobody["reward_share_of_oracle"] is None
    assert (nobody["ots"], nobody["watchers"], nobody["learning_curve"]) == (0, 0, [])


def test_a_journal_is_not_written_over(tmp_path: Path) -> None:
    simulate(tmp_path / "out", plays=1)
    before = dump(tmp_path / "out")
    with pytest.raises(SignageError, match=r"journal\.sqlite already exists") as raised:
        Simulation(defaults(), SHOP, recording(), tmp_path / "out")
    assert "--out" in str(raised.value)
    assert dump(tmp_path / "out") == before


# What is watched once, to be played to again and again


@pytest.fixture(scope="module")
def config() -> Config:
    return Config(
        perception=PerceptionConfig(models_dir=ROOT / "models"),
        camera=CameraConfig(
            reel=(
                ReelSegment(clip="no_face.mp4", to_s=2.0),
                ReelSegment(clip="single_face.mp4"),
                ReelSegment(clip="no_face.mp4"),
                ReelSegment(clip="single_face.mp4", to_s=1.0),
            ),
            footage_dir=FOOTAGE,
        ),
    )


@pytest.mark.models
def test_who_comes_back_in_the_reel_is_counted_again(config: Config) -> None:
    done: list[float] = []
    seen = record(config, [], done.append)
    assert seen.people == 2
    assert done == [moment.t_s for moment in seen.moments]
    first = [m.t_s for m in seen.moments if m.people and m.people[0].track == 1]
    assert first[0] == pytest.approx(2.0, abs=0.3)
    assert first[-1] == pytest.approx(4.4, abs=0.3)
    assert len(first) == pytest.approx(2.4 * 5, abs=2)
    assert any(face.traits is not None for m in seen.moments for face in m.people)


@pytest.mark.models
def test_people_of_different_videos_are_different_people(config: Config) -> None:
    clip = FOOTAGE / "single_face.mp4"
    seen = record(config, [clip, clip])
    assert seen.people == 2
    assert {face.track for moment in seen.moments for face in moment.people} == {1, 2}
    assert seen.duration_s == pytest.approx(2 * (2.37 + 2.0), abs=0.1)


@pytest.mark.models
def test_nobody_in_the_recording_is_an_error(config: Config) -> None:
    with pytest.raises(SourceError, match="The recording shows nobody"):
        record(config, [FOOTAGE / "no_face.mp4"])


def test_who_comes_again_within_a_lap_is_known_and_in_the_next_lap_is_somebody_new(
    tmp_path: Path,
) -> None:
    """Track 2 of every lap is the person of track 1 of that lap."""

    def present(t_s: float) -> tuple[Sighting, ...]:
        if 2 <= t_s < 10:
            return (sighting(track=1, earlier_tracks=(), traits=traits(45, 0.9)),)
        if 16 <= t_s < 26:
            return (sighting(track=2, earlier_tracks=(1,), traits=traits(45, 0.9)),)
        return ()

    moments = tuple(Moment(index / 5, present(index / 5)) for index in range(150))
    config = defaults(decision=DecisionConfig(policy="uniform"))
    Simulation(config, SHOP, Recording(moments, 32.0, 2), tmp_path).run(12)
    visits = JournalReader(tmp_path / "journal.sqlite").viewers()
    told = [(v["visit_id"], v["viewer_id"], v["returning"]) for v in visits[:4]]
    assert told == [
        ("1.1", "1.1", False),
        ("1.2", "1.1", True),
        ("1.3", "1.3", False),
        ("1.4", "1.3", True),
    ]
