"""The published state of a loop that has no engine, for pages that read it."""

from __future__ import annotations

from dataclasses import replace

from signage.config.config import Config
from signage.content.catalogue import Catalogue
from signage.kiosk.publisher import places, titles
from signage.player.api.state import LoopState
from signage.recommend.beliefs import believed
from signage.recommend.policies.make import make_policy
from signage.recommend.recommender import Recommender
from signage.types.audience import AudienceSnapshot


class PublishedLoop:
    """Answers with the newest state, as the kiosk's publisher does."""

    def __init__(self, catalogue: Catalogue, config: Config | None = None) -> None:
        self._config = config or Config()
        policy = make_policy(self._config.decision.policy, self._config)
        self._recommender = Recommender(self._config, catalogue, policy)
        self._state = LoopState(catalogue, titles(catalogue), 0.0)

    def __call__(self) -> LoopState:
        return self._state

    def see(self, audience: AudienceSnapshot, width_px: int = 1280) -> None:
        """Publish who is there, and what the policy expects."""
        beliefs = believed(self._recommender, self._config, audience.utc)
        self._state = replace(
            self._state,
            audience=audience,
            places=places(audience, width_px),
            beliefs=beliefs and beliefs | {"t_utc": audience.utc.isoformat()},
        )
