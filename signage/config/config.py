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

    screen_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] = Field(
        default="screen", description="Name of this screen, in the journal and in every export."
    )
    venue: Literal["public", "workplace", "school"] = Field(
        default="public",
        description="Where the screen stands. At a workplace or in a school neither moods nor "
        "expressions are estimated, whatever `perception` says (EU AI Act, article 5 (1) f).",
    )
    data_dir: Path = Field(
        default=Path("../data"),
        description="Folder of the journal and of the checkpoints of the model.",
    )
    seed: Seed = Field(default=0, description="Seed of the random draws between contents.")
    timezone: ZoneName | None = Field(
        default=None,
        description="Time zone of the screen's clock by its IANA name, such as `Europe/Berlin`. "
        "It applies to all hours, dates and weekdays. Without it the time zone of the machine.",
    )
    camera: CameraConfig = Field(
        default=CameraConfig(), description="Where the pictures come from."
    )
    perception: PerceptionConfig = Field(
        default=PerceptionConfig(), description="What the models look for, and how often."
    )
    screen: ScreenConfig = Field(
        default=ScreenConfig(), description="Size of the screen, and place of the camera."
    )
    audience: AudienceConfig = Field(
        default=AudienceConfig(), description="When a person is a viewer, attentive, or reading."
    )
    content: ContentConfig = Field(default=ContentConfig(), description="What the screen can show.")
    decision: DecisionConfig = Field(
        default=DecisionConfig(), description="Which policy decides, and when."
    )
    constraints: ConstraintsConfig = Field(
        default=ConstraintsConfig(), description="What may not be shown, to whom, and how often."
    )
    reward: RewardConfig = Field(default=RewardConfig(), description="What a play earns.")
    policies: PoliciesConfig = Field(
        default=PoliciesConfig(), description="Settings of each policy."
    )
    experiment: ExperimentConfig | None = Field(
        default=None,
        description="An A/B test on this screen. Without it `decision.policy` decides alone.",
    )
    reveal: RevealConfig = Field(
        default=RevealConfig(), description="When the panel beside a content opens and closes."
    )
    player: PlayerConfig = Field(
        default=PlayerConfig(), description="How the page on the screen looks."
    )
    server: ServerConfig = Field(
        default=ServerConfig(), description="The web server of the page, dashboard and API."
    )

    @model_validator(mode="after")
    def _one_arm_decides_alone(self) -> Config:
        experiment, policy = self.experiment, self.decision.policy
        if experiment is not None and policy not in experiment.arms:
            raise ValueError(
                f"decision.policy ({policy}) is not one of experiment.arms "
                f"({', '.join(experiment.arms)}). It decides where the experiment does not: "
                "make it one of the arms"
            )
        return self
