"""What every table of ``configs/*.toml`` is made of."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

PolicyName = Literal["vw", "apprentice", "rules", "playlist", "uniform"]
POLICY_NAMES: tuple[PolicyName, ...] = ("vw", "apprentice", "rules", "playlist", "uniform")

Probability = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Hour = Annotated[int, Field(ge=0, le=24)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Link = Annotated[str, Field(pattern=r"^https?://\S+$", max_length=500)]


class Section(BaseModel):
    """A table of a TOML file: strict, without unknown keys, every number finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
