"""How well age, gender and mood are told of labelled faces, on the product's own path.

    PYTHONPATH=. python scripts/bench_faces.py --data DIR

DIR holds faces/fairface and faces/fer2013. `scripts/bench accuracy` calls the functions here. The
labels of race serve to report errors by group, and for nothing else.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
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
from benchmarks.common.paths import MODELS
from signage.config.config import PerceptionConfig
from signage.perception.models.attributes import TraitEstimator
from signage.types.arrays import Image
from signage.types.vision import MOODS, Traits

SIZES_PX = (16, 24, 36, 48, 64, 100)
_FER_NAMES = {"fear": "fearful", "disgust": "disgusted", "surprise": "surprised"}
_Z = 1.96
_ECE_BINS = 10
_OPEN = PerceptionConfig(
    models_dir=MODELS, mood=True, min_face_px=1.0, max_yaw_deg=180.0, min_sharpness=0.0
)
"""Without gates: what the networks can do."""


@dataclass(frozen=True, slots=True)
class Look:
    """One labelled face and what was told of it; None where no face was found."""

    labels: dict[str, str]
    traits: Traits | None
    height_px: float = math.nan
    yaw_deg: float = math.nan


Estimate = Callable[[Image], Look]


def looks(
    folder: Path, estimator: TraitEstimator, finder: SingleFaceFinder, height_px: int | None = None
) -> list[Look]:
    """Look at every face of ``folder``; where ``height_px`` is given, scaled down to that."""
    found = []
    for item in read_folder(folder):
        image = item.image
        face = finder.find_face(image)
        if face is not None and height_px is not None:
            height = face.box_xyxy_px[3] - face.box_xyxy_px[1]
            scale = min(1.0, height_px / height)
            image = np.asarray(
                cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA),
                dtype=np.uint8,
            )
            face = finder.find_face(image)
        if face is None:
            found.append(Look(item.labels, None))
            continue
        box = face.box_xyxy_px
        traits = estimator.estimate(image, face)
        found.append(Look(item.labels, traits, box[3] - box[1], face.head_pose.yaw_deg))
    return found


def wilson(right: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, JASA 1927)."""
    if of == 0:
        return math.nan, math.nan
    p, z2 = right / of, _Z**2
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * math.sqrt(p * (1 - p) / of + z2 / (4 * of**2))
    return middle - half, middle + half


def share(hits: Sequence[bool]) -> str:
    if not hits:
        return "none"
    low, high = wilson(sum(hits), len(hits))
    return f"{np.mean(hits):6.1%}  [{low:.1%}, {high:.1%}]  n {len(hits)}"


def calibration_error(said: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error over ten bins of equal width (Guo et al., ICML 2017)."""
    confidence, hit = np.asarray(said), np.asarray(right, dtype=float)
    bins = np.minimum((confidence * _ECE_BINS).astype(int), _ECE_BINS - 1)
    parts = [
        (bins == b).mean() * abs(hit[bins == b].mean() - confidence[bins == b].mean())
        for b in range(_ECE_BINS)
        if (bins == b).any()
    ]
    return float(sum(parts))


@dataclass(frozen=True, slots=True)
class Demographics:
    """Answers about one told face, beside the truth."""

    band: int
    group: str
    is_woman: bool
    female_prob: float
    ages: np.ndarray

    @property
    def gender_right(self) -> bool:
        return (self.female_prob > 0.5) == self.is_woman

    @property
    def quantiles(self) -> tuple[int, int, int]:
        """10 %, middle and 90 % of the age distribution, in years."""
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
        return float(self.quantiles[1] - BAND_MIDDLES[self.band])

    @property
    def covered(self) -> float:
        """Share of the true band that the 80 % interval covers."""
        low, _, high = self.quantiles
        first, last = BAND_YEARS[self.band]
        years = np.arange(first, min(last, 85) + 1)
        return float(((years >= low) & (years <= high)).mean())

    @property
    def mean_years(self) -> float:
        return float(self.ages @ np.arange(len(self.ages)))


def demographics(found: Sequence[Look]) -> list[Demographics]:
    return [
        Demographics(
            BANDS.index(look.labels["age_band"]),
            look.labels["race"],
            look.labels["gender"] == "Female",
            look.traits.female_prob,
            look.traits.age_probs,
        )
        for look in found
        if look.traits is not None
        and look.traits.female_prob is not None
        and look.traits.age_probs is not None
    ]


def print_demographics(found: Sequence[Look]) -> None:
    told = demographics(found)
    unknown = [False] * (len(found) - len(told))
    right = [d.gender_right for d in told]
    row("told (not unknown)", share([True] * len(told) + unknown))
    row("gender", share(right))
    row("gender, unknown is wrong", share(right + unknown))
    for band, name in enumerate(BANDS):
        row(f"gender, {name}", share([d.gender_right for d in told if d.band == band]))
    for group in sorted({d.group for d in told}):
        for woman in (True, False):
            hits = [d.gender_right for d in told if d.group == group and d.is_woman is woman]
            row(f"gender, {group}, {'women' if woman else 'men'}", share(hits))
        row(f"gender, {group}", share([d.gender_right for d in told if d.group == group]))
    said = [max(d.female_prob, 1 - d.female_prob) for d in told]
    row("gender, calibration error", f"{calibration_error(said, right):6.3f}")
    bands = [d.band_right for d in told]
    row("age band", share(bands))
    row("age band, unknown is wrong", share(bands + unknown))
    row("age, mean error", f"{np.mean([abs(d.error_years) for d in told]):6.2f} years")
    row("age, error of the mean of the distribution", f"{_mean_error(told):6.2f} years")
    for band, name in enumerate(BANDS):
        of = [d for d in told if d.band == band]
        if of:
            bias = np.mean([d.error_years for d in of])
            in_band = share([d.band_right for d in of])
            row(f"age, {name}", f"bias {bias:+5.1f} years, band {in_band}")
    row("age, 80 % interval covers", f"{np.mean([d.covered for d in told]):6.1%}")
    minors = [d.band <= 2 for d in told]
    young = [float(d.ages[:20].sum()) for d in told]
    row("P(under 20), calibration error", f"{calibration_error(young, minors):6.3f}")
    for limit in (0.05, 0.2, 0.5):
        passed = [minor for minor, p in zip(minors, young, strict=True) if p < limit]
        row(f"truly under 20 where P < {limit}", share(passed))


def _mean_error(told: Sequence[Demographics]) -> float:
    return float(np.mean([abs(d.mean_years - BAND_MIDDLES[d.band]) for d in told]))


def print_moods(found: Sequence[Look]) -> None:
    told = [
        (_mood(look), look.traits.mood_probs)
        for look in found
        if look.traits is not None and look.traits.mood_probs is not None
    ]
    unknown = [False] * (len(found) - len(told))
    guesses = [(truth, int(np.argmax(probs))) for truth, probs in told]
    right = [truth == guess for truth, guess in guesses]
    row("told (not unknown)", share([True] * len(told) + unknown))
    row("mood", share(right))
    row("mood, unknown is wrong", share(right + unknown))
    row(
        "mood, calibration error",
        f"{calibration_error([float(p.max()) for _, p in told], right):6.3f}",
    )
    row("", " ".join(f"{name[:8]:>8}" for name in MOODS))
    for mood, name in enumerate(MOODS):
        of = [guess for truth, guess in guesses if truth == mood]
        if of:
            counts = np.bincount(of, minlength=len(MOODS))
            row(f"mood, {name}", " ".join(f"{c / len(of):8.0%}" for c in counts))


def _mood(look: Look) -> int:
    name = look.labels["emotion"]
    return MOODS.index(_FER_NAMES.get(name, name))


def row(name: str, value: str) -> None:
    print(f"{name:<44}{value}", flush=True)


def print_faces(data: Path, config: PerceptionConfig, sizes: Sequence[int] = SIZES_PX) -> None:
    """Everything about the labelled faces in ``data``, as one plain table."""
    finder = SingleFaceFinder()
    product, ungated = TraitEstimator(config), TraitEstimator(_OPEN)
    fairface, fer2013 = data / "faces" / "fairface", data / "faces" / "fer2013"
    if fairface.is_dir():
        print("\nAge and gender, faces/fairface")
        print_demographics(looks(fairface, product, finder))
        for size in sizes:
            told = demographics(looks(fairface, ungated, finder, size))
            found = f"{len(told)} found"
            if told:
                band = np.mean([d.band_right for d in told])
                error = np.mean([abs(d.error_years) for d in told])
                found += f", gender {np.mean([d.gender_right for d in told]):.1%}"
                found += f", age band {band:.1%}, error {error:.2f} years"
            row(f"no gates, face {size} px high", found)
    if fer2013.is_dir():
        print("\nMood, faces/fer2013 (emotion.onnx and the fusion have learnt from this set)")
        gates = {"min_face_px": 1.0, "mood": True}
        print_moods(looks(fer2013, TraitEstimator(config.model_copy(update=gates)), finder))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES_PX)
    chosen = parser.parse_args()
    config = PerceptionConfig(models_dir=MODELS, mood=True)
    print_faces(chosen.data, config, chosen.sizes)


if __name__ == "__main__":
    main()
