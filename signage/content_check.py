"""Whether contents can be shown: their TOML, their media decoded, what their pages use."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signage.capture.media import Media, read_media, usual_endings
from signage.config import Config
from signage.creative import linked_by_svg, read_creative
from signage.errors import ConfigError, MediaError
from signage.recommend.catalogue import Catalogue, Content, closed_to_some, read_content

log = logging.getLogger(__name__)

_PLAYED = {"h264", "avc1", "VP80", "VP90", "vp09", "AV01", "av01"}
_PLAYED_BY_SOME = {"hevc", "hvc1", "hev1"}
_CODECS = {
    "FMP4": "MPEG-4 part 2",
    "MJPG": "Motion JPEG",
    "apch": "ProRes",
    "apcn": "ProRes",
    "apcs": "ProRes",
    "ap4h": "ProRes",
    "mpg2": "MPEG-2",
    "theo": "Theora",
}
_PAGES = (".html", ".htm", ".xhtml", ".svg")
_FILM_PX = (3840, 2160)
_PICTURE_PX = 8192
_OFF_S = 0.5


@dataclass(slots=True)
class Checked:
    """What the check of one content found."""

    content_id: str
    content: Content | None = None
    """None where its TOML cannot be used."""
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


def check_content(folder: Path, *, whole: bool = True) -> Checked:
    """Check the content in ``folder``. Nothing is raised: a fault is a result.

    ``whole`` decodes every frame of its videos. Without it their beginning and their end are
    looked at, which takes a tenth of a second: for a running screen.
    """
    folder = folder.resolve()
    checked = Checked(folder.name)
    try:
        content = checked.content = read_content(folder / "content.toml")
    except ConfigError as error:
        checked.errors.append(str(error))
        return checked
    checked.content_id = content.content_id
    try:
        _check_all(checked, content, whole=whole)
    except OSError as error:
        checked.errors.append(f"{error.filename} cannot be read: {error.strerror}.")
    except Exception as error:
        # Whatever a file does to those who read it: a screen must not end by it.
        log.exception("%s cannot be checked.", folder)
        checked.errors.append(f"It cannot be checked ({type(error).__name__}: {error}).")
    return checked


def _check_all(checked: Checked, content: Content, *, whole: bool) -> None:
    checked.media = _check_file(checked, content.medium, content.file, whole=whole)
    if content.more and content.more.file and content.more.medium:
        _check_file(checked, content.more.medium, content.more.file, whole=whole)
    _check_keys(checked, content)


def check_folder(
    folder: Path, report: Callable[[float], None] = lambda _: None
) -> Iterator[Checked]:
    """Check every content in ``folder``, or the one that ``folder`` itself is.

    ``report`` is told how many are done. Raises ConfigError when there is no such folder.
    """
    if not folder.is_dir():
        raise ConfigError(f"There is no content folder {folder}. Set `content.dir`, or name one.")
    contents = [folder] if (folder / "content.toml").is_file() else content_folders(folder)
    for done, path in enumerate(contents, 1):
        yield check_content(path)
        report(done)


def content_folders(folder: Path) -> list[Path]:
    """Every folder in ``folder`` that is a content."""
    return sorted(path.parent for path in folder.glob("*/content.toml"))


def check_catalogue(contents: list[Content], config: Config | None) -> list[str]:
    """What is wrong with all contents together, or with what ``config`` says of them."""
    faults = []
    try:
        Catalogue(contents, config.content.fallback if config else None)
    except ConfigError as error:
        faults.append(str(error))
    there = {content.content_id: content for content in contents}
    for name in config.player.loop if config else ():
        if name not in there:
            faults.append(f"player.loop names {name!r}, which is not there or will not play.")
        elif reason := closed_to_some(there[name]):
            faults.append(f"player.loop names {name!r}, and must be for everybody: it {reason}.")
    return faults


def _check_file(checked: Checked, medium: str, name: str, *, whole: bool) -> Media | None:
    assert checked.content is not None  # noqa: S101 - what is checked has been read
    path = checked.content.folder / name
    if medium == "html":
        _check_page(checked, path, whole=whole)
        return None
    media = _check_media(checked, path, whole=whole)
    if media is not None and media.kind != medium:
        checked.errors.append(f'{name} is of medium "{media.kind}", not "{medium}".')
    return media


def _check_media(checked: Checked, path: Path, *, whole: bool) -> Media | None:
    try:
        media = read_media(path, whole=whole)
    except MediaError as error:
        checked.errors.append(str(error))
        return None
    faults = checked.warnings
    endings = usual_endings(media)
    if path.suffix.lower() not in endings:
        # Only of an SVG does a browser believe the name.
        told = checked.errors if media.container == "SVG" else faults
        told.append(f"{path.name} is {media.container}: let its name end in {endings[0]}.")
    elif media.container == "SVG":
        faults += [f"{path.name} shows {url[:80]}, which is not loaded: embed it."
                   for url in linked_by_svg(path)]  # fmt: skip
    if media.kind == "video":
        _check_film(checked, path.name, media)
    elif max(media.width_px or 0, media.height_px or 0) > _PICTURE_PX:
        faults.append(
            f"{path.name} is {_size(media)}: a side of more than {_PICTURE_PX} px takes more "
            "memory than a screen's device may have. Make it smaller."
        )
    return media


def _check_film(checked: Checked, name: str, media: Media) -> None:
    codec = media.codec or ""
    if codec in _PLAYED_BY_SOME:
        checked.warnings.append(
            f"{name} is HEVC, which only some devices play. Export it as H.264, VP9 or AV1."
        )
    elif codec not in _PLAYED:
        checked.errors.append(
            f"{name} is {_CODECS.get(codec, codec)}, which Chromium does not play. Export it as "
            "H.264, VP9 or AV1."
        )
    sides = sorted((media.width_px or 0, media.height_px or 0), reverse=True)
    if any(side > most for side, most in zip(sides, _FILM_PX, strict=True)):
        checked.warnings.append(
            f"{name} is {_size(media)}, more than 4K: many devices do not decode it in time."
        )


def _size(media: Media) -> str:
    return f"{media.width_px} × {media.height_px} px"


def _check_page(checked: Checked, path: Path, *, whole: bool) -> None:
    assert checked.content is not None  # noqa: S101 - what is checked has been read
    if path.suffix.lower() not in _PAGES:
        checked.errors.append(f"{path.name} is not served as a page: let its name end in .html.")
        return
    if not path.stat().st_size:
        checked.errors.append(f"{path.name} is empty. Copy it again.")
        return
    found = read_creative(checked.content.folder, path)
    checked.errors += found.missing
    checked.warnings += found.blocked
    for used in sorted(found.files):
        if used.suffix.lower() in _MEDIA:
            _check_media(checked, used, whole=whole)


_MEDIA = {
    ".png", ".apng", ".jpg", ".jpeg", ".gif", ".webp", ".avif", ".bmp", ".svg",
    ".mp4", ".m4v", ".mov", ".webm", ".mkv",
}  # fmt: skip


def _check_keys(checked: Checked, content: Content) -> None:
    """What the TOML says against what the file is."""
    media, warnings = checked.media, checked.warnings
    if content.fit != "contain" and content.medium == "html":
        warnings.append("fit is for images and videos: a page fills the screen by itself.")
    if content.sound and content.medium != "video":
        warnings.append("sound is for videos alone.")
    if media is None:
        return
    if media.kind == "video" and media.duration_s is not None:
        off_s = content.duration_s - media.duration_s
        if abs(off_s) > _OFF_S:
            what = "begins anew before its play is over" if off_s > 0 else "is cut short"
            warnings.append(
                f"{content.file} lasts {media.duration_s:.1f} s and duration_s is "
                f"{content.duration_s:g}: it {what}."
            )
    moves = media.frames > 1
    if media.container != "SVG" and moves != content.motion:
        told = str(content.motion).lower()
        warnings.append(
            f"motion = {told}, but {content.file} {'moves' if moves else 'stands still'}: what is "
            "learned of moving contents would be wrong."
        )
