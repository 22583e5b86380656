"""Learns a whole journal again, as a screen without checkpoints would."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from signage.config.config import Config
from signage.engine.learning import FOLDER, open_checkpoints
from signage.errors import ConfigError, JournalError
from signage.journal.writer import Journal
from signage.recommend.policies.base import Learner
from signage.recommend.policies.make import make_policy


def rebuild(config: Config, data_dir: Path, on_progress: Callable[[int], None]) -> dict[str, Any]:
    """Learn the journal in ``data_dir`` from its beginning, and keep that as a checkpoint.

    Returns ``learned`` (rewards), ``took_s``, ``checkpoint`` (the name of the new one; None
    where nothing was to be learned), ``compared_with`` (the newest usable checkpoint before) and
    ``same_bytes``: whether the journal up to there gave the same model. ``on_progress`` gets the
    rewards learned. Raises JournalError when the screen runs, or there is no journal.
    """
    path = data_dir / "journal.sqlite"
    if not path.is_file():
        raise JournalError(f"There is no journal {path}. Name the data folder of a screen.")
    policy = make_policy(config.decision.policy, config)
    if not isinstance(policy, Learner):
        raise ConfigError(
            f"The policy {policy.name!r} (key `decision.policy`) does not learn, so there "
            "is nothing to rebuild. Name the screen's own configuration with --config."
        )
    with closing(Journal(path)) as journal:
        checkpoints = open_checkpoints(config, data_dir / FOLDER, journal)
        before = checkpoints.newest()
        last_seq, same = 0, None
        began_s = time.perf_counter()
        for seq, example in journal.training_examples():
            policy.learn(example)
            last_seq = seq
            if before is not None and seq == before.header.reward_seq:
                same = policy.serialize() == before.model
            on_progress(policy.learned)
        took_s = time.perf_counter() - began_s
        if before is not None and same is False:
            checkpoints.set_aside(before.header.name, "the journal leads to another model")
        made = checkpoints.save(policy, last_seq, datetime.now(UTC)) if last_seq else None
    return {
        "learned": policy.learned,
        "took_s": round(took_s, 3),
        "checkpoint": None if made is None else made.name,
        "compared_with": None if before is None else before.header.name,
        "same_bytes": same,
    }
