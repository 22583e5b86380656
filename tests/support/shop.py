"""A small recorded audience, and contents for it."""

from __future__ import annotations

from signage.config.decision import DecisionConfig
from signage.content.catalogue import Catalogue
from signage.simulation.batch import Job
from signage.simulation.recordings.file import dump
from signage.simulation.recordings.recording import Moment, Recording
from signage.simulation.viewers.model import PRESETS
from signage.types.choices import PolicyName
from signage.types.vision import Sighting
from tests.support.builders import catalogue, defaults, sighting, traits

SHOP = catalogue(
    {
        "coffee": {},
        "news": {"motion": False, "duration_s": 12.0, "more": {"text": "Read all about it."}},
        "shoes": {"duration_s": 6.0},
        "toys": {"motion": False},
    }
)


def recording(people: int = 6) -> Recording:
    """One after the other, each for 12 s, women and men of all ages."""
    looks = [
        sighting(track=n, traits=traits(15 + 60 * (n - 1) / people, 0.05 + 0.9 * (n % 2)))
        for n in range(1, people + 1)
    ]

    def present(t_s: float) -> tuple[Sighting, ...]:
        number, since_s = divmod(t_s, 14.0)
        return (looks[int(number)],) if since_s < 12 else ()

    moments = tuple(Moment(i / 5, present(i / 5)) for i in range(people * 14 * 5))
    return Recording(moments, people * 14.0, people)


def job(
    policy: PolicyName = "uniform",
    seed: int = 0,
    plays: int = 40,
    preset: str = "field",
    contents: Catalogue = SHOP,
) -> Job:
    config = defaults(seed=seed, decision=DecisionConfig(policy=policy))
    return Job(config, contents, dump(recording()), PRESETS[preset], plays)
