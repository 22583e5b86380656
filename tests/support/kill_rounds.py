"""A screen that is killed again and again: ``python -m tests.support.kill_rounds FOLDER``.

For every line on stdin it forks a child, which says its process id and then runs the real
engine, VW and a durable journal in FOLDER as fast as it can, until it is killed. What it
acknowledges goes to stdout, a line each: ``shown ID`` when a decision was handed to the screen,
``ordered ACTION`` when an order was carried out. ``end`` follows when it is dead. Forking
spares each round the imports.
"""

from __future__ import annotations

import os
import random
import sys
from itertools import count
from pathlib import Path

from signage.config.config import Config
from signage.config.decision import DecisionConfig
from signage.config.policies import PoliciesConfig, VwConfig
from signage.content.catalogue import Catalogue
from signage.engine.engine import Engine
from signage.engine.learning import FOLDER
from signage.journal.writer import Journal
from signage.recommend.policies.make import make_policy
from signage.simulation.screen import SimulatedScreen
from signage.types.choices import Action
from signage.types.orders import Order
from signage.types.plays import Cue
from signage.types.vision import Frame, Sighting
from tests.support.builders import AWAY, TOWARDS, catalogue, defaults, sighting, traits, utc

FRAME_S = 0.5
ROUND_S = 100_000.0
"""Each round has a time of its own, after all rounds before."""
CONTENTS: Catalogue = catalogue(
    {"coffee": {"duration_s": 2.0}, "shoes": {"duration_s": 3.0}, "wine": {"adults_only": True}}
)
# A rollback is rare: it takes the model back over several rounds.
ORDERS = (Action.FREEZE, Action.UNFREEZE, Action.PIN, Action.UNPIN) * 2 + (Action.ROLLBACK,)
STEPS_BETWEEN_ORDERS = 23


def config() -> Config:
    return defaults(
        policies=PoliciesConfig(vw=VwConfig(checkpoint_every=3)),
        decision=DecisionConfig(min_play_s=1.0, lead_s=0.6),
    )


class Screen(SimulatedScreen):
    """Says what was shown, at once and past any buffer."""

    def show(self, cue: Cue) -> None:
        super().show(cue)
        say(f"shown {cue.decision_id}")


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def people(t_s: float) -> list[Sighting]:
    """Somebody else every few seconds, who looks or does not."""
    rng = random.Random(f"{t_s // 7}")
    looks = random.Random(f"{t_s // 2}").random() < 0.6
    who = traits(rng.uniform(5, 70), rng.random())
    pose = TOWARDS if looks else AWAY
    return [sighting(track=int(t_s // 7) % 100_000, traits=who, pose=pose)]


def run(folder: Path, number: int) -> None:
    settings = config()
    journal = Journal(folder / "journal.sqlite")
    screen = Screen()
    policy = make_policy("vw", settings)
    engine = Engine(settings, CONTENTS, policy, journal, lambda f: people(f.t_s), screen)
    begin_s = number * ROUND_S
    engine.begin(Frame(begin_s, utc(begin_s)), folder / FOLDER)
    orders = len(journal.orders())
    for step in count(1):
        t_s = begin_s + step * FRAME_S
        order = None
        if step % STEPS_BETWEEN_ORDERS == 0:
            action = ORDERS[orders % len(ORDERS)]
            orders += 1
            content_id = "shoes" if action is Action.PIN else None
            order = action, engine.order(Order(action=action, content_id=content_id))
        screen.advance(t_s)
        engine.step(Frame(t_s, utc(t_s)))
        engine.learning.catch_up(utc(t_s), 4)
        if order is not None and order[1].exception(0) is None:
            say(f"ordered {order[0]}")


def main() -> None:
    folder = Path(sys.argv[1])
    for number, _ in enumerate(sys.stdin):
        child = os.fork()
        if child == 0:
            say(f"pid {os.getpid()}")
            run(folder, number)
        os.waitpid(child, 0)
        say("end")


if __name__ == "__main__":
    main()
