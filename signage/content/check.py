"""Whether contents can be shown: their TOML, their media decoded, what their pages use."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signage.content.catalogue import Content, id_of, read_content
from signage.content.creative import linked_by_svg, read_creative
from signage.content.folder import Listing, files_of, list_contents
from signage.content.media import Media, read_media, usual_endings
from signage.errors import ConfigError, MediaError
from signage.text.names import printable, why_no_id

log = logging.getLogger(__name__)

Proceed = Callable[[], bool]

_PLAYED = {"h264", "VP80", "VP90", "av01"}
_PLAYED_BY_SOME = {"hevc"}
_HEARD = {"aac", "mp3", "opus", "vorbis", "flac"}
_CODECS = {"mpeg4": "MPEG-4 part 2", "mjpeg": "Motion JPEG", "prores": "ProRes"}
_PAGES = (".html", ".htm", ".xhtml", ".svg")
_FILM_PX = (3840, 2160)
_PICTURE_SIDE_PX = 8192
_PICTURE_PX = 2 * 3840 * 2160
"""Twice 4K: no screen that stands in a shop shows more, and a device may not have the memory."""
_OFF_S = 0.5


@dataclass(slots=True)
class Checked:
    """What the check of one content found."""

    content_id: str
    content: Content | None = None
    """None where its TOML cannot be used."""
    glimpsed: bool = False
    """Some of its films has not been decoded wholly."""
    media: Media | None = None
    """Of its file, where that is a picture or a film that can be decoded."""
    errors: list[str] = field(default_factory=list)
    """Why it will not play."""
    warnings: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """``ok``, ``warning`` or ``will not play``."""
        return "will not play" if self.errors else "warning" if self.warnings else "ok"

    def record(self) -> dict[str, Any]:
        """For JSON."""
        content, media = self.content, self.media
        return {
            "content_id": self.content_id,
            "medium": content and content.medium,
            "file": content and content.file,
            "container": media and media.container,
            "codec": media and media.codec,
            "width_px": media and media.width_px,
            "height_px": media and media.height_px,
            "duration_s": media and media.duration_s,
            "frames": media and media.frames,
            "verdict": self.verdict,
            "errors": self.errors,
            "warnings": self.warnings,
        }


def check_content(folder: Path, *, whole: bool = True, proceed: Proceed = lambda: True) -> Checked:
    """Check the content in ``folder``. Nothing is raised: a fault is a result.

    ``whole`` decodes every frame of its videos. Without it every byte is read, and some frames
    are decoded: for a running screen. ``proceed`` is asked now and then whether there is time for
    that; as soon as there is none, only a video's end is looked at.
    """
    name = id_of(folder)
    checked = Checked(printable(name))
    try:
        if reason := why_no_id(name):
            raise ConfigError(f"{reason[0].upper()}{reason[1:]}.")
        checked.content = read_content(folder / "content.toml")
        checked.errors += files_of(folder).faults
        _Check(checked, checked.content, whole=whole, proceed=proceed).run()
    except ConfigError as error:
        checked.errors.append(str(error))
    except OSError as error:
        where = printable(str(error.filename or folder))
        checked.errors.append(f"{where} cannot be read: {error.strerror or error}.")
    except Exception as error:
        # Whatever a file does to those who read it: a screen must not end by it.
        log.exception("%s cannot be checked.", checked.content_id)
        checked.errors.append(f"The check failed ({type(error).__name__}: {error}).")
    return checked


def check_folder(
    folder: Path, on_progress: Callable[[float], None] = lambda _: None
) -> Iterator[Checked]:
    """Check every content in ``folder``, or the one that ``folder`` itself is.

    ``on_progress`` gets how many are done. Raises ConfigError when there is no such folder.
    """
    listing = contents_in(folder)
    for name, reason in listing.unusable.items():
        yield Checked(name, errors=[reason])
    for done, path in enumerate(listing.contents, 1):
        yield check_content(path)
        on_progress(done)


def contents_in(folder: Path) -> Listing:
    """What is in ``folder``, which may be a content itself.

    Raises ConfigError when there is no such folder, or it cannot be read.
    """
    if not folder.is_dir():
        raise ConfigError(
            f"There is no content folder {folder}. Set `content.dir`, or name a folder."
        )
    try:
        if (folder / "content.toml").is_file():
            return Listing(contents=[folder])
        return list_contents(folder)
    except OSError as error:
        raise ConfigError(
            f"The content folder {folder} cannot be read: {error.strerror}."
        ) from error


class _Check:
    """The check of one content, whose TOML has been read."""

    def __init__(
        self, checked: Checked, content: Content, *, whole: bool, proceed: Proceed
    ) -> None:
        self._checked = checked
        self._content = content
        self._whole = whole
        self._proceed = proceed

    def run(self) -> None:
        """Check its files, and its keys against them."""
        content, more = self._content, self._content.more
        media = self._checked.media = self._file(content.medium, content.file)
        if more is not None and more.file and more.medium:
            self._file(more.medium, more.file)
        self._checked.warnings += _odd_keys(content, media)

    def _file(self, medium: str, name: str) -> Media | None:
        path = self._content.folder / name
        if medium == "html":
            self._page(path)
            return None
        media = self._media(path)
        if media is not None and media.kind != medium:
            self._checked.errors.append(f'{name} is of medium "{media.kind}", not "{medium}".')
        return media

    def _media(self, path: Path) -> Media | None:
        errors, warnings = self._checked.errors, self._checked.warnings
        try:
            media = read_media(path, whole=self._whole, proceed=self._proceed)
        except MediaError as error:
            errors.append(str(error))
            return None
        endings = usual_endings(media)
        if path.suffix.lower() not in endings:
            # Only of an SVG does a browser believe the name.
            complaints = errors if media.container == "SVG" else warnings
            complaints.append(
                f"{path.name} is {media.container}: change the end of its name to {endings[0]}."
            )
        elif media.container == "SVG":
            warnings += [f"{path.name} shows {url[:80]}, which Chromium does not load: embed it."
                         for url in linked_by_svg(path)]  # fmt: skip
        if media.kind == "video":
            self._checked.glimpsed = self._checked.glimpsed or not (self._whole and self._proceed())
            _check_film(self._checked, path.name, media)
        else:
            warnings += _too_large(path.name, media)
        return media

    def _page(self, path: Path) -> None:
        checked = self._checked
        if path.suffix.lower() not in _PAGES:
            checked.errors.append(
                f"{path.name} is not served as a page: change the end of its name to .html."
            )
            return
        if not path.stat().st_size:
            checked.errors.append(f"{path.name} is empty. Copy it again.")
            return
        creative = read_creative(self._content.folder, path)
        checked.errors += creative.missing
        checked.warnings += creative.blocked + creative.unclear
        for used in sorted(creative.files):
            if used.suffix.lower() in _MEDIA:
                self._media(used)


_MEDIA = {
    ".png", ".apng", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".bmp", ".svg",
    ".mp4", ".m4v", ".mov", ".webm", ".mkv",
}  # fmt: skip


def _check_film(checked: Checked, name: str, media: Media) -> None:
    codec = media.codec
    if codec is None:
        checked.warnings.append(f"{name} has only sound and no picture.")
    elif codec in _PLAYED_BY_SOME:
        checked.warnings.append(
            f"{name} is HEVC, which only some devices play. Export it as H.264, VP9 or AV1."
        )
    elif codec not in _PLAYED:
        checked.errors.append(
            f"{name} is {_CODECS.get(codec, codec.upper())}, which Chromium does not play. Export "
            "it as H.264, VP9 or AV1."
        )
    if media.sound is not None and media.sound not in _HEARD and "pcm" not in media.sound:
        checked.warnings.append(
            f"The sound of {name} is {media.sound.upper()}, which Chromium does not play. Export "
            "it as AAC or Opus."
        )
    sides = sorted((media.width_px or 0, media.height_px or 0), reverse=True)
    if any(side > most for side, most in zip(sides, _FILM_PX, strict=True)):
        checked.warnings.append(
            f"{name} is {_size(media)}, more than 4K: many devices cannot decode it fast enough."
        )


def _too_large(name: str, media: Media) -> list[str]:
    """Warnings about a picture with more pixels than it needs."""
    width_px, height_px = media.width_px or 0, media.height_px or 0
    if media.container == "SVG" or (
        max(width_px, height_px) <= _PICTURE_SIDE_PX and width_px * height_px <= _PICTURE_PX
    ):
        return []
    megabytes = width_px * height_px * 4 / 1e6
    return [
        f"{name} is {_size(media)}, which takes {megabytes:.0f} MB of memory. Export "
        "it no larger than the screen."
    ]


def _size(media: Media) -> str:
    return f"{media.width_px} × {media.height_px} px"


def _odd_keys(content: Content, media: Media | None) -> Iterator[str]:
    """What the TOML says against what the file is."""
    if content.fit != "contain" and content.medium == "html":
        yield "fit applies only to images and videos: a page always fills the screen."
    if content.sound and content.medium != "video":
        yield "sound applies only to videos."
    if media is None:
        return
    if media.kind == "video" and media.duration_s is not None:
        off_s = content.duration_s - media.duration_s
        if abs(off_s) > _OFF_S:
            what = "starts again before its play is over" if off_s > 0 else "is cut short"
            yield (
                f"{content.file} lasts {media.duration_s:.1f} s and duration_s is "
                f"{content.duration_s:g}: it {what}."
            )
    moves = media.frames > 1
    if media.container != "SVG" and moves != content.motion:
        declared = str(content.motion).lower()
        yield (
            f"motion = {declared}, but {content.file} "
            f"{'moves' if moves else 'does not move'}. Correct it, or the screen learns "
            "wrong facts about moving contents."
        )
