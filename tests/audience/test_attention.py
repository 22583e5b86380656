"""Whether somebody looked at the screen, and how surely that is known."""

from __future__ import annotations

from typing import Any

import pytest

from signage.audience.audience import Audience
from signage.config.audience import AudienceConfig
from signage.types.audience import Viewer
from signage.types.vision import Facing, Gaze, HeadPose, Sighting
from tests.support.builders import AWAY, TOWARDS, frame, sighting

CONFIG = AudienceConfig()
FPS = 20
ASIDE = HeadPose(20.0, 0.0, 0.0)
AT_SCREEN, ASIDE_EYES = (0.0, -8.0), (45.0, 0.0)


def visit(*sightings: Sighting, config: AudienceConfig = CONFIG) -> Viewer:
    """Who left after these, one a frame."""
    audience = Audience(config)
    for index, each in enumerate(sightings):
        audience.update(frame(index / FPS), [each])
    (viewer,) = audience.close()
    return viewer


def eyes(direction: tuple[float, float] = AT_SCREEN, **more: Any) -> Sighting:
    return sighting(gaze=Gaze(0.0, *direction, sd_deg=1.0), eyes_shut=0.1, **more)


SHUT = sighting(eyes_shut=0.8)
OPEN = sighting(eyes_shut=0.1)


def test_attention_by_the_eyes_and_by_the_head_are_kept_apart() -> None:
    viewer = visit(*[eyes()] * 41, *[OPEN] * 20, *[eyes(ASIDE_EYES)] * 20)
    assert viewer.attention_eyes_s == pytest.approx(2.0, abs=0.06)
    assert viewer.attention_head_s == pytest.approx(1.0, abs=0.06)
    assert viewer.attention_s == pytest.approx(viewer.attention_eyes_s + viewer.attention_head_s)
    record = viewer.record()
    assert record["attention_s"] == pytest.approx(
        record["attention_eyes_s"] + record["attention_head_s"], abs=0.002
    )


@pytest.mark.parametrize("seen", [OPEN, eyes()], ids=["head", "eyes"])
def test_lids_that_stay_down_are_no_look_whatever_the_head_does(seen: Sighting) -> None:
    """Somebody reads a telephone at a metre, for ten seconds."""
    viewer = visit(seen, *[SHUT] * 10 * FPS)
    assert viewer.attention_s is not None
    assert viewer.attention_s <= 0.5
    assert not viewer.is_watcher


@pytest.mark.parametrize("blink_s", [0.1, 0.3, 0.4])
@pytest.mark.parametrize("seen", [OPEN, eyes()], ids=["head", "eyes"])
def test_a_blink_interrupts_no_look(seen: Sighting, blink_s: float) -> None:
    blink = [SHUT] * round(blink_s * FPS)
    viewer = visit(*([seen] * FPS + blink) * 5, seen)
    assert viewer.attention_s == pytest.approx(viewer.dwell_s)


def test_a_blink_does_not_turn_anybody_who_looks_elsewhere_to_the_screen() -> None:
    aside = eyes(ASIDE_EYES)
    assert visit(*([aside] * FPS + [SHUT] * 6) * 5).attention_s == 0


def test_who_looks_down_at_a_screen_has_the_lids_half_down_and_looks() -> None:
    viewer = visit(*[sighting(eyes_shut=0.38)] * 2 * FPS)
    assert viewer.attention_s == pytest.approx(viewer.dwell_s)


def test_lids_that_tremble_around_the_limit_stay_down() -> None:
    lids = [0.55, 0.48, 0.6, 0.42, 0.52, 0.45] * FPS
    attention_s = visit(*[sighting(eyes_shut=each) for each in lids]).attention_s
    assert attention_s is not None
    assert attention_s < 0.1


def test_the_lids_of_a_small_face_must_be_further_down() -> None:
    small = visit(*[sighting(height=57, eyes_shut=0.56)] * 2 * FPS)
    assert small.attention_s == pytest.approx(small.dwell_s)
    assert visit(*[sighting(height=57, eyes_shut=0.65)] * 2 * FPS).attention_s == 0


def test_of_a_face_of_few_pixels_the_lids_say_nothing() -> None:
    viewer = visit(*[sighting(height=32, eyes_shut=0.7)] * 2 * FPS)
    assert viewer.attention_s == pytest.approx(viewer.dwell_s)


def test_a_head_that_is_too_small_is_no_look_and_no_turning_away() -> None:
    small = [sighting(height=26, body_xyxy_px=(260, 150, 340, 400))] * 2 * FPS
    viewer = visit(*small)
    assert viewer.attention_s is None
    assert viewer.attention_unknown_s == pytest.approx(viewer.dwell_s)
    assert not viewer.is_watcher
    assert not viewer.attentive
    record = viewer.record()
    assert (record["attention_s"], record["is_watcher"]) == (None, False)


def test_who_comes_near_enough_is_judged_from_then_on() -> None:
    viewer = visit(*[sighting(height=25)] * 2 * FPS, *[sighting(height=80)] * FPS)
    assert viewer.attention_s == pytest.approx(1.0, abs=0.06)
    assert viewer.attention_unknown_s == pytest.approx(2.0, abs=0.06)
    assert viewer.is_watcher


@pytest.mark.parametrize(
    ("body", "facing", "is_known"),
    [
        ((200, 100, 400, 600), Facing.SIDEWAYS, True),  # so near that a face would be found
        ((290, 150, 330, 250), Facing.SIDEWAYS, False),
        ((290, 150, 330, 250), Facing.AWAY, True),  # the back, however far away
    ],
)
def test_a_body_without_a_face_says_only_sometimes_that_nobody_looked(
    body: Any, facing: Facing, is_known: bool
) -> None:
    seen = sighting(pose=None, face_xyxy_px=None, body_xyxy_px=body, body_facing=facing)
    assert visit(*[seen] * 2 * FPS).attention_s == (0 if is_known else None)


@pytest.mark.parametrize("height", [30, 40, 50])  # of a face 4 to 7 m away
def test_who_walks_past_far_away_with_the_head_aside_is_no_watcher(height: float) -> None:
    viewer = visit(*[sighting(height=height, pose=ASIDE)] * 3 * FPS)
    assert viewer.attention_s == 0
    looking = visit(*[sighting(height=height, pose=TOWARDS)] * 3 * FPS)
    assert looking.is_watcher


@pytest.mark.parametrize(("frames", "is_watcher"), [(9, False), (11, True)])
def test_a_watcher_has_looked_for_half_a_second_all_looks_together(
    frames: int, is_watcher: bool
) -> None:
    look, pause = [sighting(pose=TOWARDS)] * (frames // 3), [sighting(pose=AWAY)] * FPS
    viewer = visit(*pause, *look, *pause, *look, *pause, *[look[0]] * (frames - 2 * len(look)))
    assert viewer.attention_s is not None
    assert viewer.attention_s > 0
    assert viewer.is_watcher is is_watcher


def test_how_long_a_watcher_looks_is_what_the_configuration_says() -> None:
    glance = [sighting(pose=AWAY)] * FPS + [sighting()] * 3 + [sighting(pose=AWAY)] * FPS
    assert visit(*glance, config=AudienceConfig(min_look_s=0.0)).is_watcher
    assert not visit(*glance).is_watcher
    never = [sighting(pose=AWAY)] * FPS
    assert not visit(*never, config=AudienceConfig(min_look_s=0.0)).is_watcher
