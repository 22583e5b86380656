"""What the product reports of labelled faces, on its own path."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.common.labelled_faces import (
    BAND_MIDDLES,
    BAND_YEARS,
    BANDS,
    SingleFaceFinder,
    read_folder,
)
from signage.perception.models.attributes import TraitEstimator
from signage.types.arrays import Floats, Image
from signage.types.vision import MOODS, Traits

_FER_NAMES = {"fear": "fearful", "disgust": "disgusted", "surprise": "surprised"}
_OLDEST = 85
"""The last year of the oldest band that its coverage counts."""


@dataclass(frozen=True, slots=True)
class Look:
    """One labelled face and what was reported of it; no traits where no face was found."""

    labels: dict[str, str]
    traits: Traits | None
    height_px: float = math.nan
    yaw_deg: float = math.nan


def looks(
    folder: Path, estimator: TraitEstimator, finder: SingleFaceFinder, height_px: int | None = None
) -> list[Look]:
    """Look at every face of ``folder``, made ``height_px`` high where that is given."""
    results = []
    for item in read_folder(folder):
        image = item.image
        face = finder.find_face(image)
        if face is not None and height_px is not None:
            image = _scaled(image, min(1.0, height_px / _height(face.box_xyxy_px)))
            face = finder.find_face(image)
        if face is None:
            results.append(Look(item.labels, None))
            continue
        traits = estimator.estimate(image, face)
        height = _height(face.box_xyxy_px)
        results.append(Look(item.labels, traits, height, face.head_pose.yaw_deg))
    return results


def _scaled(image: Image, scale: float) -> Image:
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return np.asarray(small, dtype=np.uint8)


def _height(box_xyxy_px: tuple[float, float, float, float]) -> float:
    return box_xyxy_px[3] - box_xyxy_px[1]


@dataclass(frozen=True, slots=True)
class Demographics:
    """Age and gender as they were reported of one face, beside the truth."""

    band: int
    group: str
    is_woman: bool
    female_prob: float
    ages: Floats

    @property
    def gender_right(self) -> bool:
        return (self.female_prob > 0.5) == self.is_woman

    @property
    def quantiles(self) -> tuple[int, int, int]:
        """10 %, median and 90 % of the age distribution, in years."""
        cdf = self.ages.cumsum()
        low, middle, high = (int((cdf >= q * cdf[-1]).argmax()) for q in (0.1, 0.5, 0.9))
        return low, middle, high

    @property
    def band_right(self) -> bool:
        """Whether the band that holds most of the distribution is the right one."""
        masses = [self.ages[lo : hi + 1].sum() for lo, hi in BAND_YEARS]
        return int(np.argmax(masses)) == self.band

    @property
    def error_years(self) -> float:
        """The median less the middle of the true band."""
        return float(self.quantiles[1] - BAND_MIDDLES[self.band])

    @property
    def covered(self) -> float:
        """Share of the true band that the 80 % interval covers."""
        low, _, high = self.quantiles
        first, last = BAND_YEARS[self.band]
        years = np.arange(first, min(last, _OLDEST) + 1)
        return float(((years >= low) & (years <= high)).mean())

    @property
    def mean_years(self) -> float:
        """The mean of the age distribution."""
        return float(self.ages @ np.arange(len(self.ages)))


def demographics(faces: Sequence[Look]) -> list[Demographics]:
    """Of the faces whose age and gender were reported."""
    return [
        Demographics(
            BANDS.index(look.labels["age_band"]),
            look.labels["race"],
            look.labels["gender"] == "Female",
            look.traits.female_prob,
            look.traits.age_probs,
        )
        for look in faces
        if look.traits is not None
        and look.traits.female_prob is not None
        and look.traits.age_probs is not None
    ]


def moods(faces: Sequence[Look]) -> list[tuple[int, Floats]]:
    """True mood, as a place in ``MOODS``, and probabilities, of faces whose mood was reported."""
    return [
        (_mood(look), look.traits.mood_probs)
        for look in faces
        if look.traits is not None and look.traits.mood_probs is not None
    ]


def _mood(look: Look) -> int:
    name = look.labels["emotion"]
    return MOODS.index(_FER_NAMES.get(name, name))
