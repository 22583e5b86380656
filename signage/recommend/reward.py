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
Where nobody was present for long enough to see the play, or the camera was lost during
most of it, there is no reward.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from signage.config import RewardConfig
from signage.recommend.reaction import Witness
from signage.types import AudienceSnapshot, Impression, Reward, Unfolding

_MIN_OBSERVED_SHARE = 0.5


class PlayTally:
    """Counts what one play gets, from its confirmed start to its end."""

    def __init__(self, decision_id: str, started_s: float, audience: AudienceSnapshot) -> None:
        self.decision_id = decision_id
        self.started_s = self._last_s = started_s
        self._blind_s = 0.0
        self._watched = any(viewer.attentive for viewer in audience.viewers)
        self._witnesses: dict[str, Witness] = {}
        self._open: _Open | None = None
        self._unfoldings: list[Unfolding] = []
        for viewer in audience.viewers:
            self._witnesses[viewer.visit_id] = Witness(
                started_s, viewer, viewer.dwell_s, viewer.attention_s
            )

    def update(self, audience: AudienceSnapshot) -> None:
        """Add what happened since the last call."""
        if not audience.observed:
            self._blind_s += max(0.0, audience.t_s - self._last_s)
        self._last_s = max(self._last_s, audience.t_s)
        for viewer in audience.viewers:
            witness = self._witnesses.get(viewer.visit_id)
            if witness is None:
                # Was here unconfirmed before: what came before the play does not count.
                before_s = max(0.0, self.started_s - viewer.first_seen_s)
                witness = Witness(audience.t_s, viewer, min(before_s, viewer.dwell_s), 0.0)
                self._witnesses[viewer.visit_id] = witness
            witness.update(audience.t_s, viewer)

    def unfold(self, reason: str, t_s: float, utc: datetime) -> None:
        """What is more of the content is open, and is to be seen since ``t_s``."""
        self._open = _Open(reason, t_s, utc, self._read_s)

    def fold(self, t_s: float) -> None:
        """It is not any more."""
        if (was := self._open) is not None:
            self._open = None
            read_s, open_s = self._read_s - was.read_before_s, max(0.0, t_s - was.since_s)
            self._unfoldings.append(
                Unfolding(was.reason, was.utc, round(open_s, 3), round(read_s, 3))
            )

    @property
    def _read_s(self) -> float:
        return sum(witness.reading_s or 0.0 for witness in self._witnesses.values())

    def close(self, audience: AudienceSnapshot, config: RewardConfig) -> Reward:
        """The reward, at the end of the play."""
        self.update(audience)
        self.fold(self._last_s)
        present = {viewer.visit_id for viewer in audience.viewers}
        impressions = tuple(
            witness.impression(config.reactions, stayed=visit_id in present)
            for visit_id, witness in self._witnesses.items()
            if witness.present_s >= config.min_opportunity_s
        )
        length_s = self._last_s - self.started_s
        parts: dict[str, float | int | str] = {
            "length_s": round(length_s, 3),
            "opportunities": len(impressions),
        }
        value: float | None = None
        if length_s > 0 and self._blind_s / length_s > _MIN_OBSERVED_SHARE:
            parts["absent"] = "camera_lost"
        elif not impressions:
            parts["absent"] = "nobody_present"
        else:
            parts["state"] = "hold" if self._watched else "attract"
            more_s = sum(unfolding.read_s for unfolding in self._unfoldings)
            value = _value(impressions, more_s, config, parts)
        return Reward(
            self.decision_id,
            audience.t_s,
            audience.utc,
            value,
            parts,
            impressions,
            tuple(self._unfoldings),
        )


@dataclass(frozen=True, slots=True)
class _Open:
    """What is open, and how much had been read of the content before."""

    reason: str
    since_s: float
    utc: datetime
    read_before_s: float


def _value(
    impressions: tuple[Impression, ...],
    more_s: float,
    config: RewardConfig,
    parts: dict[str, float | int | str],
) -> float:
    given_s = sum(i.attention_s for i in impressions)
    possible_s = sum(i.present_s for i in impressions)
    if parts["state"] == "hold":
        attention = min(1.0, given_s / possible_s)
    else:
        looks = (min(1.0, i.attention_s / config.look_s) for i in impressions)
        attention = sum(looks) / len(impressions)
    stayed = sum(i.stayed for i in impressions) / len(impressions)
    reaction = reading = more = 0.0
    if given_s > 0:
        reaction = sum(i.attention_s * i.reaction for i in impressions) / given_s
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
