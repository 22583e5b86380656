"""Pictures and films: from their beginning in every play, and always those of their version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from playwright.sync_api import Page

from signage.config.player import PlayerConfig
from signage.types.arrays import Image
from signage.types.plays import PlayState
from tests.support.pixels import colour
from tests.support.player_shop import COLOURS, Shop, cue, until

S = PlayState
RED, BLUE = "#ff0000", "#0000ff"
KINDS = ("gif", "webp", "png")


def plain(shade: str) -> Image:
    """A picture of one colour."""
    bgr = [int(shade[at : at + 2], 16) for at in (5, 3, 1)]
    return np.full((90, 160, 3), bgr, np.uint8)


@pytest.fixture
def pictures(shop: Shop, tmp_path: Path) -> Path:
    folder = shop.content_dirs["pictures"] = tmp_path / "content" / "pictures"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_that_moves_begins_at_its_beginning_in_every_play(
    shop: Shop, pictures: Path, page: Page, kind: str
) -> None:
    """Red for a second and a half, then blue: also where it was loaded long before it is shown."""
    animation = cv2.Animation()
    animation.loop_count = 1
    animation.frames = [plain(RED), plain(BLUE)]
    animation.durations = [1500, 1500]
    assert cv2.imwriteanimation(str(pictures / f"moves.{kind}"), animation)
    page.goto(shop.open())
    for _ in range(3):
        shop.await_event(shop.show("green", duration_s=2.5), S.STARTED)
        moves = shop.show("pictures", medium="image", file=f"moves.{kind}", now=False)
        shop.await_event(moves, S.STARTED)
        page.evaluate("new Promise((done) => setTimeout(done, 500))")  # the crossfade
        assert is_near(colour(page), RED)
        until(lambda: is_near(colour(page), BLUE), "its end")


def test_what_was_replaced_shows_anew_also_while_the_old_one_is_on_screen(
    shop: Shop, pictures: Path, page: Page
) -> None:
    page.goto(shop.open())
    for number, shade in enumerate((RED, BLUE, RED)):
        assert cv2.imwrite(str(pictures / "new.png"), plain(shade))
        (pictures / "new.png").rename(pictures / "still.png")
        play = shop.show("pictures", medium="image", file="still.png", version=str(number))
        shop.await_event(play, S.STARTED)
        until(lambda shade=shade: is_near(colour(page), shade), "the new one")  # type: ignore[misc]


def test_a_loop_is_played_without_the_server_though_its_file_is_gone(
    shop: Shop, pictures: Path, page: Page
) -> None:
    writer = cv2.VideoWriter(
        str(pictures / "film.webm"), cv2.VideoWriter.fourcc(*"VP80"), 25, (160, 90)
    )
    for _ in range(25):
        writer.write(plain(BLUE))
    writer.release()
    page.goto(shop.open())
    film = replace(cue("pictures", "", duration_s=0.6), medium="video", file="film.webm")
    assert shop.server is not None
    shop.server.set_up(PlayerConfig(), [cue("green", "", duration_s=0.6), film])
    state = "document.querySelector('video')?.readyState"
    until(lambda: page.evaluate(state) == 4, "the film")
    (pictures / "film.webm").unlink()
    shop.close()
    for _ in range(2):
        until(lambda: is_near(colour(page), BLUE), "the film")
        until(lambda: colour(page) == COLOURS["green"], "the page")


def is_near(found: str, shade: str) -> bool:
    """Whether two colours are the same, but for what compression makes of them."""
    parts = [[int(text[at : at + 2], 16) for at in (1, 3, 5)] for text in (found, shade)]
    return all(abs(one - other) < 30 for one, other in zip(*parts, strict=True))
