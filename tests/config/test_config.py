"""The configuration: what is read, and that every mistake is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from signage.assets.manifest import load_manifest
from signage.config.config import Config
from signage.config.file import load_config
from signage.content.catalogue import ContentFile, read_content
from signage.errors import ConfigError
from signage.scenes.file import Scene, load_scene
from signage.simulation.viewers.model import ResponseModel, load_model
from tests.support.builders import DEMO, ROOT
from tests.support.media import page


def load(folder: Path, text: str) -> Config:
    path = folder / "screen.toml"
    path.write_text(text, encoding="utf-8")
    return load_config(path)


def complaint(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as raised:
        load(folder, text)
    message = str(raised.value)
    assert str(folder / "screen.toml") in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["kiosk.toml", "demo.toml"])
def test_the_shipped_configurations_load_and_point_at_what_is_there(name: str) -> None:
    config = load_config(ROOT / "configs" / name)
    assert config.perception.models_dir.resolve() == ROOT / "models"
    assert config.content.dir.resolve() == ROOT / "configs" / "content"
    assert config.data_dir.resolve().parent == ROOT / "data"
    assert config.server.host == "127.0.0.1"
    assert config.decision.policy == "vw"


def test_the_demo_is_a_reel_and_the_kiosk_a_camera() -> None:
    demo, kiosk = load_config(DEMO), load_config(ROOT / "configs" / "kiosk.toml")
    clips = {segment.clip for segment in demo.camera.reel}
    assert len(clips) >= 8
    assert all((demo.camera.footage_dir / clip).is_file() for clip in clips)
    assert (kiosk.camera.source, kiosk.camera.reel) == ("0", ())


def test_an_empty_file_is_a_whole_configuration(tmp_path: Path) -> None:
    config = load(tmp_path, "")
    assert (config.decision, config.constraints, config.reward) == (
        Config().decision,
        Config().constraints,
        Config().reward,
    )
    assert config.content.dir == tmp_path / "content"


def test_values_have_their_types(tmp_path: Path) -> None:
    config = load(
        tmp_path,
        """
        seed = 7
        [camera]
        reel = [{ clip = "a.mp4" }, { clip = "b.jpg", from_s = 1, to_s = 2.5 }]
        [decision]
        policy = "rules"
        [constraints]
        max_per_hour = 12
        [[policies.rules]]
        gender = "female"
        hours = [18, 24]
        categories = ["wine", "books"]
        """,
    )
    assert config.seed == 7
    assert [(s.clip, s.from_s, s.to_s) for s in config.camera.reel] == [
        ("a.mp4", 0.0, None),
        ("b.jpg", 1.0, 2.5),
    ]
    assert config.decision.policy == "rules"
    assert config.constraints.max_per_hour == 12
    (rule,) = config.policies.rules
    assert (rule.gender, rule.hours, rule.categories) == ("female", (18, 24), ("wine", "books"))
    with pytest.raises(ValidationError):
        config.seed = 8


def test_paths_are_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    config = load(
        tmp_path,
        """
        data_dir = "data"
        [camera]
        source = "people.mp4"
        footage_dir = "../clips"
        [perception]
        models_dir = "/srv/models"
        """,
    )
    assert config.data_dir == tmp_path / "data"
    assert config.camera.source == str(tmp_path / "people.mp4")
    assert config.camera.footage_dir == tmp_path / "../clips"
    assert config.perception.models_dir == Path("/srv/models")
    assert config.content.dir == tmp_path / "content"


@pytest.mark.parametrize("source", ["0", "12", "rtsp://camera/1"])
def test_a_camera_or_a_stream_is_no_path(source: str, tmp_path: Path) -> None:
    assert load(tmp_path, f'[camera]\nsource = "{source}"').camera.source == source


def test_every_mistake_is_named_with_key_value_and_reason(tmp_path: Path) -> None:
    message = complaint(
        tmp_path,
        """
        sed = 1
        screen_id = "in the lobby"
        [camera]
        reel = [{ clip = "a.mp4", from_s = 3.0, to_s = 2.0 }, { to_s = 1.0 }]
        [decision]
        policy = "best"
        min_play_s = -1.0
        [perception]
        demographics = "yes"
        [server]
        port = 70000
        """,
    )
    for part in (
        "unknown key 'sed'",
        "key 'screen_id' cannot be 'in the lobby'",
        "key 'camera.reel.0' cannot be",
        "to_s (2) must be greater than from_s (3)",
        "key 'camera.reel.1.clip' is missing",
        "key 'decision.policy' cannot be 'best'",
        "'vw', 'apprentice', 'rules', 'playlist' or 'uniform'",
        "key 'decision.min_play_s' cannot be -1.0: Input should be greater than or equal to 0",
        "key 'perception.demographics' cannot be 'yes': Input should be a valid boolean",
        "key 'server.port' cannot be 70000: Input should be less than or equal to 65535",
    ):
        assert part in message


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("seed = ", "cannot be read as TOML"),
        ("seed = 1.5", "key 'seed' cannot be 1.5"),
        ('seed = "1"', "key 'seed' cannot be '1'"),
        ("camera = 3", "key 'camera' cannot be 3"),
        ("[screen]\ncamera_up_m = nan", "key 'screen.camera_up_m'"),
        ("[[policies.rules]]\nhours = [18, 25]", "key 'policies.rules.0.hours.1' cannot be 25"),
        ("[decision]\nsettle_s = nan", "key 'decision.settle_s'"),
        ("[decision]\nlead_s = inf", "key 'decision.lead_s'"),
        ("[[policies.rules]]\ncategories = []", "key 'policies.rules.0.categories'"),
        ('timezone = "Berlin"', "key 'timezone' cannot be 'Berlin': this machine knows no"),
        ('timezone = "../etc/passwd"', "key 'timezone' cannot be '../etc/passwd'"),
        ('timezone = "Europe"', "key 'timezone' cannot be 'Europe'"),
        ('timezone = ""', "key 'timezone' cannot be ''"),
        ("[constraints]\nexploration_max = 0.0", "key 'constraints.exploration_max'"),
        ("[constraints]\nshare_window_plays = 0", "key 'constraints.share_window_plays'"),
        ("[constraints]\nseparation_plays = -1", "key 'constraints.separation_plays'"),
    ],
)
def test_a_mistake_is_an_error_of_the_file(text: str, reason: str, tmp_path: Path) -> None:
    assert reason in complaint(tmp_path, text)


@pytest.mark.parametrize("text", ["[server]\ntoken = 12345", '[camera]\nsource = ["12345"]'])
def test_no_message_shows_a_secret(text: str, tmp_path: Path) -> None:
    message = complaint(tmp_path, text)
    assert "Input should be a valid string" in message
    assert "12345" not in message


def test_a_time_zone_is_kept_by_its_name(tmp_path: Path) -> None:
    assert load(tmp_path, 'timezone = "America/Argentina/Ushuaia"').timezone == (
        "America/Argentina/Ushuaia"
    )
    assert load(tmp_path, "").timezone is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_file_is_read_in_whatever_encoding_notepad_chose(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "screen.toml"
    path.write_text('[player.notice]\ntext = "Käse"\n', encoding=encoding)
    notice = load_config(path).player.notice
    assert notice is not None
    assert notice.text == "Käse"


def test_every_file_of_an_operator_may_have_a_mark(tmp_path: Path) -> None:
    def marked(text: str) -> Path:
        path = tmp_path / "a.toml"
        path.write_text(text, encoding="utf-8-sig")
        return path

    assert load_scene(marked("duration_s = 1.0")).duration_s == 1.0
    assert load_model(str(marked("boredom = 0.5"))).boredom == 0.5
    assert load_manifest(marked("assets = []")) == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("text = 'Käse'".encode("latin-1"), "it is not UTF-8 (at byte 9). Save it as UTF-8."),
        ("seed = 1".encode("utf-16-le"), "Save it as UTF-8."),
        (b"#" * 1_000_001, "it is larger than 1 MB"),
        (b"a = " + b"[" * 5000, "cannot be read"),
    ],
)
def test_a_file_that_is_no_toml_says_why(tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "screen.toml"
    path.write_bytes(data)
    with pytest.raises(ConfigError) as raised:
        load_config(path)
    assert reason in str(raised.value)


def numbers(part: Any, name: str = "") -> Iterator[tuple[str, bool]]:
    """Every number of a JSON schema, and whether it is bounded on both sides."""
    if isinstance(part, list):
        for one in part:
            yield from numbers(one, name)
    elif isinstance(part, dict):
        if part.get("type") in ("integer", "number") and "enum" not in part:
            sides = [{"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"}]
            yield name, all(side & part.keys() for side in sides)
        for key, one in part.items():
            yield from numbers(one, f"{name}.{key}")


@pytest.mark.parametrize("schema", [Config, ContentFile, Scene, ResponseModel])
def test_every_number_has_a_bound_on_both_sides(schema: type[BaseModel]) -> None:
    found = list(numbers(schema.model_json_schema()))
    assert found
    assert [name for name, bounded in found if not bounded] == []


@pytest.mark.parametrize("name", ["duration_s = 2_592_000", "duration_s = 1e-9"])
def test_no_play_lasts_longer_than_a_day_or_no_time_at_all(tmp_path: Path, name: str) -> None:
    page(tmp_path)
    path = tmp_path / "content.toml"
    path.write_text(path.read_text().replace("duration_s = 2.0", name))
    with pytest.raises(ConfigError, match="key 'duration_s' cannot be"):
        read_content(path)


def test_a_part_that_is_wrong_is_told_once(tmp_path: Path) -> None:
    page(tmp_path)
    path = tmp_path / "content.toml"
    path.write_text(path.read_text() + 'dayparts = [["08:00", "25:00"]]\n')
    with pytest.raises(ConfigError) as raised:
        read_content(path)
    assert str(raised.value).count("dayparts") == 1


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"There is no configuration .*nowhere\.toml"):
        load_config(tmp_path / "nowhere.toml")
    with pytest.raises(ConfigError, match="is not a file"):
        load_config(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_config(binary)
