"""Whether a decision is due, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from signage.config.decision import DecisionConfig
from signage.engine.playback import Play, Playback
from signage.recommend.constraints.rules import ForcedContent
from signage.recommend.recommender import Recommender
from signage.types.audience import AudienceSnapshot
from signage.types.decisions import Decision, Trigger


@dataclass(frozen=True, slots=True)
class Due:
    """A decision is due."""

    trigger: Trigger
    now: bool
    """Its content replaces the running play; else it follows on it."""


class Triggers:
    """Compares the audience, the plays and the orders with those of the newest decision."""

    def __init__(self, config: DecisionConfig, recommender: Recommender) -> None:
        self._config = config
        self._recommender = recommender
        self._has_decided = False
        # The main viewer that the newest decision was made for, and since when it is another.
        self._decided_for: str | None = None
        self._other_main_since_s: float | None = None
        # What had to play alone when the newest decision was made.
        self._forced: ForcedContent | None = None

    def note(self, decision: Decision, audience: AudienceSnapshot) -> None:
        """``decision`` was made for ``audience``."""
        self._has_decided = True
        self._forced = self._recommender.forced_content(decision.utc)
        self._decided_for = audience.main.visit_id if audience.main else None
        self._other_main_since_s = None

    def note_catalogue(self, utc: datetime) -> None:
        """What had to play alone and is gone may end: nobody took it back."""
        if self._forced and self._forced.content_id not in self._recommender.catalogue:
            self._forced = self._recommender.forced_content(utc)

    def due(self, audience: AudienceSnapshot, playback: Playback) -> Due | None:
        """Why a decision is due; None if it is not."""
        changed = self._audience_changed(audience)
        if (urgent := self._urgent(audience, playback)) is not None:
            return urgent
        running = playback.running
        if running is not None:
            return self._while_running(running, playback, changed, audience.t_s)
        if playback.asked is not None or audience.t_s < playback.retry_at_s:
            return None
        return Due(Trigger.PLAY_ENDS if self._has_decided else Trigger.START, now=True)

    def _while_running(
        self, running: Play, playback: Playback, changed: Trigger | None, t_s: float
    ) -> Due | None:
        rules = self._config
        if running.reveal is not None and running.reveal.holds(t_s + rules.lead_s):
            return None  # somebody reads on
        may_cut = t_s - running.started_s >= rules.min_play_s and not self._is_forced(running)
        if changed is not None and may_cut:
            return Due(changed, now=True)
        if running.ends_within(rules.lead_s, t_s) and playback.asked is None:
            return Due(Trigger.PLAY_ENDS, now=False)
        return None

    def _urgent(self, audience: AudienceSnapshot, playback: Playback) -> Due | None:
        """Whether what is shown, or is about to be, has to give way whatever the time."""
        running, asked = playback.running, playback.asked
        forced = self._recommender.forced_content(audience.utc)
        if forced != self._forced and (running or asked):
            return Due(_trigger_of(forced, self._forced), now=True)
        replaces = asked is not None and asked.now
        asked_excluded = asked is not None and (
            asked.decision.content_id not in self._recommender.catalogue
            or self._excludes(asked, audience)
        )
        stays = running is not None and (not replaces or asked_excluded)
        if running and stays and self._excludes(running, audience):
            return Due(Trigger.NO_LONGER_ALLOWED, now=True)
        if asked_excluded:
            return Due(Trigger.NO_LONGER_ALLOWED, now=replaces or running is None)
        if playback.is_overdue(audience.t_s):
            return Due(Trigger.PLAY_FAILED, now=True)
        return None

    def _audience_changed(self, audience: AudienceSnapshot) -> Trigger | None:
        """Whether the newest decision was made for somebody else."""
        main = audience.main
        if main is None:
            self._decided_for, self._other_main_since_s = None, None
            return None
        if self._decided_for is None:
            return Trigger.FIRST_PERSON
        if main.visit_id == self._decided_for:
            self._other_main_since_s = None
            return None
        if self._other_main_since_s is None:
            self._other_main_since_s = audience.t_s
        settled = audience.t_s - self._other_main_since_s >= self._config.settle_s
        return Trigger.NEW_MAIN_VIEWER if settled else None

    def _is_forced(self, running: Play) -> bool:
        """Whether it has to play alone: whoever comes, it is not begun anew."""
        return bool(self._forced and running.decision.content_id == self._forced.content_id)

    def _excludes(self, play: Play, audience: AudienceSnapshot) -> bool:
        return self._recommender.excludes(play.decision.content_id, audience)


def _trigger_of(*forced: ForcedContent | None) -> Trigger:
    """Who changed what has to play alone, from one of these to the other."""
    kinds = {each.kind for each in forced if each}
    is_by_the_hour = "mandatory" in kinds and "emergency" not in kinds
    return Trigger.MANDATORY if is_by_the_hour else Trigger.ORDERED
