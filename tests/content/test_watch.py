"""Contents that come, change and go while the screen runs."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser

from signage.config.content import ContentConfig
from signage.content import watch as content_watch
from signage.content.catalogue import Catalogue
from signage.content.check import Checked, check_content, check_folder
from signage.content.loader import check_together, load_catalogue
from signage.content.watch import ContentWatch
from signage.errors import ConfigError, SignageError
from signage.journal.reader import JournalReader
from signage.types.choices import Action
from signage.types.decisions import Trigger
from signage.types.orders import Order, Orders
from tests.support import films
from tests.support.builders import catalogue, sighting
from tests.support.kiosk import Kiosk
from tests.support.media import cut, describe, film, page, picture
from tests.support.player_shop import until
from tests.support.stage import ADULT, Stage, triggers

# The watch


class Watched:
    """A folder of contents, and what its watch made of it."""

    def __init__(self, folder: Path, fallback: str | None = None) -> None:
        self.folder = folder
        self.watch = ContentWatch(ContentConfig(dir=folder, fallback=fallback))
        self.taken: list[list[str]] = []
        self.watch._take = lambda catalogue: self.taken.append(list(catalogue))

    def serves(self, path: Path, content_id: str = "", version: str = "") -> bool:
        name = content_id or path.parent.name
        known = self.watch.catalogue.get(name)
        version = version or (known.version if known else "")
        return self.watch.is_as_checked(name, version, path.resolve())

    def look(self, times: int = 1) -> list[list[str]]:
        """Look so often; returns the catalogues that were taken meanwhile."""
        before = len(self.taken)
        for _ in range(times):
            self.watch.look()
        return self.taken[before:]


@pytest.fixture
def watched(tmp_path: Path) -> Callable[..., Watched]:
    page(tmp_path / "base")
    picture(describe(tmp_path / "photo", "image", "a.png") / "a.png")
    return lambda **how: Watched(tmp_path, **how)


def test_what_is_added_is_taken_when_it_keeps_still(watched: Callable[..., Watched]) -> None:
    on = watched()
    assert list(on.watch.catalogue) == ["base", "photo"]
    assert on.look(3) == []
    clip = film(describe(on.folder / "clip", "video", "a.webm") / "a.webm")
    whole = clip.read_bytes()
    clip.write_bytes(whole[:1000])  # being copied
    for written in range(2000, len(whole), len(whole) // 4):
        assert on.look() == []
        clip.write_bytes(whole[:written])
    clip.write_bytes(whole)
    assert on.look() == []
    assert on.look() == [["base", "clip", "photo"]]
    assert on.look(3) == []
    assert on.watch.left_out == {}


def test_a_copy_that_stops_halfway_is_left_out_until_it_is_whole(
    watched: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    on = watched()
    clip = film(describe(on.folder / "clip", "video", "a.webm") / "a.webm")
    whole = clip.read_bytes()
    cut(clip)
    assert on.look(4) == []
    assert "a.webm is cut off" in on.watch.left_out["clip"]
    assert caplog.text.count("Content left out: clip") == 1
    assert not on.serves(clip)
    clip.write_bytes(whole)
    assert on.look(2) == [["base", "clip", "photo"]]
    assert on.serves(clip)


def test_what_changes_leaves_at_once_and_comes_back(watched: Callable[..., Watched]) -> None:
    on = watched()
    media = (on.folder / "photo" / "a.png").resolve()
    assert on.serves(media)
    picture(media, 200, 100)
    assert not on.serves(media)  # before anybody has looked
    assert on.look() == [["base"]]
    assert on.look() == [["base", "photo"]]
    assert on.serves(media)
    cut(media)
    assert on.look(5) == [["base"]]
    assert "a.png is cut off" in on.watch.left_out["photo"]


def test_a_toml_is_followed_too(watched: Callable[..., Watched]) -> None:
    on = watched()
    describe(on.folder / "photo", "image", "a.png", duration_s=5.0)
    on.look(2)
    assert on.watch.catalogue["photo"].duration_s == 5.0
    (on.folder / "photo" / "content.toml").write_text("title = ")
    assert on.look(2) == [["base"]]
    assert "cannot be read" in on.watch.left_out["photo"]


def test_what_is_removed_is_gone(watched: Callable[..., Watched]) -> None:
    on = watched()
    shutil.rmtree(on.folder / "photo")
    assert on.look(3) == [["base"]]
    assert on.watch.left_out == {}


def test_what_would_be_no_catalogue_is_refused_and_told_once(
    watched: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    on = watched(fallback="base")
    (on.folder / "base").rename(on.folder.parent / "aside")
    assert on.look(5) == []
    assert on.watch.problem is not None
    assert "content.fallback is 'base'" in on.watch.problem
    assert caplog.text.count("The contents stay as they were") == 1
    assert list(on.watch.catalogue) == ["base", "photo"]
    (on.folder.parent / "aside").rename(on.folder / "base")
    assert on.look(3) == []
    assert on.watch.problem is None


def test_a_fallback_that_is_being_replaced_is_no_problem(
    watched: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    on = watched(fallback="base")
    for text in ("<p>One", "<p>Another"):
        page(on.folder / "base", text)
        assert on.look() == []
        assert on.watch.problem is None
    assert on.look(2) == [["base", "photo"]]  # the same, of another version
    assert caplog.text == ""
    assert on.serves(on.folder / "base" / "index.html")


def test_a_folder_that_is_gone_leaves_the_contents_as_they_were(
    watched: Callable[..., Watched], tmp_path_factory: pytest.TempPathFactory
) -> None:
    on = watched()
    aside = tmp_path_factory.mktemp("aside") / "contents"
    on.folder.rename(aside)
    with pytest.raises(ConfigError, match="There is no content folder"):
        on.look()
    aside.rename(on.folder)
    on.look(3)
    assert on.watch.problem is None
    assert list(on.watch.catalogue) == ["base", "photo"]


def test_a_start_leaves_out_what_cannot_be_decoded(
    watched: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    on = watched()
    cut(on.folder / "photo" / "a.png")
    again = Watched(on.folder)
    assert list(again.watch.catalogue) == ["base"]
    assert "a.png is cut off" in caplog.text
    (on.folder / "base" / "index.html").unlink()
    with pytest.raises(ConfigError, match="The catalogue is empty"):
        Watched(on.folder)


def test_it_watches_by_itself(watched: Callable[..., Watched]) -> None:
    on = watched()
    taken: list[Catalogue] = []
    on.watch.start(taken.append)
    try:
        page(on.folder / "news")
        until(lambda: bool(taken), "the news")
        assert list(taken[-1]) == ["base", "news", "photo"]
    finally:
        on.watch.stop()


def test_a_file_of_the_same_name_gives_another_version(watched: Callable[..., Watched]) -> None:
    on = watched()
    media = on.folder / "photo" / "a.png"
    before = on.watch.catalogue["photo"]
    shown = media.read_bytes()
    new = picture(on.folder.parent / "new.png", 200, 100)
    new.replace(media)
    assert on.look(3) == [["base"], ["base", "photo"]]
    after = on.watch.catalogue["photo"]
    assert (after.version != before.version, after.file) == (True, before.file)
    assert on.serves(media)
    assert not on.serves(media, version=before.version)
    # What is as it was before is known again only when it has been checked.
    media.write_bytes(shown)
    assert not on.serves(media, version=before.version)


def test_another_folder_behind_a_link_is_another_version_of_the_same(tmp_path: Path) -> None:
    for name in ("v1", "v2"):
        picture(describe(tmp_path / "store" / name, "image", "a.png") / "a.png")
    page(tmp_path / "contents" / "base")
    link = tmp_path / "contents" / "coffee"
    link.symlink_to(tmp_path / "store" / "v1")
    on = Watched(tmp_path / "contents")
    assert list(on.watch.catalogue) == ["base", "coffee"]
    before = on.watch.catalogue["coffee"]
    link.unlink()
    link.symlink_to(tmp_path / "store" / "v2")
    on.look(3)
    after = on.watch.catalogue["coffee"]
    assert after.version != before.version
    for known, name in ((before, "v1"), (after, "v2")):
        # The one before may be on screen still.
        assert on.serves(tmp_path / "store" / name / "a.png", "coffee", known.version)


def test_a_start_checks_what_it_needs_and_the_rest_while_it_plays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c", "looped", "fallback"):
        page(tmp_path / name)
    page(tmp_path / "alarm", mandatory=True)
    monkeypatch.setattr(content_watch, "_START_S", 0.0)
    watch = ContentWatch(ContentConfig(dir=tmp_path, fallback="fallback"), ["looped"])
    assert set(watch.catalogue) < {"fallback", "looped", "alarm"}
    assert "fallback" in watch.catalogue
    assert watch.unchecked == 6 - len(watch.catalogue)
    taken: list[Catalogue] = []
    watch._take = taken.append
    watch.look()
    watch.look()
    assert list(taken[-1]) == ["a", "alarm", "b", "c", "fallback", "looped"]
    assert (watch.unchecked, watch.left_out) == (0, {})


def test_what_hangs_its_reader_stops_no_other(
    watched: Callable[..., Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    on = watched()
    page(on.folder / "stuck")
    page(on.folder / "young")
    answer = threading.Event()

    def check(folder: Path, **how: Any) -> Checked:
        if folder.name == "stuck":
            answer.wait()
        return check_content(folder, **how)

    monkeypatch.setattr(content_watch, "check_content", check)
    monkeypatch.setattr(content_watch, "_PATIENCE_S", 0.2)
    try:
        assert on.look(2) == [["base", "photo", "young"]]
        assert "takes over" in on.watch.left_out["stuck"]
        assert list(Watched(on.folder).watch.catalogue) == ["base", "photo", "young"]
    finally:
        answer.set()


def test_what_only_a_whole_decoding_finds_is_left_out_later(
    watched: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    on = watched()
    for name in ("good", "broken"):
        films.make(describe(on.folder / name, "video", "a.mp4") / "a.mp4", seconds=2.0)
    films.damaged(on.folder / "broken" / "a.mp4", scrambled)
    on.look(2)
    assert list(on.watch.catalogue) == ["base", "broken", "good", "photo"]
    while on.watch._decode_next(60.0):
        pass
    assert on.look() == [["base", "good", "photo"]]
    assert "a.mp4 cannot be decoded after" in on.watch.left_out["broken"]
    assert on.watch._decoding is None


def scrambled(data: bytearray) -> bytearray:
    """Where the frames between the key frames are, all else as it was."""
    start = len(data) // 2
    noise = np.random.default_rng(1).integers(1, 255, 2000, dtype=np.uint8).tobytes()
    data[start : start + len(noise)] = noise
    return data


def test_names_that_are_no_ids_are_told(
    watched: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    on = watched()
    page(on.folder / os.fsdecode(b"K\xfcche"))
    assert on.look(3) == []
    assert on.watch.left_out == {"K\\xfcche": "Its name is not UTF-8: rename it."}
    assert caplog.text.count("Content left out") == 1
    json.dumps(on.watch.left_out).encode()


def test_a_share_that_cannot_be_promised_leaves_out_its_content_alone(
    watched: Callable[..., Watched],
) -> None:
    on = watched()
    page(on.folder / "base", share_min=0.5)
    on.look(2)
    page(on.folder / "greedy", share_min=0.5)
    page(on.folder / "young")
    assert on.look(2) == [["base", "photo", "young"]]
    assert "share_min" in on.watch.left_out["greedy"]
    assert list(Watched(on.folder).watch.catalogue) == ["base", "photo", "young"]


def test_a_start_without_its_fallback_plays_the_others(watched: Callable[..., Watched]) -> None:
    on = watched(fallback="photo")
    cut(on.folder / "photo" / "a.png")
    again = Watched(on.folder, fallback="photo")
    assert list(again.watch.catalogue) == ["base"]
    assert "'base' replaces it" in (again.watch.problem or "")
    page(on.folder / "young")
    assert again.look(2) == [["base", "young"]]
    assert again.watch.problem is not None
    picture(on.folder / "photo" / "a.png")
    assert again.look(2) == [["base", "photo", "young"]]
    assert again.watch.problem is None


def test_screen_simulation_and_check_refuse_the_same_contents_for_the_same_reason(
    watched: Callable[..., Watched], caplog: pytest.LogCaptureFixture
) -> None:
    on = watched()
    cut(film(describe(on.folder / "clip", "video", "a.webm") / "a.webm"))
    films.make(describe(on.folder / "torn", "video", "a.mp4") / "a.mp4", seconds=2.0)
    films.damaged(on.folder / "torn" / "a.mp4", scrambled)
    page(on.folder / "base", share_min=0.5)
    page(on.folder / "greedy", share_min=0.5)
    page(on.folder / "late", duration_s=1e7)
    page(on.folder / os.fsdecode(b"K\xfcche"))
    screen = Watched(on.folder).watch
    while screen._decode_next(60.0):
        pass
    screen.look()

    caplog.clear()
    simulated = load_catalogue(ContentConfig(dir=on.folder))
    checked = list(check_folder(on.folder))
    check_together(checked, None)

    assert list(simulated) == list(screen.catalogue) == ["base", "photo"]
    reasons = {each.content_id: " ".join(each.errors) for each in checked if each.errors}
    assert reasons == screen.left_out
    assert len(reasons) == 5
    assert caplog.messages == [
        f"Content left out: {name}: {reason}"
        for name, reason in sorted(reasons.items(), key=lambda item: item[0] == "greedy")
    ]


# The engine

HERE = sighting(x=200, height=200, **ADULT)
BOTH = catalogue({"coffee": {"duration_s": 10.0}, "news": {"duration_s": 10.0}})
NEWS = catalogue({"news": {"duration_s": 10.0}})


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def make(contents: Catalogue = BOTH, **decision: Any) -> Stage:
        how: dict[str, Any] = {"min_play_s": 20.0, "policy": "playlist"} | decision
        made.append(Stage(tmp_path / "journal.sqlite", contents, **how))
        return made[-1]

    yield make
    for each in made:
        each.journal.close()


def shown(on: Stage) -> str | None:
    return on.engine.on_screen.content_id if on.engine.on_screen else None


def give(on: Stage, action: Action, content_id: str | None = None) -> None:
    done = on.engine.order(Order(action=action, content_id=content_id))
    on.play(0.2, [HERE])
    done.result(0)


def test_what_is_added_plays_and_is_in_the_journal(stage: Callable[..., Stage]) -> None:
    on = stage(NEWS)
    on.play(5, [HERE])
    on.engine.replace_catalogue(BOTH)
    on.play(30, [HERE])
    played = [row["content_id"] for row in on.rows()]
    assert played[:2] == ["news", "coffee"]
    versions = [row["catalogue_version"] for row in on.rows()]
    assert versions[:2] == [NEWS.version, BOTH.version]
    assert set(JournalReader(on.path).contents()) == {"coffee", "news"}


def test_what_is_withdrawn_plays_to_its_end_and_never_again(stage: Callable[..., Stage]) -> None:
    on = stage()
    on.play(3, [HERE])
    assert shown(on) == "coffee"
    on.engine.replace_catalogue(NEWS)
    assert not triggers(on.play(5, [HERE]))
    assert shown(on) == "coffee"
    on.play(40, [HERE])
    first, *later = on.rows()
    assert first["shown_s"] == pytest.approx(10.0)
    assert first["reward"] is not None
    assert {row["content_id"] for row in later} == {"news"}


def test_what_was_to_follow_and_is_withdrawn_is_replaced(stage: Callable[..., Stage]) -> None:
    on = stage(catalogue({"a": {"duration_s": 10.0}, "b": {}, "c": {}}))
    on.play(9, [HERE])
    assert on.rows()[-1]["content_id"] == "b"  # chosen, and not shown yet
    on.engine.replace_catalogue(catalogue({"a": {"duration_s": 10.0}, "c": {}}))
    ((trigger, _),) = triggers(on.play(0.1, [HERE]))
    assert trigger is Trigger.NO_LONGER_ALLOWED
    on.play(3, [HERE])
    assert shown(on) == "c"
    assert [row["state"] for row in on.rows()] == ["finished", "superseded", "started"]


def test_caps_and_competitors_survive(stage: Callable[..., Stage]) -> None:
    cola = {"competes": "cola"}
    on = stage(catalogue({"a": cola | {"max_per_hour": 1}, "b": {}, "c": cola}))
    on.play(2, [HERE])
    assert shown(on) == "a"
    on.engine.replace_catalogue(catalogue({"b": {}, "c": cola}))
    on.play(6, [HERE])
    assert on.rows()[1]["masked"] == {"c": "competes: a of cola played just before"}
    on.engine.replace_catalogue(catalogue({"a": cola | {"max_per_hour": 1}, "b": {}}))
    on.play(8, [HERE])
    assert "max_per_hour" in on.rows()[-1]["masked"]["a"]


def test_a_pin_rests_while_its_content_is_away(
    stage: Callable[..., Stage], caplog: pytest.LogCaptureFixture
) -> None:
    on = stage()
    give(on, Action.PIN, "coffee")
    on.engine.replace_catalogue(NEWS)
    on.play(30, [HERE])
    assert "ordered the content 'coffee', which is no longer in the catalogue" in caplog.text
    assert on.engine.recommender.orders == Orders()
    assert shown(on) == "news"
    with pytest.raises(SignageError, match="There is no content 'coffee'"):
        give(on, Action.PIN, "coffee")
    on.engine.replace_catalogue(BOTH)
    on.play(1, [HERE])
    assert on.engine.recommender.orders == Orders(pinned="coffee")
    assert shown(on) == "coffee"


def test_an_emergency_whose_file_is_replaced_stays_on_screen(
    stage: Callable[..., Stage], caplog: pytest.LogCaptureFixture
) -> None:
    on = stage()
    give(on, Action.EMERGENCY, "news")
    on.play(1, [HERE])
    assert shown(on) == "news"
    with caplog.at_level(logging.ERROR):
        on.engine.replace_catalogue(catalogue({"coffee": {"duration_s": 10.0}}))
        assert not triggers(on.play(4, [HERE]))
        assert shown(on) == "news"
        on.engine.replace_catalogue(BOTH)
        on.play(30, [HERE])
    assert shown(on) == "news"
    assert {row["content_id"] for row in on.rows()[1:]} == {"news"}


# The running screen


def test_a_broken_file_never_reaches_the_running_screen(tmp_path: Path, browser: Browser) -> None:
    contents = tmp_path / "contents"
    page(contents / "base")
    clip = film(describe(contents / "clip", "video", "a.webm") / "a.webm")
    kiosk = Kiosk(tmp_path, content=contents, policy="playlist")
    try:
        tab = browser.new_page()
        tab.goto(kiosk.url)
        rows = "/api/decisions?limit=1000"

        def plays(name: str) -> Callable[[Any], Any]:
            return lambda found: [r for r in found if r["content_id"] == name and r["started_utc"]]

        kiosk.until(rows, plays("clip"))
        late = film(describe(contents / "late", "video", "a.webm") / "a.webm", "VP90")
        whole = late.read_bytes()
        cut(late)
        # While it is being written it may be seen empty.
        kiosk.until(
            "/health", lambda health: "a.webm is cut off" in health["left_out"].get("late", "")
        )
        late.write_bytes(whole)
        kiosk.until(rows, plays("late"))
        assert kiosk.get("/health")["left_out"] == {}
        cut(clip)
        kiosk.until("/health", lambda health: health["left_out"].get("clip"))
        before = kiosk.get(rows)
        after = kiosk.until(rows, lambda found: len(found) > len(before) + 3 and found)
        new = after[: len(after) - len(before)]
        assert "clip" not in {row["content_id"] for row in new[:-1]}
        # Whatever was chosen while its file was broken was shown to nobody.
        assert {row["state"] for row in plays("late")(after)} <= {
            "started", "finished", "interrupted",
        }  # fmt: skip
        shutil.rmtree(contents)
        kiosk.until(
            "/health",
            lambda health: [r for r in health["reasons"] if "contents stay as they were" in r],
        )
        tab.close()
        assert kiosk.stop() == 0
    finally:
        if kiosk.process.poll() is None:
            kiosk.process.kill()
        if kiosk.process.stdout is not None:
            kiosk.process.stdout.close()
        kiosk.process.wait()
