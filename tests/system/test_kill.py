"""kill -9 at random instants, hundreds of times, and nothing acknowledged is ever lost."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import reduce
from pathlib import Path
from typing import IO

import pytest

from signage.engine.engine import Engine
from signage.engine.learning import FOLDER
from signage.journal.writer import Journal
from signage.recommend.policies.base import Learner
from signage.recommend.policies.make import make_policy
from signage.simulation.screen import SimulatedScreen
from signage.types.choices import Action
from signage.types.orders import Order, Orders, follow
from signage.types.vision import Frame, Sighting
from tests.support.builders import ROOT, utc
from tests.support.kill_rounds import CONTENTS, ROUND_S, config

KILLS = 210
LINES = (0, 0, 1, 2, 4, 8, 16)
"""A round is killed some time after it has acknowledged so much."""
LONGEST_DELAY_S = 0.04
SEED = 20260304


@pytest.fixture
def rounds(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.kill_rounds", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as process:
        yield process
        process.kill()


def killed_round(process: subprocess.Popen[str], lines: int, delay_s: float) -> list[str]:
    """Let a child acknowledge so much and run for ``delay_s`` more, kill it, and return what
    it had acknowledged in all."""
    told, said = _open(process.stdin), _open(process.stdout)
    told.write("go\n")
    told.flush()
    child = int(said.readline().split()[1])
    acknowledged = [said.readline().strip() for _ in range(lines)]
    time.sleep(delay_s)
    os.kill(child, signal.SIGKILL)
    return acknowledged + list(iter(lambda: said.readline().strip(), "end"))


def _open(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


class Aftermath:
    """What lies in the folder after a kill, checked on its own and against what was said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shown: set[str] = set()
        self.actions: list[str] = []
        self.models: set[bytes] = set()

    def check(self, said: list[str], number: int, *, thoroughly: bool) -> None:
        self.shown |= {line.split()[1] for line in said if line.startswith("shown")}
        with closing(sqlite3.connect(self.folder / "journal.sqlite")) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            decided = {row[0] for row in db.execute("SELECT decision_id FROM decisions")}
            rewarded = [row[0] for row in db.execute("SELECT decision_id FROM rewards")]
        assert self.shown <= decided
        assert len(rewarded) == len(set(rewarded))
        with closing(Journal(self.folder / "journal.sqlite")) as journal:
            self._check_orders(said, journal)
            engine = Engine(
                config(), CONTENTS, make_policy("vw", config()), journal, _nobody, SimulatedScreen()
            )
            begin_s = (number + 0.5) * ROUND_S
            engine.begin(Frame(begin_s, utc(begin_s)), self.folder / FOLDER)
            engine.learning.catch_up(utc(begin_s))
            assert engine.recommender.orders == self._orders_in_force(journal)
            policy = engine.recommender.policy
            assert isinstance(policy, Learner)
            self.models.add(policy.serialize())
            if thoroughly:
                scratch = make_policy("vw", config())
                assert isinstance(scratch, Learner)
                for _, example in journal.training_examples():
                    scratch.learn(example)
                assert policy.learned == scratch.learned
                assert policy.serialize() == scratch.serialize()

    def _check_orders(self, said: list[str], journal: Journal) -> None:
        """All that were acknowledged are there, and at most one that was on its way."""
        before = len(self.actions)
        acknowledged = [line.split()[1] for line in said if line.startswith("ordered")]
        self.actions = [action for action, _ in journal.orders()]
        since = self.actions[before:]
        assert since[: len(acknowledged)] == acknowledged
        assert len(since) - len(acknowledged) in (0, 1)

    def _orders_in_force(self, journal: Journal) -> Orders:
        given = (Order(action=Action(action), **detail) for action, detail in journal.orders())
        return reduce(follow, given, Orders())

    def newest_checkpoints(self) -> list[Path]:
        def numbers(path: Path) -> int:
            return int(path.stem.partition("-")[2])

        return sorted((self.folder / FOLDER).glob("*.checkpoint"), key=numbers, reverse=True)


def _nobody(_: Frame) -> list[Sighting]:
    raise AssertionError("the aftermath takes no step")


def test_a_screen_that_is_killed_again_and_again_loses_nothing(
    rounds: subprocess.Popen[str], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rng = random.Random(SEED)
    aftermath = Aftermath(tmp_path)
    damaged = 0
    for number in range(KILLS):
        said = killed_round(rounds, rng.choice(LINES), rng.uniform(0, LONGEST_DELAY_S))
        names = aftermath.newest_checkpoints()
        damage = number % 10 == 5 and len(names) > 1
        if damage:
            whole = names[0].read_bytes()
            cut = rng.randrange(len(whole))
            names[0].write_bytes(whole[:cut] + (b"" if rng.random() < 0.5 else os.urandom(64)))
            damaged += 1
        caplog.clear()
        aftermath.check(said, number, thoroughly=damage or number % 10 == 9)
        refused = [m for m in caplog.messages if "it is damaged" in m]
        assert len(refused) == damage, "only what was damaged here may be damaged"
    assert damaged > 10
    assert len(aftermath.shown) > 3 * KILLS
    assert aftermath.actions.count("rollback") > 3
    assert aftermath.actions.count("freeze") > 10
    assert len(aftermath.models) > KILLS / 4
