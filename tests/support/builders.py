"""Makes the types that flow between the stages, with what a test does not care about filled in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.common import people
from signage.audience.screen_plane import ScreenPlane
from signage.config.config import Config
from signage.config.perception import PerceptionConfig
from signage.config.screen import ScreenConfig
from signage.content.catalogue import Catalogue, Content
from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.decisions import Decision, Trigger
from signage.types.vision import Frame, Gaze, HeadPose, Sighting, Traits

ROOT = Path(__file__).resolve().parents[2]
FOOTAGE = ROOT / "configs" / "footage"
DEMO = ROOT / "configs" / "demo.toml"
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)

ages, viewer = people.ages, people.viewer

TOWARDS = HeadPose(0.0, 0.0, 0.0)
AWAY = HeadPose(80.0, 0.0, 0.0)


def defaults(**more: Any) -> Config:
    """The defaults, where the models are."""
    return Config(**{"perception": PerceptionConfig(models_dir=ROOT / "models")} | more)


def utc(t_s: float) -> datetime:
    return NOON + timedelta(seconds=t_s)


def frame(t_s: float) -> Frame:
    return Frame(t_s, utc(t_s))


def traits(age: float | None = None, female: float | None = None, **more: Any) -> Traits:
    values: dict[str, Any] = {
        "weight": 1.0,
        "age_probs": None if age is None else ages(age),
        "female_prob": female,
    }
    return Traits(**(values | more))


def sighting(
    x: float = 300,
    y: float = 200,
    height: float = 100,
    pose: HeadPose | None = TOWARDS,
    **more: Any,
) -> Sighting:
    """A face whose box is centred at x, y in pixels; one of 100 px is 2 m away."""
    half, away_m = height / 2, 200 / height
    values: dict[str, Any] = {
        "track": 1,
        "face_xyxy_px": (x - 0.8 * half, y - half, x + 0.8 * half, y + half),
        "position_m": ((x - 320) / 1000 * away_m, away_m),
        "head_pose": pose,
    }
    return Sighting(**(values | more))


def snapshot(*viewers: Viewer, t_s: float = 5.0, observed: bool = True) -> AudienceSnapshot:
    return AudienceSnapshot(t_s, utc(t_s), viewers, observed)


def content(content_id: str, **more: Any) -> Content:
    values: dict[str, Any] = {
        "content_id": content_id,
        "folder": Path("/nowhere"),
        "title": content_id.title(),
        "category": content_id,
        "medium": "html",
        "file": "index.html",
        "motion": True,
        "duration_s": 8.0,
    }
    return Content(**(values | more))


def catalogue(contents: Mapping[str, dict[str, Any]] | None = None) -> Catalogue:
    """``contents`` by id; without any: coffee, shoes, and wine for adults only."""
    chosen = (
        {"coffee": {}, "shoes": {}, "wine": {"adults_only": True}} if contents is None else contents
    )
    return Catalogue([content(name, **more) for name, more in chosen.items()])


def looking(t_s: float, x: float, y: float = 0.5, sd_deg: float = 1.5, **more: Any) -> Sighting:
    """Somebody 2 m away whose eyes are on that point of the screen."""
    yaw_deg, pitch_deg = ScreenPlane(ScreenConfig()).angles_to(sighting(), x, y)
    return sighting(gaze=Gaze(t_s, yaw_deg, pitch_deg, sd_deg), **more)


TEXT = [(0.25 + 0.05 * (i % 10), 0.4 + 0.05 * (i // 10 % 5)) for i in range(500)]
"""Fixations of lines of text, a fifth of a second each."""


def reader(t_s: float, **more: Any) -> Sighting:
    """Somebody who reads ``TEXT``."""
    return looking(t_s, *TEXT[int(5 * t_s) % len(TEXT)], sd_deg=1.0, **more)


def decision(**more: Any) -> Decision:
    """A decision for coffee, with nothing else eligible."""
    told: dict[str, Any] = {
        "decision_id": "d1",
        "t_s": 0.0,
        "utc": utc(0.0),
        "trigger": Trigger.START,
        "content_id": "coffee",
        "propensity": 1.0,
        "eligible": {"coffee": 1.0},
        "masked": {},
        "context": {},
        "policy": "uniform",
        "policy_version": "1",
        "catalogue_version": "1",
        "actions": {"coffee": ()},
    }
    return Decision(**(told | more))
