"""Simulated screens that differ from the plain one: tastes change, contents come, looks deceive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmarks.learning.world import (
    BY_CATEGORY,
    CATEGORIES,
    MEDIA,
    Array,
    Turn,
    World,
    draw_taste,
)
from signage.recommend.history import VisitHistory
from signage.types.rewards import Impression


class Swap(World):
    """Four new contents at a quarter, and at half the categories change places in every taste."""

    def __init__(self, seed: int, plays: int, items: int = 16) -> None:
        super().__init__(seed, plays, items)
        self.swapped = _swapped(self.taste, seed, self.total)

    def _more(self) -> int:
        return 4

    def there(self, t: int) -> list[int]:
        return list(range(self.items if t < self.plays // 4 else self.total))

    def now(self, t: int) -> dict[str, Array]:
        return self.taste if t < self.plays // 2 else self.swapped


def _swapped(taste: Mapping[str, Array], seed: int, total: int) -> dict[str, Array]:
    rng = np.random.default_rng([seed, 3])
    order, other = rng.permutation(len(CATEGORIES)), draw_taste(rng, total)
    changed = {kind: taste[kind][:, order] for kind in BY_CATEGORY}
    return {**taste, **changed, "mood": other["mood"]}


class Outdated(World):
    """The table was mined before tastes changed."""

    def __init__(self, seed: int, plays: int, items: int = 16) -> None:
        super().__init__(seed, plays, items)
        self.mined = _swapped(self.taste, seed, self.total)


class SlowDrift(World):
    """Tastes turn by a right angle over the run: nothing of the first is left at the end."""

    def __init__(self, seed: int, plays: int, items: int = 16) -> None:
        super().__init__(seed, plays, items)
        self._last = draw_taste(np.random.default_rng([seed, 4]), self.total)

    def now(self, t: int) -> dict[str, Array]:
        angle = np.pi / 2 * t / self.plays
        return {
            kind: np.cos(angle) * before + np.sin(angle) * self._last[kind]
            for kind, before in self.taste.items()
        }


class NewContent(World):
    """Every tenth of the run one content is withdrawn and another one comes."""

    def _more(self) -> int:
        return 9

    def there(self, t: int) -> list[int]:
        gone = min(9, 10 * t // self.plays)
        return list(range(gone, self.items + gone))


class Sparse(World):
    """Hardly anybody is ever held."""

    base = -4.2


class Latent(World):
    """Look-alikes differ: who stays for some plays has a taste of their own that no look shows."""

    own_sd = 1.0
    """Of a visitor's own taste, on the logit."""

    def __init__(self, seed: int, plays: int, items: int = 16) -> None:
        super().__init__(seed, plays, items)
        rng = np.random.default_rng([seed, 5])
        comes = rng.random(plays) < 1 / 6
        self._visit = np.cumsum(comes)
        visits = int(self._visit[-1]) + 1
        self._own_taste = rng.normal(0, self.own_sd, (visits, len(CATEGORIES)))
        first = np.maximum.accumulate(np.where(comes, np.arange(plays), 0))
        self.looks = {kind: values[first] for kind, values in self.looks.items()}
        self._history, self._of = VisitHistory(), -1

    def context(self, t: int) -> dict[str, float]:
        if self._of != self._visit[t]:
            self._history, self._of = VisitHistory(), int(self._visit[t])
        return super().context(t) | self._history.features()

    def chances(self, t: int, there: list[int]) -> Array:
        plain = np.log(super().chances(t, there) / (1 - super().chances(t, there)))
        return np.asarray(
            0.97 / (1 + np.exp(-plain - self._own_taste[self._visit[t], self.category[there]]))
        )

    def shown(self, turn: Turn, index: int, reward: float) -> None:
        """The viewer is still there and their look is known at once, before the reward is."""
        name = list(turn.actions)[index]
        look = Impression("1", "1", 8.0, 8.0 * reward, True, None, None, 0.0, {})  # noqa: FBT003
        self._history.add(name, turn.actions[name][:2], look)


class Individual(Latent):
    """Looks hardly show at all what people like."""

    own_sd = 2.0


class AttractAndHold(World):
    """A third each: nobody there yet, somebody passing, somebody watching.

    Who is to be attracted looks up or not, for media and contents of another kind than keep who
    watches; of nobody there is no look to tell. Who watches does so for a share of the play.
    """

    def __init__(self, seed: int, plays: int, items: int = 16) -> None:
        super().__init__(seed, plays, items)
        rng = np.random.default_rng([seed, 6])
        state = rng.random(plays)
        self._watched, self._empty = state < 1 / 3, state > 2 / 3
        self._catching = rng.normal(0, 0.6, len(MEDIA)), rng.normal(0, 0.5, self.total)

    def context(self, t: int) -> dict[str, float]:
        context = super().context(t)
        if self._empty[t]:
            shown = ("daypart", "noise")
            context = {k: v for k, v in context.items() if k.startswith(shown)} | {"group=0": 1.0}
        state = "state=hold" if self._watched[t] else "state=attract"
        return context | {state: 1.0}

    def chances(self, t: int, there: list[int]) -> Array:
        if self._watched[t]:
            return super().chances(t, there)
        media, own = self._catching
        return np.asarray(0.97 / (1 + np.exp(1.2 - media[self.medium[there]] - own[there])))

    def reward(self, turn: Turn, index: int) -> float:
        if not self._watched[turn.t]:
            return super().reward(turn, index)
        # Between none and all of the play; the mean is the chance.
        return float(self.luck[turn.t] ** (1 / turn.chances[index] - 1))

    def _advised(self, t: int, there: list[int]) -> list[int]:
        return [] if self._empty[t] else super()._advised(t, there)


class AttractAsHold(AttractAndHold):
    """The same, but what keeps somebody is also what makes them look up, only less often."""

    def chances(self, t: int, there: list[int]) -> Array:
        held = World.chances(self, t, there)
        return held if self._watched[t] else held / 2


WORLDS: dict[str, tuple[type[World], int]] = {
    "looks": (World, 16),
    "latent": (Latent, 16),
    "individual": (Individual, 16),
    "swap": (Swap, 16),
    "drift": (SlowDrift, 16),
    "new": (NewContent, 16),
    "outdated": (Outdated, 16),
    "sparse": (Sparse, 16),
    "attract": (AttractAndHold, 16),
    "attract as hold": (AttractAsHold, 16),
    "6 items": (World, 6),
    "12 items": (World, 12),
    "30 items": (World, 30),
    "200 items": (World, 200),
}


DESCRIPTIONS = {
    "looks": "taste follows looks",
    "latent": "latent taste, half of which looks tell",
    "individual": "looks tell next to nothing",
    "swap": "tastes swap, new contents",
    "drift": "slow drift",
    "new": "contents come and go",
    "outdated": "table out of date",
    "sparse": "sparse reward",
    "attract": "attract and hold",
    "attract as hold": "attract and hold, one taste",
    "6 items": "6 contents",
    "12 items": "12 contents",
    "30 items": "30 contents",
    "200 items": "200 contents",
}
"""What each world is; 16 contents unless it says otherwise."""


class FromFile:
    """A world in a file of its own, with a class ``Env`` (a simulated screen as ours is)."""

    def __init__(self, env: Any, seed: int) -> None:
        self._env = env
        self.plays, self.delay = env.T, env.dl
        self.draw = np.random.default_rng([seed, 2]).random(env.T)
        self._features = {}
        for n in range(env.Ktot):
            kinds = dict(feature.split("=") for feature in env.afeat(n) if "=" in feature)
            kinds.pop("ct", None)
            kinds["category"] = kinds.pop("cat")
            self._features[f"item-{n}"] = tuple(f"{kind}={v}" for kind, v in kinds.items())

    def turn(self, t: int) -> Turn:
        env, chances = self._env, self._env.p(t)
        numbers, values = env.cfeat(t)
        context = {env.CN[n]: float(v) for n, v in zip(numbers, values, strict=True)}
        names = list(self._features)[: len(chances)]
        age, gender = env.ctx[t][:2]
        liked = env.w["age_cat"][age] + env.w["gen_cat"][gender]
        best = max({env.cat[n] for n in range(len(names))}, key=lambda c: liked[c])
        advice = frozenset(name for n, name in enumerate(names) if env.cat[n] == best)
        return Turn(t, context, {n: self._features[n] for n in names}, chances, advice)

    def reward(self, turn: Turn, index: int) -> float:
        return float(self._env.draw(turn.t, index, turn.chances))

    def shown(self, turn: Turn, index: int, reward: float) -> None:
        """Nobody stays for the next play."""
