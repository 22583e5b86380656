"""The one step of the build that pyproject.toml cannot say: the default files of a wheel.

What is committed in `configs` and `models` goes into `signage/defaults`, with the same places to
one another. An editable installation needs no copy: it finds the repository's own folders.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
DEFAULTS = (
    "configs/*.toml",
    "configs/content/**/*",
    "configs/footage/manifest.toml",
    "configs/grafana/*",
    "configs/logos/*",
    "configs/prometheus/*",
    "configs/scenes/*",
    "configs/systemd/*",
    "models/README.md",
    "models/manifest.toml",
    "models/reading.json",
    "models/traits.onnx",
)
"""No more than is committed: fetched models and footage lie beside it."""


class BuildWithDefaults(build_py):
    """Copies the default files beside the modules."""

    def run(self) -> None:
        """Build, then copy."""
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, "signage", "defaults")
        for source in (path for pattern in DEFAULTS for path in sorted(ROOT.glob(pattern))):
            if source.is_file():
                copy = target / source.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, copy)


setup(cmdclass={"build_py": BuildWithDefaults})
