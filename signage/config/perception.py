"""The schema of ``[perception]``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from signage.config.base import (
    DAY_S,
    NotNegative,
    Positive,
    Probability,
    Seconds,
    SecondsOrNone,
    Section,
)


class PerceptionConfig(Section):
    """What is looked for in a picture, and how often."""

    models_dir: Path = Path("../models")
    max_people: Annotated[int, Field(ge=1, le=50)] = 20
    """More people than this are not followed: those farthest away are left out."""
    min_confidence: Probability = 0.5
    """Of the detectors."""
    detect_every_s: SecondsOrNone = 0.12
    """Faces are searched for this often, and followed in between."""
    bodies_every_s: SecondsOrNone = 0.4
    """The same for bodies."""
    detect_px: Annotated[int, Field(ge=128, le=4096)] = 640
    """The whole picture is searched for faces at this length of its longer side."""
    far_px: Annotated[int, Field(ge=128, le=8192)] = 1280
    """Every other time one tile of the picture is searched at this scale, for faces far away."""
    bodies_px: Annotated[int, Field(ge=128, le=4096)] = 448
    """The picture is searched for bodies at this length of its longer side."""
    landmarks_every_s: SecondsOrNone = 0.2
    """How often each face is looked at for where it turns and what it expresses."""
    still_after_s: Seconds = 5.0
    """A face that stays the very same for this long is on a poster, or on a T-shirt."""
    demographics: bool = True
    """Estimate age and gender. With this off the loop learns from behaviour alone."""
    mood: bool = False
    """Estimate the mood. Some laws forbid it, and in some places (``venue``): off unless
    switched on by who knows."""
    expression: bool = True
    """Tell smile, surprise and frown, for the reaction to the content. Never at workplaces or in
    schools (``venue``)."""
    gaze: bool = True
    """Tell where the eyes look, of faces high enough for it."""
    min_gaze_px: Positive = 60.0
    """Lower than this (from brow to chin), the head alone tells where somebody looks."""
    returning: bool = False
    """Recognise who comes back, by the face, within ``remember_s``. Some laws forbid it, or ask
    for consent: off unless switched on by who knows."""
    remember_s: Seconds = 3600.0
    """Faces are kept this long after they were last seen: in memory alone, never stored."""
    logos_dir: Path | None = None
    """Folder of logo pictures, one or more a brand, to look for on clothes; without it none are
    looked for."""
    logos_every_s: Annotated[float, Field(ge=1, le=DAY_S)] = 1.0
    """Each person's clothes are searched this often at most; less often the longer they stay."""
    logos_budget_ms: Positive = 60.0
    """A live screen begins no further brand after this much of one search, and goes on with it in
    the next. To find what might be a logo takes 30 to 130 ms, whatever the brands."""
    traits_every_s: SecondsOrNone = 1.0
    """Age, gender and mood of each person are estimated this often, and averaged."""
    min_face_px: Positive = 36.0
    """No age, gender or mood from faces lower than this: the model guesses."""
    max_yaw_deg: Positive = 45.0
    """No age, gender or mood from faces turned further than this."""
    min_sharpness: NotNegative = 0.11
    """No age, gender or mood from faces more blurred than this."""
