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
    """What the models look for in a picture, and how often."""

    models_dir: Path = Field(
        default=Path("../models"), description="Folder that holds the models and their manifest."
    )
    max_people: Annotated[int, Field(ge=1, le=50)] = Field(
        default=20,
        description="Most people followed at once. Whoever comes then is only counted, until "
        "somebody leaves.",
    )
    min_confidence: Probability = Field(
        default=0.5, description="Least confidence at which a detected face or body counts."
    )
    detect_every_s: SecondsOrNone = Field(
        default=0.12,
        description="Seconds between two searches for faces. Known faces are followed in between.",
    )
    bodies_every_s: SecondsOrNone = Field(
        default=0.4, description="Seconds between two searches for bodies."
    )
    detect_px: Annotated[int, Field(ge=128, le=4096)] = Field(
        default=640,
        description="Longer side, in pixels, to which the whole picture is scaled for the "
        "search for faces.",
    )
    far_px: Annotated[int, Field(ge=128, le=8192)] = Field(
        default=1280,
        description="Longer side, in pixels, of the picture for the search for distant faces. "
        "Every other search looks at one tile of it.",
    )
    bodies_px: Annotated[int, Field(ge=128, le=4096)] = Field(
        default=448,
        description="Longer side, in pixels, to which the picture is scaled for the search for "
        "bodies.",
    )
    landmarks_every_s: SecondsOrNone = Field(
        default=0.2,
        description="Seconds between two measurements of the direction and expression of a face.",
    )
    still_after_s: Seconds = Field(
        default=5.0,
        description="A face that has not moved for this many seconds, and has not blinked or "
        "spoken, is a picture on a poster. One that stays before another's chest is a picture on "
        "a T-shirt.",
    )
    demographics: bool = Field(
        default=True,
        description="Whether to estimate age and gender. Without it the screen learns from "
        "behaviour alone.",
    )
    mood: bool = Field(
        default=False,
        description="Whether to estimate moods. Some laws forbid it, and `venue` can switch it "
        "off. Check the local law before you switch it on.",
    )
    expression: bool = Field(
        default=True,
        description="Whether to recognise smiles, surprise and frowns as reactions to the "
        "content. `venue` switches it off at workplaces and in schools.",
    )
    gaze: bool = Field(
        default=True,
        description="Whether to estimate where the eyes look. It needs faces of at least "
        "`min_gaze_px`.",
    )
    min_gaze_px: Positive = Field(
        default=60.0,
        description="Least height of a face, from brow to chin in pixels, for an estimate from "
        "the eyes. Smaller faces are judged by the turn of the head alone.",
    )
    returning: bool = Field(
        default=False,
        description="Whether to recognise people who come back, by their faces. Some laws forbid "
        "it or ask for consent. Check the local law before you switch it on.",
    )
    remember_s: Seconds = Field(
        default=3600.0,
        description="Seconds for which a face is remembered after it was last seen. Faces are "
        "kept in memory only, and never stored.",
    )
    logos_dir: Path | None = Field(
        default=None,
        description="Folder of logo pictures to look for on clothes, one or more for each brand. "
        "Without it no logos are searched for.",
    )
    logos_every_s: Annotated[float, Field(ge=1, le=DAY_S)] = Field(
        default=1.0,
        description="Least seconds between two searches of one person's clothes. The interval "
        "grows the longer the person stays.",
    )
    logos_budget_ms: Positive = Field(
        default=60.0,
        description="Milliseconds after which one search for logos starts no further brand. The "
        "next search continues with it. Finding candidates alone takes 30 to 130 ms, whatever "
        "the number of brands.",
    )
    traits_every_s: SecondsOrNone = Field(
        default=1.0,
        description="Seconds between two estimates of a person's age, gender and mood. The "
        "estimates are averaged.",
    )
    min_face_px: Positive = Field(
        default=36.0,
        description="Least height of a face, in pixels, for estimates of age, gender and mood.",
    )
    max_yaw_deg: Positive = Field(
        default=45.0,
        description="Largest turn of a head to the side, in degrees, for estimates of age, "
        "gender and mood.",
    )
    min_sharpness: NotNegative = Field(
        default=0.11,
        description="Least sharpness of a face for estimates of age, gender and mood. 0 accepts "
        "every face.",
    )
