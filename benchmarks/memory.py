"""Many decisions are made, rewarded and learned, and memory and model are looked at.

Every decision is for visitors who come, watch a few plays and leave, as before a screen, without
camera, page and journal.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.common.options import at_least_one
from benchmarks.common.paths import DEMO
from benchmarks.common.people import ages, viewer
from benchmarks.common.tables import Block, Table
from signage.config.file import load_config
from signage.content.loader import load_catalogue
from signage.recommend.policies.base import Learner
from signage.recommend.policies.make import make_policy
from signage.recommend.recommender import Recommender
from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.decisions import Decision, TrainingExample, Trigger
from signage.types.rewards import Impression, Reward

QUICK: Mapping[str, object] = {"decisions": 5000}

BEGIN_UTC = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
PLAY_S = 8.0
PLAYS_A_VISIT = 4


@dataclass(frozen=True)
class Figures:
    """What is in use after some decisions."""

    decisions: int
    resident_mb: float
    model_bytes: int
    remembered_viewers: int
    decisions_a_second: float


def learn(decisions: int, seed: int = 0) -> Iterator[Figures]:
    """Decide and learn so often; yield the figures after each tenth of it."""
    config = load_config(DEMO)
    policy = make_policy("vw", config)
    recommender = Recommender(config, load_catalogue(config.content), policy)
    assert isinstance(policy, Learner)  # noqa: S101 - "vw" is one
    rng = random.Random(seed)
    present: list[Viewer] = []
    visits, began_s = 0, time.perf_counter()
    for number in range(1, decisions + 1):
        t_s = number * PLAY_S
        for gone in [v for v in present if rng.random() < 1 / PLAYS_A_VISIT]:
            present.remove(gone)
            recommender.end_visit(gone.visit_id, t_s)
        while len(present) < 1 or rng.random() < 0.3:
            visits += 1
            present.append(visitor(rng, f"1.{visits}"))
        audience = AudienceSnapshot(
            t_s, BEGIN_UTC + timedelta(seconds=t_s), tuple(present), observed=True
        )
        decision = recommender.decide(number, Trigger.PLAY_ENDS, audience)
        recommender.note_start(decision, decision.utc)
        reward = reaction(rng, decision, present)
        recommender.note_reaction(decision.content_id, reward)
        if not decision.forced and reward.value is not None:
            recommender.learn(TrainingExample.from_decision(decision, reward.value))
        if number % max(1, decisions // 10) == 0:
            yield Figures(
                number,
                resident_mb(),
                len(policy.serialize()),
                recommender.remembered_viewers,
                number / (time.perf_counter() - began_s),
            )


def visitor(rng: random.Random, visit_id: str) -> Viewer:
    """Somebody of any age and gender."""
    female = rng.random()
    return viewer(visit_id, age=None, age_probs=ages(rng.uniform(8, 80)), female_prob=female)


def reaction(rng: random.Random, decision: Decision, present: list[Viewer]) -> Reward:
    """A reward by chance, from everybody present."""
    looked = [rng.random() for _ in present]
    impressions = tuple(
        Impression(
            visit_id=who.visit_id,
            viewer_id=who.viewer_id,
            present_s=PLAY_S,
            attention_s=share * PLAY_S,
            stayed=True,
            reading_s=None,
            reading_region=None,
            reaction=rng.uniform(-0.2, 0.2),
            parts={},
        )
        for who, share in zip(present, looked, strict=True)
    )
    value = sum(looked) / len(looked)
    return Reward(decision.decision_id, decision.t_s, decision.utc, value, {}, impressions)


def resident_mb() -> float:
    """What the process holds now; where the system does not tell, the most that it ever held."""
    statm = Path("/proc/self/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most / 1e3


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    parser.add_argument("--decisions", type=at_least_one, default=50_000)


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Measure ten times along the run."""
    columns = (
        "decisions",
        "resident MB",
        "model bytes",
        "viewers remembered",
        "decisions a second",
    )
    yield Table(columns, map(row, learn(options.decisions)))


def row(figures: Figures) -> Sequence[str]:
    """The figures as cells."""
    return (
        str(figures.decisions),
        f"{figures.resident_mb:.1f}",
        str(figures.model_bytes),
        str(figures.remembered_viewers),
        f"{figures.decisions_a_second:.0f}",
    )
