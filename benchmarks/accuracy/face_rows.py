"""Age, gender and mood of labelled faces, beside what others publish."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.accuracy.looks import Demographics, Look, demographics, looks, moods
from benchmarks.common.labelled_faces import BANDS, SingleFaceFinder
from benchmarks.common.tables import Row, share
from signage.config.perception import PerceptionConfig
from signage.perception.models.attributes import TraitEstimator
from signage.types.vision import MOODS

# The moods that OpenVINO's network knows.
_FIVE = ("neutral", "happy", "sad", "angry", "surprised")
_ADULTS = "20-29"
_PUBLISHED = "93.4 % (a commercial system's audit; women in caps 42 %), 95.8 % (OpenVINO)"


def labelled_rows(config: PerceptionConfig, faces: Path) -> Iterator[Row]:
    """Rows about ``fairface`` and ``fer2013`` in the folder ``faces``, where they are there."""
    finder = SingleFaceFinder()
    if (folder := faces / "fairface").is_dir():
        yield from demographic_rows(looks(folder, TraitEstimator(config), finder))
    if (folder := faces / "fer2013").is_dir():
        # Its pictures are 48 px in all.
        open_gate = config.model_copy(update={"mood": True, "min_face_px": 1.0})
        yield from mood_rows(looks(folder, TraitEstimator(open_gate), finder))


def demographic_rows(faces: Sequence[Look]) -> Iterator[Row]:
    """Rows about gender by age, group and sex, and about the error of the age."""
    known = demographics(faces)
    yield "age and gender reported", f"{len(known)} of {len(faces)} faces", ""
    yield "gender", gender(known), _PUBLISHED
    yield "gender, women", gender([d for d in known if d.is_woman]), ""
    yield "gender, men", gender([d for d in known if not d.is_woman]), ""
    for band, name in enumerate(BANDS):
        yield f"gender, {name} years", gender([d for d in known if d.band == band]), ""
    for group in sorted({d.group for d in known}):
        for is_woman, who in ((True, "women"), (False, "men")):
            of = [d for d in known if d.group == group and d.is_woman is is_woman]
            yield f"gender, {group} {who}", gender(of), ""
    adults = [d for d in known if d.band >= BANDS.index(_ADULTS)]
    for name, of, published in (("all", known, ""), ("from 20 years", adults, "6.99 (OpenVINO)")):
        error = f"{np.mean([abs(d.error_years) for d in of]):.2f} years" if of else "none"
        yield f"age error to the middle of the band, {name}", error, published


def mood_rows(faces: Sequence[Look]) -> Iterator[Row]:
    """Rows about the mood, of seven and of the five that others tell apart."""
    known = moods(faces)
    yield "mood reported", f"{len(known)} of {len(faces)} faces", ""
    right = sum(int(np.argmax(probs)) == mood for mood, probs in known)
    yield "mood, of 7", share(right, len(known)), ""
    places = [MOODS.index(name) for name in _FIVE]
    of_five = [(mood, probs[places]) for mood, probs in known if mood in places]
    right = sum(places[int(np.argmax(probs))] == mood for mood, probs in of_five)
    yield "mood, of 5", share(right, len(of_five)), "70.2 % (OpenVINO, on another set)"


def gender(known: Sequence[Demographics]) -> str:
    """The share whose gender is right."""
    return share(sum(d.gender_right for d in known), len(known))
