"""Rows of the bench: age, gender and mood of labelled faces, beside what others publish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.accuracy.faces import Demographics, Look, demographics, looks
from benchmarks.common.labelled_faces import BANDS, SingleFaceFinder
from signage.config.config import PerceptionConfig
from signage.perception.models.attributes import TraitEstimator
from signage.types.vision import MOODS

# The moods that OpenVINO's network knows.
_FIVE = ("neutral", "happy", "sad", "angry", "surprised")
_FER_NAMES = {"fear": "fearful", "disgust": "disgusted", "surprise": "surprised"}
_ADULTS = "20-29"

Row = tuple[str, str, str]
"""What, here, published by others."""


def labelled_rows(config: PerceptionConfig, faces: Path) -> Iterator[Row]:
    """Rows about ``fairface`` and ``fer2013`` in the folder ``faces``, of which either may lack."""
    finder = SingleFaceFinder()
    if (folder := faces / "fairface").is_dir():
        yield from demographic_rows(looks(folder, TraitEstimator(config), finder))
    if (folder := faces / "fer2013").is_dir():
        # Its pictures are 48 px in all.
        open_gate = config.model_copy(update={"mood": True, "min_face_px": 1.0})
        yield from mood_rows(looks(folder, TraitEstimator(open_gate), finder))


def demographic_rows(found: Sequence[Look]) -> Iterator[Row]:
    told = demographics(found)
    yield "age and gender told", f"{len(told)} of {len(found)} faces", ""
    audit = "93.4 % (a commercial system's audit; women in caps 42 %), 95.8 % (OpenVINO)"
    yield "gender", gender(told), audit
    yield "gender, women", gender([d for d in told if d.is_woman]), ""
    yield "gender, men", gender([d for d in told if not d.is_woman]), ""
    for band, name in enumerate(BANDS):
        yield f"gender, {name} years", gender([d for d in told if d.band == band]), ""
    for group in sorted({d.group for d in told}):
        for is_woman, who in ((True, "women"), (False, "men")):
            of = [d for d in told if d.group == group and d.is_woman is is_woman]
            yield f"gender, {group} {who}", gender(of), ""
    adults = [d for d in told if d.band >= BANDS.index(_ADULTS)]
    for name, those, published in (("all", told, ""), ("from 20 years", adults, "6.99 (OpenVINO)")):
        error = f"{np.mean([abs(d.error_years) for d in those]):.2f} years" if those else "none"
        yield f"age error to the middle of the band, {name}", error, published


def mood_rows(found: Sequence[Look]) -> Iterator[Row]:
    told = [
        (_mood(look), look.traits.mood_probs)
        for look in found
        if look.traits is not None and look.traits.mood_probs is not None
    ]
    yield "mood told", f"{len(told)} of {len(found)} faces", ""
    right = [MOODS[int(np.argmax(probs))] == truth for truth, probs in told]
    yield "mood, of 7", percent(right), ""
    places = [MOODS.index(name) for name in _FIVE]
    of_five = [
        _FIVE[int(np.argmax(probs[places]))] == truth for truth, probs in told if truth in _FIVE
    ]
    yield "mood, of 5", percent(of_five), "70.2 % (OpenVINO, on another set)"


def gender(told: Sequence[Demographics]) -> str:
    return percent([d.gender_right for d in told])


def percent(right: Sequence[bool]) -> str:
    return f"{np.mean(right):.1%} of {len(right)}" if right else "none"


def _mood(look: Look) -> str:
    name = look.labels["emotion"]
    return _FER_NAMES.get(name, name)
