"""What the audience gave a play, as one number in [0, 1].

With ``a`` the attention given divided by the attention possible (everybody's attention
time over everybody's time present, while the play was confirmed on screen),

    reward = 1 - (1 - w_attention · a) ^ (1 + w_stay · stayed + w_expression · smiled)

so no look is 0 whatever else happens, more attention is always more, and what raises the
reward works like further chances to look. ``stayed`` is the share of the people who were
still there at the end, ``smiled`` their mean growth of smile, weighted by attention.
Where nobody was present for long enough to see the play, or the camera was lost during
most of it, there is no reward.
"""

from __future__ import annotations

from dataclasses import dataclass

from signage.config import RewardConfig
from signage.types import AudienceSnapshot, Impression, Reward, Viewer

_MIN_OBSERVED_SHARE = 0.5


@dataclass(slots=True)
class _Witness:
    """One person during one play."""

    dwell_at_start_s: float
    attention_at_start_s: float
    smile_at_start: float
    now: Viewer
    smile_peak: float


class PlayTally:
    """Counts what one play gets, from its confirmed start to its end."""

    def __init__(self, decision_id: str, started_s: float, audience: AudienceSnapshot) -> None:
        self.decision_id = decision_id
        self.started_s = self._last_s = started_s
        self._blind_s = 0.0
        self._witnesses: dict[str, _Witness] = {}
        for viewer in audience.viewers:
            self._add(viewer, viewer.dwell_s, viewer.attention_s)

    def update(self, audience: AudienceSnapshot) -> None:
        """Add what happened since the last call."""
        if not audience.observed:
            self._blind_s += max(0.0, audience.t_s - self._last_s)
        self._last_s = max(self._last_s, audience.t_s)
        for viewer in audience.viewers:
            witness = self._witnesses.get(viewer.viewer_id)
            if witness is None:
                # Was here unconfirmed before: what came before the play does not count.
                before_s = max(0.0, self.started_s - viewer.first_seen_s)
                self._add(viewer, min(before_s, viewer.dwell_s), 0.0)
            else:
                witness.now = viewer
                witness.smile_peak = max(witness.smile_peak, _smile(viewer))

    def close(self, audience: AudienceSnapshot, config: RewardConfig) -> Reward:
        """The reward, at the end of the play."""
        self.update(audience)
        present = {viewer.viewer_id for viewer in audience.viewers}
        impressions = tuple(
            impression
            for viewer_id, witness in self._witnesses.items()
            if (impression := _impression(witness, stayed=viewer_id in present)).present_s
            >= config.min_opportunity_s
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
            value = _value(impressions, config, parts)
        return Reward(self.decision_id, audience.t_s, audience.utc, value, parts, impressions)

    def _add(self, viewer: Viewer, dwell_s: float, attention_s: float) -> None:
        smile = _smile(viewer)
        self._witnesses[viewer.viewer_id] = _Witness(dwell_s, attention_s, smile, viewer, smile)


def _value(
    impressions: tuple[Impression, ...],
    config: RewardConfig,
    parts: dict[str, float | int | str],
) -> float:
    given_s = sum(i.attention_s for i in impressions)
    possible_s = sum(i.present_s for i in impressions)
    attention = min(1.0, given_s / possible_s)
    stayed = sum(i.stayed for i in impressions) / len(impressions)
    smiled = (
        sum(i.attention_s * max(0.0, i.smile_change) for i in impressions) / given_s
        if given_s > 0
        else 0.0
    )
    chances = 1 + config.stay * stayed + config.expression * smiled
    value: float = 1 - (1 - config.attention * attention) ** chances
    parts |= {
        "attention_s": round(given_s, 3),
        "possible_s": round(possible_s, 3),
        "attention": round(attention, 4),
        "stayed": round(stayed, 4),
        "smiled": round(smiled, 4),
    }
    return float(round(value, 6))


def _impression(witness: _Witness, *, stayed: bool) -> Impression:
    viewer = witness.now
    present_s = max(0.0, viewer.dwell_s - witness.dwell_at_start_s)
    return Impression(
        viewer_id=viewer.viewer_id,
        present_s=round(present_s, 3),
        attention_s=round(
            min(present_s, max(0.0, viewer.attention_s - witness.attention_at_start_s)), 3
        ),
        stayed=stayed,
        smile_change=round(witness.smile_peak - witness.smile_at_start, 4),
    )


def _smile(viewer: Viewer) -> float:
    return float(viewer.expression.get("smile", 0.0))
