"""What the audience gave a play, as one number in [0, 1].

Attracting and holding are different jobs. Where somebody is watching when the play begins, ``a``
is the attention given divided by the attention possible (everybody's attention time over
everybody's time present, while the play was confirmed on screen). Where nobody is, ``a`` is the
share of the people who came to look, each by how much of ``look_s`` they did: whoever walks
through in four seconds and looks for one of them was won, and more was hardly to be had. Then

    reward = 1 - (1 - w_attention · a) ^ (1 + w_stay · stayed + w_reaction · reaction
                                            + w_reading · reading + w_more · more)

so no look is 0 whatever else happens, more attention is always more, and what raises the
reward works like further chances to look. ``stayed`` is the share of the people who were
still there at the end, ``reaction`` in [-1, 1] how they took it (``reaction.py``), weighted by
their attention, ``reading`` the share of the attention that was reading, and ``more`` the share
that was reading while what is more of the content was open beside it.
Whoever could not be judged, because the head was too small for a look to be told, is left out of
``a``: their time is neither given nor possible.
Where nobody was present for long enough to see the play, nobody could be judged, or the camera did
not see during most of it, there is no reward. Who was there for less than ``min_opportunity_s``
counts for nothing; their seconds are kept as ``short_stays``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from signage.config.reward import RewardConfig
from signage.recommend.course import Blindness, Course, Courses
from signage.recommend.reaction import ViewerDuringPlay
from signage.types.audience import AudienceSnapshot, Viewer
from signage.types.rewards import Impression, Reward, ShortStay, Unfolding

_MIN_OBSERVED_SHARE = 0.5


class PlayTally:
    """Counts what one play gets, from its confirmed start to its confirmed end.

    Both lie between frames: what was given in the frames around them is divided there.
    """

    def __init__(
        self,
        decision_id: str,
        started_s: float,
        audience: AudienceSnapshot,
        courses: Courses | None = None,
    ) -> None:
        """``courses`` tells what was given since ``started_s``, where that is before now."""
        self.decision_id = decision_id
        self.started_s = round(started_s, 3)
        self._last_s = max(started_s, audience.t_s)
        self._watched = any(viewer.attentive for viewer in audience.viewers)
        self._viewers: dict[str, ViewerDuringPlay] = {}
        self._open: _Open | None = None
        self._opened: list[_Open] = []
        self._courses = dict(courses.since(self.started_s)) if courses else {}
        self._blindness = courses.blindness.since(self.started_s) if courses else Blindness()
        for viewer in audience.viewers:
            self._meet(audience.t_s, viewer)

    def update(self, audience: AudienceSnapshot) -> None:
        """Add what happened since the last call."""
        if not audience.observed:
            self._blindness.add(self._last_s, audience.t_s, audience.fault)
        self._last_s = max(self._last_s, audience.t_s)
        for viewer in audience.viewers:
            viewer_during_play = self._viewers.get(viewer.visit_id)
            if viewer_during_play is None:
                viewer_during_play = self._meet(audience.t_s, viewer)
            viewer_during_play.update(audience.t_s, viewer)

    def drop(self, visit_id: str) -> None:
        """Forget a visit that is none, or whose time another visit of the same person has."""
        self._viewers.pop(visit_id, None)
        self._courses.pop(visit_id, None)

    def _meet(self, t_s: float, viewer: Viewer) -> ViewerDuringPlay:
        course = self._courses.get(viewer.visit_id)
        if course is None:
            course = Course()
            course.add(t_s, viewer)
        viewer_during_play = self._viewers[viewer.visit_id] = ViewerDuringPlay(
            t_s, viewer, course=course
        )
        return viewer_during_play

    def unfold(self, reason: str, t_s: float, utc: datetime) -> None:
        """What is more of the content is open, and is to be seen since ``t_s``."""
        self._open = _Open(reason, t_s, utc)

    def fold(self, t_s: float) -> None:
        """It is not any more."""
        if self._open is not None:
            self._opened.append(replace(self._open, until_s=max(self._open.since_s, t_s)))
            self._open = None

    def close(
        self, audience: AudienceSnapshot, config: RewardConfig, ended_s: float | None = None
    ) -> Reward:
        """The reward, at the end of the play; without ``ended_s`` that is now."""
        self.update(audience)
        ended_s = max(self.started_s, round(self._last_s if ended_s is None else ended_s, 3))
        self.fold(ended_s)
        present = {viewer.visit_id for viewer in audience.viewers}
        counted: dict[str, Impression] = {}
        short: list[ShortStay] = []
        for visit_id, viewer_during_play in self._viewers.items():
            given = viewer_during_play.course.between(self.started_s, ended_s)
            if given.present_s >= config.min_opportunity_s:
                counted[visit_id] = viewer_during_play.impression(
                    config.reactions,
                    stayed=visit_id in present,
                    from_s=self.started_s,
                    to_s=ended_s,
                )
            elif given.present_s > 0:
                short.append(viewer_during_play.short_stay(given))
        impressions = tuple(counted.values())
        length_s = ended_s - self.started_s
        blind_s, fault = self._blindness.between(self.started_s, ended_s)
        parts: dict[str, float | int | str] = {
            "length_s": round(length_s, 3),
            "opportunities": len(impressions),
        }
        if blind_s:
            parts["blind_s"] = round(blind_s, 3)
        unfoldings, more_s = self._unfoldings(counted, ended_s)
        value: float | None = None
        if length_s > 0 and blind_s / length_s > _MIN_OBSERVED_SHARE:
            parts["absent"] = "camera_lost"
            parts["camera"] = fault or "lost"
        elif not impressions:
            parts["absent"] = "nobody_present"
        elif not any(impression.possible_s for impression in impressions):
            parts["absent"] = "looks_unknown"
        else:
            parts["state"] = "hold" if self._watched else "attract"
            value = _value(impressions, more_s, config, parts)
        return Reward(
            self.decision_id,
            audience.t_s,
            audience.utc,
            value,
            parts,
            impressions,
            unfoldings,
            tuple(short),
        )

    def _unfoldings(
        self, counted: Iterable[str], ended_s: float
    ) -> tuple[tuple[Unfolding, ...], float]:
        """What was open, and for how long everybody who counts read then, added up."""
        unfoldings, more_s = [], 0.0
        for each in self._opened:
            since_s = min(max(each.since_s, self.started_s), ended_s)
            until_s = min(each.until_s, ended_s)
            read_s = sum(
                self._viewers[visit_id].course.between(since_s, until_s).reading_s or 0.0
                for visit_id in counted
            )
            open_s = round(max(0.0, until_s - since_s), 3)
            unfoldings.append(
                Unfolding(each.reason, each.utc, open_s, round(min(open_s, read_s), 3))
            )
            more_s += read_s
        return tuple(unfoldings), more_s


@dataclass(frozen=True, slots=True)
class _Open:
    """What is open, or was."""

    reason: str
    since_s: float
    utc: datetime
    until_s: float = math.inf


def _value(
    impressions: tuple[Impression, ...],
    more_s: float,
    config: RewardConfig,
    parts: dict[str, float | int | str],
) -> float:
    judged = [i for i in impressions if i.possible_s > 0]
    given_s = sum(i.attention_s or 0.0 for i in judged)
    possible_s = sum(i.possible_s for i in judged)
    if parts["state"] == "hold":
        attention = min(1.0, given_s / possible_s)
    else:
        looks = (min(1.0, (i.attention_s or 0.0) / config.look_s) for i in judged)
        attention = sum(looks) / len(judged)
    stayed = sum(i.stayed for i in impressions) / len(impressions)
    reaction = reading = more = 0.0
    if given_s > 0:
        reaction = sum((i.attention_s or 0.0) * i.reaction for i in judged) / given_s
        reading = min(1.0, sum(i.reading_s or 0.0 for i in impressions) / given_s)
        more = min(1.0, more_s / given_s)
    chances = (
        1
        + config.stay * stayed
        + config.reaction * reaction
        + config.reading * reading
        + config.more * more
    )
    value: float = 1 - (1 - config.attention * attention) ** chances
    parts |= {
        "attention_s": round(given_s, 3),
        "possible_s": round(possible_s, 3),
        "attention": round(attention, 4),
        "stayed": round(stayed, 4),
        "reaction": round(reaction, 4),
        "reading": round(reading, 4),
        "more": round(more, 4),
    }
    return float(round(value, 6))
