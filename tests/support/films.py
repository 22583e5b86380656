"""Makes films of every kind that people bring, and damages them as their media do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.packet import Packet
from av.video.stream import VideoStream

FPS = 25
_RATE_HZ = 48_000
_SIZE = (64, 48)


def make(
    path: Path,
    codec: str | None = "libx264",
    seconds: float = 1.0,
    *,
    sound: str | None = None,
    sound_s: float | None = None,
    at_s: Sequence[float] | None = None,
    from_s: float = 0.0,
    size: tuple[int, int] = _SIZE,
    colours: str = "yuv420p",
    how: dict[str, str] | None = None,
    muxed: dict[str, str] | None = None,
) -> Path:
    """A film of noise; ``at_s`` are the times of its frames, ``from_s`` when the first comes."""
    times = at_s or [index / FPS for index in range(round(seconds * FPS))]
    packets: list[Packet[Any]] = []
    with av.open(str(path), "w", options=muxed or {}) as file:
        video = file.add_stream(codec, rate=FPS) if codec else None
        audio = file.add_stream(sound, rate=_RATE_HZ) if sound else None
        if isinstance(video, VideoStream):
            video.width, video.height = size
            video.pix_fmt = colours
            video.options = dict[str, object](how or {})
            video.codec_context.time_base = Fraction(1, 1000)
            packets += _pictures(video, [from_s + time_s for time_s in times], size, colours)
        if isinstance(audio, AudioStream):
            audio.layout = "mono"
            packets += _sound(audio, sound_s or seconds)
        packets.sort(key=lambda p: float((p.dts or 0) * (p.time_base or 0)))
        for packet in packets:
            file.mux(packet)
    return path


def _pictures(
    video: VideoStream, times_s: Sequence[float], size: tuple[int, int], colours: str
) -> list[Packet[Any]]:
    rng = np.random.default_rng(1)
    packets: list[Packet[Any]] = []
    for time_s in times_s:
        image = rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=colours)
        frame.time_base, frame.pts = Fraction(1, 1000), round(time_s * 1000)
        packets += video.encode(frame)
    return packets + list(video.encode(None))


def _sound(audio: AudioStream, seconds: float) -> list[Packet[Any]]:
    packets: list[Packet[Any]] = []
    for start in range(0, round(seconds * _RATE_HZ), 1024):
        wave = np.sin(np.arange(start, start + 1024) / 20) * 8000
        frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = _RATE_HZ, start, Fraction(1, _RATE_HZ)
        packets += audio.encode(frame)
    return packets + list(audio.encode(None))


def trimmed(path: Path, from_s: float, to_s: float, **how: Any) -> Path:
    """Cut without encoding anew: what is before ``from_s`` stays in, and is not shown."""
    whole = make(path.with_stem(f"{path.stem}-whole"), **how)
    with av.open(str(whole)) as source, av.open(str(path), "w") as file:
        streams = {stream.index: file.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.pts is None or packet.dts is None or packet.time_base is None:
                continue
            if packet.pts * packet.time_base >= to_s:
                continue
            shift = int(from_s / packet.time_base)
            packet.pts, packet.dts = packet.pts - shift, packet.dts - shift
            packet.stream = streams[packet.stream.index]
            file.mux(packet)
    whole.unlink()
    return path


def with_cover(path: Path, **how: Any) -> Path:
    """A film with a picture of itself as a second video track, as shops of films make them."""
    whole = make(path.with_stem(f"{path.stem}-whole"), **how)
    with av.open(str(whole)) as source, av.open(str(path), "w") as file:
        cover = file.add_stream("mjpeg", rate=1)
        cover.width, cover.height = _SIZE
        cover.pix_fmt = "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        stream = file.add_stream_from_template(source.streams.video[0])
        image = av.VideoFrame(*_SIZE, "yuvj420p")
        image.pts = 0
        for packet in [*cover.encode(image), *cover.encode(None)]:
            file.mux(packet)
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                file.mux(packet)
    whole.unlink()
    return path


def damaged(path: Path, harm: Callable[[bytearray], bytes | bytearray]) -> Path:
    path.write_bytes(harm(bytearray(path.read_bytes())))
    return path


def cut(share: float) -> Callable[[bytearray], bytes | bytearray]:
    return lambda data: data[: int(len(data) * share)]


def hole(at: float, length: int = 4096) -> Callable[[bytearray], bytes | bytearray]:
    """What a dying card leaves."""

    def dig(data: bytearray) -> bytearray:
        start = int(len(data) * at)
        length_there = len(data[start : start + length])
        data[start : start + length_there] = bytes(length_there)
        return data

    return dig


def misled(data: bytearray) -> bytearray:
    """The index of an MP4 points beside the pictures."""
    start = data.index(b"stco") + 8
    for index in range(int.from_bytes(data[start : start + 4], "big")):
        at = start + 4 + 4 * index
        place = int.from_bytes(data[at : at + 4], "big") - 50
        data[at : at + 4] = place.to_bytes(4, "big")
    return data
