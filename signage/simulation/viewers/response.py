"""How a simulated audience takes what it is shown: one model, simple and documented.

The people, their paths, their distances and their time in view are recorded; whether, when and for
how long each of them looks, smiles and reads is simulated, because in the recording they saw
something else. The parameters are those of `ResponseModel` (``model.py``), with their sources.

Each visitor has a taste for each category, ``r = s · looks + √(1 - s²) · own``: a part
``looks`` that everybody of that gender and generation shares, and a part of their own, both
standard normal; ``s`` is ``looks_share``. In each play, once, with ``r`` less ``boredom`` for each
time that they were shown it before in this visit:

- **noticing**: with probability ``1 / (1 + exp(-(a + pull · r)))``, where ``a`` is that of what
  moves or of what stands still, after an exponential delay, mean 1 s;
- **holding**: they look away with the constant hazard ``1 / (hold0 · exp(hold · r))`` a second, so
  that relevance shortens or lengthens the look;
- **expression**: while they look they smile with ``smile · r``, cut to [0, 1];
- **reading**: who looks at a content with ``more`` reads it, from half a second on, with
  probability ``reading``: their eyes move along lines (``reading_eyes.py``), where the face is high
  enough for eyes to be told, and whether that is reading is told by the product's own detector.

**Staying** is as recorded: relevance changes the look within it, and nobody leaves earlier or stays
longer. What a screen gains by keeping people is therefore understated. Looks of one person in two
plays are independent but for their taste. Nothing here is a forecast of a shop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from signage.audience.screen_plane import ScreenPlane
from signage.content.catalogue import Content
from signage.simulation.recordings.recording import Recording
from signage.simulation.viewers.model import PRESETS, ResponseModel
from signage.simulation.viewers.reading_eyes import reading_gaze
from signage.types.arrays import Floats
from signage.types.vision import HeadPose, Sighting

DELAY_S = 1.0
_READS_AFTER_S = 0.5
_AWAY = HeadPose(yaw_deg=70.0, pitch_deg=0.0, roll_deg=0.0)
_TOWARDS = HeadPose(yaw_deg=0.0, pitch_deg=0.0, roll_deg=0.0)

_GENERATION_YEARS = 20
_GENERATIONS = 5


class Visitor(NamedTuple):
    """One person of one pass through the recording."""

    round: int
    person: int


@dataclass(frozen=True, slots=True)
class _Reaction:
    """When the look begins and ends, in seconds from the first moment of the play."""

    begin_s: float
    end_s: float
    smile: float
    reads: bool


@dataclass(frozen=True, slots=True)
class Eyes:
    """Whose eyes a camera can tell, and what they look at."""

    screen: ScreenPlane
    min_face_px: float


class Response:
    """Draws every reaction from ``seed``: the same visitor takes the same play the same way."""

    def __init__(
        self,
        seed: int,
        recording: Recording,
        categories: Sequence[str],
        model: ResponseModel = PRESETS["field"],
        eyes: Eyes | None = None,
    ) -> None:
        """Without ``eyes``, nobody is seen reading."""
        self._seed = seed
        self._model = model
        self._inclined = {motion: model.inclination(motion=motion) for motion in (True, False)}
        self._eyes = eyes
        self._categories = {name: index for index, name in enumerate(sorted(set(categories)))}
        self._looks, self._people = _looks(recording), recording.people
        rng = np.random.default_rng([seed, 0])
        self._fashion = rng.normal(size=(2, _GENERATIONS, len(self._categories)))
        self._taste = cache(self._draw_taste)
        self._shown: dict[tuple[Visitor, str], int] = {}
        self._reactions: dict[Visitor, tuple[float, _Reaction]] = {}
        self._play: tuple[int, Content] | None = None

    def begin_play(self, number: int, content: Content) -> None:
        """From now on ``content`` is on screen, as the ``number``-th play."""
        self._play, self._reactions = (number, content), {}

    def begin_round(self, number: int) -> None:
        """Everybody of the rounds before the last has gone for good."""
        self._taste.cache_clear()
        self._shown = {key: n for key, n in self._shown.items() if key[0].round >= number - 1}

    def alter(self, t_s: float, visitor: Visitor, sighting: Sighting) -> Sighting:
        """``sighting`` as it would be with what is on screen now.

        Looks are told by the head; ``gaze`` is only that of who reads. Whoever comes again in
        the next round has another track: it is somebody new.
        """
        before = visitor.round * self._people
        if self._play is None:
            return sighting.numbered_from(before, head_pose=_AWAY, gaze=None, eyes_shut=None)
        if visitor not in self._reactions:
            self._reactions[visitor] = t_s, self._react(visitor, *self._play)
        first_s, reaction = self._reactions[visitor]
        looks = reaction.begin_s <= t_s - first_s < reaction.end_s
        reads_s = t_s - first_s - reaction.begin_s - _READS_AFTER_S
        gaze = None
        if looks and reaction.reads and reads_s >= 0 and self._shows_eyes(sighting):
            assert self._eyes is not None  # noqa: S101 - or they would not be shown
            seed = (self._seed, 3, visitor.round, visitor.person, self._play[0])
            gaze = reading_gaze(t_s, reads_s, sighting, self._eyes.screen, seed)
        return sighting.numbered_from(
            before,
            head_pose=_TOWARDS if looks else _AWAY,
            gaze=gaze,
            eyes_shut=None,
            expression={**sighting.expression, "smile": reaction.smile if looks else 0.0},
        )

    def expected_attention(self, visitors: Sequence[Visitor], content: Content) -> float:
        """Share of its duration that ``visitors`` would look at ``content``, on average."""
        shares = []
        for visitor in visitors:
            notice, hold_s, _ = self._inclination(visitor, content)
            shares.append(notice * _mean_look_s(hold_s, content.duration_s) / content.duration_s)
        return sum(shares) / len(shares)

    def expected_worth(
        self, visitors: Sequence[Visitor], content: Content, reading_weight: float
    ) -> float:
        """The same, raised by reading as in the formula of the reward, to first order in both."""
        more = 1 + reading_weight * self._reading_chance(content)
        return more * self.expected_attention(visitors, content)

    def _react(self, visitor: Visitor, number: int, content: Content) -> _Reaction:
        notice, hold_s, smile = self._inclination(visitor, content)
        reading = self._reading_chance(content)
        rng = np.random.default_rng([self._seed, 1, visitor.round, visitor.person, number])
        noticed, delay_s, look_s = rng.random(), rng.exponential(DELAY_S), rng.exponential(hold_s)
        reads = bool(rng.random() < reading)
        key = (visitor, content.content_id)
        self._shown[key] = self._shown.get(key, 0) + 1
        if noticed >= notice:
            return _Reaction(0.0, 0.0, 0.0, reads=False)
        return _Reaction(float(delay_s), float(delay_s + look_s), smile, reads)

    def _inclination(self, visitor: Visitor, content: Content) -> tuple[float, float, float]:
        """Chance to notice, mean look in seconds, smile in [0, 1]."""
        relevance, model = self._relevance(visitor, content), self._model
        logit, hold_s = self._inclined[content.motion]
        notice = _logistic(logit + model.pull * relevance)
        smile = min(1.0, max(0.0, model.smile * relevance))
        return notice, hold_s * math.exp(model.hold * relevance), smile

    def _reading_chance(self, content: Content) -> float:
        return 0.0 if content.more is None else self._model.reading

    def _relevance(self, visitor: Visitor, content: Content) -> float:
        taste = float(self._taste(visitor)[self._categories[content.category]])
        return taste - self._model.boredom * self._shown.get((visitor, content.content_id), 0)

    def _shows_eyes(self, sighting: Sighting) -> bool:
        box = sighting.face_xyxy_px
        if self._eyes is None or box is None or sighting.position_m is None:
            return False
        return box[3] - box[1] >= self._eyes.min_face_px

    def _draw_taste(self, visitor: Visitor) -> Floats:
        rng = np.random.default_rng([self._seed, 2, visitor.round, visitor.person])
        own = rng.normal(size=len(self._categories))
        gender, generation = self._looks[visitor.person]
        shared, share = self._fashion[gender, generation], self._model.looks_share
        return np.asarray(share * shared + math.sqrt(1 - share**2) * own)


def _logistic(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def _mean_look_s(hold_s: float, duration_s: float) -> float:
    """Mean of an exponential look after an exponential delay, of what falls into the play."""
    if math.isclose(hold_s, DELAY_S, rel_tol=1e-6):  # the formula's limit is 0 / 0 there
        hold_s *= 1 + 1e-5
    not_yet = math.exp(-duration_s / DELAY_S)
    still = (math.exp(-duration_s / hold_s) - not_yet) * hold_s / (hold_s - DELAY_S)
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
    return {
        person: looks_group(
            float(np.mean(ages.get(person, [30.0]))), float(np.mean(females.get(person, [0.5])))
        )
        for person in range(1, recording.people + 1)
    }


def looks_group(age_years: float, female_prob: float) -> tuple[int, int]:
    """Apparent gender and generation of a viewer; such groups share a part of their taste."""
    generation = min(int(age_years // _GENERATION_YEARS), _GENERATIONS - 1)
    return int(female_prob >= 0.5), generation
