"""What may be shown now. Constraints mask the catalogue before any policy draws.

Order of precedence: the audience that must not see a content goes before everything,
also before the minimum play time; then the caps; last what the main viewer has watched
before and did not care for, which gives way where nothing else is left. Where nothing is left
even so, the fallback plays, and the journal says that it was forced.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from datetime import datetime, timedelta

from signage.config import ConstraintsConfig
from signage.recommend.catalogue import Catalogue, Content
from signage.recommend.history import VisitHistory
from signage.types import AudienceSnapshot

_HOUR = timedelta(hours=1)
_CLOCK_SLACK = timedelta(minutes=1)


class Constraints:
    """Knows the rules and the last hour's plays."""

    def __init__(self, config: ConstraintsConfig) -> None:
        self._config = config
        self._plays: deque[tuple[datetime, str, str]] = deque()

    def note_play(self, utc: datetime, content_id: str, decision_id: str) -> None:
        """Count a play, from its decision on and then again from its start on screen."""
        self.forget_play(decision_id)
        self._plays.append((utc, content_id, decision_id))

    def forget_play(self, decision_id: str) -> None:
        """Take back a play that never reached the screen."""
        self._plays = deque(play for play in self._plays if play[2] != decision_id)

    def mask(self, catalogue: Catalogue, snapshot: AudienceSnapshot) -> dict[str, str]:
        """The contents that may not be shown now, each with the constraint that says so."""
        # Also what is stamped later than now: the clock was set back, and no cap must stick.
        begin, end = snapshot.utc - _HOUR, snapshot.utc + _CLOCK_SLACK
        self._plays = deque(play for play in self._plays if begin < play[0] <= end)
        reasons = {}
        for content_id, content in catalogue.items():
            reason = self.audience_excludes(content, snapshot) or self._cap_reached(content)
            if reason:
                reasons[content_id] = reason
        return reasons

    def repeats(self, history: VisitHistory, allowed: Collection[str]) -> dict[str, str]:
        """Of ``allowed``, what the main viewer has already watched without caring for it."""
        least = self._config.repeat_min_attention
        return {
            content_id: f"already_watched: it earned {share:.0%} from them, less than {least:.0%}"
            for content_id, share in history.earned().items()
            if share < least and content_id in allowed
        }

    def audience_excludes(self, content: Content, snapshot: AudienceSnapshot) -> str | None:
        """Why the people in view must not see ``content``, or None.

        Decided on the upper tail of each age estimate, not on its mean; an unknown age
        counts as too young.
        """
        if not content.adults_only:
            return None
        if not snapshot.observed:
            return "adults_only: nobody knows who is in view"
        age = self._config.adult_age
        for viewer in snapshot.viewers:
            minor_prob = viewer.prob_younger_than(age)
            if minor_prob is None:
                return f"adults_only: the age of viewer {viewer.viewer_id} is unknown"
            if minor_prob > self._config.max_minor_prob:
                return (
                    f"adults_only: viewer {viewer.viewer_id} is under {age} "
                    f"with probability {minor_prob:.2f}"
                )
        return None

    def _cap_reached(self, content: Content) -> str | None:
        cap = content.max_per_hour or self._config.max_per_hour
        if cap is None:
            return None
        plays = sum(content_id == content.content_id for _, content_id, _ in self._plays)
        return f"max_per_hour: {plays} of {cap} plays in the last hour" if plays >= cap else None
