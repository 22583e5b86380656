"""Contents that come, change and go while the screen runs.

The folder is looked at every two seconds, in a thread of its own. What changes leaves the
catalogue at once, and comes back when it has kept still from one look to the next (a file that is
being copied does not) and what it shows can be decoded: a broken file never reaches the screen.
Each content has a version, another one whenever one of its files is another. It is part of the
address of its files, and ``is_as_checked`` lets none be served under it but those checked.

A start must not take longer the more contents there are. It checks what a screen cannot do
without, and as many of the others as fit into a few seconds; the thread checks the rest. When all
are checked, it decodes their films wholly, one by one.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from signage.config.content import ContentConfig
from signage.content.catalogue import Catalogue, Content
from signage.content.check import Checked, check_content, contents_in
from signage.content.folder import Files, Listing, files_of, stamp_of, version_of
from signage.content.loader import playable_together
from signage.content.work import Work
from signage.errors import ConfigError
from signage.io import read_toml

log = logging.getLogger(__name__)

_EVERY_S = 2.0
_START_S = 3.0
"""For the checks before the first play."""
_GLANCE_S = 1.0
"""For each of them, as long as others can play."""
_STOP_S = 2.0
_PATIENCE_S = 120.0
"""For the check of one content. One that hangs, on a drive that is gone, stops no other."""


@dataclass(frozen=True, slots=True)
class _CheckedContent:
    """A content as it was checked."""

    files: Files
    checked: Checked
    whole: bool = False
    """Whether its films have been decoded wholly."""


class ContentWatch:
    """The contents of a folder, each read and checked once, and again when it has changed.

    ``look`` belongs to one thread; all the rest may be asked from any.
    """

    def __init__(self, config: ContentConfig, first: Sequence[str] = ()) -> None:
        """Take up what is there, the contents named ``first`` before others.

        Raises ConfigError when that is no catalogue.
        """
        self._config = config
        self._checked: dict[Path, _CheckedContent] = {}
        self._seen: dict[Path, Files] = {}
        self._listing = Listing()
        self._versions: dict[str, tuple[tuple[str, Files], ...]] = {}
        self._too_much: dict[str, str] = {}
        self._take: Callable[[Catalogue], None] = lambda _: None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._decoding: tuple[Path, _CheckedContent, Work[Checked]] | None = None
        self.problem: str | None = None
        """What is wrong with the folder as it is now, where what plays is not what it says."""
        self._list()
        self._check_first({config.fallback, *first})
        self.catalogue = self._first_catalogue()
        self._last_offered = (list(self.catalogue.values()), not self.unchecked)

    def start(self, take: Callable[[Catalogue], None]) -> None:
        """Begin to watch; ``take`` is given every new catalogue, in the watching thread."""
        self._take = take
        self._thread = threading.Thread(target=self._watch, name="content-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End watching. A thread that hangs on a drive that is gone is left behind."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)
            self._thread = None

    @property
    def left_out(self) -> dict[str, str]:
        """Why each content that is there does not play, by id."""
        checked = [known.checked for known in list(self._checked.values())]
        faults = {each.content_id: " ".join(each.errors) for each in checked if each.errors}
        return self._listing.unusable | self._too_much | faults

    @property
    def unchecked(self) -> int:
        """How many contents have not been checked yet: they do not play before."""
        return len(set(self._listing.contents) - self._checked.keys())

    def is_as_checked(self, content_id: str, version: str, path: Path) -> bool:
        """Whether ``path`` is of this version of a content, and the very file that was checked."""
        known = dict(self._versions.get(content_id, ())).get(version)
        stamp = None if known is None else known.stamps.get(path)
        return stamp is not None and stamp_of(path) == stamp

    def look(self) -> bool:
        """Look at the folder once; whether there was time for all that is to be checked.

        Raises ConfigError when it cannot be read.
        """
        self._list()
        now = {folder: files_of(folder) for folder in self._listing.contents}
        until_s = time.monotonic() + _EVERY_S
        moving, waiting = set(), False
        for folder, files in now.items():
            known = self._checked.get(folder)
            if known is not None and known.files == files:
                continue
            moving.add(folder)
            if self._seen.get(folder) != files:
                continue
            if time.monotonic() > until_s:
                waiting = True
            elif self._check(folder, files):
                moving.remove(folder)
        for folder in self._checked.keys() - now.keys():
            # Some editors write a file by taking it away for a moment.
            if folder in self._seen:
                moving.add(folder)
            else:
                self._checked = {path: s for path, s in self._checked.items() if path != folder}
        self._seen = now
        self._offer(self._usable(moving), settled=not moving)
        return not waiting

    def _list(self) -> None:
        listing = contents_in(self._config.dir)
        for name in listing.unusable.keys() - self._listing.unusable.keys():
            log.warning("Content left out: %s: %s", name, listing.unusable[name])
        self._listing = listing

    def _check_first(self, names: set[str | None]) -> None:
        """Check the contents that the screen needs first, then others while time is left."""
        until_s = time.monotonic() + _START_S

        def rank(folder: Path) -> int:
            if folder.name in names:
                return 0
            return 1 if time.monotonic() < until_s and _is_mandatory(folder) else 2

        for glance_s in (_GLANCE_S, _PATIENCE_S):
            for folder in sorted(self._listing.contents, key=rank):
                hurry = glance_s == _PATIENCE_S or time.monotonic() > until_s
                if hurry and self._can_play():
                    return
                if folder not in self._checked:
                    self._seen[folder] = files_of(folder)
                    self._check(folder, self._seen[folder], glance_s=glance_s)

    def _can_play(self) -> bool:
        try:
            Catalogue(self._usable(set()))
        except ConfigError:
            return False
        return True

    def _first_catalogue(self) -> Catalogue:
        contents = self._usable(set())
        try:
            return Catalogue(contents, self._config.fallback)
        except ConfigError as error:
            # A screen does not stay dark for one content that is broken.
            catalogue = Catalogue(contents)
            self._report_stand_in(catalogue, error)
            return catalogue

    def _watch(self) -> None:
        self._stop.wait(_EVERY_S)
        while not self._stop.is_set():
            try:
                if self.look():
                    until_s = time.monotonic() + _EVERY_S
                    while self._decode_next(until_s - time.monotonic()):
                        pass
                    self._stop.wait(until_s - time.monotonic())
                continue
            except (ConfigError, OSError) as error:  # a drive that is gone may come back
                self._last_offered = ([], False)
                self._stay(str(error))
            except Exception:
                log.exception("The contents stay as they were. The check runs again.")
                self.problem = "the check of the contents failed: the log says why"
            self._stop.wait(_EVERY_S)

    def _check(self, folder: Path, files: Files, glance_s: float | None = None) -> bool:
        """Check one content; False if it changed meanwhile or the time ran out.

        ``glance_s`` is the time that there is at a start.
        """
        work = Work(
            lambda: _check_with_version(folder, files, glance=glance_s is not None), "content-check"
        )
        checked = work.wait(glance_s or _PATIENCE_S, self._stop)
        if checked is None:
            if glance_s is not None or self._stop.is_set():
                return False
            checked = Checked(folder.name, errors=[f"It takes over {_PATIENCE_S:.0f} s to read."])
        elif files_of(folder) != files:
            return False
        self._remember(folder, _CheckedContent(files, checked))
        return True

    def _remember(self, folder: Path, known: _CheckedContent) -> None:
        checked, content = known.checked, known.checked.content
        if checked.errors:
            log.warning("Content left out: %s: %s", checked.content_id, " ".join(checked.errors))
        elif content is not None:
            # What was withdrawn may still be on screen: the version before is known on.
            name, this = content.content_id, (content.version, known.files)
            before = [other for other in self._versions.get(name, ()) if other[0] != this[0]]
            self._versions = self._versions | {name: (this, *before[:1])}
        self._checked = self._checked | {folder: known}

    def _decode_next(self, most_s: float) -> bool:
        """Decode the films of one more content wholly, and leave it out where that fails.

        False where none is left to decode, or it takes longer than ``most_s``: it goes on.
        """
        if self._decoding is None:
            self._decoding = self._begin_decoding()
        if self._decoding is None:
            return False
        folder, known, work = self._decoding
        checked = work.wait(most_s, self._stop)
        if checked is None:
            return False
        self._decoding = None
        if self._checked.get(folder) is known and files_of(folder) == known.files:
            checked.content = known.checked.content
            self._remember(folder, _CheckedContent(known.files, checked, whole=True))
        return True

    def _begin_decoding(self) -> tuple[Path, _CheckedContent, Work[Checked]] | None:
        if not self.unchecked:
            for folder, known in self._checked.items():
                if known.checked.glimpsed and not (known.whole or known.checked.errors):
                    task = partial(check_content, folder, proceed=lambda: not self._stop.is_set())
                    return folder, known, Work(task, "content-decode", idle=True)
        return None

    def _usable(self, moving: set[Path]) -> list[Content]:
        checked = [
            known.checked for path, known in sorted(self._checked.items()) if path not in moving
        ]
        contents, self._too_much = playable_together(checked)
        return contents

    def _offer(self, contents: list[Content], *, settled: bool) -> None:
        if (contents, settled) == self._last_offered:
            return
        self._last_offered = contents, settled
        try:
            catalogue = self._catalogue_of(contents)
        except ConfigError as error:
            if settled:  # else it may be one again in a moment
                self._stay(str(error))
            return
        if contents != list(self.catalogue.values()):
            self.catalogue = catalogue
            self._take(catalogue)

    def _catalogue_of(self, contents: list[Content]) -> Catalogue:
        try:
            catalogue = Catalogue(contents, self._config.fallback)
        except ConfigError as error:
            if self.catalogue.fallback.content_id == self._config.fallback:
                raise
            catalogue = Catalogue(contents)
            self._report_stand_in(catalogue, error)
            return catalogue
        self.problem = None
        return catalogue

    def _report_stand_in(self, catalogue: Catalogue, error: ConfigError) -> None:
        """Report that another fallback replaces the configured one."""
        self._report(f"{error} {catalogue.fallback.content_id!r} replaces it.")

    def _stay(self, problem: str) -> None:
        self._report(f"the contents stay as they were: {problem}")

    def _report(self, problem: str) -> None:
        if problem != self.problem:
            log.warning("%s%s", problem[0].upper(), problem[1:])
        self.problem = problem


def _check_with_version(folder: Path, files: Files, *, glance: bool) -> Checked:
    """What ``folder`` is found to be, under its version."""
    checked = check_content(folder, whole=False, proceed=lambda: not glance)
    if checked.content is not None and not checked.errors:
        try:
            version = version_of(folder, files)
        except OSError as error:
            checked.errors.append(f"{error.filename} cannot be read: {error.strerror}.")
        else:
            checked.content = checked.content.model_copy(update={"version": version})
    return checked


def _is_mandatory(folder: Path) -> bool:
    try:
        return read_toml(folder / "content.toml").get("mandatory") is True
    except (OSError, ConfigError):
        return False
