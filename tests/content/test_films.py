"""Films, good and bad: what is said of them is what the real browser does with them."""

from __future__ import annotations

import functools
import http.server
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from signage.content.media import read_media
from signage.errors import MediaError
from tests.support.films import cut, damaged, hole, make, misled, trimmed, with_cover

Make = Callable[[Path], Path]

VP8 = {"deadline": "realtime", "cpu-used": "8"}
OFTEN = {"g": "5", "bf": "2"}
PARTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


def of_av1(path: Path) -> Path:
    """A film in AV1. Its encoder gives the thread of root real-time priority, for good."""
    film = make(path, "libsvtav1", how={"preset": "12"})
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    return film


def once(made: Make) -> Make:
    """The same film, which is encoded the first time and copied from then on."""
    kept: list[bytes] = []

    def copy(path: Path) -> Path:
        if kept:
            path.write_bytes(kept[0])
        else:
            kept.append(made(path).read_bytes())
        return path

    return copy


_MADE: dict[str, Make] = {
    "plain.mp4": make,
    "index-first.mp4": lambda p: make(p, muxed={"movflags": "faststart"}),
    "in-parts.mp4": lambda p: make(p, sound="aac", how=OFTEN, muxed=PARTS),
    "b-frames.mp4": lambda p: make(p, how={"bf": "3"}),
    "long-sound.mp4": lambda p: make(p, sound="aac", sound_s=2.0),
    "short-sound.mp4": lambda p: make(p, sound="aac", sound_s=0.3),
    "late-pictures.mp4": lambda p: make(p, sound="aac", from_s=0.5),
    "trimmed.mp4": lambda p: trimmed(p, 0.7, 1.6, seconds=2.0, sound="aac", how=OFTEN),
    "any-rate.mp4": lambda p: make(p, at_s=[0, 0.1, 0.15, 1.2, 1.25]),
    "slides.mp4": lambda p: make(p, at_s=[0, 1.0]),
    "one.mp4": lambda p: make(p, at_s=[0]),
    "cover.mp4": with_cover,
    "odd.mp4": lambda p: make(p, size=(66, 50)),
    "ten-bit.mp4": lambda p: make(p, colours="yuv420p10le"),
    "av1.mp4": of_av1,
    "sound-of-others.mp4": lambda p: make(p, sound="ac3"),
    "sound-alone.mp4": lambda p: make(p, None, sound="aac"),
    "padded.mp4": lambda p: damaged(make(p), lambda data: data + bytes(70_000)),
    "camera.mov": lambda p: make(p, sound="pcm_s16le"),
    "any.mkv": lambda p: make(p, sound="aac"),
    "plain.webm": lambda p: make(p, "libvpx", how=VP8),
    "vp9.webm": lambda p: make(p, "libvpx-vp9", how=VP8),
    "odd.webm": lambda p: make(p, "libvpx", how=VP8, size=(65, 49)),
    "see-through.webm": lambda p: make(
        p, "libvpx", how=VP8 | {"auto-alt-ref": "0"}, colours="yuva420p"
    ),
    "long-sound.webm": lambda p: make(p, "libvpx", how=VP8, sound="libopus", sound_s=2.0),
    "slides.webm": lambda p: make(p, "libvpx", how=VP8, at_s=[0, 1.0]),
    "any-rate.webm": lambda p: make(p, "libvpx", how=VP8, at_s=[0, 0.1, 0.15, 1.2]),
    # As a browser's MediaRecorder makes it: no length is known, neither in time nor in bytes.
    "recorded.webm": lambda p: make(p, "libvpx", how=VP8, sound="libopus", muxed={"live": "1"}),
    "padded.webm": lambda p: damaged(make(p, "libvpx", how=VP8), lambda data: data + bytes(70_000)),
}
GOOD = {name: once(made) for name, made in _MADE.items()}

SOURCES: dict[str, Make] = {
    name: GOOD[name] for name in ("index-first.mp4", "in-parts.mp4", "av1.mp4", "any.mkv",
                                  "plain.webm", "vp9.webm", "recorded.webm")
}  # fmt: skip
HARM = {
    "cut-early": cut(0.3),
    "cut-late": cut(0.93),
    "hole": hole(0.5),
    "hole-late": hole(0.8),
}
BAD: dict[str, Make] = {
    f"{harm}-{name}": lambda p, made=made, harm=harm: damaged(made(p), HARM[harm])
    for name, made in SOURCES.items()
    for harm in HARM
} | {
    "cut-plain.mp4": lambda p: damaged(make(p), cut(0.9)),
    "misled.mp4": lambda p: damaged(make(p, muxed={"movflags": "faststart"}), misled),
    "sound-with-hole.mp4": lambda p: damaged(
        make(p, at_s=[0, 0.5], sound="aac", sound_s=4.0), hole(0.6)
    ),
}


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "quickly"])
@pytest.mark.parametrize("name", GOOD)
def test_what_plays_is_not_refused(tmp_path: Path, name: str, whole: bool) -> None:
    GOOD[name](tmp_path / name)
    assert read_media(tmp_path / name, whole=whole).kind == "video"


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "quickly"])
@pytest.mark.parametrize("name", BAD)
def test_what_is_cut_or_has_a_hole_is_refused(tmp_path: Path, name: str, whole: bool) -> None:
    BAD[name](tmp_path / name)
    with pytest.raises(MediaError, match=r"cut off|damaged|cannot be decoded|no picture"):
        read_media(tmp_path / name, whole=whole)


def test_a_glance_does_not_read_a_film_to_its_end(tmp_path: Path) -> None:
    film = make(tmp_path / "long.mp4", seconds=4.0, how=OFTEN, muxed={"movflags": "faststart"})
    asked = iter([True, True, False])  # and StopIteration if it went on
    media = read_media(film, whole=False, proceed=lambda: next(asked))
    assert media.duration_s == pytest.approx(4.0, abs=0.05)
    # It does see that a part is missing.
    with pytest.raises(MediaError, match="cut off"):
        read_media(damaged(film, cut(0.9)), whole=False, proceed=lambda: False)


@pytest.fixture(scope="module")
def tab(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Path]]:
    folder = tmp_path_factory.mktemp("films")
    (folder / "index.html").write_text("<!doctype html><title>Films</title>")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Nothing is said of a request."""

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    yield page, folder
    page.close()
    server.shutdown()
    server.server_close()


PLAY = """name => new Promise(done => {
  const film = document.createElement("video");
  film.muted = true;
  film.src = name;
  const end = (how) => { done([how, film.duration]); film.remove(); };
  film.onended = () => end("ended");
  film.onerror = () => end("error");
  film.play().catch(() => {});
  document.body.append(film);
})"""


@pytest.mark.parametrize("name", GOOD)
def test_chromium_plays_it_to_its_end_and_takes_as_long(tab: tuple[Page, Path], name: str) -> None:
    page, folder = tab
    media = read_media(GOOD[name](folder / name))
    how, duration_s = page.evaluate(PLAY, name)
    assert how == "ended"
    assert media.duration_s == pytest.approx(duration_s, abs=0.06)


@pytest.mark.parametrize("name", ["hole-index-first.mp4", "misled.mp4", "sound-with-hole.mp4",
                                  "cut-late-in-parts.mp4"])  # fmt: skip
def test_chromium_stops_at_what_is_refused(tab: tuple[Page, Path], name: str) -> None:
    page, folder = tab
    BAD[name](folder / name)
    assert page.evaluate(PLAY, name)[0] == "error"
