"""What may be shown, read from folders that people edit by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from signage.config import ContentConfig
from signage.errors import ConfigError
from signage.recommend.catalogue import load_catalogue
from tests.builders import ROOT, catalogue

GOOD = (
    'title = "A"\ncategory = "c"\nmedium = "html"\nfile = "a.html"\nmotion = true\nduration_s = 8\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "content.toml").write_text(GOOD)
        (tmp_path / name / "a.html").write_text("<p>A")
    return tmp_path


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (GOOD.replace("a.html", "gone.html"), "'gone.html', which is not in"),
        (GOOD.replace("a.html", "../a/a.html"), "'../a/a.html', which is not in"),
        (GOOD + "colour = 1\n", "unknown key 'colour'"),
        (GOOD.replace("8", "-8"), "key 'duration_s' cannot be -8"),
        (GOOD.replace('"html"', '"film"'), "key 'medium' cannot be 'film'"),
        ("title = ", "cannot be read"),
    ],
)
def test_what_is_broken_is_left_out_with_a_reason(
    folder: Path, text: str, complaint: str, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "b" / "content.toml").write_text(text)
    assert list(load_catalogue(ContentConfig(dir=folder))) == ["a"]
    assert "Content left out" in caplog.text
    assert complaint in caplog.text


def test_an_empty_catalogue_is_an_error(folder: Path) -> None:
    shutil.rmtree(folder / "a")
    (folder / "b" / "a.html").unlink()
    with pytest.raises(ConfigError, match="The catalogue is empty"):
        load_catalogue(ContentConfig(dir=folder))
    with pytest.raises(ConfigError, match="There is no content folder"):
        load_catalogue(ContentConfig(dir=folder / "gone"))


def test_the_fallback_must_exist_and_be_for_everybody(folder: Path) -> None:
    with pytest.raises(ConfigError, match="'z', which is not in the catalogue \\(a, b\\)"):
        load_catalogue(ContentConfig(dir=folder, fallback="z"))
    with pytest.raises(ConfigError, match="Every content is restricted"):
        catalogue({"wine": {"adults_only": True}})


def test_the_version_follows_the_contents(folder: Path) -> None:
    before = load_catalogue(ContentConfig(dir=folder)).version
    assert load_catalogue(ContentConfig(dir=folder)).version == before
    (folder / "b" / "content.toml").write_text(GOOD.replace('"c"', '"d"'))
    assert load_catalogue(ContentConfig(dir=folder)).version != before


def test_the_demo_has_its_creatives(caplog: pytest.LogCaptureFixture) -> None:
    demo = load_catalogue(ContentConfig(dir=ROOT / "configs" / "content", fallback="welcome"))
    assert not caplog.text
    assert len(demo) >= 8
    assert any(content.adults_only for content in demo.values())
    assert {content.medium for content in demo.values()} >= {"html", "image"}
    assert all(content.tags for content in demo.values())
