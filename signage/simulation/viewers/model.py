"""The parameters of the simulated response, and its presets.

Every statement on people is about a population whose taste ``r`` for a content is standard
normal: which share of them looks for over a second, and for how long who looks does. From these
follow, for somebody of taste ``r``,

    notice(r) = 1 / (1 + exp(-(a + pull · r)))        chance to notice it
    hazard(r) = 1 / (hold0 · exp(hold · r))           of looking away, a second

with ``a`` and ``hold0`` chosen so that the population does as said (``Inclination``).

Presets:

- ``field``: published controlled figures for digital against static. 33 % against 15 % of
  passers-by looked for over a second, for 7.4 s against 4.7 s.
- ``seed``: the figures of the trade. What moves is noticed 5 times as often as what stands still
  (33 % against 6.6 %), and what is liked by one standard deviation holds 2.5 times as long
  (``hold`` = ln 2.5): 12.5 times the time looked, together. Noticing does not depend on taste.
- ``null``: no content differs from another in anything but its name. A policy that earns more than
  another here shows an error of the program.

Assumed, and measured by nobody: ``pull``, ``hold`` of ``field`` (so that the best content earns
about twice the mean), ``looks_share``, ``boredom``, ``smile`` and ``reading``. ``signage simulate
--fit`` estimates them from a journal.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from signage.config.base import NotNegative, Positive, Probability, Section
from signage.config.file import validate
from signage.errors import ConfigError
from signage.io import read_toml

Share = Annotated[float, Field(gt=0, lt=1)]

OVER_S = 1.0
"""Looks longer than this are counted, as in the published studies."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


class Inclination(NamedTuple):
    """How a viewer of average taste responds to one kind of content."""

    logit: float
    """Of the chance to notice it."""
    hold_s: float
    """Mean length of their look."""


class ResponseModel(Section):
    """How simulated people respond to contents."""

    look_share_moving: Share = Field(
        default=0.33,
        description="Share of people who look at moving content for more than one second.",
    )
    look_share_still: Share = Field(
        default=0.15,
        description="Share of people who look at still content for more than one second.",
    )
    look_s_moving: Positive = Field(
        default=7.4,
        description="Mean length of a look at moving content that nothing interrupts, in seconds.",
    )
    look_s_still: Positive = Field(
        default=4.7,
        description="Mean length of a look at still content that nothing interrupts, in seconds.",
    )
    pull: NotNegative = Field(
        default=1.0, description="Effect of taste on the logit of noticing a content."
    )
    hold: Annotated[float, Field(ge=0, le=2)] = Field(
        default=0.5, description="Effect of taste on the logarithm of the length of a look."
    )
    looks_share: Probability = Field(
        default=0.6,
        description="Correlation between a person's taste and the taste of people who look alike.",
    )
    boredom: NotNegative = Field(
        default=0.7,
        description="Taste lost with each time that the person saw the content in this visit.",
    )
    smile: Probability = Field(
        default=0.3, description="Effect of taste on the smile of a person who looks."
    )
    reading: Probability = Field(
        default=0.3,
        description="Share of people who read a content with text (`more`), of those who look.",
    )
    alike: bool = Field(
        default=False,
        description="Whether all contents count as the same: equally long, equally moving, with "
        "as much to read, for all ages.",
    )

    @model_validator(mode="after")
    def _possible(self) -> ResponseModel:
        for motion in (True, False):
            self.inclination(motion=motion)
        return self

    def inclination(self, *, motion: bool) -> Inclination:
        """Of what moves, or stands still. Raises ValueError where no one could look so often."""
        kind = "moving" if motion else "still"
        share = getattr(self, f"look_share_{kind}")
        inclination = _inclination(share, getattr(self, f"look_s_{kind}"), self.pull, self.hold)
        if inclination is None:
            raise ValueError(
                f"look_share_{kind} ({share:g}) is more than looks as short as look_s_{kind} allow"
            )
        return inclination


def population(logit: float, hold_s: float, pull: float, hold: float) -> tuple[float, float]:
    """Share that looks for over a second, and mean look in seconds, of an `Inclination`."""
    notice = 1 / (1 + np.exp(-(logit + pull * _NODES)))
    looks_s = hold_s * np.exp(hold * _NODES)
    noticed = float(_WEIGHTS @ notice)
    share = float(_WEIGHTS @ (notice * np.exp(-OVER_S / looks_s)))
    return share, float(_WEIGHTS @ (notice * looks_s)) / noticed


@cache
def _inclination(share: float, look_s: float, pull: float, hold: float) -> Inclination | None:
    """The inverse of `population`, by bisection."""
    low, high = -15.0, 15.0
    for _ in range(60):
        middle = (low + high) / 2
        # The mean look is proportional to hold_s.
        hold_s = look_s / population(middle, 1.0, pull, hold)[1]
        if population(middle, hold_s, pull, hold)[0] < share:
            low = middle
        else:
            high = middle
    return None if high > 14.9 else Inclination(middle, hold_s)


PRESETS = {
    "field": ResponseModel(),
    "seed": ResponseModel(
        look_share_still=0.33 / 5, look_s_moving=4.7, look_s_still=4.7, pull=0.0, hold=math.log(2.5)
    ),
    "null": ResponseModel(
        look_share_still=0.33,
        look_s_still=7.4,
        pull=0.0,
        hold=0.0,
        boredom=0.0,
        smile=0.0,
        reading=0.0,
        alike=True,
    ),
}


def load_model(preset: str) -> ResponseModel:
    """A preset by its name, or the model in a TOML file.

    Raises ConfigError where there is none, or naming every mistake in the file.
    """
    if preset in PRESETS:
        return PRESETS[preset]
    path = Path(preset)
    try:
        data = read_toml(path)
    except FileNotFoundError as error:
        raise ConfigError(
            f"There is no preset {preset!r}; choose from {', '.join(PRESETS)}, or name a file "
            "that `signage simulate --fit` wrote."
        ) from error
    return validate(ResponseModel, data, path)
