"""What a file to be shown really is: decoded, not believed.

A container promises a size and a number of frames; a copy that was cut off promises the same.
Only what can be decoded was there. Which kinds Chromium plays is known from trying them on the
page (``tests/test_content_check.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import cv2
import numpy as np

from signage.errors import MediaError

Kind = Literal["image", "video"]

_HEAD_BYTES = 4096
_TAIL_BYTES = 64 * 1024
_PIECE = 8
"""Frames of an animation that are in memory at a time."""
# Containers often promise a few frames more than they hold; less than this is truncated.
_COMPLETE_SHARE = 0.95
_GLIMPSE_S = 1.0


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
    """Of a video: its fourcc, as FFmpeg writes it."""
    duration_s: float | None = None
    """From the first frame to the end of the last; None of a still."""
    frames: int = 1
    """Decoded; where only a glimpse was taken, those that the container promises."""


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

    ``whole=False`` takes only a glimpse of a film, enough for a running screen: its first
    frame and its last second, which a truncated one does not have. Pictures, animated ones
    too, are always decoded wholly.

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
        return _film(path, container, whole=whole and proceed())
    if container is _SVG:
        return _drawing(path)
    return _picture(path, container)


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
        if brand in (b"avif", b"avis"):
            return _AVIF
        if brand[:3] in (b"hei", b"hev", b"mif"):
            raise _not_shown(path, "HEIC")
        return _MOV if brand == b"qt  " else _MP4
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return _MOV
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return _SVG
    known = "AVI" if head[:4] == b"RIFF" and head[8:12] == b"AVI " else None
    known = known or next((n for mark, n in _NOT_SHOWN.items() if head.startswith(mark)), None)
    raise _not_shown(path, known)


def _not_shown(path: Path, container: str | None) -> MediaError:
    what = "of no known kind" if container is None else f"{container}, which Chromium does not show"
    return MediaError(
        f"{path.name} is {what}. Use PNG, JPEG, WebP, AVIF, GIF or SVG for pictures and "
        "MP4 (H.264) or WebM (VP8, VP9, AV1) for videos."
    )


# Pictures

_Frame = tuple[tuple[int, ...], float]
"""Shape and seconds."""


def _picture(path: Path, container: _Container) -> Media:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        tail = file.read()
    # Both decoders make do with half a file, and one says so on stderr alone.
    ends = {_PNG: b"IEND", _JPEG: b"\xff\xd9"}
    if container in ends and ends[container] not in tail:
        raise MediaError(f"{path.name} is cut off: its end is missing. Copy it again.")
    try:
        if container in (_JPEG, _BMP):
            image = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            frames = [] if image is None else [(image.shape, 0.0)]
        else:
            frames = _animation(path)
    except cv2.error:
        frames = []
    if not frames:
        raise MediaError(
            f"{path.name} cannot be decoded as {container.name}, or has more pixels than any "
            "screen. Export it again, no larger than the screen."
        )
    height, width = frames[0][0][:2]
    total_s = round(sum(seconds for _, seconds in frames), 3) if len(frames) > 1 else None
    return Media("image", container.name, width, height, duration_s=total_s, frames=len(frames))


def _animation(path: Path) -> list[_Frame]:
    """Every frame; none at all where a part cannot be decoded."""
    told: list[_Frame] = []
    while True:
        ok, piece = cv2.imreadanimation(str(path), len(told), _PIECE)
        frames = [np.asarray(frame).shape for frame in piece.frames]
        if not ok and (frames or not told):
            return []
        durations_s = [int(ms) / 1000 for ms in piece.durations]
        told += zip(frames, durations_s, strict=True)
        if len(frames) < _PIECE:
            return told


def _drawing(path: Path) -> Media:
    try:
        # The operator's own file, and expat itself stops what would swell up.
        root = ElementTree.parse(path).getroot()  # noqa: S314
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise MediaError(f"{path.name} is no well-formed SVG: {error}. Export it again.") from error
    if root.tag != "{http://www.w3.org/2000/svg}svg":
        raise MediaError(
            f"{path.name} begins with <{root.tag.rpartition('}')[2]}> and not with <svg> of "
            'xmlns="http://www.w3.org/2000/svg": Chromium does not show it as a picture.'
        )
    box = root.get("viewBox", "").replace(",", " ").split()
    width, height = _length_px(root.get("width")), _length_px(root.get("height"))
    if (width is None or height is None) and len(box) == 4:
        width, height = _length_px(box[2]), _length_px(box[3])
    return Media("image", _SVG.name, width, height)


def _length_px(text: str | None) -> int | None:
    try:
        length = float((text or "").removesuffix("px"))
    except ValueError:  # of the screen: "100%", "20vw"
        return None
    return round(length) if 0 < length < float("inf") else None


# Films


def _film(path: Path, container: _Container, *, whole: bool) -> Media:
    # Beside a running loop one thread is enough.
    threads = [] if whole else [cv2.CAP_PROP_N_THREADS, 1]
    capture = cv2.VideoCapture()
    try:
        capture.open(str(path), cv2.CAP_FFMPEG, threads)
        if not capture.isOpened():
            raise MediaError(
                f"{path.name} cannot be opened: it is damaged, or cut off before its index. "
                "Copy it again, or export it as MP4 (H.264)."
            )
        return (_watched if whole else _glimpsed)(path, container, capture)
    except cv2.error as error:
        raise MediaError(f"{path.name} cannot be decoded: {error.err}. Export it again.") from error
    finally:
        capture.release()


def _watched(path: Path, container: _Container, capture: cv2.VideoCapture) -> Media:
    """Every frame is decoded."""
    promised, step_s = _promised(capture)
    decoded, last_s = 0, 0.0
    while capture.read()[0]:
        decoded += 1
        last_s = max(last_s, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    if not decoded:
        raise _without_frames(path)
    if decoded < promised * _COMPLETE_SHARE:
        raise _cut_off(path, f"{decoded} of {promised} frames can be decoded")
    return _media(container, capture, last_s + step_s, decoded)


def _glimpsed(path: Path, container: _Container, capture: cv2.VideoCapture) -> Media:
    """The first frame and the last second are decoded, where it is known when that is."""
    promised, step_s = _promised(capture)
    if not capture.read()[0]:
        raise _without_frames(path)
    end_s = promised * step_s
    if end_s > _GLIMPSE_S:
        capture.set(cv2.CAP_PROP_POS_MSEC, (end_s - _GLIMPSE_S) * 1000)
    last_s = 0.0
    while capture.read()[0]:
        last_s = max(last_s, capture.get(cv2.CAP_PROP_POS_MSEC) / 1000)
    if last_s + step_s < end_s * _COMPLETE_SHARE:
        raise _cut_off(path, f"its end, at {end_s:.1f} s, cannot be decoded")
    return _media(container, capture, max(end_s, last_s + step_s), promised)


def _promised(capture: cv2.VideoCapture) -> tuple[int, float]:
    """Frames that the container speaks of (0 where it does not), and the seconds of one."""
    fps = capture.get(cv2.CAP_PROP_FPS)
    frames = capture.get(cv2.CAP_PROP_FRAME_COUNT)
    return max(0, int(frames)), 1 / fps if fps > 0 else 0.04


def _media(
    container: _Container, capture: cv2.VideoCapture, duration_s: float, frames: int
) -> Media:
    fourcc = int(capture.get(cv2.CAP_PROP_FOURCC)) & 0xFFFFFFFF
    return Media(
        "video",
        container.name,
        int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
        int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        fourcc.to_bytes(4, "little").decode("latin-1").strip("\0 "),
        round(duration_s, 3),
        frames,
    )


def _without_frames(path: Path) -> MediaError:
    return MediaError(f"{path.name} has no picture that can be decoded. Export it as MP4 (H.264).")


def _cut_off(path: Path, how: str) -> MediaError:
    return MediaError(f"{path.name} is cut off: {how}. Copy it again.")
