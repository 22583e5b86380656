"""What is said of contents, against real files and the real browser."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser

from signage.config.config import Config
from signage.config.player import PlayerConfig
from signage.config.server import ServerConfig
from signage.content.catalogue import ContentFile, More
from signage.content.check import Checked, check_content, check_folder
from signage.content.loader import check_together
from signage.errors import ConfigError
from signage.player.server import PlayerServer, Status
from signage.types.plays import Cue, PlayState
from tests.support.builders import FOOTAGE, ROOT, content
from tests.support.command import fail, signage
from tests.support.media import cut, describe, film, moving_picture, page, picture
from tests.support.player_shop import until

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9">{}</svg>'

Made = Callable[[Path], object]


def text(words: str) -> Made:
    return lambda path: path.write_text(words)


def copied(name: str) -> Made:
    return lambda path: shutil.copy(FOOTAGE / name, path)


def half(make: Made) -> Made:
    def made(path: Path) -> None:
        make(path)
        cut(path)

    return made


def flat(path: Path, width: int, height: int) -> None:
    assert cv2.imwrite(str(path), np.zeros((height, width, 3), dtype=np.uint8))


def as_jpeg(path: Path) -> None:
    path.write_bytes(picture(path.with_suffix(".jpg")).read_bytes())


def codec(name: str) -> Made:
    return lambda path: film(path, name)


# File, how it is made, what is wrong with it. What is None is shown by Chromium.
FILES: list[tuple[str, Made, str | None]] = [
    ("a.png", picture, None),
    ("a.jpg", picture, None),
    ("a.webp", picture, None),
    ("a.avif", picture, None),
    ("a.gif", moving_picture, None),
    ("a.bmp", picture, None),
    ("a.svg", text(SVG.format("")), None),
    ("a.tiff", picture, "a.tiff is TIFF, which Chromium does not show"),
    ("broken.svg", text(SVG.format("<g>")), "broken.svg is not well-formed SVG"),
    ("bare.svg", text("<svg/>"), "begins with <svg> and not with <svg> of xmlns"),
    ("svg.png", text(SVG.format("")), "svg.png is SVG: change the end of its name to .svg"),
    ("empty.png", text(""), "empty.png is empty"),
    ("text.png", text("a picture"), "text.png is of an unknown kind"),
    ("a.webm", codec("VP80"), None),
    ("vp9.webm", codec("VP90"), None),
    ("vp9.mp4", codec("vp09"), None),
    ("h264.mp4", copied("single_face.mp4"), None),
    ("mpeg4.mp4", codec("mp4v"), "mpeg4.mp4 is MPEG-4 part 2, which Chromium does not play"),
    ("motion.mov", codec("MJPG"), "motion.mov is Motion JPEG, which Chromium does not play"),
    ("a.avi", codec("MJPG"), "a.avi is AVI, which Chromium does not show"),
    ("a.mpg", codec("PIM1"), "a.mpg is MPEG, which Chromium does not show"),
    ("index.mp4", half(copied("franck.mp4")), "damaged, or cut off before its index"),
]
# Chromium shows what there is of these, and a screen should not.
CUT: list[tuple[str, Made, str]] = [
    ("half.png", half(picture), "half.png is cut off"),
    ("half.jpg", half(picture), "half.jpg is cut off"),
    ("half.webp", half(picture), "half.webp cannot be decoded as WebP"),
    ("half.gif", half(moving_picture), "half.gif is cut off"),
    ("half.webm", half(codec("VP80")), "half.webm is cut off"),
    ("half.mp4", half(copied("cap13_edit2.mp4")), "half.mp4 is cut off"),
]
VIDEOS = (".webm", ".mp4", ".mov", ".avi", ".mpg")


def medium_of(file: str) -> str:
    return "video" if file.endswith(VIDEOS) else "image"


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(("file", "make", "wrong"), [*FILES, *CUT], ids=lambda v: str(v)[:12])
def test_what_will_not_play_is_told_from_what_will(
    tmp_path: Path, file: str, make: Made, wrong: str | None, whole: bool
) -> None:
    make(describe(tmp_path / "a", medium_of(file), file) / file)
    checked = check_content(tmp_path / "a", whole=whole)
    if wrong is None:
        assert checked.errors == []
    else:
        assert wrong in " ".join(checked.errors)
        assert checked.verdict == "will not play"


def test_what_is_said_of_a_file_is_what_chromium_does(tmp_path: Path, browser: Browser) -> None:
    for file, make, _ in FILES:
        make(tmp_path / file)
    nobody = Status(dict, dict, lambda _: [], time.monotonic)
    server = PlayerServer(ServerConfig(port=0), {"a": tmp_path}, nobody)
    tab = browser.new_page()
    try:
        tab.goto(server.start())
        until(lambda: server.connected, "the page")
        shown = {}
        for file, _, _ in FILES:
            server.show(Cue(file, "a", file, medium_of(file), file, "0", 60.0, now=True))
            events: list[Any] = []
            until(lambda file=file, events=events: events.extend(  # type: ignore[misc]
                e for e in server.events() if e.decision_id == file) or events, file)  # fmt: skip
            shown[file] = events[0].state is PlayState.STARTED
    finally:
        tab.close()
        server.stop()
    assert shown == {file: wrong is None for file, _, wrong in FILES}


def check(folder: Path, medium: str, file: str, **more: Any) -> Checked:
    return check_content(describe(folder, medium, file, **more))


def test_real_duration_and_size_are_read(tmp_path: Path) -> None:
    film(tmp_path / "a.webm", seconds=3.0, size=(96, 160))
    media = check(tmp_path, "video", "a.webm", duration_s=3.0).media
    assert media is not None
    assert (media.width_px, media.height_px, media.codec) == (96, 160, "VP80")
    assert media.frames == 75
    assert media.duration_s == pytest.approx(3.0, abs=0.05)
    moving_picture(tmp_path / "a.gif", frames=20)
    media = check(tmp_path, "image", "a.gif", motion=True).media
    assert media is not None
    assert media.frames == 20
    assert media.duration_s == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("duration_s", "what"), [(2.4, None), (5.0, "starts again"), (1.0, "is cut short")]
)
def test_another_duration_than_the_videos_own_is_told(
    tmp_path: Path, duration_s: float, what: str | None
) -> None:
    film(tmp_path / "a.webm")
    checked = check(tmp_path, "video", "a.webm", duration_s=duration_s)
    assert checked.errors == []
    assert [what in warning for warning in checked.warnings if what] == ([True] if what else [])


@pytest.mark.parametrize(
    ("file", "make", "keys", "warning"),
    [
        ("a.png", as_jpeg, {}, "a.png is JPEG: change the end of its name to .jpg"),
        ("a.png", lambda p: picture(p, 8200, 4), {}, "8200 × 4 px, which takes 0 MB"),
        ("a.jpg", lambda p: flat(p, 7680, 4320), {}, "7680 × 4320 px, which takes 133 MB"),
        ("a.webm", lambda p: film(p, "VP80", 0.2, (3872, 2176)), {}, "more than 4K"),
        ("a.webm", lambda p: film(p, "VP80", 0.2, (2176, 3872)), {}, "more than 4K"),
        ("hevc.mov", copied("face_noface.mov"), {}, "HEVC, which only some devices play"),
        ("a.png", picture, {"motion": True}, "motion = true, but a.png does not move"),
        ("a.gif", moving_picture, {}, "motion = false, but a.gif moves"),
        ("a.png", picture, {"sound": True}, "sound applies only to videos"),
        (
            "a.svg",
            text(SVG.format('<image href="photo.png"/>')),
            {},
            "a.svg shows photo.png, which Chromium does not load: embed it",
        ),
    ],
)
def test_what_plays_but_not_well_is_a_warning(
    tmp_path: Path, file: str, make: Made, keys: dict[str, Any], warning: str
) -> None:
    make(tmp_path / file)
    checked = check(tmp_path, medium_of(file), file, **keys)
    assert checked.errors == []
    assert warning in " ".join(checked.warnings)
    assert checked.verdict == "warning"


@pytest.mark.parametrize("size", [(3840, 2160), (2160, 3840)])
def test_4k_is_all_right_upright_too(tmp_path: Path, size: tuple[int, int]) -> None:
    film(tmp_path / "a.webm", seconds=0.2, size=size)
    assert check(tmp_path, "video", "a.webm", duration_s=0.2).verdict == "ok"


def test_a_film_is_no_image(tmp_path: Path) -> None:
    film(tmp_path / "a.webm")
    assert check(tmp_path, "image", "a.webm").errors == [
        'a.webm is of medium "video", not "image".'
    ]


def test_a_broken_toml_is_told(tmp_path: Path) -> None:
    (page(tmp_path) / "content.toml").write_text("title = ")
    checked = check_content(tmp_path)
    assert checked.content is None
    assert "cannot be read" in checked.errors[0]
    assert "unknown key 'colour'" in check_content(page(tmp_path, colour=1)).errors[0]


def test_what_unfolds_is_checked_too(tmp_path: Path) -> None:
    cut(picture(page(tmp_path) / "more.png"))
    page(tmp_path, more={"file": "more.png", "medium": "image"})
    assert "more.png is cut off" in check_content(tmp_path).errors[0]


# Pages


def test_what_a_page_needs_is_looked_for(tmp_path: Path) -> None:
    page(
        tmp_path,
        """<!doctype html><link rel="stylesheet" href="css/look.css"><link rel="icon" href="i.ico">
        <style>@font-face { src: url("gone.woff2") }</style>
        <img srcset="small.png 1x, large.png 2x"><video poster="/poster.jpg" src="a.webm"></video>
        <p style="background: url('data:image/png;base64,AA==')"><a href="away.html">
        <img srcset="data:image/png;base64,AA== 1x" src="{{ photo }}"><img src="http://[x">
        <svg><use href="#here"/></svg><img src="with%20space.png?v=1"><img src="../b/b.png">
        """,
    )
    (tmp_path / "css").mkdir()
    (tmp_path / "css" / "look.css").write_text(
        "@import 'more.css'; /* url(comment.png) */ p { background: url(../bg.png) }"
    )
    for name in ("small.png", "with space.png", "bg.png"):
        picture(tmp_path / name)
    cut(film(tmp_path / "a.webm"))
    (tmp_path.parent / "b").mkdir(exist_ok=True)
    picture(tmp_path.parent / "b" / "b.png")
    missing = {"css/look.css uses more.css", "index.html uses large.png", "uses /poster.jpg",
               "index.html uses gone.woff2", "index.html uses ../b/b.png"}  # fmt: skip
    errors = check_content(tmp_path).errors
    for one in missing:
        assert [e for e in errors if f"{one}, which is not in its folder." in e], one
    assert [e for e in errors if "a.webm is cut off" in e]
    assert len(errors) == len(missing) + 1


def test_what_a_page_is_not_let_do_is_a_warning(tmp_path: Path) -> None:
    page(
        tmp_path,
        """<!doctype html><script src="https://cdn.example/lib.js"></script>
        <img src="//cdn.example/a.png"><form action="/order"></form><object data="a.pdf"></object>
        """,
    )
    checked = check_content(tmp_path)
    assert checked.errors == []
    told = " ".join(checked.warnings)
    script = "https://cdn.example/lib.js, from another server"
    for words in (script, "//cdn.example/a.png", "a form", "<object>"):
        assert words in told


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ('<meta http-equiv="refresh" content="1; url=https://example.com/">', "refresh"),
        ("<META HTTP-EQUIV=Refresh CONTENT=30>", "refresh"),
        ("<script>setTimeout(() => { location.href = 'x.html' }, 1)</script>", "location.href ="),
        ("<script>window.location='https://example.com/'</script>", "window.location="),
        ("<body onload='top.location.replace(`x`)'>", "top.location.replace("),
        ("<script>location.reload()</script>", "location.reload("),
        ("<script src='a.js'></script>", "a.js has a script that leaves"),
    ],
)
def test_a_page_that_leaves_is_a_warning(tmp_path: Path, html: str, words: str) -> None:
    page(tmp_path, f"<!doctype html>{html}<p>Hello")
    (tmp_path / "a.js").write_text("document.location.assign('x.html')")
    checked = check_content(tmp_path)
    assert checked.errors == []
    assert words in " ".join(checked.warnings)
    assert "a page that leaves ends its play" in " ".join(checked.warnings)


@pytest.mark.parametrize(
    "script",
    ["if (location.href == 'x') {}", "let location = 'Berlin'", "shop.location = 'Berlin'",
     "location.hash = '#two'", "const at = location.href", "relocation = 1"],
)  # fmt: skip
def test_a_page_that_stays_is_not_said_to_leave(tmp_path: Path, script: str) -> None:
    page(tmp_path, f"<!doctype html><script>{script}</script>")
    assert check_content(tmp_path).verdict == "ok"


@pytest.mark.parametrize(
    ("html", "told"),
    [
        ("<audio src=a.wav autoplay loop></audio>", "has <audio autoplay> without muted"),
        ("<video src=a.wav autoplay></video>", "has <video autoplay> without muted"),
        ("<video src=a.wav autoplay muted></video>", ""),
        ("<audio src=a.wav></audio>", ""),
        ("<script>new Audio('a.wav').play()</script>", "makes sound (new Audio)"),
        ("<script>const c = new AudioContext()</script>", "makes sound (new AudioContext)"),
        ("<script>const newAudio = 1</script>", ""),
    ],
)
def test_a_page_that_sounds_is_a_warning(tmp_path: Path, html: str, told: str) -> None:
    """No browser keeps a frame silent: it is heard while it waits, and in the loop for ever."""
    folder = page(tmp_path / "a", f"<!doctype html>{html}")
    (folder / "a.wav").write_bytes(b"RIFF")
    checked = check_content(folder)
    assert checked.errors == []
    if told:
        assert told in " ".join(checked.warnings)
        assert "before and after its play" in " ".join(checked.warnings)
    else:
        assert checked.warnings == []


def test_a_style_sheet_is_read_as_one(tmp_path: Path) -> None:
    page(
        tmp_path,
        """<!doctype html><style>@namespace url(http://www.w3.org/1999/xhtml);
        p::after { content: "url(words.png)" } p { background: image-set("large.png" 2x) }
        @media (width > 1px) { p { background: URL( 'photo\\20 1.png' ) } }</style>""",
    )
    picture(tmp_path / "photo 1.png")
    checked = check_content(tmp_path)
    assert (checked.warnings, len(checked.errors)) == ([], 1)
    assert "uses large.png" in checked.errors[0]


def test_a_page_must_be_one(tmp_path: Path) -> None:
    page(tmp_path, "")
    assert "index.html is empty" in check_content(tmp_path).errors[0]
    describe(tmp_path, "html", "page.php")
    (tmp_path / "page.php").write_text("<p>")
    assert "change the end of its name to .html" in check_content(tmp_path).errors[0]


# All contents together


def test_all_contents_together_must_be_a_catalogue() -> None:
    coffee, wine = (
        Checked(name, content(name, adults_only=name == "wine")) for name in ("coffee", "wine")
    )
    config = Config(player=PlayerConfig(loop=("coffee", "wine", "tea")))
    assert check_together([coffee, wine], config) == [
        "player.loop names 'wine', but the loop must be allowed for everyone: it has "
        "adults_only or min_age.",
        "player.loop names 'tea', which is missing or will not play.",
    ]
    assert "Every content is restricted" in check_together([wine], None)[0]


def test_a_share_that_does_not_fit_is_an_error_of_the_content_that_asks_for_it() -> None:
    much = [Checked(name, content(name, share_min=0.5)) for name in "ab"]
    assert check_together(much, None) == []
    assert [each.verdict for each in much] == ["ok", "will not play"]
    assert "Its share_min (0.5) and the earlier ones (0.5)" in much[1].errors[0]


def test_the_demos_contents_are_all_right() -> None:
    checked = list(check_folder(ROOT / "configs" / "content"))
    assert {c.content_id: (c.errors, c.warnings) for c in checked} == {
        c.content_id: ([], []) for c in checked
    }
    with pytest.raises(ConfigError, match="There is no content folder"):
        list(check_folder(ROOT / "nowhere"))


# The command


@pytest.mark.system
def test_the_command_says_what_will_not_play(tmp_path: Path) -> None:
    page(tmp_path / "good")
    film(describe(tmp_path / "long", "video", "a.webm", duration_s=9.0) / "a.webm")
    assert signage("content", "check", tmp_path).returncode == 0
    cut(film(describe(tmp_path / "cut", "video", "a.webm") / "a.webm"))
    done = signage("content", "check", tmp_path)
    assert (done.returncode, done.stderr) == (1, "")
    said = " ".join(re.sub(r"[│\s]+", " ", done.stdout).split())
    assert "good html any ok" in said
    assert "long video VP80 64 × 48 2.0 s warning" in said
    assert "cut: a.webm is cut off: " in said
    assert said.endswith("3 contents: 1 ok, 1 warning, 1 will not play.")
    found = json.loads(signage("content", "check", tmp_path, "--json").stdout)
    assert found["ok"] is False
    verdicts = {c["content_id"]: c["verdict"] for c in found["contents"]}
    assert verdicts == {"cut": "will not play", "good": "ok", "long": "warning"}
    one = json.loads(signage("content", "check", tmp_path / "long", "--json").stdout)
    assert [(c["content_id"], c["frames"]) for c in one["contents"]] == [("long", 50)]


@pytest.mark.system
def test_the_command_takes_the_configurations_folder_and_rules(tmp_path: Path) -> None:
    assert signage("content", "check").returncode == 0
    page(tmp_path / "content" / "good")
    config = tmp_path / "screen.toml"
    config.write_text('[content]\nfallback = "gone"\n')
    done = signage("content", "check", "--config", config)
    assert done.returncode == 1
    assert "content.fallback is 'gone', which is not in the catalogue" in " ".join(
        done.stdout.split()
    )


@pytest.mark.system
def test_the_command_called_the_wrong_way(tmp_path: Path) -> None:
    assert "There is no content folder" in fail(2, "content", "check", tmp_path / "gone")
    assert "has no content.toml" in fail(2, "content", "check", tmp_path)
    assert "There is no configuration" in fail(2, "content", "check", "--config", tmp_path / "c")


def test_a_picture_that_would_take_all_memory_is_not_decoded(tmp_path: Path) -> None:
    describe(tmp_path, "image", "a.png")
    assert cv2.imwrite(str(tmp_path / "a.png"), np.zeros((12_000, 12_000), dtype=np.uint8))
    done: subprocess.CompletedProcess[str] = signage("content", "check", tmp_path, "--json")
    assert (done.returncode, done.stderr) == (1, "")
    assert "has more pixels than any screen" in json.loads(done.stdout)["contents"][0]["errors"][0]


def test_the_manual_names_every_key_of_a_content() -> None:
    page = (ROOT / "docs/content.md").read_text(encoding="utf-8")
    keys = [*ContentFile.model_fields, *(f"more.{name}" for name in More.model_fields)]
    assert [key for key in keys if f"`{key}`" not in page] == []


DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 9"><text>{}</text></svg>'
DRAWINGS: dict[str, tuple[bytes, str | None]] = {
    "with-a-mark.svg": (DRAWING.format("Käse").encode("utf-16"), None),
    "utf8-that-says-latin1.svg": (
        b'<?xml version="1.0" encoding="iso-8859-1"?>' + DRAWING.format("Käse").encode(),
        None,
    ),
    "latin1.svg": (
        b'<?xml version="1.0" encoding="iso-8859-1"?>' + DRAWING.format("Käse").encode("latin-1"),
        "is not UTF-8 (at byte 109), but Chromium reads every SVG as UTF-8",
    ),
    "late.svg": (b'\n<?xml version="1.0"?>' + DRAWING.format("").encode(), "not at start"),
    "deep.svg": (
        SVG.format("<g>" * 5000 + "</g>" * 5000).encode(),
        "elements are nested",
    ),
    "not-so-deep.svg": (SVG.format("<g>" * 2000 + "</g>" * 2000).encode(), None),
}


def test_drawings_are_read_as_chromium_reads_them(tmp_path: Path, browser: Browser) -> None:
    """Whose reader of pictures looks at no declaration."""
    tab = browser.new_page()
    try:
        for name, (data, wrong) in DRAWINGS.items():
            (describe(tmp_path / "a", "image", name) / name).write_bytes(data)
            told = " ".join(check_content(tmp_path / "a").errors)
            assert (wrong in told) if wrong else not told, name
            shown = tab.evaluate(
                """async data => {
                    const picture = new Image();
                    picture.src = `data:image/svg+xml;base64,${data}`;
                    return picture.decode().then(() => true, () => false);
                }""",
                base64.b64encode(data).decode(),
            )
            assert shown == (wrong is None), name
    finally:
        tab.close()


def test_what_a_camera_adds_behind_its_film_is_no_damage(tmp_path: Path) -> None:
    folder = describe(tmp_path / "a", "video", "film.mp4")
    shutil.copy(FOOTAGE / "single_face.mp4", folder / "film.mp4")
    with (folder / "film.mp4").open("ab") as file:
        file.write(b"ID3\3\0" + b"of no kind that MP4 knows" * 40)
    assert check_content(folder).errors == []
    with (folder / "film.mp4").open("ab") as file:
        file.write(b"\0\0\0\x10moof and more of the film")
    assert "is damaged at byte" in " ".join(check_content(folder).errors)
