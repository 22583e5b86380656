"""What may be shown now. Constraints mask the catalogue before any policy draws.

The order of precedence; whatever stands first wins:

1. what is forced: the operator's emergency item, then a mandatory item in its hours (the first
   by id). It plays at once and alone, and repeats until nothing forces it any more,
2. who must not see it: ``adults_only`` and ``min_age``,
3. its campaign dates, weekdays and dayparts,
4. the operator's pinned item: it plays alone, as long as 2 and 3 let it,
5. caps: ``max_per_hour``, ``max_per_viewer``, ``share_max``, ``competes``; what has just failed
   on the screen waits before it is tried again,
6. what gives way, each to those before it: ``share_min``; what the main viewer has watched
   before and did not care for (``repeat_min_attention``); ``exploration_max``.

Where nothing is left, the fallback plays, which is exempt from 5, and by its nature never breaks
2 or 3. What plays alone, and the fallback, is forced: not drawn, not learned from, and without
a share of voice. The audience (2) and what is forced (1, 4) interrupt a running play; what runs
when its dates or hours end is shown to its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

import numpy as np

from signage.config.clock import local_time
from signage.config.config import Config
from signage.content.catalogue import Catalogue, Content
from signage.recommend.constraints import share
from signage.recommend.constraints.failing import FailingContents
from signage.recommend.constraints.recent import RecentPlays
from signage.recommend.constraints.share import Promise
from signage.recommend.history import VisitHistory
from signage.recommend.policies.base import Answer
from signage.types.arrays import Floats
from signage.types.audience import AudienceSnapshot
from signage.types.orders import Orders
from signage.types.plays import Play

_UNCALLED = "mandatory: plays only when called for"


@dataclass(frozen=True, slots=True)
class ForcedContent:
    """A content that has to play alone, and who says so."""

    kind: Literal["emergency", "mandatory", "pinned"]
    content_id: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What a decision is made in."""

    audience: AudienceSnapshot
    orders: Orders
    histories: Mapping[str, VisitHistory]
    """Of everybody in view, by their visit."""
    on_screen: str | None = None
    """Content that is running."""


@dataclass(slots=True)
class Verdict:
    """What is left to a policy, and why nothing else."""

    allowed: tuple[str, ...]
    masked: dict[str, str]
    gave_way: dict[str, str] = field(default_factory=dict)
    promises: dict[str, Promise] = field(default_factory=dict)
    """Of those of ``allowed`` that have a ``share_min``."""
    forced: bool = False


class Constraints:
    """Knows the rules and the plays that they count."""

    def __init__(self, config: Config, catalogue: Catalogue) -> None:
        rules = config.constraints
        self._rules, self._zone = rules, config.timezone
        self.known: dict[str, Content] = {}
        """All contents since the start, as last described: one may be withdrawn while it plays."""
        self.failing = FailingContents()
        self._catalogue = catalogue
        self.replace_catalogue(catalogue)
        self._plays = RecentPlays(rules.share_window_plays, rules.separation_plays)

    def replace_catalogue(self, catalogue: Catalogue) -> None:
        """Go on with another catalogue; the plays are counted on."""
        before, self._catalogue = self._catalogue, catalogue
        self.failing.forget(
            name
            for name, content in before.items()
            if name not in catalogue or catalogue[name].version != content.version
        )
        self.known |= catalogue
        # Asked for at every frame.
        self._by_the_hour = [c for c in catalogue.values() if c.mandatory and not c.always]

    def note_play(self, play: Play) -> None:
        """Count a play, from its decision on and then again from its start on screen."""
        self._plays.note(play)

    def forget_play(self, decision_id: str) -> None:
        """Take back a play that never reached the screen."""
        self._plays.forget(decision_id)

    def forced_content(self, orders: Orders, utc: datetime) -> ForcedContent | None:
        """What has to play alone at ``utc``; of a pin, unless 2 or 3 forbid it."""
        if orders.emergency is not None and orders.emergency in self._catalogue:
            return ForcedContent("emergency", orders.emergency)
        for content in self._by_the_hour:
            if not self._closed(content, utc):
                return ForcedContent("mandatory", content.content_id)
        if orders.pinned is not None and orders.pinned in self._catalogue:
            return ForcedContent("pinned", orders.pinned)
        return None

    def judge(self, now: Situation) -> Verdict:
        """Everything but the draw, in the order that stands above."""
        self._plays.trim(now.audience.utc)
        forbidden = self._masked(self._forbids(now))
        capped = self._masked(self._caps(now))
        masked = capped | forbidden
        gave_way = {
            content_id: f"{kind}: not in the catalogue"
            for kind in ("pinned", "emergency")
            if (content_id := getattr(now.orders, kind)) and content_id not in self._catalogue
        }
        forced = self.forced_content(now.orders, now.audience.utc)
        if forced and (forced.kind != "pinned" or forced.content_id not in forbidden):
            return self._alone(forced, masked, gave_way)
        if forced:
            gave_way[forced.content_id] = f"pinned: gave way to {masked[forced.content_id]}"
        allowed = [content_id for content_id in self._catalogue if content_id not in masked]
        if not allowed:
            name = self._catalogue.fallback.content_id
            gave_way[name] = f"{masked.pop(name)}; nothing else was allowed"
            return Verdict((name,), masked, gave_way, forced=True)
        verdict = Verdict(tuple(allowed), masked, gave_way)
        self._keep_promises(verdict, now)
        self._mask_repeats(verdict, now)
        return verdict

    def shape(self, verdict: Verdict, answer: Answer) -> Floats:
        """The probabilities to draw from: ``answer`` within its budget, shares kept."""
        if verdict.forced:
            return answer.probabilities
        floors = [
            verdict.promises[name].floor if name in verdict.promises else 0.0
            for name in verdict.allowed
        ]
        budget = self._rules.exploration_max
        drawn = share.lifted(share.within_budget(answer, budget), np.array(floors))
        if (explored := share.explored(answer, drawn)) > budget + 1e-9:
            why = f"exploration_max: {explored:.2f} of {budget:g}, gave way to share_min"
            lifted = [name for name in verdict.allowed if name in verdict.promises]
            verdict.gave_way |= dict.fromkeys(lifted, why) | verdict.gave_way
        return drawn

    def audience_excludes(self, content: Content, snapshot: AudienceSnapshot) -> str | None:
        """Why the people in view must not see ``content``, or None.

        Decided on the upper tail of each age estimate, not on its mean; an unknown age
        counts as too young.
        """
        if not content.age_restricted:
            return None
        age, rule = content.min_age or 0, "min_age"
        if content.adults_only and age < self._rules.adult_age:
            age, rule = self._rules.adult_age, "adults_only"
        if not snapshot.observed:
            why = f" (camera: {snapshot.fault})" if snapshot.fault else ""
            return f"{rule}: who is in view is unknown{why}"
        for viewer in snapshot.viewers:
            younger_prob = viewer.prob_younger_than(age)
            if younger_prob is None:
                return f"{rule}: the age of viewer {viewer.viewer_id} is unknown"
            if younger_prob > self._rules.max_minor_prob:
                return (
                    f"{rule}: viewer {viewer.viewer_id} is under {age} "
                    f"with probability {younger_prob:.2f}"
                )
        return None

    def _masked(self, reason: Callable[[Content], str | None]) -> dict[str, str]:
        reasons = {name: reason(content) for name, content in self._catalogue.items()}
        return {name: why for name, why in reasons.items() if why is not None}

    # 1 and 4: what plays alone

    def _alone(
        self, forced: ForcedContent, masked: Mapping[str, str], gave_way: dict[str, str]
    ) -> Verdict:
        name = forced.content_id
        why = f"{forced.kind}: only {name} plays"
        others = {content_id: masked.get(content_id, why) for content_id in self._catalogue}
        del others[name]
        if masked.get(name, _UNCALLED) != _UNCALLED:
            gave_way[name] = f"{masked[name]}; gave way to {forced.kind}"
        return Verdict((name,), others, gave_way, forced=True)

    # 2 and 3: what is forbidden

    def _forbids(self, now: Situation) -> Callable[[Content], str | None]:
        audience = now.audience
        return lambda content: (
            self.audience_excludes(content, audience) or self._closed(content, audience.utc)
        )

    # 5: caps

    def _caps(self, now: Situation) -> Callable[[Content], str | None]:
        last_hour = self._plays.last_hour(now.audience.utc)
        window = self._window()
        before = self._before()
        return lambda content: (
            (_UNCALLED if content.mandatory else None)
            or self.failing.pause(content.content_id, now.audience.t_s)
            or self._hour_is_full(content, last_hour)
            or self._viewer_had_enough(content, now)
            or self._share_is_full(content, window)
            or self._competitor(content, before)
        )

    def _window(self) -> list[Play]:
        """All that shares are counted of but the next play itself."""
        return list(self._plays.newest(self._rules.share_window_plays - 1, drawn=True))

    def _before(self) -> list[str]:
        """Contents that the next play must be apart from."""
        plays = self._rules.separation_plays
        return [play.content_id for play in self._plays.newest(plays)] if plays else []

    def _hour_is_full(self, content: Content, last_hour: Counter[str]) -> str | None:
        cap = content.max_per_hour or self._rules.max_per_hour
        plays = last_hour[content.content_id]
        if cap is None or plays < cap:
            return None
        return f"max_per_hour: {plays} of {cap} plays in the last hour"

    def _viewer_had_enough(self, content: Content, now: Situation) -> str | None:
        name, cap = content.content_id, content.max_per_viewer
        if cap is None:
            return None
        coming = sum(play.content_id == name for play in self._plays.on_their_way())
        for viewer in now.audience.viewers:
            had = now.histories[viewer.visit_id].plays_of(name) + coming + (now.on_screen == name)
            if had >= cap:
                return f"max_per_viewer: viewer {viewer.viewer_id} has had {had} of {cap} plays"
        return None

    def _share_is_full(self, content: Content, window: Iterable[Play]) -> str | None:
        if content.share_max is None:
            return None
        plays = self._rules.share_window_plays
        most = share.limit(content.share_max, plays)
        had = sum(play.content_id == content.content_id for play in window)
        return (
            None if had < most else f"share_max: {had} of at most {most} in the last {plays} plays"
        )

    def _competitor(self, content: Content, before: Collection[str]) -> str | None:
        if content.competes is None:
            return None
        for name in before:
            other = self.known.get(name)
            if other and other is not content and other.competes == content.competes:
                return f"competes: {name} of {content.competes} played just before"
        return None

    # 6: what gives way

    def _keep_promises(self, verdict: Verdict, now: Situation) -> None:
        """Count the shares; say of what is due and may not play what it gave way to."""
        window = self._window()
        for name, content in self._catalogue.items():
            if content.share_min is None or self._closed(content, now.audience.utc):
                continue
            # A share of the plays while its own dates and hours lasted.
            its = window
            if not content.always:
                its = [play for play in window if not self._closed(content, play.utc)]
            had = sum(play.content_id == name for play in its)
            promise = Promise(content.share_min, len(its), had)
            if name in verdict.allowed:
                verdict.promises[name] = promise
            elif promise.is_behind:
                rule = verdict.masked[name].partition(":")[0]
                why = f"share_min: {had} of {promise.due:.0f} plays due, gave way to {rule}"
                verdict.gave_way.setdefault(name, why)

    def _mask_repeats(self, verdict: Verdict, now: Situation) -> None:
        """Mask what the main viewer has watched without caring for it."""
        main, least = now.audience.main, self._rules.repeat_min_attention
        earned = now.histories[main.visit_id].earned() if main else {}
        again = {
            name: f"already_watched: they gave it {earned[name]:.0%} of their attention, less "
            f"than {least:.0%}"
            for name in verdict.allowed
            if earned.get(name, 1.0) < least
        }
        behind = {name for name, promise in verdict.promises.items() if promise.is_behind}
        if len(again) == len(verdict.allowed) and not behind:
            verdict.gave_way |= dict.fromkeys(again, "already_watched: nothing else was allowed")
            return
        kept = again.keys() & behind
        verdict.gave_way |= dict.fromkeys(sorted(kept), "already_watched: gave way to share_min")
        verdict.masked |= {name: why for name, why in again.items() if name not in kept}
        verdict.allowed = tuple(name for name in verdict.allowed if name not in verdict.masked)

    def _closed(self, content: Content, utc: datetime) -> str | None:
        return None if content.always else content.closed(local_time(utc, self._zone))
