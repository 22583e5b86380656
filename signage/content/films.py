"""Films to be shown: read as Chromium reads them, and whole where their tracks reach their end.

What a container promises (so many frames, such a length) is no measure: slides have a frame in
five seconds, sound goes on behind the last picture, and a cut without a new encoding keeps frames
that are not shown. Chromium stops at the first packet that cannot be decoded, of the sound too,
and shows what was cut off as if it were all (``tests/content/test_check.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from signage.content.containers import break_of
from signage.errors import MediaError

_FORMATS = {"MP4": "mov", "QuickTime": "mov", "Matroska": "matroska"}
"""What FFmpeg calls their readers; any other could be led to other files by what it reads."""
_HOLE = bytes(1024)
"""No video encoder writes so many zeros in a row, and every hole in a file is longer."""
_HEARD = {
    "aac", "mp3", "opus", "vorbis", "flac", "pcm_u8", "pcm_s16le", "pcm_s16be",
    "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_f32le", "pcm_alaw", "pcm_mulaw",
}  # fmt: skip
"""What Chromium decodes of sound; a track of another kind is passed over."""


@dataclass(frozen=True, slots=True)
class Film:
    """What was read."""

    codec: str | None
    """FFmpeg's name of the picture's; None where there is sound alone."""
    width_px: int | None
    height_px: int | None
    duration_s: float
    """As a browser has it: to the end of the longest track."""
    frames: int
    """Of the picture."""
    sound: str | None
    """FFmpeg's name of the codec."""


def read_film(path: Path, container: str, *, whole: bool, proceed: Callable[[], bool]) -> Film:
    """Read every packet of a film; decode its sound, and its key frames or, if ``whole``, all.

    When ``proceed`` says no, the rest is left unread. Raises MediaError with what is wrong.
    """
    try:
        # Titles in another encoding than the format's are no fault of the film.
        with av.open(f"file:{path}", format=_FORMATS[container], metadata_errors="ignore") as media:
            if reason := break_of(path, container, deep=whole or proceed()):
                raise MediaError(f"{path.name} {reason}. Copy it again.")
            return _Reading(path, media, whole=whole).run(proceed)
    except av.error.FFmpegError as error:
        raise MediaError(
            f"{path.name} cannot be opened: it is damaged, or cut off before its index. "
            "Copy it again, or export it as MP4 (H.264)."
        ) from error


class _Reading:
    """One film, from its first packet to its last."""

    def __init__(self, path: Path, media: InputContainer, *, whole: bool) -> None:
        self._path = path
        self._media = media
        self._whole = whole
        covers = Disposition.attached_pic
        self._video = next((s for s in media.streams.video if not s.disposition & covers), None)
        self._audio = next(iter(media.streams.audio), None)
        self._frames = 0
        self._packets = 0
        self._end_s = 0.0

    def run(self, proceed: Callable[[], bool]) -> Film:
        """Read on as long as ``proceed`` says so, and at least to the first picture."""
        video, audio = self._video, self._audio
        if video is None and audio is None:
            raise self._fault("has neither pictures nor sound. Export it as MP4 (H.264)")
        if video is not None:
            self._within_file(video)
            video.thread_type = "AUTO" if self._whole else "NONE"
        heard = audio if audio is not None and _name(audio) in _HEARD else None
        for packet in self._media.demux([s for s in (video, heard) if s is not None]):
            self._take(packet, is_video=packet.stream is video)
            if (self._frames or video is None) and not proceed():
                break
        if video is not None and not self._frames:
            raise self._fault("has no picture that can be decoded. Export it as MP4 (H.264)")
        return Film(
            _name(video) if video else None,
            video.width if video else None,
            video.height if video else None,
            # Some say less than they have, and some say nothing.
            round(max(self._end_s, (self._media.duration or 0) / av.time_base), 3),
            self._frames if self._whole else max(self._packets, video.frames if video else 0),
            _name(audio) if audio else None,
        )

    def _within_file(self, video: VideoStream) -> None:
        """Raises MediaError if the index points beyond the end of the file."""
        size = self._path.stat().st_size
        for entry in video.index_entries:
            if entry.pos + entry.size > size:
                at_s = float(entry.timestamp * (video.time_base or 0))
                raise self._fault(f"is cut off at {at_s:.1f} s. Copy it again")

    def _take(self, packet: Packet[Any], *, is_video: bool) -> None:
        """Raises MediaError for what makes Chromium stop, or show what is not in the film."""
        if packet.is_corrupt or (is_video and _HOLE in bytes(packet)):
            raise self._stops("is damaged")
        try:
            # A decoder may need some packets more before it gives its first picture.
            if not is_video or self._whole or packet.is_keyframe or not self._frames:
                frames = packet.decode()
                self._frames += len(frames) if is_video else 0
        except av.error.FFmpegError as error:
            raise self._stops("cannot be decoded") from error
        self._packets += bool(is_video and packet.size)
        if packet.pts is not None and packet.time_base:
            end_s = float((packet.pts + (packet.duration or 0)) * packet.time_base)
            self._end_s = max(self._end_s, end_s)

    def _stops(self, how: str) -> MediaError:
        return self._fault(f"{how} after {self._end_s:.1f} s. Copy it again, or export it again")

    def _fault(self, what: str) -> MediaError:
        return MediaError(f"{self._path.name} {what}.")


def _name(stream: VideoStream | AudioStream) -> str:
    """FFmpeg's name of the codec, whichever of its decoders reads it."""
    return stream.codec_context.codec.canonical_name
