"""Labelled faces are looked at on the product's own path, one look each, not a visit.

The sets are FairFace (age, gender) and FER2013 (mood), which are not part of the repository. The
labels of race serve to report errors by group, and for nothing else. The mood was fitted on the
very set that it is measured on. Intervals are Wilson's at 95 %.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from benchmarks.accuracy.looks import Demographics, Look, demographics, looks, moods
from benchmarks.common.labelled_faces import BAND_MIDDLES, BANDS, SingleFaceFinder
from benchmarks.common.options import add_data_option
from benchmarks.common.paths import MODELS
from benchmarks.common.progress import note
from benchmarks.common.tables import Block, Table
from signage.config.perception import PerceptionConfig
from signage.perception.models.attributes import TraitEstimator
from signage.types.vision import MOODS

SIZES_PX = (16, 24, 36, 48, 64, 100)
QUICK: Mapping[str, object] = {"sizes": []}

_Z = 1.96
_ECE_BINS = 10
_MINOR_BANDS = 3
"""The first three bands end at 19 years."""
_OPEN = PerceptionConfig(
    models_dir=MODELS, mood=True, min_face_px=1.0, max_yaw_deg=180.0, min_sharpness=0.0
)
"""Without gates: what the networks can do."""

Line = tuple[str, str]
"""What was measured, and its value."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add_data_option(parser, "faces/fairface and faces/fer2013", required=True)
    parser.add_argument(
        "--sizes", type=int, nargs="*", default=SIZES_PX, metavar="PX", help="heights of the face"
    )


def run(options: argparse.Namespace) -> Iterator[Block]:
    """Measure what the product reports, then the networks by the height of the face."""
    config = PerceptionConfig(models_dir=MODELS, mood=True)
    finder = SingleFaceFinder()
    columns = ("measured", "signage")
    fairface = options.data / "faces" / "fairface"
    fer2013 = options.data / "faces" / "fer2013"
    if fairface.is_dir():
        faces = looks(fairface, TraitEstimator(config), finder)
        yield Table(columns, gender_lines(faces), "Gender")
        yield Table(columns, age_lines(faces), "Age")
        lines = size_lines(fairface, finder, options.sizes)
        yield Table(columns, lines, "Age and gender by the height of the face, without gates")
    if fer2013.is_dir():
        gates = config.model_copy(update={"min_face_px": 1.0})
        known = moods(faces := looks(fer2013, TraitEstimator(gates), finder))
        yield Table(columns, mood_lines(faces), "Mood")
        yield Table(("true mood", *MOODS), confusion(known), "Moods that are mistaken for others")


def gender_lines(faces: Sequence[Look]) -> Iterator[Line]:
    """Gender by age and by group."""
    known = demographics(faces)
    unknown = [False] * (len(faces) - len(known))
    right = [d.gender_right for d in known]
    yield "reported", wilson_share([True] * len(known) + unknown)
    yield "right", wilson_share(right)
    yield "right, not reported counts as wrong", wilson_share(right + unknown)
    for band, name in enumerate(BANDS):
        yield f"{name} years", wilson_share([d.gender_right for d in known if d.band == band])
    for group in sorted({d.group for d in known}):
        of = [d for d in known if d.group == group]
        for woman, who in ((True, "women"), (False, "men")):
            hits = [d.gender_right for d in of if d.is_woman is woman]
            yield f"{group} {who}", wilson_share(hits)
        yield group, wilson_share([d.gender_right for d in of])
    confidence = [max(d.female_prob, 1 - d.female_prob) for d in known]
    yield "calibration error", f"{calibration_error(confidence, right):.3f}"


def age_lines(faces: Sequence[Look]) -> Iterator[Line]:
    """Age by band, its interval, and how many who are under 20 would pass a limit."""
    known = demographics(faces)
    unknown = [False] * (len(faces) - len(known))
    bands = [d.band_right for d in known]
    yield "band right", wilson_share(bands)
    yield "band right, not reported counts as wrong", wilson_share(bands + unknown)
    yield "mean error of the median", f"{np.mean([abs(d.error_years) for d in known]):.2f} years"
    yield "mean error of the mean", f"{_error_of_mean(known):.2f} years"
    for band, name in enumerate(BANDS):
        if of := [d for d in known if d.band == band]:
            bias = np.mean([d.error_years for d in of])
            hits = wilson_share([d.band_right for d in of])
            yield f"{name} years", f"bias {bias:+.1f} years, band right {hits}"
    yield "80 % interval covers", f"{np.mean([d.covered for d in known]):.1%} of the true band"
    minors = [d.band < _MINOR_BANDS for d in known]
    young = [float(d.ages[:20].sum()) for d in known]
    yield "P(under 20), calibration error", f"{calibration_error(young, minors):.3f}"
    for limit in (0.05, 0.2, 0.5):
        passed = [minor for minor, p in zip(minors, young, strict=True) if p < limit]
        yield f"truly under 20 where P(under 20) < {limit}", wilson_share(passed)


def _error_of_mean(known: Sequence[Demographics]) -> float:
    return float(np.mean([abs(d.mean_years - BAND_MIDDLES[d.band]) for d in known]))


def size_lines(folder: Path, finder: SingleFaceFinder, sizes_px: Sequence[int]) -> Iterator[Line]:
    """What the networks know of faces that are made smaller."""
    estimator = TraitEstimator(_OPEN)
    for size_px in sizes_px:
        note(f"faces of {size_px} px")
        known = demographics(looks(folder, estimator, finder, size_px))
        value = f"{len(known)} found"
        if known:
            band = np.mean([d.band_right for d in known])
            error = np.mean([abs(d.error_years) for d in known])
            value += f", gender {np.mean([d.gender_right for d in known]):.1%}"
            value += f", age band {band:.1%}, error {error:.2f} years"
        yield f"{size_px} px high", value


def mood_lines(faces: Sequence[Look]) -> Iterator[Line]:
    """How often the likeliest mood is right."""
    known = moods(faces)
    unknown = [False] * (len(faces) - len(known))
    right = [mood == int(np.argmax(probs)) for mood, probs in known]
    confidence = [float(probs.max()) for _, probs in known]
    yield "reported", wilson_share([True] * len(known) + unknown)
    yield "right, of 7", wilson_share(right)
    yield "right, not reported counts as wrong", wilson_share(right + unknown)
    yield "calibration error", f"{calibration_error(confidence, right):.3f}"


def confusion(known: Sequence[tuple[int, np.ndarray]]) -> Iterator[Sequence[str]]:
    """Of each true mood, how often each mood is the likeliest."""
    for mood, name in enumerate(MOODS):
        guesses = [int(np.argmax(probs)) for truth, probs in known if truth == mood]
        if guesses:
            counts = np.bincount(guesses, minlength=len(MOODS))
            yield (name, *(f"{count / len(guesses):.0%}" for count in counts))


def wilson_share(hits: Sequence[bool]) -> str:
    """A share with its interval and its denominator."""
    if not hits:
        return "none"
    low, high = wilson(sum(hits), len(hits))
    return f"{np.mean(hits):.1%} ({low:.1%} to {high:.1%}) of {len(hits)}"


def wilson(right: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, JASA 1927)."""
    if of == 0:
        return math.nan, math.nan
    p, z2 = right / of, _Z**2
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z / (1 + z2 / of) * math.sqrt(p * (1 - p) / of + z2 / (4 * of**2))
    return middle - half, middle + half


def calibration_error(confidence: Sequence[float], right: Sequence[bool]) -> float:
    """Expected calibration error over ten bins of equal width (Guo et al., ICML 2017)."""
    confident, hit = np.asarray(confidence), np.asarray(right, dtype=float)
    bins = np.minimum((confident * _ECE_BINS).astype(int), _ECE_BINS - 1)
    parts = [
        (bins == b).mean() * abs(hit[bins == b].mean() - confident[bins == b].mean())
        for b in range(_ECE_BINS)
        if (bins == b).any()
    ]
    return float(sum(parts))
