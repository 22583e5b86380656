"""What every table of ``configs/*.toml`` is made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST = 1_000_000
"""More than anything that is counted or measured here comes to: where no better bound is known,
it keeps a slip of the finger from becoming a timer, a loop or a table without end."""
DAY_S = 86_400

Probability = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, le=MOST)]
NotNegative = Annotated[float, Field(ge=0, le=MOST)]
Seconds = Annotated[float, Field(gt=0, le=DAY_S)]
"""More than none, and a day at most."""
SecondsOrNone = Annotated[float, Field(ge=0, le=DAY_S)]
Count = Annotated[int, Field(ge=1, le=MOST)]
CountOrNone = Annotated[int, Field(ge=0, le=MOST)]
Age = Annotated[int, Field(ge=0, le=150)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
Hour = Annotated[int, Field(ge=0, le=24)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Link = Annotated[str, Field(pattern=r"^https?://\S+$", max_length=500)]


class Section(BaseModel):
    """A table of a TOML file: strict, without unknown keys, every number finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
