"""What the freeze test can only ask from inside the program: its one place of imports."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from signage.config.config import Config
from signage.config.file import load_config
from signage.content.catalogue import ContentFile
from signage.journal.figures.dashboard import DashboardFigures, Period
from signage.kiosk.installation import with_calibration
from signage.scenes.file import Cast, Scene
from signage.simulation.viewers.model import ResponseModel
from signage.types.orders import Order

_FILES: dict[str, type[BaseModel]] = {
    "kiosk.toml": Config,
    "content.toml": ContentFile,
    "scene.toml": Scene,
    "cast.toml": Cast,
    "response.toml": ResponseModel,
    "order": Order,
}
_PROSE = {"title", "description", "examples", "discriminator"}


def toml_keys() -> dict[str, dict[str, Any]]:
    """Return every key of every file that people write: its type, limits and default."""
    keys: dict[str, dict[str, Any]] = {}
    for file, model in _FILES.items():
        schema = model.model_json_schema()
        keys[file] = {}
        _collect(schema, schema.get("$defs", {}), "", keys[file])
    return keys


def _collect(
    node: dict[str, Any], known: dict[str, Any], path: str, keys: dict[str, Any]
) -> dict[str, Any]:
    """Add the keys below ``node`` to ``keys``; return ``node`` as one type without its names."""
    if "$ref" in node:
        return _collect(known[node["$ref"].rpartition("/")[2]], known, path, keys)
    for name, inner in node.get("properties", {}).items():
        where = f"{path}.{name}".lstrip(".")
        kind = _collect(inner, known, where, keys)
        keys[where] = {"type": kind, "required": name in node.get("required", ())}
        if "default" in inner:
            keys[where]["default"] = inner["default"]
    kind = {k: v for k, v in node.items() if k not in _PROSE | {"$defs", "default"}}
    if "properties" in kind:
        return {"type": "object"}
    for key in ("anyOf", "allOf", "oneOf", "prefixItems"):
        if key in kind:
            kind[key] = [_collect(each, known, path, keys) for each in kind[key]]
    if isinstance(kind.get("items"), dict):
        kind["items"] = _collect(kind["items"], known, f"{path}[]", keys)
    return kind


def loaded_configs(folder: Path) -> dict[str, Any]:
    """Return what each configuration in ``folder`` says, with every default."""
    loaded: dict[str, Any] = {"defaults": Config().model_dump(mode="json")}
    for path in sorted(folder.glob("*.toml")):
        text = with_calibration(load_config(path)).model_dump_json()
        loaded[path.name] = json.loads(text.replace(str(folder.parent.resolve()), "."))
    return loaded


def dashboard_figures(journal: Path) -> dict[str, Any]:
    """Return the figures behind ``/api/dashboard`` on the evening of the recorded day."""
    period = Period.last(1, datetime(2026, 3, 4, 20, 30, tzinfo=UTC))
    return dict(json.loads(json.dumps(DashboardFigures(journal).over(period, 200), default=str)))
