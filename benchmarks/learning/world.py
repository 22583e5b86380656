"""Simulated screens to measure policies in: who stands there, what may be shown, what it earns.

All are made of the same stuff. Taste is additive on the logit of the chance to hold somebody:
effects of age, gender and hour by category, of mood by tag, of movement by medium, and of the
content as such. Contexts and contents have the product's own feature names. Rewards are drawn
(one or nothing, with that chance) and come 5 to 30 plays late. Every policy meets the same people
with the same luck; only the visit's own history depends on what it showed before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from signage.recommend.context import ADVISED

Array = npt.NDArray[np.float64]

AGES = ("0-12", "18-24", "25-34", "45-54", "65+")
GENDERS = ("female", "male", "unknown")
MOODS = ("neutral", "happy", "sad", "angry")
DAYPARTS = ("morning", "noon", "afternoon", "evening")
MOVEMENTS = ("approaching", "standing", "passing_left")
CATEGORIES = ("coffee", "shoes", "travel", "toys", "wine", "books")
TAGS = ("calm", "loud", "warm", "new")
MEDIA = ("html", "image", "video")
_SHARES = {
    "age": (0.12, 0.28, 0.30, 0.20, 0.10),
    "gender": (0.45, 0.45, 0.10),
    "mood": (0.60, 0.25, 0.08, 0.07),
    "daypart": (0.25, 0.25, 0.25, 0.25),
    "movement": (0.30, 0.50, 0.20),
}
LEVELS = {
    "age": AGES,
    "gender": GENDERS,
    "mood": MOODS,
    "daypart": DAYPARTS,
    "movement": MOVEMENTS,
}
# Standard deviations on the logit.
BY_CATEGORY = {"age": 0.5, "gender": 0.35, "daypart": 0.3}
_MOOD_BY_TAG, _MOVEMENT_BY_MEDIUM, _OWN, _AGE_BY_OWN = 0.35, 0.25, 0.25, 0.25
_MOVEMENT = (0.5, 0.0, -0.8)
_NUISANCES = 4


@dataclass(frozen=True, slots=True)
class Turn:
    """One decision that is due."""

    t: int
    context: Mapping[str, float]
    actions: Mapping[str, tuple[str, ...]]
    chances: Array
    """Of each action to be rewarded: nobody but the oracle knows."""
    advice: frozenset[str]
    """What a mined table would show."""


class World:
    """Taste follows looks, and stays as it is."""

    base = -1.5

    def __init__(self, seed: int, plays: int, items: int = 16) -> None:
        rng = np.random.default_rng([seed, 1])
        self.plays, self.items = plays, items
        self.total = items + self._more()
        self.category = rng.integers(len(CATEGORIES), size=self.total)
        self.tag = rng.integers(len(TAGS), size=self.total)
        self.medium = rng.integers(len(MEDIA), size=self.total)
        self.taste = draw_taste(rng, self.total)
        self.mined = self.taste
        """The taste that the rules table was mined from."""
        people = np.random.default_rng([seed, 2])
        self.looks = {
            kind: people.choice(len(levels), plays, p=_SHARES[kind])
            for kind, levels in LEVELS.items()
        }
        self.noise = people.random((plays, _NUISANCES))
        self.luck, self.draw = people.random(plays), people.random(plays)
        self.delay = people.integers(5, 31, plays)
        self._features = {
            f"item-{n}": (
                f"category={CATEGORIES[self.category[n]]}",
                f"tag={TAGS[self.tag[n]]}",
                f"medium={MEDIA[self.medium[n]]}",
                f"id=item-{n}",
            )
            for n in range(self.total)
        }

    def turn(self, t: int) -> Turn:
        there = self.there(t)
        advice = self._advised(t, there)
        names = [f"item-{n}" for n in there]
        return Turn(
            t,
            self.context(t),
            {name: self._features[name] for name in names},
            self.chances(t, there),
            frozenset(f"item-{n}" for n in advice),
        )

    def reward(self, turn: Turn, index: int) -> float:
        return float(self.luck[turn.t] < turn.chances[index])

    def shown(self, turn: Turn, index: int, reward: float) -> None:
        """The play is over."""

    # What the worlds below change

    def _more(self) -> int:
        """Contents that come later."""
        return 0

    def there(self, t: int) -> list[int]:
        """Numbers of the contents that may be shown."""
        return list(range(self.items))

    def now(self, t: int) -> dict[str, Array]:
        return self.taste

    def context(self, t: int) -> dict[str, float]:
        seen = {f"{kind}={LEVELS[kind][self.looks[kind][t]]}": 1.0 for kind in LEVELS}
        return seen | {f"noise{n}": float(v) for n, v in enumerate(self.noise[t])}

    def chances(self, t: int, there: list[int]) -> Array:
        z = self.base + _MOVEMENT[self.looks["movement"][t]] + self._appeal(self.now(t), t, there)
        return np.asarray(0.97 / (1 + np.exp(-z)))

    def _appeal(self, taste: Mapping[str, Array], t: int, there: list[int]) -> Array:
        category, looks = self.category[there], {k: v[t] for k, v in self.looks.items()}
        z = taste["own"][there] + taste["age×own"][looks["age"], there]
        for kind in BY_CATEGORY:
            z = z + taste[kind][looks[kind], category]
        z = z + taste["mood"][looks["mood"], self.tag[there]]
        return np.asarray(z + taste["movement"][looks["movement"], self.medium[there]])

    def _advised(self, t: int, there: list[int]) -> list[int]:
        """Contents of the category that age and gender like best, by the mined table."""
        looks = (
            self.mined["age"][self.looks["age"][t]] + self.mined["gender"][self.looks["gender"][t]]
        )
        best = max({self.category[n] for n in there}, key=lambda c: looks[c])
        return [n for n in there if self.category[n] == best]


def draw_taste(rng: np.random.Generator, total: int) -> dict[str, Array]:
    """Draw the taste of an audience for so many contents."""
    taste = {
        kind: rng.normal(0, sd, (len(LEVELS[kind]), len(CATEGORIES)))
        for kind, sd in BY_CATEGORY.items()
    }
    taste["mood"] = rng.normal(0, _MOOD_BY_TAG, (len(MOODS), len(TAGS)))
    taste["movement"] = rng.normal(0, _MOVEMENT_BY_MEDIUM, (len(MOVEMENTS), len(MEDIA)))
    taste["own"] = rng.normal(0, _OWN, total)
    taste["age×own"] = rng.normal(0, _AGE_BY_OWN, (len(AGES), total))
    return taste


def with_advice(turn: Turn) -> dict[str, float]:
    """The context, with what the table would show."""
    return dict(turn.context) | {ADVISED + name: 1.0 for name in turn.advice}
