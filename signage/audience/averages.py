"""What single looks at a person come to over a visit."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping
from statistics import median

import numpy as np

from signage.types.arrays import Floats
from signage.types.vision import Logo, Traits

# What is usual for a face: the median of so many values, one every so often.
_USUAL_VALUES, _USUAL_EVERY_S = 60, 0.5
# A brand is believed when it was found in so many looks.
_LOGO_LOOKS = 2
# A look agrees with an age that is no further from its own: twice the usual error of one look.
_SAME_AGE_YEARS = 12
_EVEN = 0.5


class Average:
    """Weighted mean over single looks. Means of probabilities keep their uncertainty."""

    def __init__(self) -> None:
        self._sum: Floats | None = None
        self._weight = 0.0
        self.mean: Floats | None = None
        """Never changed, but replaced: whoever was given it keeps it."""

    def add(self, value: Floats, weight: float, keep: float = 1.0) -> None:
        """Add a value. ``keep`` is the share of the earlier weight that still counts."""
        total = np.zeros_like(value) if self._sum is None else self._sum
        self._sum = keep * total + weight * value
        self._weight = keep * self._weight + weight
        self.mean = self._sum / self._weight if self._weight > 0 else None

    def join(self, other: Average) -> None:
        """Add all values of another."""
        if other.mean is not None:
            self.add(other.mean, other._weight)


class Agreement:
    """The share of looks at a face that agree with all of them together on age and gender.

    Looks at one person mostly agree. A low share says that they are hard to judge, or that looks
    at somebody else are among them.
    """

    def __init__(self) -> None:
        self._looks: Counter[tuple[int | None, bool | None]] = Counter()
        """By mean age in years, and whether it is rather a woman."""

    def add(self, traits: Traits) -> None:
        """Add one look."""
        ages, female = traits.age_probs, traits.female_prob
        if ages is not None or female is not None:
            self._looks[_years(ages), None if female is None else female > _EVEN] += 1

    def share(self, age_probs: Floats | None, female_prob: float | None) -> float | None:
        """Share in [0, 1] that agrees with this answer; None without any look."""
        if not self._looks:
            return None
        years, is_female = _years(age_probs), female_prob is not None and female_prob > _EVEN
        agree = sum(
            count
            for (age, female), count in self._looks.items()
            if (age is None or years is None or abs(age - years) <= _SAME_AGE_YEARS)
            and (female is None or female == is_female)
        )
        return agree / self._looks.total()

    def join(self, other: Agreement) -> None:
        """Add all looks of another."""
        self._looks += other._looks


def _years(age_probs: Floats | None) -> int | None:
    return None if age_probs is None else round(float(age_probs @ np.arange(len(age_probs))))


class Usual:
    """What is usual for a face: the median of each expression over the last half minute."""

    def __init__(self) -> None:
        self._values: dict[str, deque[float]] = {}
        self._last_s = -math.inf
        self.medians: dict[str, float] = {}
        """Never changed, but replaced: whoever was given them keeps them."""

    def add(self, t_s: float, expression: Mapping[str, float]) -> None:
        """Add one look, if the last is long enough ago."""
        if t_s - self._last_s < _USUAL_EVERY_S or not expression:
            return
        self._last_s = t_s
        for name, value in expression.items():
            self._values.setdefault(name, deque(maxlen=_USUAL_VALUES)).append(value)
        self._find_medians()

    def join(self, other: Usual) -> None:
        """Add the values of another track of the same person, which began later."""
        for name, values in other._values.items():
            self._values.setdefault(name, deque(maxlen=_USUAL_VALUES)).extend(values)
        self._last_s = max(self._last_s, other._last_s)
        self._find_medians()

    def _find_medians(self) -> None:
        self.medians = {name: float(median(values)) for name, values in self._values.items()}


class Brands:
    """What was found on the clothes, search by search: the same brand again is surer."""

    def __init__(self) -> None:
        self._scores: dict[str, list[float]] = {}
        self.logos: tuple[Logo, ...] | None = None
        """The brands found more than once, unless they were looked for only once; None as long
        as none is found and some were not looked for."""

    def add(self, searched: Mapping[str, float | None]) -> None:
        """Add one search."""
        for brand, score in searched.items():
            scores = self._scores.setdefault(brand, [])
            if score is not None:
                scores.append(score)
        self.logos = self._found()

    def join(self, other: Brands) -> None:
        """Add all searches of another."""
        for brand, scores in other._scores.items():
            self._scores.setdefault(brand, []).extend(scores)
        self.logos = self._found()

    def _found(self) -> tuple[Logo, ...] | None:
        logos = [
            Logo(brand, max(scores))
            for brand, scores in self._scores.items()
            if sum(score > 0 for score in scores) >= max(1, min(_LOGO_LOOKS, len(scores)))
        ]
        if not logos and not (self._scores and all(self._scores.values())):
            return None
        return tuple(sorted(logos, key=lambda logo: (-logo.score, logo.brand)))
