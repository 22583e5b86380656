"""`signage init`: the folder of a new screen."""

from __future__ import annotations

import shutil
import socket
import sys
from pathlib import Path

import pytest

from signage.assets.manifest import verify
from signage.config.config import Config
from signage.config.file import load_config
from signage.config.locations import MODELS
from signage.errors import AssetError, ConfigError, MissingExtraError
from signage.kiosk import new_screen
from signage.kiosk.new_screen import NewScreen, make_screen
from tests.support.builders import ROOT

PARTS = ("screen_id", "data_dir", "timezone", "camera", "perception", "server")
"""What a new screen has of its own."""


def made(folder: Path, *, demo: bool = False, models: Path | None = None) -> NewScreen:
    return make_screen(folder, models=models, demo=demo, on_fetch=pytest.fail)


def without_own_parts(config: Config) -> dict[str, object]:
    return config.model_dump(exclude=set(PARTS) | {"content"})


def test_a_new_screen_has_the_default_settings_and_all_it_needs(tmp_path: Path) -> None:
    folder = tmp_path / "window 3"
    screen = made(folder)
    config, default = load_config(screen.config), load_config(ROOT / "configs" / "kiosk.toml")
    assert without_own_parts(config) == without_own_parts(default)
    assert (config.screen_id, config.data_dir) == ("window-3", folder / "data")
    assert (config.timezone, config.server.port) == (screen.timezone, screen.port)
    states = verify(config.perception.models_dir / "manifest.toml")
    assert config.perception.models_dir == folder / "models"
    assert states
    assert {state for _, state in states} == {"ok"}
    contents = {path.name for path in config.content.dir.iterdir()}
    assert contents == {path.name for path in (ROOT / "configs" / "content").iterdir()}
    assert "signage calibrate" in screen.config.read_text(encoding="utf-8")
    assert not (folder / "footage").exists()


def test_the_demo_comes_with_its_footage(tmp_path: Path) -> None:
    screen = made(tmp_path / "screen", demo=True)
    assert screen.demo is not None
    camera = load_config(screen.demo).camera
    assert camera.reel
    assert all((camera.footage_dir / segment.clip).is_file() for segment in camera.reel)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ConfigError, match="nothing was changed"):
        made(tmp_path)
    with pytest.raises(ConfigError, match="is a file"):
        made(tmp_path / "notes.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_taken_port_is_passed_over(tmp_path: Path) -> None:
    try:
        with socket.create_server(("127.0.0.1", 8080)):
            screen = made(tmp_path / "screen")
    except OSError:  # another program has it already, which is the same to the screen
        screen = made(tmp_path / "screen")
    assert screen.port != 8080
    assert load_config(screen.config).server.port == screen.port


def test_without_the_converter_only_a_complete_folder_of_models_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    for name in ("manifest.toml", "traits.onnx", "reading.json"):
        shutil.copy(MODELS / name, bare)
    monkeypatch.setattr(new_screen, "MODELS", bare)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match=r'pip install "signage\[convert\]"'):
        made(tmp_path / "screen")
    assert not (tmp_path / "screen").exists()
    made(tmp_path / "screen", models=ROOT / "models")


def test_where_models_cannot_be_had_the_rest_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssetError("No network. Run `signage models pull` again.")

    monkeypatch.setattr(new_screen, "pull", fail)
    with pytest.raises(AssetError, match="run that command in this folder"):
        made(tmp_path / "screen")
    load_config(tmp_path / "screen" / "kiosk.toml")
