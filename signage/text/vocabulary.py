"""What the program calls by a short name, in the words of the people who run a shop.

The one vocabulary: for the words of a decision, the dashboard and the printed text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

POLICIES = {
    "vw": "the learner",
    "apprentice": "the apprentice",
    "rules": "the rules table",
    "playlist": "the playlist",
    "uniform": "a random draw",
    "fixed": "a fixed choice",
}
TRIGGERS = {
    "start": "the screen started",
    "play_ends": "the previous play ended",
    "first_person": "the first person arrived",
    "new_main_viewer": "another person came to the front",
    "no_longer_allowed": "the previous content was not allowed for someone who arrived",
    "play_failed": "the previous play failed",
    "ordered": "an operator gave an order",
    "mandatory": "the hours of a mandatory content began or ended",
}
MOVEMENTS = {
    "approaching": "coming closer",
    "leaving": "walking away",
    "passing_left": "passing to the left",
    "passing_right": "passing to the right",
    "standing": "standing",
}
FACINGS = {"towards": "facing the screen", "sideways": "turned sideways", "away": "facing away"}
RULES = {
    "adults_only": "for adults only",
    "min_age": "age limit",
    "from_date": "campaign has not started",
    "until_date": "campaign is over",
    "weekdays": "not on this weekday",
    "daypart": "not at this time of day",
    "max_per_hour": "hourly limit reached",
    "max_per_viewer": "limit per person reached",
    "share_min": "minimum share of voice",
    "share_max": "maximum share of voice",
    "competes": "competitor just played",
    "already_watched": "already watched",
    "exploration_max": "exploration limit",
    "mandatory": "plays only in its own hours",
    "pinned": "other content is pinned",
    "emergency": "emergency",
}

_VALUES = {
    "age": {"unknown": "age unknown", "65+": "aged 65 or over"},
    "gender": {"female": "women", "male": "men", "unknown": "gender unknown"},
    "group": {
        "0": "nobody here",
        "1": "one person",
        "2": "two people",
        "3-4": "three or four people",
        "5+": "five or more people",
    },
    "state": {"hold": "someone is watching", "attract": "nobody is watching"},
    "movement": MOVEMENTS,
    "facing": FACINGS,
    "distance": {"personal": "very near", "social": "a few steps away", "public": "far away"},
    "daypart": {
        "night": "at night",
        "morning": "in the morning",
        "noon": "around noon",
        "afternoon": "in the afternoon",
        "evening": "in the evening",
    },
    "mood": {
        "neutral": "a calm face",
        "happy": "a happy face",
        "sad": "a sad face",
        "angry": "an angry face",
        "surprised": "a surprised face",
        "fearful": "a frightened face",
        "disgusted": "a disgusted face",
    },
    "medium": {"html": "an animated page", "image": "a picture", "video": "a film"},
}
_WHOLE = {
    "advised": "advised by the rules table",
    "attentive": "people are watching",
    "earned": "their earlier attention to it",
    "fresh": "new to them",
    "liked category": "they liked this category",
    "liked category more": "they liked this category more than others",
    "liked tag": "they liked this kind",
    "liked tag more": "they liked this kind more than others",
    "motion": "it moves",
    "moved by category": "they reacted to this category",
    "moved by tag": "they reacted to this kind",
    "reading": "someone is reading",
    "returning": "a returning visitor",
    "seen": "they have seen it before",
    "smile": "a smile",
    "still": "it stands still",
    "weekend": "at the weekend",
}
_VIEWER = re.compile(r"\bviewer [\w.-]+")


def feature(name: str) -> str:
    """A feature of `recommend.features`, or a pair of them, as people say it."""
    return ", ".join(_feature(part) for part in name.split(" with "))


def _feature(name: str) -> str:
    key, equals, value = name.partition("=")
    if not equals:
        return _WHOLE.get(name, name.replace("_", " "))
    if key == "id":
        return "this content"
    if value in _VALUES.get(key, {}):
        return _VALUES[key][value]
    if key == "age":
        return f"aged {value.replace('-', ' to ')}"
    return f"wears {value}" if key == "wears" else value.replace("_", " ")


def rule(reason: str, titles: Mapping[str, str]) -> str:
    """Why a content was not allowed, or gave way; ``reason`` is ``rule: what it found``.

    A content that it begins with is called by its title.
    """
    name, _, found = reason.partition(": ")
    words = RULES.get(name, name.replace("_", " "))
    about = [other for other in titles if found.startswith(f"{other} ")]
    if about:
        other = max(about, key=len)
        found = f"“{titles[other]}”{found[len(other) :]}"
    return f"{words}: {_VIEWER.sub('someone here', found)}" if found else words
