"""Where the default configuration, the demo contents and the models are.

In the repository they are the folders `configs` and `models`. A wheel holds a copy of what is
committed there, in `signage/defaults`, with the same places to one another.
"""

from __future__ import annotations

from pathlib import Path

from signage.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parents[1]
_PACKED = _PACKAGE / "defaults"

IS_WHEEL = _PACKED.is_dir()
"""Whether this is an installed wheel, and not the repository."""
CONFIGS = (_PACKED if IS_WHEEL else _PACKAGE.parent) / "configs"
MODELS = CONFIGS.parent / "models"
KIOSK_CONFIG = CONFIGS / "kiosk.toml"
DEMO_CONFIG = CONFIGS / "demo.toml"

SCREEN_FILES = ("signage.toml", "kiosk.toml")
"""Names of the configuration of a screen, in the folder where a command runs."""


def find_screen_config(named: Path | None) -> Path:
    """The configuration of a screen: ``named``, or else that of the current folder.

    The repository has a default. A wheel has none: its folder may not be written to, and holds no
    models. Raises ConfigError there.
    """
    return named or _here(*SCREEN_FILES) or _default(KIOSK_CONFIG)


def find_demo_config(named: Path | None) -> Path:
    """The same for commands that show what can be seen: they prefer a ``demo.toml``."""
    return named or _here("demo.toml", *SCREEN_FILES) or _default(DEMO_CONFIG)


def find_any_config(named: Path | None) -> Path:
    """The same for commands that only read settings: they take the default of a wheel, too."""
    return named or _here(*SCREEN_FILES) or KIOSK_CONFIG


def _here(*names: str) -> Path | None:
    return next((path for path in map(Path, names) if path.is_file()), None)


def _default(config: Path) -> Path:
    if IS_WHEEL:
        raise ConfigError(
            f"There is no {' or '.join(SCREEN_FILES)} in {Path.cwd()}. Make a screen with "
            "`signage init my-screen` and run this in its folder, or name a configuration with "
            "--config."
        )
    return config
