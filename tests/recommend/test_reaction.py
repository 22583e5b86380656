"""How people take a play: in numbers, and of real people whose course is known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from signage.audience.audience import open_audience
from signage.config.file import load_config
from signage.config.reward import ReactionConfig
from signage.perception.perceiver import Perceiver
from signage.recommend.reaction import ViewerDuringPlay
from signage.recommend.reward import PlayTally
from signage.scenes.footage import read_video
from signage.types.audience import AudienceSnapshot
from signage.types.rewards import Impression
from signage.types.vision import Frame
from tests.support.builders import DEMO, FOOTAGE, utc, viewer

WEIGHTS = ReactionConfig()
STEP_S = 0.1


def witness(course: Callable[[float], dict[str, Any]], length_s: float = 8.0) -> Impression:
    """Somebody in the play for all its time, who is at ``t_s`` as ``course`` says."""
    start = viewer(**{"dwell_s": 5.0, "attention_s": 3.0} | course(0.0))
    seen = ViewerDuringPlay(0.0, start, 5.0, 3.0)
    for step in range(1, round(length_s / STEP_S) + 1):
        t_s = step * STEP_S
        update: dict[str, Any] = {"dwell_s": 5.0 + t_s, "attention_s": 3.0 + t_s} | course(t_s)
        seen.update(t_s, replace(start, **update))
    return seen.impression(WEIGHTS, stayed=True)


def test_nothing_happens_and_nothing_is_told() -> None:
    calm = witness(lambda _: {})
    assert calm.reaction == 0.0
    assert set(calm.parts) == {"smile", "surprise", "frown", "attention", "nearer", "leaves"}


def test_a_smile_counts_from_what_is_usual_for_the_face() -> None:
    def smiling(usual: float) -> Impression:
        return witness(
            lambda t: {
                "expression": {"smile": 0.6 if t > 2 else usual},
                "expression_baseline": {"smile": usual},
            }
        )

    assert smiling(0.1).parts["smile"] == pytest.approx(0.5, abs=0.01)
    assert smiling(0.5).parts["smile"] == pytest.approx(0.1, abs=0.01)
    assert smiling(0.1).reaction == pytest.approx(0.5, abs=0.01)


def test_one_noisy_look_is_no_expression() -> None:
    flash = witness(lambda t: {"expression": {"smile": 1.0 if 3.95 < t < 4.05 else 0.1}})
    assert flash.parts["smile"] < 0.2


def test_a_frown_that_goes_is_good_and_one_that_comes_is_not() -> None:
    def from_to(before: float, after: float) -> float:
        return witness(
            lambda t: {
                "expression": {"frown": after if t > 1 else before},
                "expression_baseline": {"frown": before},
            }
        ).reaction

    assert from_to(0.6, 0.1) > 0.25
    assert from_to(0.1, 0.6) < -0.25


def test_steps_nearer_are_good_and_steps_back_are_not() -> None:
    nearer = witness(lambda t: {"distance_m": 3.0 - t / 8})
    assert nearer.parts["nearer"] == pytest.approx(1 / 3, abs=0.01)
    assert nearer.reaction > 0
    assert witness(lambda t: {"distance_m": 2.0 + t / 8}).reaction < 0


def test_who_turns_away_takes_attention_from_it() -> None:
    turns = witness(lambda t: {"attention_s": 3.0 + min(t, 4.0)})
    assert turns.parts["attention"] == pytest.approx(-1.0, abs=0.03)
    comes = witness(lambda t: {"attention_s": 3.0 + max(0.0, t - 4.0)})
    assert comes.parts["attention"] == pytest.approx(1.0, abs=0.03)
    assert turns.reaction < 0 < comes.reaction


def test_leaving_counts_against_it() -> None:
    start = viewer(dwell_s=5.0, attention_s=3.0)
    seen = ViewerDuringPlay(0.0, start, 5.0, 3.0)
    seen.update(4.0, replace(start, dwell_s=9.0, attention_s=5.0))
    assert seen.impression(WEIGHTS, stayed=False).reaction == pytest.approx(-WEIGHTS.leaves)
    assert seen.impression(WEIGHTS, stayed=True).reaction == 0.0


def test_of_what_cannot_be_told_nothing_is_made() -> None:
    unknown: dict[str, Any] = {"expression": {}, "expression_baseline": {}, "distance_m": None}
    blind = witness(lambda _: unknown)
    assert blind.reaction == 0.0
    assert blind.reading_s is None


# Real people


def watch(
    clip: Path, from_s: float, to_s: float, *, backwards: bool = False
) -> list[AudienceSnapshot]:
    """Every third picture: about ten a second."""
    pictures = list(islice(read_video(clip, from_s=from_s, to_s=to_s), 0, None, 3))
    images = [image for _, image in pictures]
    config = load_config(DEMO)
    audience, perceiver = open_audience(config), Perceiver(config)
    try:
        frames = [
            Frame(t_s, utc(t_s), image)
            for (t_s, _), image in zip(pictures, images[::-1] if backwards else images, strict=True)
        ]
        return [audience.update(frame, perceiver.perceive(frame)) for frame in frames]
    finally:
        perceiver.close()


def reaction(snapshots: Sequence[AudienceSnapshot], from_s: float) -> Impression:
    """Of the one person, to a play that began ``from_s`` after they came."""
    begin_s = snapshots[0].t_s + from_s
    before = [snapshot for snapshot in snapshots if snapshot.t_s <= begin_s]
    tally = PlayTally("screen-1", before[-1].t_s, before[-1])
    for snapshot in snapshots[len(before) :]:
        tally.update(snapshot)
    (impression,) = tally.close(snapshots[-1], load_config(DEMO).reward).impressions
    return impression


@pytest.mark.models
def test_who_was_sad_and_is_happy_liked_it() -> None:
    told = reaction(watch(FOOTAGE / "WolfgangLanger_Pexels.mp4", 0.0, 14.0), 3.0)
    assert told.parts["smile"] > 0.3
    assert told.reaction > 0.3


@pytest.mark.models
def test_the_same_backwards_is_who_did_not() -> None:
    told = reaction(watch(FOOTAGE / "WolfgangLanger_Pexels.mp4", 0.0, 17.0, backwards=True), 4.0)
    assert told.reaction < -0.2


@pytest.mark.models
def test_who_was_neutral_and_smiles_liked_it() -> None:
    told = reaction(watch(FOOTAGE / "single_face.mp4", 0.0, 2.2), 0.4)
    assert told.parts["smile"] > 0.3
    assert told.reaction > 0.3


@pytest.mark.models
def test_who_sits_and_looks_does_not_react() -> None:
    told = reaction(watch(FOOTAGE / "cap13_edit2.mp4", 2.0, 10.0), 2.0)
    assert abs(told.reaction) < 0.2
