"""The folder of contents as it lies on the disk: what is a content, what is none, and why.

Nothing here trusts what it finds: names may be no text, links may lead nowhere, folders may not be
entered, and there may be more files than anybody wants.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from signage.text.names import looks, printable, why_no_id

MOST_FILES = 10_000
"""Of one content."""
_END_BYTES = 64 * 1024
_SYSTEM = {"lost+found", "System Volume Information", "$RECYCLE.BIN", "Thumbs.db", "desktop.ini"}
"""What file systems and desktops put everywhere."""

Stamp = tuple[int, int, int, int]
"""When a file was written, when it was moved or given leave to be read, its bytes, and its place
on the disk: another of any of them is another file."""


@dataclass(slots=True)
class Listing:
    """What is in a folder of contents."""

    contents: list[Path] = field(default_factory=list)
    """Folders with a ``content.toml`` and a usable name, in the order of their names."""
    unusable: dict[str, str] = field(default_factory=dict)
    """Why a folder cannot be a content, by its name as it can be shown."""
    loose: list[str] = field(default_factory=list)
    """Names of what is no content: files, and folders without a ``content.toml``."""


@dataclass(frozen=True, slots=True)
class Files:
    """Every file of a content."""

    stamps: Mapping[Path, Stamp]
    faults: tuple[str, ...] = ()
    """What kept some of them from being found."""


def list_contents(folder: Path) -> Listing:
    """Look through ``folder``. Raises OSError when it cannot be read."""
    listing, alike = Listing(), dict[str, str]()
    with os.scandir(folder) as entries:
        names = sorted((entry.name for entry in entries), key=lambda name: (looks(name), name))
    for name in names:
        try:
            is_content = _is_content(folder / name)
            fault = _fault(name, alike) if is_content else None
        except OSError as error:
            is_content, fault = False, None if name in _SYSTEM else _why(error)
        if fault is not None:
            listing.unusable[printable(name)] = f"{fault[0].upper()}{fault[1:]}."
        elif is_content:
            listing.contents.append(folder / name)
        elif not name.startswith(".") and name not in _SYSTEM:
            listing.loose.append(printable(name))
    return listing


def _is_content(path: Path) -> bool:
    """Raises OSError where that cannot be found out, or the folder not be entered."""
    try:
        if not stat.S_ISDIR(path.stat().st_mode):
            return False
        (path / "content.toml").lstat()
    except FileNotFoundError:
        if path.is_symlink() and not path.exists():
            raise
        return False
    return True


def _fault(name: str, alike: dict[str, str]) -> str | None:
    """Why a content cannot have this name; ``alike`` are those before, by what they look like."""
    if why := why_no_id(name):
        return why
    if (other := alike.setdefault(looks(name), name)) != name:
        return f"its name looks the same as {other!r}: rename one of them"
    return None


def _why(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "it is a link to a missing folder"
    if error.errno == errno.ELOOP:
        return "it is a link to itself"
    return f"it cannot be opened: {error.strerror}. Give the user that runs the screen read access"


def files_of(folder: Path) -> Files:
    """Every file of the content in ``folder``; but what editors and copies hide while they write.

    Links within the content are followed, those that leave it are not.
    """
    root = folder.resolve()
    stamps: dict[Path, Stamp] = {}
    faults: list[str] = []
    for path in _walk(root, root, frozenset(), faults):
        if (stamp := stamp_of(path)) is not None:
            stamps[path] = stamp
        if len(stamps) > MOST_FILES:
            faults.append(f"It has more than {MOST_FILES:,} files: remove those it does not need")
            break
    return Files(stamps, tuple(f"{fault}." for fault in faults))


def _walk(folder: Path, root: Path, above: frozenset[Path], faults: list[str]) -> Iterator[Path]:
    above |= {folder.resolve()}
    try:
        with os.scandir(folder) as entries_found:
            entries = sorted(entries_found, key=lambda entry: entry.name)
    except OSError as error:
        name = printable(str(folder.relative_to(root)))
        faults.append(_why(error).replace("it", f"Its folder {name}", 1))
        return
    for entry in entries:
        path = folder / entry.name
        if entry.name.startswith("."):
            continue
        if not _is_folder(entry):
            yield path
        elif not entry.is_symlink() or (
            (target := path.resolve()).is_relative_to(root) and target not in above
        ):
            yield from _walk(path, root, above, faults)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def stamp_of(path: Path) -> Stamp | None:
    """The stamp of a file; None if it does not exist."""
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def version_of(folder: Path, files: Files) -> str:
    """Another one whenever a file of ``folder`` is another.

    Stamps tell most changes. Where the file system keeps coarse ones (FAT), the beginning and the
    end of each file tell: the whole of a film is too much to read at a start. Raises OSError.
    """
    root, digest = folder.resolve(), hashlib.sha256()
    for path, stamp in sorted(files.stamps.items()):
        digest.update(os.fsencode(path.relative_to(root)) + repr(stamp).encode())
        with path.open("rb") as file:
            digest.update(file.read(_END_BYTES))
            file.seek(max(0, stamp[2] - _END_BYTES))
            digest.update(file.read(_END_BYTES))
    return digest.hexdigest()[:12]
