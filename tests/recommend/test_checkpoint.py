"""The model on disk survives what happens to files."""

from __future__ import annotations

from pathlib import Path

import pytest

from signage.recommend.checkpoint import Checkpoint, load, save


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.vw"


def test_comes_back_as_it_was(path: Path) -> None:
    saved = Checkpoint("1", learned=7, reward_seq=9, model=bytes(range(256)) + b"\n\n")
    save(saved, path)
    assert load(path, "1") == saved


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-5], lambda b: b + b"x", lambda b: b"", lambda b: b[:9]]
)
def test_a_damaged_one_falls_back_to_the_one_before(
    path: Path, damage: object, caplog: pytest.LogCaptureFixture
) -> None:
    before = Checkpoint("1", 1, 1, b"the one before")
    save(before, path)
    save(Checkpoint("1", 2, 2, b"the newest"), path)
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert load(path, "1") == before
    assert "is not used" in caplog.text


def test_a_stop_between_the_two_renames_loses_nothing(path: Path) -> None:
    saved = Checkpoint("1", 1, 1, b"the only one")
    save(saved, path)
    path.rename(path.with_suffix(".before"))
    assert load(path, "1") == saved


def test_another_feature_layout_is_refused_with_a_reason(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save(Checkpoint("0", 1, 1, b"old"), path)
    assert load(path, "1") is None
    assert "feature layout 0, this is 1" in caplog.text
