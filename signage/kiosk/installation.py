"""The files beside a screen's journal: its calibration and its token for orders."""

from __future__ import annotations

import json
from pathlib import Path

from signage.config.base import Section
from signage.config.config import Config
from signage.config.file import validate
from signage.config.screen import Affine
from signage.errors import ConfigError
from signage.io import read_toml, replace_file


class _Calibration(Section):
    gaze_correction: tuple[Affine, Affine]


def calibration_path(config: Config) -> Path:
    """The file with the gaze correction of this installation."""
    return config.data_dir / "calibration.toml"


def with_calibration(config: Config) -> Config:
    """``config`` with the gaze corrected, if this installation was ever calibrated.

    Raises ConfigError for a file that is broken.
    """
    path = calibration_path(config)
    try:
        data = read_toml(path)
    except FileNotFoundError:
        return config
    except ConfigError as error:
        raise ConfigError(f"{error} Remove it, or run `signage calibrate` again.") from error
    found = validate(_Calibration, data, path).gaze_correction
    screen = config.screen.model_copy(update={"gaze_correction": found})
    return config.model_copy(update={"screen": screen})


def keep_calibration(config: Config, correction: tuple[Affine, Affine]) -> None:
    """Write ``correction`` for `with_calibration`. Raises ConfigError when that cannot be done."""
    path = calibration_path(config)
    remark = "# By `signage calibrate`. Remove this file to undo it."
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(path) as file:
            file.write(f"{remark}\ngaze_correction = {json.dumps(correction)}\n".encode())
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error}. Free disk space or give write access, "
            "then calibrate again."
        ) from error


def orders_token_path(data_dir: Path) -> Path:
    """Where the running screen of ``data_dir`` keeps what its orders need."""
    return data_dir / "orders-token"


def keep_orders_token(data_dir: Path, token: str) -> None:
    """Write ``token`` so that only this user can read it. Raises ConfigError where that fails."""
    path = orders_token_path(data_dir)
    try:
        with replace_file(path, private=True) as file:
            file.write(token.encode())
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error}. Free disk space or give write access, "
            "then start again."
        ) from error
