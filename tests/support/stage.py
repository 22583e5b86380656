"""A screen that obeys exactly, with the real engine, on a clock of its own."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from signage.config.decision import DecisionConfig
from signage.config.policies import PoliciesConfig, VwConfig
from signage.content.catalogue import Catalogue
from signage.engine.engine import Engine, Step
from signage.journal.reader import JournalReader
from signage.journal.writer import Journal
from signage.recommend.policies.make import make_policy
from signage.simulation.screen import SimulatedScreen
from signage.types.decisions import Trigger
from signage.types.orders import Orders
from signage.types.vision import Sighting
from tests.support.builders import AWAY, TOWARDS, defaults, frame, sighting, traits

FPS = 10
ADULT: dict[str, Any] = {"traits": traits(45, 0.9)}
CHILD: dict[str, Any] = {"traits": traits(9, 0.5)}

Script = Callable[[float], Sequence[Sighting] | None]


class Stage:
    """An engine, its journal and its screen, on a clock of its own."""

    fps = FPS

    def __init__(
        self,
        path: Path,
        contents: Catalogue,
        *,
        returning: bool = False,
        checkpoint_every: int = 50,
        **decision: Any,
    ) -> None:
        vw = VwConfig(checkpoint_every=checkpoint_every)
        config = defaults(
            timezone="UTC",
            policies=PoliciesConfig(vw=vw),
            decision=DecisionConfig(**{"policy": "uniform"} | decision),
        )
        perception = config.perception.model_copy(update={"returning": returning})
        self.config = config.model_copy(update={"perception": perception})
        self.path = path
        self.contents = contents
        self.screen = SimulatedScreen()
        self.script: Script = lambda _: []
        self.journal = Journal(path, durable=False)
        policy = make_policy(self.config.decision.policy, self.config)
        self.engine = Engine(
            self.config, contents, policy, self.journal, lambda f: self.script(f.t_s), self.screen
        )
        self.engine.begin(frame(0.0), path.with_name("checkpoints"))
        self.t_s = 0.0

    def play(self, seconds: float, script: Script | Sequence[Sighting] | None) -> list[Step]:
        self.script = script if callable(script) else lambda _: script
        steps = []
        for _ in range(round(seconds * self.fps)):
            self.t_s = round(self.t_s + 1 / self.fps, 6)
            self.screen.advance(self.t_s)
            steps.append(self.engine.step(frame(self.t_s)))
        return steps

    def put_in_force(self, orders: Orders) -> None:
        """As if the operator had ordered it, without a record."""
        recommender = self.engine.recommender
        recommender.apply(replace(recommender.state, orders=orders))

    def rows(self) -> list[dict[str, Any]]:
        return JournalReader(self.path).decisions()[::-1]


def triggers(steps: Sequence[Step]) -> list[tuple[Trigger, float]]:
    return [(s.decision.trigger, s.audience.t_s) for s in steps if s.decision]


def crowd(seed: int) -> Callable[[float], list[Sighting]]:
    """People who come and go, look and do not, of all ages."""

    def there(t_s: float) -> list[Sighting]:
        visit = int(t_s // 13)
        rng = random.Random(f"{seed} {visit}")
        if rng.random() < 0.2:
            return []
        looks = random.Random(f"{seed} {int(t_s // 3)}").random() < 0.6
        who = traits(rng.uniform(20, 70), rng.random())
        return [sighting(track=visit, traits=who, pose=TOWARDS if looks else AWAY)]

    return there
