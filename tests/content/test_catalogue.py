"""What may be shown, read from folders that people edit by hand."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from signage.config.content import ContentConfig
from signage.content.loader import load_catalogue
from signage.errors import ConfigError
from tests.support.builders import ROOT, catalogue

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
        (GOOD + "max_per_viewer = 0\n", "key 'max_per_viewer' cannot be 0"),
        (GOOD + "min_age = 0\n", "key 'min_age' cannot be 0"),
        (GOOD + "share_min = 0.95\n", "key 'share_min' cannot be 0.95"),
        (GOOD + "weekdays = ['monday']\n", "key 'weekdays.0' cannot be 'monday'"),
        (GOOD + "weekdays = []\n", "key 'weekdays' cannot be []"),
        (GOOD + "dayparts = [['8', '11:00']]\n", "key 'dayparts.0.0' cannot be '8'"),
        (GOOD + "dayparts = [['08:00', '24:00']]\n", "key 'dayparts.0.1' cannot be '24:00'"),
        (GOOD + "dayparts = [['08:00Z', '11:00']]\n", "a daypart uses the screen's own clock"),
        (GOOD + "dayparts = [['08:00', '08:00']]\n", "must not start and end at the same time"),
        (GOOD + "from_date = 2026-02-30\n", "cannot be read"),
        (GOOD + "from_date = '2026-02-30'\n", "key 'from_date' cannot be '2026-02-30'"),
        (
            GOOD + "from_date = 2026-03-02\nuntil_date = 2026-03-01\n",
            "until_date (2026-03-01) must not be before from_date (2026-03-02)",
        ),
        (
            GOOD + "share_min = 0.3\nshare_max = 0.2\n",
            "share_min (0.3) must not be above share_max (0.2)",
        ),
        (
            GOOD + "mandatory = true\nmin_age = 12\nmax_per_hour = 3\nshare_min = 0.1\n",
            "mandatory content plays for everyone: remove min_age, share_min, max_per_hour",
        ),
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


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("adults_only = true", "it has adults_only or min_age"),
        ("min_age = 6", "it has adults_only or min_age"),
        ("mandatory = true", "it is mandatory and plays only when called for"),
        ("weekdays = ['mon']", "it has dates, weekdays or dayparts"),
        ("until_date = 2099-12-31", "it has dates, weekdays or dayparts"),
        ("dayparts = [['08:00', '20:00']]", "it has dates, weekdays or dayparts"),
    ],
)
def test_the_fallback_plays_before_everybody_and_always(
    folder: Path, limit: str, reason: str
) -> None:
    (folder / "b" / "content.toml").write_text(GOOD + limit)
    with pytest.raises(ConfigError, match=f"content.fallback 'b' must be allowed for .*: {reason}"):
        load_catalogue(ContentConfig(dir=folder, fallback="b"))
    assert load_catalogue(ContentConfig(dir=folder)).fallback.content_id == "a"


def test_more_share_than_there_is_cannot_be_promised(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / name / "content.toml").write_text(GOOD + "share_min = 0.45\n")
    assert len(load_catalogue(ContentConfig(dir=folder))) == 2
    (folder / "b" / "content.toml").write_text(GOOD + "share_min = 0.46\n")
    assert list(load_catalogue(ContentConfig(dir=folder))) == ["a"]
    with pytest.raises(ConfigError, match=r"\(a 0.45, b 0.46\) is more than 0.9.*must stay free"):
        catalogue({"a": {"share_min": 0.45}, "b": {"share_min": 0.46}})


def test_every_limit_is_read_and_kept_on_record(folder: Path) -> None:
    limits = """
        from_date = 2026-03-01
        until_date = "2026-12-24"
        weekdays = ["fri", "sat"]
        dayparts = [["22:00", "02:00"]]
        max_per_hour = 4
        max_per_viewer = 3
        share_min = 0.1
        share_max = 0.3
        competes = "cola"
        min_age = 16
    """
    (folder / "b" / "content.toml").write_text(GOOD + limits)
    catalogue = load_catalogue(ContentConfig(dir=folder))
    record = json.loads(catalogue.as_json())["b"]
    assert (record["from_date"], record["until_date"]) == ("2026-03-01", "2026-12-24")
    assert (record["weekdays"], record["dayparts"]) == (["fri", "sat"], [["22:00:00", "02:00:00"]])
    assert (record["share_min"], record["max_per_viewer"], record["min_age"]) == (0.1, 3, 16)
    assert catalogue.version == load_catalogue(ContentConfig(dir=folder)).version
    assert catalogue["b"].features == (*catalogue["a"].features[:-1], "id=b")


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
