"""The folders of the repository that the benchmarks and the training read."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"
DEMO = CONFIGS / "demo.toml"
FOOTAGE = CONFIGS / "footage"
SCENES = CONFIGS / "scenes"
MODELS = ROOT / "models"
REFERENCES = ROOT / "benchmarks" / "references"
MANIFEST = MODELS / "manifest.toml"
