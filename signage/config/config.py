"""The schema of ``configs/*.toml``.

Unknown keys and bad values are errors that name the key, the value and the reason
(``file.py``). Relative paths are relative to the file they stand in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from signage.config.audience import AudienceConfig
from signage.config.base import Section, Seed
from signage.config.camera import CameraConfig
from signage.config.clock import ZoneName
from signage.config.constraints import ConstraintsConfig
from signage.config.content import ContentConfig
from signage.config.decision import DecisionConfig
from signage.config.experiment import ExperimentConfig
from signage.config.perception import PerceptionConfig
from signage.config.player import PlayerConfig
from signage.config.policies import PoliciesConfig
from signage.config.reveal import RevealConfig
from signage.config.reward import RewardConfig
from signage.config.screen import ScreenConfig
from signage.config.server import ServerConfig


class Config(Section):
    """A whole configuration file."""

    screen_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] = "screen"
    venue: Literal["public", "workplace", "school"] = "public"
    """Where the screen stands. At a workplace or in a school neither moods nor expressions are
    told, whatever ``perception`` says (EU AI Act, article 5 (1) f)."""
    data_dir: Path = Path("../data")
    """Journal and model checkpoints."""
    seed: Seed = 0
    """Of the draws between contents."""
    timezone: ZoneName | None = None
    """Of the screen's clock, by its IANA name, such as "Europe/Berlin": for hours, dates and
    weekdays everywhere. Without it, the machine's own."""
    camera: CameraConfig = CameraConfig()
    perception: PerceptionConfig = PerceptionConfig()
    screen: ScreenConfig = ScreenConfig()
    audience: AudienceConfig = AudienceConfig()
    content: ContentConfig = ContentConfig()
    decision: DecisionConfig = DecisionConfig()
    constraints: ConstraintsConfig = ConstraintsConfig()
    reward: RewardConfig = RewardConfig()
    policies: PoliciesConfig = PoliciesConfig()
    experiment: ExperimentConfig | None = None
    """Without it ``decision.policy`` decides alone."""
    reveal: RevealConfig = RevealConfig()
    player: PlayerConfig = PlayerConfig()
    server: ServerConfig = ServerConfig()

    @model_validator(mode="after")
    def _one_arm_decides_alone(self) -> Config:
        experiment, policy = self.experiment, self.decision.policy
        if experiment is not None and policy not in experiment.arms:
            raise ValueError(
                f"decision.policy ({policy}) is not one of experiment.arms "
                f"({', '.join(experiment.arms)}), and decides where the experiment does not: "
                "make it one of them"
            )
        return self
