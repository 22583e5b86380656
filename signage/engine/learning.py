"""Rewards become what the policy knows, and checkpoints keep it.

The journal comes first, always: a reward is on disk before it is learned. A checkpoint only saves
learning the journal anew, so that a kill between any two writes leaves nothing but work to repeat.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from signage.config.config import Config
from signage.errors import CheckpointError
from signage.journal.writer import Journal
from signage.recommend.checkpoint import Checkpoint, Checkpoints, Header
from signage.recommend.policies.base import Learner, Policy
from signage.recommend.policies.make import layout_for, make_policy
from signage.recommend.recommender import Recommender
from signage.types.decisions import TrainingExample
from signage.types.orders import OrderRefusedError

log = logging.getLogger(__name__)

_RARER = 20
"""Checkpoints are made this much more seldom while the learner catches up: each has to reach the
disk."""

_AT_ONCE = 100
"""Rewards that are read from the journal in one go."""

FOLDER = "checkpoints"
"""Of the data folder: where the checkpoints are."""


def open_checkpoints(config: Config, folder: Path, journal: Journal) -> Checkpoints:
    """The checkpoints in ``folder``, of models that learn from ``journal``."""
    return Checkpoints(
        folder, layout_for(config), config.policies.vw.checkpoint_days, journal.stamp
    )


class Learning:
    """Teaches the recommender's policy. One thread owns it, and with it VW and the journal."""

    def __init__(self, config: Config, recommender: Recommender, journal: Journal) -> None:
        self._config = config
        self._recommender = recommender
        self._journal = journal
        self._checkpoints: Checkpoints | None = None
        self._last_seq = 0
        self._unsaved = 0
        self.behind = 0
        """Rewards on record that are still to be learned."""
        self._backlog: deque[tuple[int, TrainingExample]] = deque()
        """The first of them."""
        self.problem: str | None = None
        """Why no checkpoint can be kept, with what to do."""

    def begin(self, folder: Path | None) -> None:
        """Take up the newest checkpoint in ``folder``; what the journal has after it is learned by
        ``catch_up``. Without a folder nothing is kept.
        """
        if not isinstance(self._recommender.policy, Learner):
            return
        if folder is not None:
            self._checkpoints = open_checkpoints(self._config, folder, self._journal)
            if (found := self._checkpoints.newest()) is not None:
                self._take_up(found)
        self.behind = self._journal.count_training_examples(self._last_seq)

    def catch_up(self, utc: datetime, most: int | None = None) -> None:
        """Learn what is on record and was not learned yet, ``most`` rewards of it at a time.

        In the order in which they came, so that the model is always one that it once was, and in
        the end the one that it would be had it never stopped.
        """
        while self.behind and most != 0:
            if not self._backlog:
                self._backlog.extend(self._journal.training_examples(self._last_seq, _AT_ONCE))
            if not self._backlog:  # all of it was learned, or taken back
                self.behind = 0
                break
            self._teach(*self._backlog.popleft())
            self.behind -= 1
            most = None if most is None else most - 1
            self._save_if_due(utc)

    def learn(self, seq: int, example: TrainingExample, utc: datetime) -> None:
        """Learn the reward ``seq`` of the journal; later, where others are to come before it."""
        if self.behind:
            self.behind += 1
            return
        self._teach(seq, example)
        self._save_if_due(utc)

    def save(self, utc: datetime) -> None:
        """Keep what was learned since the last checkpoint.

        Where that fails the screen goes on: the journal has it all, and a start takes longer.
        """
        policy = self._recommender.policy
        if self._checkpoints is None or not isinstance(policy, Learner) or not self._unsaved:
            return
        self._unsaved = 0
        try:
            self._checkpoints.save(policy, self._last_seq, utc)
        except CheckpointError as error:
            if self.problem is None:
                log.warning("%s", error)
            self.problem = str(error)
        else:
            self.problem = None

    def checkpoints(self) -> list[Header]:
        """What may be rolled back to, newest first. May be called from any thread."""
        return self._checkpoints.headers() if self._checkpoints is not None else []

    def find(self, name: str | None, before: datetime | None) -> tuple[Checkpoint, Policy]:
        """The checkpoint called ``name``, or the newest one before a time, and its policy.

        Raises a SignageError that says why there is none.
        """
        if self._checkpoints is None:
            raise OrderRefusedError(
                "There is no checkpoint to roll back to: the policy "
                f"{self._recommender.policy.name!r} keeps no checkpoints on this screen."
            )
        checkpoint = self._checkpoints.find(name, before)
        return checkpoint, make_policy(self._config.decision.policy, self._config, checkpoint)

    def return_to(self, checkpoint: Checkpoint, policy: Policy) -> None:
        """Go on with ``policy``, which is that of ``checkpoint``, and forget what came after."""
        self._replace_policy(policy)
        self._last_seq, self._unsaved = checkpoint.header.reward_seq, 0
        self.behind = 0
        self._backlog.clear()
        try:
            if self._checkpoints is not None:
                self._checkpoints.remove_after(checkpoint.header.reward_seq)
        except CheckpointError as error:  # they are refused at the next start
            log.warning("%s", error)

    def _replace_policy(self, policy: Policy) -> None:
        self._recommender.apply(replace(self._recommender.state, policy=policy))

    def _take_up(self, found: Checkpoint) -> None:
        self._replace_policy(make_policy(self._config.decision.policy, self._config, found))
        self._last_seq = found.header.reward_seq

    def _teach(self, seq: int, example: TrainingExample) -> None:
        self._recommender.learn(example)
        self._last_seq = seq
        self._unsaved += 1

    def _save_if_due(self, utc: datetime) -> None:
        every = self._config.policies.vw.checkpoint_every
        if self._unsaved >= (every * _RARER if self.behind else every):
            self.save(utc)
