"""A made package with two files, and a manifest that names them."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path
from typing import Any

from signage.assets.manifest import verify

CONTENT = {"first.bin": b"the first file" * 100, "second.bin": b"the second file" * 100}


def make_wheel(folder: Path, files: dict[str, bytes]) -> None:
    """Write the wheel `carrier` 1.0 as a registry would deliver it."""
    info = "carrier-1.0.dist-info"
    members = {f"carrier/data/{name}": data for name, data in files.items()} | {
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()},"
        for name, data in members.items()
    ]
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "carrier-1.0-py3-none-any.whl", "w") as wheel:
        for name, data in members.items():
            wheel.writestr(name, data)
        wheel.writestr(f"{info}/RECORD", "\n".join([*record, f"{info}/RECORD,,"]))


def make_manifest(folder: Path, **changes: Any) -> Path:
    """Write a manifest of CONTENT; ``changes`` go to the second file's entry."""
    entries = []
    for name, data in CONTENT.items():
        entry: dict[str, Any] = {
            "name": name,
            "registry": "pypi",
            "package": "carrier",
            "version": "1.0",
            "path": f"carrier/data/{name}",
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_bytes": len(data),
            "licence": "MIT",
        }
        entry |= changes if name == "second.bin" else {}
        lines = [f"{key} = {value!r}" for key, value in entry.items()]
        entries.append("\n".join(["[[assets]]", *lines]))
    folder.mkdir(exist_ok=True)
    path = folder / "manifest.toml"
    path.write_text("\n\n".join(entries), encoding="utf-8")
    return path


def states(manifest: Path) -> list[str]:
    return [state for _, state in verify(manifest)]


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
