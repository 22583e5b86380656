"""Files that are replaced as a whole, and where a journal is."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from signage.io import journal_path, replace_file


def test_a_file_is_replaced_when_all_of_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"old")
    with replace_file(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(b"old")

    def fail() -> None:
        with replace_file(path) as file:
            file.write(b"ne")
            raise ValueError("halfway")

    with pytest.raises(ValueError, match="halfway"):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_an_earlier_run_left_unfinished_is_written_anew(tmp_path: Path) -> None:
    unfinished = tmp_path / "writing.new"
    unfinished.write_bytes(b"longer than the new one")
    with replace_file(tmp_path / "model", unfinished=unfinished) as file:
        file.write(b"new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("model", b"new")]


@pytest.mark.skipif(os.name != "posix", reason="permissions of a file")
def test_a_private_file_can_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_bytes(b"old")
    with replace_file(path, private=True) as file:
        assert stat.S_IMODE(Path(file.name).stat().st_mode) == 0o600
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_journal_is_named_by_its_file_or_its_folder(tmp_path: Path) -> None:
    journal = tmp_path / "journal.sqlite"
    assert journal_path(tmp_path) == journal
    assert journal_path(journal) == journal
