"""What a file to be shown really is: decoded, not believed.

Its name may say anything, and so may its head: only what can be decoded is there. Which kinds
Chromium plays is known from trying them on the page (``tests/content/test_check.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from signage.content.films import read_film
from signage.content.pictures import read_drawing, read_picture
from signage.errors import MediaError

_FOURCCS = {"vp8": "VP80", "vp9": "VP90", "av1": "av01"}

Kind = Literal["image", "video"]

_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Media:
    """A picture or a film that can be decoded."""

    kind: Kind
    container: str
    """By its first bytes, whatever its name: ``PNG``, ``MP4``, …"""
    width_px: int | None
    """None of an SVG that takes any size."""
    height_px: int | None
    codec: str | None = None
    """Of a video's picture, its fourcc where there is one; None where it has sound alone."""
    duration_s: float | None = None
    """As a browser has it; None of a still."""
    frames: int = 1
    """Of a film that was not read to its end, those that were read."""
    sound: str | None = None
    """Of a video's sound: ``aac``, ``opus``, …; None without any."""


@dataclass(frozen=True, slots=True)
class _Container:
    name: str
    kind: Kind
    endings: tuple[str, ...]
    """Of file names that have it."""


_PNG = _Container("PNG", "image", (".png", ".apng"))
_JPEG = _Container("JPEG", "image", (".jpg", ".jpeg"))
_GIF = _Container("GIF", "image", (".gif",))
_WEBP = _Container("WebP", "image", (".webp",))
_AVIF = _Container("AVIF", "image", (".avif",))
_BMP = _Container("BMP", "image", (".bmp",))
_SVG = _Container("SVG", "image", (".svg",))
_MP4 = _Container("MP4", "video", (".mp4", ".m4v"))
_MOV = _Container("QuickTime", "video", (".mov", ".qt"))
_MATROSKA = _Container("Matroska", "video", (".webm", ".mkv"))

_NOT_SHOWN = {
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"8BPS": "Photoshop",
    b"%PDF": "PDF",
    b"OggS": "Ogg",
    b"\0\0\x01\xba": "MPEG",
    b"\0\0\x01\xb3": "MPEG",
    b"FLV": "Flash",
    b"0&\xb2u": "Windows Media",
}
"""What designers deliver and Chromium does not show, by how it begins."""


def read_media(
    path: Path, *, whole: bool = True, proceed: Callable[[], bool] = lambda: True
) -> Media:
    """Decode a picture or a film.

    ``whole=False`` decodes a film's sound and key frames only, which takes a tenth of the time,
    for a running screen. When ``proceed`` says no, the rest of a film is left unread. Pictures,
    animated ones too, are always decoded wholly.

    Raises MediaError, with what is wrong and what to do, for what Chromium would not show,
    or would show in part.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise MediaError(f"{path.name} cannot be read: {error.strerror}.") from error
    if not head:
        raise MediaError(f"{path.name} is empty. Copy it again.")
    container = _container(path, head)
    if container.kind == "video":
        film = read_film(path, container.name, whole=whole, proceed=proceed)
        return Media(
            "video",
            container.name,
            film.width_px,
            film.height_px,
            film.codec and _FOURCCS.get(film.codec, film.codec),
            film.duration_s,
            film.frames,
            film.sound,
        )
    picture = read_drawing(path) if container is _SVG else read_picture(path, container.name)
    return Media(
        "image",
        container.name,
        picture.width_px,
        picture.height_px,
        duration_s=picture.duration_s,
        frames=picture.frames,
    )


def is_whole(path: Path) -> bool:
    """Whether a film has all its pieces; False where its kind does not tell."""
    try:
        with path.open("rb") as file:
            container = _container(path, file.read(_HEAD_BYTES))
        if container.kind != "video":
            return False
        read_film(path, container.name, whole=False, proceed=lambda: False)
    except MediaError:
        return False
    return True


def usual_endings(media: Media) -> tuple[str, ...]:
    """How names of such files end."""
    return next(c.endings for c in _CONTAINERS if c.name == media.container)


_CONTAINERS = (_PNG, _JPEG, _GIF, _WEBP, _AVIF, _BMP, _SVG, _MP4, _MOV, _MATROSKA)


def _container(path: Path, head: bytes) -> _Container:
    begins = {
        b"\x89PNG\r\n\x1a\n": _PNG,
        b"\xff\xd8\xff": _JPEG,
        b"GIF8": _GIF,
        b"BM": _BMP,
        b"\x1a\x45\xdf\xa3": _MATROSKA,
    }
    for mark, container in begins.items():
        if head.startswith(mark):
            return container
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _WEBP
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        named = head[8 : max(12, min(int.from_bytes(head[:4], "big"), _HEAD_BYTES))]
        if b"avif" in named or b"avis" in named:
            return _AVIF
        if brand[:3] in (b"hei", b"hev", b"mif"):
            raise _not_shown(path, "HEIC")
        return _MOV if brand == b"qt  " else _MP4
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _MOV
    if _as_text(head).lstrip().startswith("<"):
        return _SVG
    known = "AVI" if head[:4] == b"RIFF" and head[8:12] == b"AVI " else None
    known = known or next((n for mark, n in _NOT_SHOWN.items() if head.startswith(mark)), None)
    raise _not_shown(path, known)


def _as_text(head: bytes) -> str:
    """The start of a file as text, before its encoding is known."""
    is_utf16 = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return head.decode("utf-16" if is_utf16 else "utf-8-sig", "replace")


def _not_shown(path: Path, container: str | None) -> MediaError:
    what = (
        "of an unknown kind" if container is None else f"{container}, which Chromium does not show"
    )
    return MediaError(
        f"{path.name} is {what}. Use PNG, JPEG, WebP, AVIF, GIF or SVG for pictures and "
        "MP4 (H.264) or WebM (VP8, VP9, AV1) for videos."
    )
