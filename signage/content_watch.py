"""Contents that come, change and go while the screen runs.

The folder is looked at every two seconds, in a thread of its own. What changes leaves the
catalogue at once, and comes back when it has kept still from one look to the next (a file that is
being copied does not) and what it shows can be decoded: a broken file never reaches the screen.
Between two looks ``is_as_checked`` holds that, which the server asks for every file.
"""

from __future__ import annotations

import logging
import stat
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from signage.config import ContentConfig
from signage.content_check import Checked, check_content, content_folders
from signage.errors import ConfigError
from signage.recommend.catalogue import Catalogue, Content

log = logging.getLogger(__name__)

_EVERY_S = 2.0

_Stamp = tuple[int, int, int]
"""When a file was written, when it was moved or given leave to be read, and its bytes: another of
any of them is another file."""


@dataclass(frozen=True, slots=True)
class _Shelved:
    """A content as it was checked."""

    files: Mapping[Path, _Stamp]
    checked: Checked


class ContentWatch:
    """The contents of a folder, each read and checked once, and again when it has changed.

    ``look`` belongs to one thread; all the rest may be asked from any.
    """

    def __init__(self, config: ContentConfig) -> None:
        """Take up what is there. Raises ConfigError when that is no catalogue."""
        self._config = config
        self._shelf: dict[Path, _Shelved] = {}
        self._seen: dict[Path, Mapping[Path, _Stamp]] = {}
        self._stamps: Mapping[Path, _Stamp] = {}
        self._take: Callable[[Catalogue], None] = lambda _: None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.problem: str | None = None
        """Why the folder as it is now is no catalogue; what plays is the last that was one."""
        if not config.dir.is_dir():
            raise ConfigError(f"There is no content folder {config.dir}. Set `content.dir`.")
        self._seen = _folders(config.dir)
        for folder, files in self._seen.items():
            self._check(folder, files)
        self._told = (self._usable(set()), True)
        self.catalogue = Catalogue(self._told[0], config.fallback)

    def start(self, take: Callable[[Catalogue], None]) -> None:
        """Begin to watch; ``take`` is given every new catalogue, in the watching thread."""
        self._take = take
        self._thread = threading.Thread(target=self._watch, name="content-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End watching."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    @property
    def left_out(self) -> dict[str, str]:
        """Why each content that is there does not play, by id."""
        shelf = list(self._shelf.values())
        return {s.checked.content_id: " ".join(s.checked.errors) for s in shelf if s.checked.errors}

    def is_as_checked(self, path: Path) -> bool:
        """Whether ``path`` is a file of a content, and the very one that was checked."""
        stamp = self._stamps.get(path)
        return stamp is not None and _stamp(path) == stamp

    def look(self) -> None:
        """Look at the folder once."""
        now = _folders(self._config.dir)
        moving = set()
        for folder, files in now.items():
            known = self._shelf.get(folder)
            if known is not None and known.files == files:
                continue
            if self._seen.get(folder) != files or not self._check(folder, files):
                moving.add(folder)
        for folder in self._shelf.keys() - now.keys():
            # Some editors write a file by taking it away for a moment.
            if folder in self._seen:
                moving.add(folder)
            else:
                del self._shelf[folder]
        self._seen = now
        self._tell(self._usable(moving), settled=not moving)

    def _watch(self) -> None:
        while not self._stop.wait(_EVERY_S):
            try:
                self.look()
            except OSError as error:  # a drive that is gone may come back
                self._told = ([], False)
                self._refuse(f"The content folder {self._config.dir} cannot be read: {error}.")
            except Exception:
                log.exception("The contents stay as they were; they are looked at again.")
                self.problem = "A look at the contents has failed: the log says why."

    def _check(self, folder: Path, files: Mapping[Path, _Stamp]) -> bool:
        """Check a content anew; False where it changed meanwhile."""
        checked = check_content(folder, whole=False)
        if _files(folder) != files:
            return False
        if checked.errors:
            log.warning("Content left out: %s: %s", folder.name, " ".join(checked.errors))
        else:
            # What was withdrawn may still be on screen: its files are known on.
            self._stamps = {**self._stamps, **files}
        self._shelf = {**self._shelf, folder: _Shelved(files, checked)}
        return True

    def _usable(self, moving: set[Path]) -> list[Content]:
        return [
            shelved.checked.content
            for folder, shelved in sorted(self._shelf.items())
            if folder not in moving and shelved.checked.content and not shelved.checked.errors
        ]

    def _tell(self, contents: list[Content], *, settled: bool) -> None:
        if (contents, settled) == self._told:
            return
        self._told = contents, settled
        try:
            catalogue = Catalogue(contents, self._config.fallback)
        except ConfigError as error:
            if settled:  # else it may be one again in a moment
                self._refuse(str(error))
            return
        self.problem = None
        if catalogue.version != self.catalogue.version:
            self.catalogue = catalogue
            self._take(catalogue)

    def _refuse(self, problem: str) -> None:
        if problem != self.problem:
            log.warning("The contents stay as they were: %s", problem)
        self.problem = problem


def _folders(folder: Path) -> dict[Path, Mapping[Path, _Stamp]]:
    return {found: _files(found) for found in content_folders(folder)}


def _files(folder: Path) -> Mapping[Path, _Stamp]:
    """Every file of a content; but what editors and copies hide while they write."""
    stamps = {}
    for path in folder.resolve().rglob("*"):
        if not path.name.startswith(".") and (stamp := _stamp(path)) is not None:
            stamps[path] = stamp
    return stamps


def _stamp(path: Path) -> _Stamp | None:
    """None where there is no such file, or no longer."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size
