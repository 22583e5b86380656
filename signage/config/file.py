"""Reading configuration files: TOML, checked against its schema, with paths in their place."""

from __future__ import annotations

import json
import reprlib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from signage.config.base import DAY_S
from signage.config.camera import is_live
from signage.config.config import Config
from signage.errors import ConfigError
from signage.io import read_toml
from signage.text.names import printable

_short = reprlib.Repr()
_short.maxstring = 120
_SECRET = {("server", "token"), ("camera", "source")}
"""Keys whose values no message shows."""

T = TypeVar("T", bound=BaseModel)


def load_config(path: Path) -> Config:
    """Read and check a configuration file.

    Raises ConfigError naming the file, and for each mistake the key, value and reason.
    """
    try:
        data = read_toml(path)
    except FileNotFoundError as error:
        raise ConfigError(f"There is no configuration {path}. Check the path.") from error
    config = validate(Config, data, path)
    return _in_place(config, path.parent.resolve())


def validate(schema: type[T], data: dict[str, Any], path: Path) -> T:
    """Check ``data``, read from ``path``, against ``schema``; ConfigError names every mistake."""
    try:
        # By the rules for JSON: strict, yet lists become tuples and strings become paths.
        return schema.model_validate_json(json.dumps(data, default=str))
    except ValidationError as error:
        found = error.errors()
        # What is wrong with a part is told once, and not of the whole again.
        parts = {mistake["loc"][:end] for mistake in found for end in range(len(mistake["loc"]))}
        mistakes = "; ".join(_explain(each) for each in found if each["loc"] not in parts - {()})
        raise ConfigError(f"{path}: {mistakes}.") from error


def _explain(mistake: ErrorDetails) -> str:
    key = printable(".".join(str(part) for part in mistake["loc"]))
    if mistake["type"] == "extra_forbidden":
        return f"unknown key '{key}' (check the spelling, or remove it)"
    if mistake["type"] == "missing":
        return f"key '{key}' is missing"
    reason = mistake["msg"].removeprefix("Value error, ")
    if mistake.get("ctx", {}).get("le") == DAY_S:
        reason = f"it may be at most one day ({DAY_S} s)"
    if not key:  # of the keys together
        return reason
    if mistake["loc"][:2] in _SECRET:
        return f"the value of key '{key}' is not allowed: {reason}"
    return f"key '{key}' cannot be {_short.repr(mistake['input'])}: {reason}"


def _in_place(config: Config, base: Path) -> Config:
    """``config`` with every path made absolute against ``base``, and its venue respected."""
    camera, source = config.camera, config.camera.source
    perception, is_public = config.perception, config.venue == "public"
    logos_dir = perception.logos_dir
    vw, warm = config.policies.vw, config.policies.vw.warm_start
    if source is not None and not is_live(source):
        source = str(base / source)
    return config.model_copy(
        update={
            "data_dir": base / config.data_dir,
            "camera": camera.model_copy(
                update={"footage_dir": base / camera.footage_dir, "source": source}
            ),
            "perception": perception.model_copy(
                update={
                    "models_dir": base / perception.models_dir,
                    "logos_dir": None if logos_dir is None else base / logos_dir,
                    "mood": perception.mood and is_public,
                    "expression": perception.expression and is_public,
                }
            ),
            "content": config.content.model_copy(update={"dir": base / config.content.dir}),
            "policies": config.policies.model_copy(
                update={"vw": vw.model_copy(update={"warm_start": warm and base / warm})}
            ),
        }
    )
