"""What lies in a folder of contents, whatever people and file systems put there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from signage.content.check import check_content, check_folder
from signage.content.folder import Files, files_of, list_contents, version_of
from signage.text.names import printable, why_no_id
from tests.support.builders import ROOT
from tests.support.media import describe, page, picture

NOBODY = 65534


def names(folder: Path) -> list[str]:
    return [path.name for path in list_contents(folder).contents]


def test_a_name_that_is_no_text_is_told_and_the_others_play(tmp_path: Path) -> None:
    page(tmp_path / "good")
    for name in (b"K\xfcche", b"a\x1b[3mb", b"two\nlines", b"x" * 201):
        page(tmp_path / os.fsdecode(name))
    listing = list_contents(tmp_path)
    assert [path.name for path in listing.contents] == ["good"]
    assert listing.unusable == {
        "K\\xfcche": "Its name is not UTF-8: rename it.",
        "a\\x1b[3mb": "Its name has control characters: rename it.",
        "two\\nlines": "Its name has control characters: rename it.",
        "x" * 201: "Its name is longer than 200 bytes: give it a shorter one.",
    }
    json.dumps(listing.unusable).encode()
    assert check_content(tmp_path / os.fsdecode(b"K\xfcche")).errors


@pytest.mark.parametrize(
    "name", ["café", "日本", "a b & 100%", "👩‍🍳", "[red]x[/red]", "$5_or_$9", "…"]
)
def test_a_name_in_any_script_is_an_id(name: str) -> None:
    assert why_no_id(name) is None
    assert printable(name) == name


def test_two_names_that_look_the_same_do_not_both_play(tmp_path: Path) -> None:
    page(tmp_path / "café")
    page(tmp_path / "cafe\u0301")
    listing = list_contents(tmp_path)
    assert len(listing.contents) == 1
    (reason,) = listing.unusable.values()
    assert "looks the same as" in reason


def test_a_link_keeps_its_own_name(tmp_path: Path) -> None:
    page(tmp_path / "store" / "coffee" / "v1", title="Coffee")
    page(tmp_path / "store" / "toys" / "v1", title="Toys")
    contents = tmp_path / "contents"
    contents.mkdir()
    for name in ("coffee", "toys"):
        (contents / name).symlink_to(tmp_path / "store" / name / "v1")
    checked = {c.content_id: c.content for c in check_folder(contents)}
    assert {name: content and content.title for name, content in checked.items()} == {
        "coffee": "Coffee",
        "toys": "Toys",
    }
    # Named by itself, too.
    assert check_content(contents / "coffee").content_id == "coffee"


def test_links_that_lead_nowhere_are_told(tmp_path: Path) -> None:
    page(tmp_path / "good")
    (tmp_path / "gone").symlink_to("nowhere")
    (tmp_path / "self").symlink_to("self")
    assert names(tmp_path) == ["good"]
    assert list_contents(tmp_path).unusable == {
        "gone": "It is a link to a missing folder.",
        "self": "It is a link to itself.",
    }


def test_what_is_no_content_is_named_once(tmp_path: Path) -> None:
    page(tmp_path / "good")
    picture(tmp_path / "loose.png")
    (tmp_path / "empty").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for usual in (".DS_Store", "Thumbs.db"):
        (tmp_path / usual).touch()
    (tmp_path / "lost+found").mkdir()
    listing = list_contents(tmp_path)
    assert (listing.loose, listing.unusable) == (["empty", "loose.png", "pipe"], {})


@pytest.mark.parametrize("file", ["pipe.png", "self.png", "folder.png"])
def test_a_file_that_is_none_is_an_error_of_its_content(tmp_path: Path, file: str) -> None:
    folder = describe(tmp_path / "a", "image", file)
    os.mkfifo(folder / "pipe.png")
    (folder / "self.png").symlink_to("self.png")
    (folder / "folder.png").mkdir()
    (error,) = check_content(folder).errors
    assert file in error


def test_links_within_a_content_are_followed_and_never_for_ever(tmp_path: Path) -> None:
    folder = page(tmp_path / "a")
    (folder / "real").mkdir()
    picture(folder / "real" / "a.png")
    (folder / "img").symlink_to("real")
    (folder / "again").symlink_to(".")
    (folder / "out").symlink_to(tmp_path)
    found = {str(path.relative_to(folder)) for path in files_of(folder).stamps}
    assert found == {"content.toml", "index.html", "real/a.png", "img/a.png"}


def test_a_content_of_too_many_files_is_refused(tmp_path: Path) -> None:
    folder = page(tmp_path / "a")
    for number in range(10_001):
        (folder / f"{number}.txt").touch()
    assert "It has more than 10,000 files" in check_content(folder).errors[0]


@pytest.fixture
def for_nobody() -> Iterator[Path]:
    """A folder that another user may read, as far as the test leaves that."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_what_may_not_be_read_is_told_and_the_others_play(for_nobody: Path) -> None:
    for name in ("good", "closed", "inside", "toml"):
        page(for_nobody / name)
    (for_nobody / "closed").chmod(0o700)
    (for_nobody / "inside" / "more").mkdir(mode=0o700)
    (for_nobody / "toml" / "content.toml").chmod(0o600)
    script = (
        "import json, sys\nfrom pathlib import Path\n"
        "from signage.content.check import check_folder\n"
        "found = {c.content_id: c.errors for c in check_folder(Path(sys.argv[1]))}\n"
        "print(json.dumps(found))"
    )
    # What is imported may lie where nobody else may read: become nobody only then.
    become = f"import os, signage.content.check\nos.setgid({NOBODY})\nos.setuid({NOBODY})\n"
    done = subprocess.run(
        [sys.executable, "-c", become + script, for_nobody],
        capture_output=True, text=True, check=True, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert found["good"] == []
    for name in ("closed", "inside", "toml"):
        assert "Permission denied" in found[name][0], name


def version(folder: Path) -> str:
    return version_of(folder, files_of(folder))


def test_the_version_changes_with_any_file_and_with_nothing_else(tmp_path: Path) -> None:
    folder = page(tmp_path / "a")
    media = picture(folder / "a.png")
    versions = [version(folder)]
    assert version(folder) == versions[0]
    stamp = media.stat()
    picture(media, 200, 100)
    versions.append(version(folder))
    media.rename(folder / "b.png")
    versions.append(version(folder))
    (folder / "b.png").unlink()
    versions.append(version(folder))
    assert len(set(versions)) == len(versions)
    # On a stick whose clock ticks every two seconds, and that knows no more than that.
    media.write_bytes(b"one")
    os.utime(media, ns=(stamp.st_mtime_ns, stamp.st_mtime_ns))
    coarse = Files({media: (stamp.st_mtime_ns, 0, 3, 0)})
    before = version_of(folder, coarse)
    media.write_bytes(b"two")
    assert version_of(folder, coarse) != before
