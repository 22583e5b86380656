"""Why this one: in words."""

from __future__ import annotations

from typing import Any

import pytest

from signage.journal.words import in_words, why
from signage.recommend.context import AGE_BANDS
from signage.recommend.policies.encoding import VISIT_FEATURES
from signage.text.vocabulary import POLICIES, TRIGGERS, feature
from signage.types.audience import Movement
from signage.types.decisions import Trigger
from signage.types.vision import MOODS, Facing

TITLES = {"coffee": "Slow is a flavour", "shoes": "Run late", "tea": "Tea", "wine": "Cellar"}
ROW: dict[str, Any] = {
    "content_id": "coffee",
    "policy": "vw",
    "trigger": "first_person",
    "propensity": 0.62,
    "forced": False,
    "eligible": {"coffee": 0.62, "shoes": 0.3, "tea": 0.08},
    "estimates": {"coffee": 0.41, "shoes": 0.35, "tea": 0.2},
    "reasons": {"category=travel with distance=personal": 0.08, "tag=drink": -0.02},
    "masked": {"wine": "adults_only: the age of viewer 1.1 is unknown"},
    "gave_way": {},
}


def test_a_choice() -> None:
    assert why(ROW, TITLES) == (
        "The learner chose “Slow is a flavour” (62% likely). It could also have been “Run late” "
        "(30%), “Tea” (8%). Its expected reward was 0.41, the highest of all. For it: travel, very "
        "near (+0.08). Against it: drink (−0.02). Not allowed: “Cellar” (for adults only: the age "
        "of someone here is unknown)."
    )


def test_what_was_not_the_best_and_what_gave_way() -> None:
    told = why(ROW | {"content_id": "tea", "gave_way": {"shoes": "share_min: 3 of 9 due"}}, TITLES)
    assert "“Slow is a flavour” had the highest, 0.41." in told
    assert told.endswith("Rules set aside: “Run late” (minimum share of voice: 3 of 9 due).")


def test_what_had_to_play() -> None:
    alone = {"forced": True, "eligible": {"coffee": 1.0}, "estimates": {}, "reasons": {}}
    told = why(ROW | alone, TITLES)
    assert told.startswith("“Slow is a flavour” was the only possible choice.")


def test_a_hundred_contents_that_are_not_allowed_are_counted() -> None:
    masked = {f"c{number}": "share_max: 5 of 4 in the last 100 plays" for number in range(100)}
    told = why(ROW | {"masked": masked | {"tea": "competes: wine is of drinks, too"}}, TITLES)
    assert "“c2” and 97 more (maximum share of voice: 5 of 4 in the last 100 plays)" in told
    assert "“Tea” (competitor just played: “Cellar” is of drinks, too)" in told


NAMES = [
    *VISIT_FEATURES, "motion", "still", "smile", "attentive", "weekend", "reading", "returning",
    *(f"age={band}" for band in (*AGE_BANDS, "unknown")),
    *(f"gender={value}" for value in ("female", "male", "unknown")),
    *(f"group={value}" for value in ("0", "1", "2", "3-4", "5+")),
    *(f"daypart={value}" for value in ("night", "morning", "noon", "afternoon", "evening")),
    *(f"distance={value}" for value in ("personal", "social", "public")),
    *(f"mood={value}" for value in MOODS),
    *(f"movement={value}" for value in Movement),
    *(f"facing={value}" for value in Facing),
    "state=hold", "state=attract", "medium=html", "medium=image", "medium=video", "id=coffee",
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_feature_has_words(name: str) -> None:
    said = feature(name)
    assert said not in {name, name.partition("=")[2]} or name == "movement=standing"
    assert "=" not in said
    assert "_" not in said


def test_every_trigger_and_policy_has_words() -> None:
    assert set(TRIGGERS) == set(Trigger)
    assert {"vw", "apprentice", "rules", "playlist", "uniform"} <= set(POLICIES)
    told = in_words(ROW)
    assert (told["chosen_by"], told["because"]) == ("the learner", "the first person arrived")
    assert told["reasons"][0] == ["travel, very near", 0.08]
    assert in_words(ROW | {"policy": "shop.Mine"})["chosen_by"] == "the policy shop.Mine"
