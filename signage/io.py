"""Files: TOML that people write, replacement as a whole, owners, and where a journal is."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from signage.errors import ConfigError

_MOST_BYTES = 1_000_000
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
"""How Notepad and PowerShell begin a file."""


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file, in UTF-8 or in UTF-16 with its mark.

    Raises FileNotFoundError where there is none, ConfigError for whatever else keeps it from
    being read.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise ConfigError(f"{path} cannot be read: it is not a file.")
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"{path} cannot be read: {reason}.") from error
    if len(data) > _MOST_BYTES:
        raise ConfigError(f"{path} cannot be read: it is larger than 1 MB.")
    encoding = next((e for mark, e in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        return tomllib.loads(data.decode(encoding))
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{path} cannot be read: it is not UTF-8 (at byte {error.start}). Save it as UTF-8."
        ) from error
    except (ValueError, RecursionError) as error:
        hint = " Save it as UTF-8." if b"\0" in data else ""
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ConfigError(f"{path} cannot be read as TOML: {reason}.{hint}") from error


@contextmanager
def replace_file(
    path: Path, *, unfinished: Path | None = None, private: bool = False
) -> Iterator[IO[bytes]]:
    """Yield a file that takes the place of ``path`` when the block ends without an error.

    A power cut leaves the new file whole, or the old one. ``unfinished`` is where it is until
    then, in the same folder; without it, beside ``path`` under a name of this process. A
    ``private`` file is readable by its owner alone. Raises OSError where it cannot be written.
    """
    part = unfinished or path.with_name(f".{path.name}.{os.getpid()}.part")

    def create(name: str, flags: int) -> int:
        return os.open(name, flags, 0o600 if private else 0o666)

    part.unlink(missing_ok=True)
    try:
        with open(part, "xb", opener=create) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        flush_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Put the names of the files in ``folder`` on disk, so that a power cut loses none."""
    if os.name != "posix":
        return  # a folder cannot be opened there, and needs no flushing
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def journal_path(path: Path) -> Path:
    """Return the journal at ``path``: the file itself, or that in the folder."""
    return path / "journal.sqlite" if path.is_dir() else path


def give_to_owner(of: Path, *made: Path) -> None:
    """Let ``made`` belong to the owner of ``of``, where this process may say so.

    A command that is run as root in the data folder of a daemon would else leave files there that
    the daemon may not write.
    """
    if os.name != "posix" or os.geteuid() != 0:
        return
    owner = of.stat()
    for path in made:
        os.chown(path, owner.st_uid, owner.st_gid)
