"""How a simulated audience takes what it is shown: simple, and documented.

The people, their paths and their time in view are recorded; whether and for how long each
of them looks is simulated, because in the recording they saw something else.

Each visitor has a taste for each category, ``r = s · looks + √(1 - s²) · own``: a part
``looks`` that everybody of that gender and generation shares, and a part of their own,
both standard normal. In each play, once, with ``r`` less ``boredom`` for each time that
they were shown it before in this visit:

- they notice it with probability ``1 / (1 + exp(-(logit p0 + pull · r)))``,
- after an exponential delay, mean 1 s,
- and look for an exponential time of mean ``hold0 · exp(hold · r)``, smiling the more the
  better they like it.

``p0`` and ``hold0`` are the published controlled figures for digital against static: 33 %
against 15 % of passers-by looked for over a second, for 7.4 s against 4.7 s. ``pull``,
``hold``, ``s`` and ``boredom`` are assumptions, chosen so that the best content earns
about twice the mean. Nothing here is a forecast of a shop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

from signage.recommend.catalogue import Content
from signage.simulation.recording import Recording
from signage.types import Floats, HeadPose, Sighting

_NOTICE = {True: 0.33, False: 0.15}
_HOLD_S = {True: 7.4, False: 4.7}
_PULL = 1.0
_HOLD = 0.5
_LOOKS_SHARE = 0.6
_BOREDOM = 0.7
_DELAY_S = 1.0
_AWAY = HeadPose(yaw_deg=70.0, pitch_deg=0.0, roll_deg=0.0)
_TOWARDS = HeadPose(yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0)

_GENERATION_YEARS = 20
_GENERATIONS = 5


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person of one pass through the recording."""

    round: int
    person: int


@dataclass(frozen=True, slots=True)
class _Reaction:
    """When the look begins and ends, in seconds from the first moment of the play."""

    begin_s: float
    end_s: float
    smile: float


class Response:
    """Draws every reaction from ``seed``: the same visitor takes the same play the same way."""

    def __init__(self, seed: int, recording: Recording, categories: Sequence[str]) -> None:
        self._seed = seed
        self._categories = {name: index for index, name in enumerate(sorted(set(categories)))}
        self._looks = _looks(recording)
        rng = np.random.default_rng([seed, 0])
        self._fashion = rng.normal(size=(2, _GENERATIONS, len(self._categories)))
        self._taste = cache(self._draw_taste)
        self._shown: dict[tuple[Visitor, str], int] = {}
        self._reactions: dict[Visitor, tuple[float, _Reaction]] = {}
        self._play: tuple[int, Content] | None = None

    def begin_play(self, number: int, content: Content) -> None:
        """From now on ``content`` is on screen, as the ``number``-th play."""
        self._play, self._reactions = (number, content), {}

    def alter(self, t_s: float, visitor: Visitor, sighting: Sighting) -> Sighting:
        """``sighting`` as it would be with what is on screen now, looks told by the head alone."""
        if self._play is None:
            return replace(sighting, head_pose=_AWAY, gaze=None)
        if visitor not in self._reactions:
            self._reactions[visitor] = t_s, self._react(visitor, *self._play)
        first_s, reaction = self._reactions[visitor]
        looks = reaction.begin_s <= t_s - first_s < reaction.end_s
        smile = reaction.smile if looks else 0.0
        return replace(
            sighting,
            head_pose=_TOWARDS if looks else _AWAY,
            gaze=None,
            expression={**sighting.expression, "smile": smile},
        )

    def expected_attention(self, visitors: Sequence[Visitor], content: Content) -> float:
        """Share of its duration that ``visitors`` would look at ``content``, on average."""
        shares = []
        for visitor in visitors:
            notice, hold_s, _ = self._inclination(visitor, content)
            shares.append(notice * _mean_look_s(hold_s, content.duration_s) / content.duration_s)
        return sum(shares) / len(shares)

    def _react(self, visitor: Visitor, number: int, content: Content) -> _Reaction:
        notice, hold_s, smile = self._inclination(visitor, content)
        rng = np.random.default_rng([self._seed, 1, visitor.round, visitor.person, number])
        noticed, delay_s, look_s = rng.random(), rng.exponential(_DELAY_S), rng.exponential(hold_s)
        key = (visitor, content.content_id)
        self._shown[key] = self._shown.get(key, 0) + 1
        if noticed >= notice:
            return _Reaction(0.0, 0.0, 0.0)
        return _Reaction(float(delay_s), float(delay_s + look_s), smile)

    def _inclination(self, visitor: Visitor, content: Content) -> tuple[float, float, float]:
        """Chance to notice, mean look in seconds, smile in [0, 1]."""
        relevance = float(self._taste(visitor)[self._categories[content.category]])
        relevance -= _BOREDOM * self._shown.get((visitor, content.content_id), 0)
        base = _NOTICE[content.motion]
        notice = 1 / (1 + math.exp(-(math.log(base / (1 - base)) + _PULL * relevance)))
        hold_s = _HOLD_S[content.motion] * math.exp(_HOLD * relevance)
        return notice, hold_s, min(1.0, max(0.0, 0.3 * relevance))

    def _draw_taste(self, visitor: Visitor) -> Floats:
        rng = np.random.default_rng([self._seed, 2, visitor.round, visitor.person])
        own = rng.normal(size=len(self._categories))
        gender, generation = self._looks[visitor.person]
        shared = self._fashion[gender, generation]
        return np.asarray(_LOOKS_SHARE * shared + math.sqrt(1 - _LOOKS_SHARE**2) * own)


def _mean_look_s(hold_s: float, duration_s: float) -> float:
    """Mean of an exponential look after an exponential delay, of what falls into the play."""
    not_yet = math.exp(-duration_s / _DELAY_S)
    still = (math.exp(-duration_s / hold_s) - not_yet) * hold_s / (hold_s - _DELAY_S)
    return hold_s * (1 - not_yet - still)


def _looks(recording: Recording) -> dict[int, tuple[int, int]]:
    """Gender and generation that each recorded person seems to be of."""
    ages: dict[int, list[float]] = {}
    females: dict[int, list[float]] = {}
    for moment in recording.moments:
        for sighting in moment.people:
            if (traits := sighting.traits) is None:
                continue
            if traits.age_probs is not None:
                years = np.arange(len(traits.age_probs))
                ages.setdefault(sighting.track, []).append(float(traits.age_probs @ years))
            if traits.female_prob is not None:
                females.setdefault(sighting.track, []).append(traits.female_prob)
    looks = {}
    for person in range(1, recording.people + 1):
        age = float(np.mean(ages.get(person, [30.0])))
        female = float(np.mean(females.get(person, [0.5])))
        generation = min(int(age // _GENERATION_YEARS), _GENERATIONS - 1)
        looks[person] = (int(female >= 0.5), generation)
    return looks
